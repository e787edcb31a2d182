// What a person types, on its way to the target: in order, one part at a time, as fast as the target takes it.

import type { WireError } from "../wire/WireError";

/** Most that waits here, characters: a paste of some pages. */
const MOST = 256 * 1024;
/** A target that is slow is asked again after this, ms. */
const AGAIN_MS = 200;

export interface WriterEvents {
  send(text: string): Promise<WireError | null>;
  wait(ms: number): Promise<void>;
  /** Nothing of what waited is sent any more. */
  refused(error: WireError): void;
}

export class SerialWriter {
  private queue = "";
  private busy = false;

  constructor(
    private readonly events: WriterEvents,
    /** Bytes in a part. */
    private readonly most: number,
  ) {}

  /** Adds what was typed. */
  type(text: string): void {
    if (this.queue.length + text.length > MOST) {
      this.events.refused({ code: "exhausted", message: "too much was pasted at once: paste it in parts", retryable: true, context: "" });
      return;
    }
    this.queue += text;
    if (!this.busy) void this.run();
  }

  /** Nothing of what waits is sent any more. */
  stop(): void {
    this.queue = "";
  }

  private async run(): Promise<void> {
    this.busy = true;
    while (this.queue !== "") {
      const part = firstPart(this.queue, this.most);
      const error = await this.events.send(part);
      if (error === null) {
        this.queue = this.queue.slice(part.length);
      } else if (error.code === "exhausted") {
        await this.events.wait(AGAIN_MS);
      } else {
        this.queue = "";
        this.events.refused(error);
      }
    }
    this.busy = false;
  }
}

/** As much of a text as `most` bytes of UTF-8 hold, without a character cut in two. */
export function firstPart(text: string, most: number): string {
  let [bytes, end] = [0, 0];
  for (const character of text) {
    bytes += new TextEncoder().encode(character).length;
    if (bytes > most) break;
    end += character.length;
  }
  return text.slice(0, end);
}

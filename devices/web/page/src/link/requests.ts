// What was asked of the node and is not answered yet.

import type { Action } from "../wire/Action";
import type { ConfigAnswer } from "../wire/ConfigAnswer";
import type { WireError } from "../wire/WireError";

/** Longest wait for what was asked of the node, ms: a mode change takes a source a second or two. */
const DONE_MS = 10_000;
export const NO_ANSWER: WireError = { code: "timeout", message: "The node did not answer: check its devices and try again.", retryable: true, context: "" };
const NO_LINK: WireError = { code: "unavailable", message: "There is no link to the node at the moment.", retryable: true, context: "" };

export interface Answer {
  /** Why not, if not. */
  readonly error: WireError | null;
  readonly config: ConfigAnswer | null;
}

interface Waiting {
  readonly timer: number;
  resolve(answer: Answer): void;
}

export class Requests {
  private readonly waiting = new Map<number, Waiting>();
  private next = 1;

  constructor(private readonly send: (id: number, action: Action) => boolean) {}

  ask(action: Action): Promise<Answer> {
    const id = this.next++;
    if (!this.send(id, action)) return Promise.resolve({ error: NO_LINK, config: null });
    return new Promise((resolve) => {
      const timer = window.setTimeout(() => this.done(id, { error: NO_ANSWER, config: null }), DONE_MS);
      this.waiting.set(id, { resolve, timer });
    });
  }

  /** The node answered, or did not in time. */
  done(id: number, answer: Answer): void {
    const waiting = this.waiting.get(id);
    if (waiting === undefined) return;
    this.waiting.delete(id);
    window.clearTimeout(waiting.timer);
    waiting.resolve(answer);
  }

  /** The link is gone: nothing of it is answered any more. */
  fail(): void {
    for (const id of [...this.waiting.keys()]) this.done(id, { error: NO_LINK, config: null });
  }
}

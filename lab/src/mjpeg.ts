// A viewer of multipart MJPEG over HTTP, ours or a peer's: counts whole pictures and looks at none.
import { get as getPlain, type IncomingMessage } from "node:http";
import { get as getTls } from "node:https";
import { LabError, until } from "./lab.ts";

const HEAD_END = "\r\n\r\n";

export class MjpegViewer {
  frames = 0;
  bytes = 0;
  #pending = Buffer.alloc(0);
  /** Of the picture's body, still to come. */
  #missing = 0;
  #response: IncomingMessage | undefined;

  static async open(url: string, cookie = ""): Promise<MjpegViewer> {
    const viewer = new MjpegViewer();
    const get = url.startsWith("https:") ? getTls : getPlain;
    let failure: Error | undefined;
    const call = get(url, { rejectUnauthorized: false, agent: false, headers: { cookie } }, (response) => {
      viewer.#response = response;
      if (response.statusCode !== 200) failure = new LabError(`${url} answered ${response.statusCode}`);
      response.on("data", (part: Buffer) => viewer.#take(part)).on("error", () => {});
    });
    call.on("error", (error) => { failure = error; });
    await until(`${url} sends pictures`, () => {
      if (failure) throw failure;
      return viewer.frames > 0;
    });
    return viewer;
  }

  close(): void {
    this.#response?.destroy();
  }

  #take(part: Buffer): void {
    this.bytes += part.length;
    while (part.length > 0) {
      if (this.#missing === 0) {
        const rest = this.#takeHead(part);
        if (rest === undefined) return;
        part = rest;
      }
      const taken = Math.min(this.#missing, part.length);
      this.#missing -= taken;
      part = part.subarray(taken);
      if (this.#missing === 0) this.frames++;
    }
  }

  /** What follows the head of a part, or undefined until it is whole. */
  #takeHead(part: Buffer): Buffer | undefined {
    this.#pending = Buffer.concat([this.#pending, part]);
    for (let from = 0; ; ) {
      const end = this.#pending.indexOf(HEAD_END, from);
      if (end < 0) return undefined;
      const length = /content-length: *(\d+)/i.exec(this.#pending.toString("latin1", from, end))?.[1];
      from = end + HEAD_END.length;
      if (length === undefined) continue;
      const rest = this.#pending.subarray(from);
      this.#pending = Buffer.alloc(0);
      this.#missing = Number(length);
      return rest;
    }
  }
}

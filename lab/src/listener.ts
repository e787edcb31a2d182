// Who listens to the target without a browser, and who speaks to it: the page's two sockets of sound.
import type WebSocket from "ws";
import { toSamples, RATE } from "./sound.ts";
import { LabError, sleep, until } from "./lab.ts";
import { SOUND_HEAD_LEN } from "../../devices/web/page/src/wire/constants.ts";
import type { Viewer } from "./viewer.ts";

export interface Piece {
  position: number;
  stream: number;
  /** When it was captured, and when web sent it, by the Pi's clock. */
  capturedNs: bigint;
  sentNs: bigint;
  /** Left and right. */
  samples: Int16Array;
}

/** Hears all that comes, over the deaths of web too. */
export class Listener {
  pieces: Piece[] = [];
  #socket: WebSocket | undefined;
  #closed = false;

  constructor(readonly viewer: Viewer) {
    this.#open();
  }

  get isOpen(): boolean {
    return this.#socket?.readyState === 1;
  }

  #open(): void {
    const socket = this.viewer.socket("/api/sound");
    this.#socket = socket;
    socket.on("message", (data: Buffer) => this.pieces.push(parse(data)));
    socket.on("error", () => {});
    socket.on("close", async () => {
      await sleep(50);
      if (!this.#closed) this.#open();
    });
  }

  /** Forgets what was heard so far. */
  again(): void {
    this.pieces = [];
  }

  /** What was heard, in the order in which it was sent. */
  get samples(): Int16Array {
    const all = new Int16Array(this.pieces.reduce((sum, piece) => sum + piece.samples.length, 0));
    let at = 0;
    for (const { samples } of this.pieces) {
      all.set(samples, at);
      at += samples.length;
    }
    return all;
  }

  /** Pieces that do not begin where the one before ended, in the same stream. */
  get gaps(): number {
    return this.pieces.filter((piece, at) => {
      const before = this.pieces[at - 1];
      return before !== undefined && before.stream === piece.stream && before.position + before.samples.length / 2 !== piece.position;
    }).length;
  }

  close(): void {
    this.#closed = true;
    this.#socket?.terminate();
  }
}

function parse(data: Buffer): Piece {
  return {
    position: Number(data.readBigUInt64LE(0)),
    capturedNs: data.readBigUInt64LE(8),
    sentNs: data.readBigUInt64LE(16),
    stream: data.readUInt32LE(24),
    samples: toSamples(data.subarray(SOUND_HEAD_LEN)),
  };
}

const PIECE = 960;

/** A microphone whose clock is off by so many millionths: sends what it is given, as a page does. */
export class Speaker {
  readonly holder = Math.floor(Math.random() * 2 ** 52);
  #socket: WebSocket | undefined;
  #sent = 0;
  #timer: NodeJS.Timeout | undefined;
  #began = 0;
  /** Why web closed it. */
  refusal = "";

  constructor(readonly viewer: Viewer, readonly wave: Int16Array, readonly ppm = 0) {}

  async open(): Promise<void> {
    const socket = this.viewer.socket("/api/microphone", { holder: String(this.holder) });
    this.#socket = socket;
    let isOpen = false;
    socket.on("message", () => (isOpen = true));
    socket.on("error", () => {});
    socket.on("close", (_: number, reason: Buffer) => (this.refusal = reason.toString() || "closed"));
    await until("the microphone is open", () => isOpen || this.refusal !== "");
    if (!isOpen) throw new LabError(`the microphone was refused: ${this.refusal}`);
    this.#began = performance.now();
    this.#timer = setInterval(() => this.#send(), 5);
  }

  /** Whatever is due by its own clock. */
  #send(): void {
    const due = ((performance.now() - this.#began) / 1000) * RATE * (1 + this.ppm / 1e6);
    while (this.#sent + PIECE <= due) {
      const from = this.#sent % this.wave.length;
      const piece = this.wave.subarray(from, from + PIECE);
      this.#socket?.send(Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength));
      this.#sent += PIECE;
    }
  }

  close(): void {
    clearInterval(this.#timer);
    this.#socket?.close();
  }
}

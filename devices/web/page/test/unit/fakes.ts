// What the video needs of a browser, in hand: its sockets, its decoder, its timers.

import { mock } from "node:test";
import { VIDEO_KEY, VIDEO_UNIT_HEAD_LEN } from "../../src/wire/constants.ts";

export class FakeSocket {
  static readonly OPEN = 1;
  static all: FakeSocket[] = [];
  readyState = FakeSocket.OPEN;
  sent = 0;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;

  constructor(readonly url: string) {
    FakeSocket.all.push(this);
  }

  send(): void {
    this.sent += 1;
  }

  close(): void {
    this.readyState = 3;
  }

  /** The node closes it, or never let it in. */
  lose(reason = ""): void {
    this.close();
    this.onclose?.({ code: reason === "" ? 1006 : 1013, reason });
  }
}

interface Sides {
  output(frame: FakeFrame): void;
  error(error: Error): void;
}

export class FakeFrame {
  closed = false;

  constructor(readonly timestamp: number) {}

  close(): void {
    this.closed = true;
  }
}

export class FakeDecoder {
  static last: FakeDecoder;
  state = "configured";
  private readonly taken: number[] = [];

  constructor(private readonly sides: Sides) {
    FakeDecoder.last = this;
  }

  configure(): void {}

  decode({ timestamp }: { timestamp: number }): void {
    this.taken.push(timestamp);
  }

  close(): void {
    this.state = "closed";
  }

  /** It has decoded the oldest that it was given. */
  take(): FakeFrame {
    return new FakeFrame(this.taken.shift()!);
  }

  /** That is handed to the page. */
  show(frame = this.take()): FakeFrame {
    this.sides.output(frame);
    return frame;
  }

  fail(name: string): void {
    this.state = "closed";
    this.sides.error(Object.assign(new Error(`${name} it is`), { name }));
  }
}

/** A browser; `at` is its clock, moved by `pass` alone. */
export class FakeBrowser {
  at = 1_000;
  readonly document = { hidden: false };

  constructor() {
    FakeSocket.all = [];
    mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
    mock.method(performance, "now", () => this.at);
    mock.method(Math, "random", () => 0.5);
    const { document } = this;
    class Chunk {
      constructor({ timestamp }: { timestamp: number }) {
        Object.assign(this, { timestamp });
      }
    }
    Object.assign(globalThis, { window: globalThis, document, WebSocket: FakeSocket, VideoDecoder: FakeDecoder, EncodedVideoChunk: Chunk });
  }

  get socket(): FakeSocket {
    return FakeSocket.all.at(-1)!;
  }

  get sockets(): number {
    return FakeSocket.all.length;
  }

  pass(ms: number): void {
    this.at += ms;
    mock.timers.tick(ms);
  }

  /** A key frame comes. */
  receive(): void {
    const unit = Buffer.alloc(VIDEO_UNIT_HEAD_LEN + 40);
    unit.writeUInt32LE(320, 24);
    unit.writeUInt32LE(240, 28);
    unit.writeUInt32LE(VIDEO_KEY, 32);
    Buffer.from([0, 0, 0, 1, 0x67, 0x42, 0xc0, 0x1f]).copy(unit, VIDEO_UNIT_HEAD_LEN);
    this.socket.onmessage?.({ data: unit.buffer.slice(unit.byteOffset, unit.byteOffset + unit.length) });
  }

  /** A key frame comes and is shown. */
  watch(): FakeFrame {
    this.receive();
    return FakeDecoder.last.show();
  }

  leave(): void {
    mock.reset();
    mock.timers.reset();
  }
}

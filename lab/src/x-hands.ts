// A person's mouse and keyboard at an X server: by its extension XTEST, in as much of the X protocol as that takes.
import { connect, type Socket } from "node:net";
import { LabError } from "./lab.ts";

const EXTENSION = "XTEST";
const QUERY_EXTENSION = 98;
const GET_INPUT_FOCUS = 43;
const FAKE_INPUT = 2;
/** Core events, by their numbers. */
const [KEY_PRESS, KEY_RELEASE, BUTTON_PRESS, BUTTON_RELEASE, MOTION] = [2, 3, 4, 5, 6];
const LEFT = 1;
/** Linux's number of a key, and X's, differ by so much. */
const X_KEYS = 8;
const F10 = 68;
const ENTER = 28;
const RIGHT = 106;
const REPLY = 32;

export class XHands {
  #unread = Buffer.alloc(0);
  #waiting: (() => void) | undefined;

  private constructor(readonly socket: Socket) {
    socket.on("data", (part: Buffer) => {
      this.#unread = Buffer.concat([this.#unread, part]);
      this.#waiting?.();
    });
  }

  /** At a display of this machine, `:7`. */
  static async at(display: string): Promise<XHands> {
    const socket = connect(`/tmp/.X11-unix/X${display.slice(1)}`);
    const hands = new XHands(socket);
    const hello = Buffer.alloc(12);
    hello.write("l");
    hello.writeUInt16LE(11, 2);
    socket.write(hello);
    const head = await hands.#read(8);
    if (head[0] !== 1) throw new LabError(`the X server ${display} lets nobody in`);
    await hands.#read(4 * head.readUInt16LE(6));
    return hands;
  }

  async click(x: number, y: number): Promise<void> {
    await this.#fake([[MOTION, 0, x, y], [BUTTON_PRESS, LEFT], [BUTTON_RELEASE, LEFT]]);
  }

  f10(): Promise<void> {
    return this.#key(F10);
  }

  enter(): Promise<void> {
    return this.#key(ENTER);
  }

  right(): Promise<void> {
    return this.#key(RIGHT);
  }

  close(): void {
    this.socket.destroy();
  }

  #key(key: number): Promise<void> {
    return this.#fake([[KEY_PRESS, key + X_KEYS], [KEY_RELEASE, key + X_KEYS]]);
  }

  /** Returns when the server has taken all of it. */
  async #fake(events: readonly (readonly [number, number, number?, number?])[]): Promise<void> {
    const major = await this.#extension();
    for (const [type, detail, x = 0, y = 0] of events) {
      const request = Buffer.alloc(36);
      request.writeUInt8(major, 0);
      request.writeUInt8(FAKE_INPUT, 1);
      request.writeUInt16LE(request.length / 4, 2);
      request.writeUInt8(type, 4);
      request.writeUInt8(detail, 5);
      request.writeInt16LE(x, 24);
      request.writeInt16LE(y, 26);
      this.socket.write(request);
    }
    this.socket.write(Buffer.from([GET_INPUT_FOCUS, 0, 1, 0]));
    await this.#reply();
  }

  async #extension(): Promise<number> {
    const request = Buffer.alloc(16);
    request.writeUInt8(QUERY_EXTENSION, 0);
    request.writeUInt16LE(request.length / 4, 2);
    request.writeUInt16LE(EXTENSION.length, 4);
    request.write(EXTENSION, 8);
    this.socket.write(request);
    const reply = await this.#reply();
    if (reply[8] !== 1) throw new LabError(`the X server has no ${EXTENSION}`);
    return reply[9]!;
  }

  async #reply(): Promise<Buffer> {
    for (;;) {
      const reply = await this.#read(REPLY);
      if (reply[0] === 0) throw new LabError(`the X server refuses a request (error ${reply[1]})`);
      if (reply[0] === 1) return reply; // all else are events, such as that of another keyboard
    }
  }

  async #read(length: number): Promise<Buffer> {
    while (this.#unread.length < length) {
      await new Promise<void>((done, failed) => {
        this.#waiting = done;
        this.socket.once("error", failed).once("close", () => failed(new LabError("the X server has gone")));
      });
    }
    const part = this.#unread.subarray(0, length);
    this.#unread = this.#unread.subarray(length);
    return part;
  }
}

// The hands of the person at a virtual workstation: keyboards and mice that Linux there takes for real ones. lab/pi/hands.c is the
// other end. What is told to them is done in order; `done()` returns when all of it is.
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { KEY, keyOf } from "./keys.ts";
import { LabError, labDirectory, PATIENCE_MS, until } from "./lab.ts";
import type { Pi } from "./pi.ts";

const PORT = 1024;
const PROGRAM = "/usr/lib/lab/hands";

/** What a Pi needs to be booted with. */
export const HANDS = { modules: ["uinput"], programs: { [PROGRAM]: join(labDirectory, "build/hands") } };

export class Hands {
  #next = 0;
  #said = 0;
  readonly #answers = new Map<string, () => void>();

  private constructor(readonly pi: Pi, readonly socket: Socket) {
    createInterface({ input: socket }).on("line", (line) => this.#answers.get(line)?.());
  }

  static async of(pi: Pi): Promise<Hands> {
    await pi.must(`${PROGRAM} >/dev/console 2>&1 </dev/null &`);
    const socket = await until("the workstation's hands can be reached", () => open(pi.network.wireAddress).catch(() => undefined));
    return new Hands(pi, socket);
  }

  /** Plugs a keyboard in; returns when Linux has it. */
  async keyboard(name = "USB Keyboard"): Promise<Keyboard> {
    return new Keyboard(this, await this.#plug("keyboard", name));
  }

  async mouse(name = "USB Mouse"): Promise<Mouse> {
    return new Mouse(this, await this.#plug("mouse", name));
  }

  async #plug(kind: string, name: string): Promise<number> {
    const number = this.#next++;
    this.tell(`plug ${number} ${kind} ${name}`);
    await this.done();
    const devices = await this.pi.readText("/proc/bus/input/devices");
    if (!devices.includes(`"${name}"`)) throw new LabError(`the workstation's Linux has no '${name}'`);
    return number;
  }

  tell(line: string): void {
    this.socket.write(`${line}\n`);
  }

  /** By the workstation's clock, between what comes before and after. */
  wait(milliseconds: number): void {
    this.tell(`wait ${milliseconds}`);
  }

  /** All that was told is done. */
  async done(timeout = PATIENCE_MS): Promise<void> {
    const word = `w${this.#said++}`;
    this.tell(`say ${word}`);
    await new Promise<void>((done, failed) => {
      const timer = setTimeout(() => failed(new LabError("the workstation's hands do not answer")), timeout);
      this.#answers.set(word, () => {
        clearTimeout(timer);
        this.#answers.delete(word);
        done();
      });
    });
  }

  /** With all its keyboards and mice. */
  close(): void {
    this.socket.destroy();
  }
}

function open(host: string): Promise<Socket> {
  return new Promise((done, failed) => {
    const socket = connect({ host, port: PORT, noDelay: true }, () => done(socket.on("error", () => {})));
    socket.once("error", failed);
  });
}

class Device {
  constructor(readonly hands: Hands, readonly number: number) {}

  key(code: number, down: boolean): void {
    this.hands.tell(`key ${this.number} ${code} ${down ? 1 : 0}`);
  }

  /** Pulls its plug, keys held or not. */
  pull(): void {
    this.hands.tell(`pull ${this.number}`);
  }
}

export class Keyboard extends Device {
  /** All down in this order, and up in the other. */
  chord(...codes: number[]): void {
    for (const code of codes) this.key(code, true);
    for (const code of [...codes].reverse()) this.key(code, false);
  }

  /** A text as a US keyboard types it, each key held for so long and as long after it. */
  type(text: string, milliseconds = 2): void {
    for (const character of text) {
      const { code, shift } = keyOf(character);
      if (shift) this.key(KEY.LEFTSHIFT, true);
      for (const down of [true, false]) {
        this.key(code, down);
        if (milliseconds > 0) this.hands.wait(milliseconds);
      }
      if (shift) this.key(KEY.LEFTSHIFT, false);
    }
  }
}

export class Mouse extends Device {
  move(x: number, y: number): void {
    this.hands.tell(`rel ${this.number} ${x} ${y}`);
  }

  /** So many equal parts of a way, with this much time between them. */
  drag(x: number, y: number, parts: number, milliseconds = 2): void {
    for (let part = 0; part < parts; part++) {
      this.move(Math.round((x * (part + 1)) / parts) - Math.round((x * part) / parts), Math.round((y * (part + 1)) / parts) - Math.round((y * part) / parts));
      this.hands.wait(milliseconds);
    }
  }

  wheel(notches: number): void {
    this.hands.tell(`wheel ${this.number} ${notches}`);
  }
}

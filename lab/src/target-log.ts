// What the target PC noticed, as told by lab/target/reporter.c: the truth of every scenario.
import { characterOf, KEY } from "./keys.ts";

export interface InputEvent {
  /** Milliseconds of the runner's clock at which the line arrived. */
  at: number;
  /** Microseconds of the target's own clock. */
  time: number;
  device: number;
  type: number;
  code: number;
  value: number;
}

export interface InputDevice {
  number: number;
  bus: number;
  name: string;
  present: boolean;
}

const EV_SYN = 0;
const SYN_DROPPED = 3;
const EV_KEY = 1;
const EV_REL = 2;
const EV_ABS = 3;
const BUS_USB = 3;

export class TargetLog {
  readonly events: InputEvent[] = [];
  readonly devices = new Map<number, InputDevice>();
  readonly kernel: { at: number; text: string }[] = [];
  up = false;
  readonly #answers = new Map<string, (answer: { code: number; text: string }) => void>();
  readonly #watchers = new Set<() => void>();

  /** Calls back whenever a line has arrived. */
  watch(watcher: () => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  expectAnswer(id: string, take: (answer: { code: number; text: string }) => void): void {
    this.#answers.set(id, take);
  }

  receive(line: string): void {
    const [kind, ...words] = line.split(" ");
    if (kind === "event") this.#event(words.map(Number));
    else if (kind === "device") this.#device(words);
    else if (kind === "kernel") this.kernel.push({ at: performance.now(), text: words.slice(1).join(" ") });
    else if (kind === "answer") this.#answer(words);
    else if (kind === "up") this.#restart();
    for (const watcher of this.#watchers) watcher();
  }

  /** How often Linux dropped events since a point of the list, as the reporter was late. */
  dropped(since = 0): number {
    return this.events.slice(since).filter(({ type, code }) => type === EV_SYN && code === SYN_DROPPED).length;
  }

  /** USB devices of the gadget that the target's kernel saw go. */
  usbDisconnects(): number {
    return this.kernel.filter(({ text }) => /^usb \S+: USB disconnect/.test(text)).length;
  }

  usbResets(): number {
    return this.kernel.filter(({ text }) => /^usb \S+: reset \S+ USB device/.test(text)).length;
  }

  /** Input devices that are there now and came by USB. */
  usbInputs(): InputDevice[] {
    return [...this.devices.values()].filter((device) => device.present && device.bus === BUS_USB);
  }

  /** Key and button events since a point of the list (see `mark`). */
  keys(since = 0, before?: number): InputEvent[] {
    return this.events.slice(since, before).filter((event) => event.type === EV_KEY);
  }

  motions(since = 0): InputEvent[] {
    return this.events.slice(since).filter((event) => event.type === EV_REL || event.type === EV_ABS);
  }

  mark(): number {
    return this.events.length;
  }

  /** The text that the key presses since `since` typed, on a US keyboard. */
  typed(since = 0, before?: number): string {
    let text = "";
    const shifts = new Set<number>();
    for (const { code, value } of this.keys(since, before)) {
      if (code === KEY.LEFTSHIFT || code === KEY.RIGHTSHIFT) value ? shifts.add(code) : shifts.delete(code);
      else if (value === 1) text += characterOf(code, shifts.size > 0) ?? "";
    }
    return text;
  }

  #event([time, device, type, code, value]: number[]): void {
    this.events.push({ at: performance.now(), time: time!, device: device!, type: type!, code: code!, value: value! });
  }

  #device([, sign, number, bus, ...name]: string[]): void {
    const id = Number(number);
    if (sign === "+") this.devices.set(id, { number: id, bus: Number(bus), name: name.join(" "), present: true });
    else this.devices.get(id)!.present = false;
  }

  #answer([id, code, ...rest]: string[]): void {
    const text = rest.join(" ").replace(/\\(.)/g, (_, c: string) => (c === "n" ? "\n" : c));
    this.#answers.get(id!)?.({ code: Number(code), text });
    this.#answers.delete(id!);
  }

  #restart(): void {
    this.up = true;
    for (const device of this.devices.values()) device.present = false;
  }
}

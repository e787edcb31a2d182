// Somebody who works several machines with one keyboard and one mouse, and looks where what he types arrives.
import { LabError, until } from "./lab.ts";
import { KEY } from "./keys.ts";
import type { Keyboard } from "./hands.ts";
import type { Observer } from "./observer.ts";
import { type TargetPi, type Workstation } from "./workstation.ts";
import { Witness } from "./witness.ts";

export const HERE = "here";
/** Counts of one push of the mouse: less than the resistance of an edge, so that no edge is jumped over. */
const PUSH = 90;
/** Pushes that cross any desk. */
const PUSHES = 200;
/** The second press within 2 s takes; whether the first one was enough, or who is at work, and whether the second one took, is seen within these. */
const [TOLD_MS, TAKES_MS] = [30_000, 5000];
/** So often both are pressed. */
const PAIRS = 4;
/** Chords are no text. */
const CHORD_KEYS: readonly number[] = [KEY.LEFTCTRL, KEY.RIGHTCTRL, KEY.LEFTALT];

export class Person {
  /** Where input goes. */
  at = HERE;
  switches = 0;
  characters = 0;
  keyboard;
  readonly #wanted = new Map<string, string>();
  readonly #marks = new Map<string, number>();
  #words = 0;

  private constructor(readonly desk: Workstation, readonly places: ReadonlyMap<string, Observer>, readonly targets: readonly TargetPi[]) {
    this.keyboard = desk.keyboard;
  }

  static async sits(desk: Workstation, targets: readonly TargetPi[]): Promise<Person> {
    const places = new Map<string, Observer>([[HERE, await Witness.of(desk.pi)], ...targets.map(({ name, witness }) => [name, witness] as const)]);
    for (const { name } of targets) await desk.awaitTarget(name);
    return new Person(desk, places, targets);
  }

  /** By its hotkey; from another target, what is typed next follows without a pause. */
  async hotkey(name: string): Promise<void> {
    const digit = this.targets.findIndex((target) => target.name === name);
    const settled = this.at !== HERE;
    this.keyboard.chord(KEY.LEFTCTRL, KEY.LEFTALT, 2 + digit);
    this.#moved(name);
    if (!settled) await this.settle(name);
  }

  /** By its hotkey, and once more where it is told that somebody is at work there: an `input` that has died is somebody else. `told`: that was pressed, and told, just now. */
  async insists(name: string, told = false): Promise<void> {
    if (this.at === name) return;
    // a machine that stands between the two lets the 2 s pass
    for (let pair = 0; pair < PAIRS; pair++) {
      if ((pair > 0 || !told) && (await this.#presses(name, TOLD_MS, /press again/))) break;
      if (await this.#presses(name, TAKES_MS)) break;
    }
    this.#moved(name);
    await this.settle(name);
  }

  /** Its hotkey; whether input goes there then. `refused`: why not, which is no reason to wait any longer. */
  async #presses(name: string, timeout: number, refused?: RegExp): Promise<boolean> {
    this.keyboard.chord(KEY.LEFTCTRL, KEY.LEFTALT, 2 + this.targets.findIndex((target) => target.name === name));
    const seen = await this.desk.await(`it is ${name}`, ({ node, notice }) => node === name || refused?.test(notice ?? "") === true, timeout).catch(() => undefined);
    return seen?.node === name;
  }

  /** Pushes the mouse to a side until input is there. */
  async push(direction: -1 | 1, name: string): Promise<void> {
    for (let push = 0; push < PUSHES; push++) {
      this.desk.mouse.drag(direction * PUSH, 0, 3, 1);
      await this.desk.hands.done();
      const { node } = await this.desk.state();
      if ((node ?? HERE) !== name) continue;
      this.#moved(name);
      return this.settle(name);
    }
    throw new LabError(`the pointer was pushed ${direction < 0 ? "left" : "right"} from ${this.at} and did not come to ${name}`);
  }

  async release(): Promise<void> {
    this.keyboard.chord(KEY.LEFTCTRL, KEY.RIGHTCTRL);
    this.#moved(HERE);
    await this.settle(HERE);
  }

  #moved(name: string): void {
    if (this.at !== name) this.switches++;
    this.at = name;
  }

  /** Waits until keyboard and mouse are where they are wanted, grabbed or free. */
  async settle(name: string): Promise<void> {
    await this.desk.hands.done();
    await this.desk.await(`input is ${name}`, ({ node, grab }) => (node ?? HERE) === name && grab === (name === HERE ? "free" : "grabbed"));
  }

  /** After something died: wherever `input` has ended up, it has ended up there. */
  async findOut(): Promise<string> {
    for (const { name } of this.targets) await this.desk.awaitTarget(name);
    const { node } = await this.desk.await("input is at rest", ({ grab, node }) => grab === (node === null ? "free" : "grabbed"));
    return (this.at = node ?? HERE);
  }

  /** One more word that was never typed before, where input goes. */
  async word(milliseconds = 1): Promise<void> {
    const word = `${(this.#words++).toString(36)} `;
    this.types(word, milliseconds);
    await this.desk.hands.done();
  }

  /** Types and does not wait. */
  types(text: string, milliseconds = 1): void {
    this.keyboard.type(text, milliseconds);
    this.characters += text.length;
    this.#wanted.set(this.at, (this.#wanted.get(this.at) ?? "") + text);
  }

  /** What others did there is none of this person's. */
  forget(name: string): void {
    this.#wanted.set(name, "");
    this.#marks.set(name, this.places.get(name)!.log.mark());
  }

  /** All that was typed is where it belongs, and nowhere else. */
  async check(): Promise<void> {
    for (const [name, place] of this.places) {
      const dropped = place.log.dropped(this.#marks.get(name));
      if (dropped > 0) throw new LabError(`the witness at ${name} was too slow: Linux dropped events ${dropped} times`);
      const wanted = this.#wanted.get(name) ?? "";
      let got = "";
      await until(`${name} has what was typed`, () => (got = typed(place, this.#marks.get(name) ?? 0)).length >= wanted.length)
        .catch((error: Error) => { throw new LabError(`${error.message}: ${difference(got, wanted)}`); });
      if (got !== wanted) throw new LabError(`at ${name} ${difference(got, wanted)}`);
    }
    for (const name of this.places.keys()) this.forget(name);
  }

  async nothingHeld(when: string): Promise<void> {
    for (const place of this.places.values()) await place.awaitNothingHeld(when);
  }

  /** Another keyboard, after this one's plug was pulled. */
  async takes(keyboard: Keyboard): Promise<void> {
    this.keyboard = keyboard;
    await this.desk.await("the new keyboard is read", ({ devices }) => devices.filter((device) => device.keyboard).length > 0);
  }
}

/** Characters that were typed, without those of chords. */
export function typed(place: Observer, since: number): string {
  const held = new Set<number>();
  let text = "";
  let plain = since;
  const keys = place.log.events;
  for (let index = since; index < keys.length; index++) {
    const { type, code, value } = keys[index]!;
    if (type !== 1 || !CHORD_KEYS.includes(code)) continue;
    if (held.size === 0) text += place.log.typed(plain, index);
    value ? held.add(code) : held.delete(code);
    plain = index;
  }
  return held.size === 0 ? text + place.log.typed(plain) : text;
}

function difference(got: string, wanted: string): string {
  let from = 0;
  while (from < got.length && got[from] === wanted[from]) from++;
  const part = (text: string): string => JSON.stringify(text.slice(Math.max(0, from - 12), from + 24));
  return `from character ${from} of ${wanted.length} on there is ${part(got)} in place of ${part(wanted)}`;
}

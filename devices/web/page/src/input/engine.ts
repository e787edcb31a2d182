// What this page holds, and what the target has not confirmed yet. Pure: time comes in, messages come out.
// The rules are those of the wire (vocab::input): state, not edges; steps are sent again until acknowledged.

import type { HidState } from "../wire/HidState";
import type { InputAck } from "../wire/InputAck";
import type { InputState } from "../wire/InputState";
import type { Position } from "../wire/Position";
import type { Step } from "../wire/Step";
import { MAX_STEPS, REFRESH_MS } from "../wire/constants";

/** Motion is sent at most so often, ms: USB full-speed mice report every 8. */
export const MOTION_MS = 8;

/** What came of a key. `full`: the target takes none, so this one was refused. */
export type Pressed = "taken" | "full" | "ignored";

/** When something has to go out. */
type Due = "nothing" | "motion" | "now";

/** A random holder below 2^53, never 0 (0 is nobody). */
export function randomHolder(random: (bytes: Uint32Array<ArrayBuffer>) => Uint32Array): number {
  const [high = 0, low = 0] = random(new Uint32Array(2));
  return (high & 0x1fffff) * 0x1_0000_0000 + low || 1;
}

/** Epochs wrap at 32 bits. */
function isNewer(epoch: number, than: number): boolean {
  const ahead = (epoch - than) >>> 0;
  return ahead !== 0 && ahead <= 0x7fff_ffff;
}

export class Engine {
  readonly holder: number;
  /** The epoch under which we speak; 0 before the first take. */
  private epoch = 0;
  private holds = false;
  private seq = 0;
  private first = 0;
  private steps: Step[] = [];
  private readonly keys = new Set<number>();
  private buttons = 0;
  private at: Position | null = null;
  private readonly motion = { x: 0, y: 0, wheel: 0, pan: 0, fine_wheel: 0, fine_pan: 0 };
  private readonly consumers = new Set<number>();
  private readonly systems = new Set<number>();
  private readonly fingers = new Map<number, Position>();
  private due: Due = "nothing";
  private sentAt = -Infinity;
  private givenUp = 0;

  constructor(holder: number) {
    this.holder = holder;
  }

  /** Whether this page has the target's focus, as far as it knows. */
  get holding(): boolean {
    return this.holds;
  }

  /** The epoch under which this page speaks or spoke. */
  get focus(): number {
    return this.epoch;
  }

  /** Steps that the target has not confirmed. */
  get pending(): number {
    return this.steps.length;
  }

  /** Steps that the receiver gave up, because the target took none. */
  get lost(): number {
    return this.givenUp;
  }

  /** Whether the target takes no more keys. */
  get full(): boolean {
    return this.steps.length >= MAX_STEPS;
  }

  /** The usages held, for the on-screen keyboard. */
  get held(): ReadonlySet<number> {
    return this.keys;
  }

  /** Takes the focus over: `inForce` is the epoch of the last `hid.state`. */
  take(inForce: number): void {
    if (this.holds) return;
    const latest = this.epoch === 0 || isNewer(inForce, this.epoch) ? inForce : this.epoch;
    this.epoch = (latest + 1) >>> 0;
    this.holds = true;
    this.due = "now";
  }

  /** A key. Repeats of a held key are ignored: the target repeats by itself. */
  key(usage: number, down: boolean): Pressed {
    if (!this.holds || this.keys.has(usage) === down) return "ignored";
    const taken = this.push({ kind: "key", usage, down });
    if (down && !taken) return "full";
    if (down) this.keys.add(usage);
    else this.keys.delete(usage);
    return "taken";
  }

  /** A mouse button: 0 left, 1 right, 2 middle, 3 back, 4 forward. */
  button(button: number, down: boolean): Pressed {
    const bit = 1 << button;
    if (!this.holds || ((this.buttons & bit) !== 0) === down) return "ignored";
    const taken = this.push({ kind: "button", button, down, at: this.at });
    if (down && !taken) return "full";
    this.buttons = down ? this.buttons | bit : this.buttons & ~bit;
    return "taken";
  }

  /** A consumer key: HID usage page 12. */
  consumer(usage: number, down: boolean): Pressed {
    return this.special(this.consumers, { kind: "consumer", usage, down });
  }

  /** A system key: power down, sleep, wake up. */
  system(usage: number, down: boolean): Pressed {
    return this.special(this.systems, { kind: "system", usage, down });
  }

  /** A finger of the target's digitizer comes down or goes up. */
  touch(contact: number, down: boolean, at: Position): Pressed {
    if (!this.holds || this.fingers.has(contact) === down) return "ignored";
    const taken = this.push({ kind: "touch", contact, down, at });
    if (down && !taken) return "full";
    if (down) this.fingers.set(contact, at);
    else this.fingers.delete(contact);
    return "taken";
  }

  /** A finger that lies moves. */
  drag(contact: number, at: Position): void {
    const before = this.fingers.get(contact);
    if (before === undefined || (before.x === at.x && before.y === at.y)) return;
    this.fingers.set(contact, at);
    this.moved();
  }

  private special(held: Set<number>, step: Extract<Step, { usage: number }>): Pressed {
    if (!this.holds || held.has(step.usage) === step.down) return "ignored";
    const taken = this.push(step);
    if (step.down && !taken) return "full";
    if (step.down) held.add(step.usage);
    else held.delete(step.usage);
    return "taken";
  }

  /** Absolute position; `null` when the pointer is relative. */
  point(at: Position | null): void {
    if (this.at?.x === at?.x && this.at?.y === at?.y) return;
    this.at = at;
    this.moved();
  }

  /** Relative motion and wheel notches, added up; the counters wrap at 32 bits. */
  move(x: number, y: number, wheel = 0, pan = 0): void {
    if (!this.holds || (x === 0 && y === 0 && wheel === 0 && pan === 0)) return;
    this.motion.x = (this.motion.x + x) | 0;
    this.motion.y = (this.motion.y + y) | 0;
    this.motion.wheel = (this.motion.wheel + wheel) | 0;
    this.motion.pan = (this.motion.pan + pan) | 0;
    this.moved();
  }

  /** What the wheels turn, in 120ths of a notch. */
  turn(wheel: number, pan: number): void {
    if (!this.holds || (wheel === 0 && pan === 0)) return;
    this.motion.fine_wheel = (this.motion.fine_wheel + wheel) | 0;
    this.motion.fine_pan = (this.motion.fine_pan + pan) | 0;
    this.moved();
  }

  /** Lets go of everything held; the focus stays. */
  releaseAll(): void {
    for (const usage of [...this.keys].reverse()) this.key(usage, false);
    for (let button = 0; this.buttons !== 0; button++) this.button(button, false);
    for (const usage of [...this.consumers]) this.consumer(usage, false);
    for (const usage of [...this.systems]) this.system(usage, false);
    for (const [contact, at] of [...this.fingers]) this.touch(contact, false, at);
  }

  /** What the receiver answered. Returns whether the focus was lost by it. */
  acked(ack: InputAck): boolean {
    if (ack.holder !== this.holder) return false;
    if (isNewer(ack.focus, this.epoch)) return this.lose();
    this.givenUp = Math.max(this.givenUp, ack.lost);
    const written = Math.min(ack.steps - this.first, this.steps.length);
    if (written > 0) {
      this.steps.splice(0, written);
      this.first += written;
    }
    return false;
  }

  /** What hid says of the focus. Returns whether it was lost by it. */
  told(hid: HidState): boolean {
    const another = hid.holder !== this.holder && hid.holder !== 0;
    const newer = isNewer(hid.focus, this.epoch) || (hid.focus === this.epoch && another);
    return newer ? this.lose() : false;
  }

  /** After a reconnect, or a restart of hid: everything is to be said again at once. */
  again(): void {
    if (this.holds) this.due = "now";
  }

  /** When `next` has something to say, or `null` for never. */
  deadline(): number | null {
    if (!this.holds) return null;
    if (this.due === "now") return this.sentAt === -Infinity ? 0 : this.sentAt;
    const refresh = this.restless() ? this.sentAt + REFRESH_MS : null;
    if (this.due === "nothing") return refresh;
    return Math.min(this.sentAt + MOTION_MS, refresh ?? Infinity);
  }

  /** The message that is due at `now`, or `null`. */
  next(now: number): InputState | null {
    const deadline = this.deadline();
    if (deadline === null || deadline > now) return null;
    this.due = "nothing";
    this.sentAt = now;
    this.seq = (this.seq + 1) >>> 0;
    return this.message();
  }

  private message(): InputState {
    return {
      holder: this.holder,
      focus: this.epoch,
      seq: this.seq,
      first: this.first,
      steps: [...this.steps],
      keys: [...this.keys],
      buttons: this.buttons,
      at: this.at,
      motion: { ...this.motion },
      ...this.extra(),
    };
  }

  /** What few hold at any time is said only when it is held. */
  private extra(): Pick<InputState, "extra"> {
    if (!this.holdsExtra()) return {};
    const touches = [...this.fingers].map(([contact, at]) => ({ contact, at }));
    return { extra: { consumer: [...this.consumers], system: [...this.systems], touches } };
  }

  private holdsExtra(): boolean {
    return this.consumers.size > 0 || this.systems.size > 0 || this.fingers.size > 0;
  }

  /** Something is held or not confirmed, so silence would release it or lose it. */
  private restless(): boolean {
    return this.keys.size > 0 || this.buttons !== 0 || this.steps.length > 0 || this.holdsExtra();
  }

  private push(step: Step): boolean {
    this.due = "now";
    if (this.full) return false; // a release is then told by the held set alone
    this.steps.push(step);
    return true;
  }

  private moved(): void {
    if (this.holds && this.due === "nothing") this.due = "motion";
  }

  /** Gives up the focus and all that was not confirmed: nobody is to be surprised by it later. */
  abandon(): void {
    this.lose();
  }

  private lose(): boolean {
    if (!this.holds) return false;
    // Numbers are never used twice: what was dropped stays a gap, or a step could pass for one already written.
    this.first += this.steps.length;
    this.steps = [];
    this.keys.clear();
    this.buttons = 0;
    this.consumers.clear();
    this.systems.clear();
    this.fingers.clear();
    this.holds = false;
    this.due = "nothing";
    return true;
  }
}

// The chord that always gets the user out. It sees every transition and says when the chord is complete.

import { isModifier, Usage } from "./usage";
import type { KeyChange } from "./keyboard";

/** The chords to choose from. */
export type ChordName = "ctrl-alt-shift" | "both-shifts" | "both-ctrls" | "right-ctrl-twice" | "scroll-lock-twice";

/** What a person is shown. */
export const CHORDS: ReadonlyArray<{ name: ChordName; label: string; keys: string[] }> = [
  { name: "ctrl-alt-shift", label: "Ctrl + Alt + Shift together, then let go", keys: ["Ctrl", "Alt", "Shift"] },
  { name: "both-shifts", label: "Both Shift keys together, then let go", keys: ["Shift", "Shift"] },
  { name: "both-ctrls", label: "Both Ctrl keys together, then let go", keys: ["Ctrl", "Right Ctrl"] },
  { name: "right-ctrl-twice", label: "Right Ctrl twice", keys: ["Right Ctrl", "Right Ctrl"] },
  { name: "scroll-lock-twice", label: "Scroll Lock twice", keys: ["Scroll Lock", "Scroll Lock"] },
];

/** The default: modifiers alone do nothing on nearly every target, and every keyboard has them. */
export const DEFAULT_CHORD: ChordName = "ctrl-alt-shift";

/** What shows all targets: every keyboard has two of these, and two of them alone do nothing either. */
export const OVERVIEW_CHORD: ChordName = "both-shifts";

/** Two taps further apart than this are two taps, ms. */
const TWICE_MS = 500;

type Rule =
  | { kind: "together"; sets: ReadonlyArray<ReadonlyArray<number>> }
  | { kind: "twice"; usage: number };

const RULES: Record<ChordName, Rule> = {
  "ctrl-alt-shift": {
    kind: "together",
    sets: [
      [Usage.control, Usage.controlRight],
      [Usage.alt, Usage.altRight],
      [Usage.shift, Usage.shiftRight],
    ],
  },
  "both-shifts": { kind: "together", sets: [[Usage.shift], [Usage.shiftRight]] },
  "both-ctrls": { kind: "together", sets: [[Usage.control], [Usage.controlRight]] },
  "right-ctrl-twice": { kind: "twice", usage: Usage.controlRight },
  "scroll-lock-twice": { kind: "twice", usage: Usage.scrollLock },
};

export class Chord {
  private readonly rule: Rule;
  private readonly held = new Set<number>();
  /** All wanted modifiers were down at once. */
  private armed = false;
  /** Another key came in between: what is held is a shortcut of the target. */
  private spoiled = false;
  private lastTap = -Infinity;

  constructor(name: ChordName) {
    this.rule = RULES[name];
  }

  /** Takes one transition; `true` when the chord is complete with it. */
  feed(change: KeyChange, now: number): boolean {
    return this.rule.kind === "together" ? this.together(change, this.rule.sets) : this.twice(change, this.rule.usage, now);
  }

  /** Starts anew. */
  reset(): void {
    this.held.clear();
    this.armed = false;
    this.spoiled = false;
    this.lastTap = -Infinity;
  }

  private together({ usage, down }: KeyChange, sets: ReadonlyArray<ReadonlyArray<number>>): boolean {
    if (down) {
      this.held.add(usage);
      if (!isModifier(usage) || !sets.flat().includes(usage)) this.spoiled = true;
      if (sets.every((set) => set.some((wanted) => this.held.has(wanted)))) this.armed = true;
      return false;
    }
    this.held.delete(usage);
    const complete = this.armed && !this.spoiled;
    if (complete || this.held.size === 0) this.reset();
    return complete;
  }

  private twice({ usage, down }: KeyChange, wanted: number, now: number): boolean {
    if (down && usage !== wanted) this.lastTap = -Infinity;
    if (down || usage !== wanted) return false;
    const complete = now - this.lastTap <= TWICE_MS;
    this.lastTap = complete ? -Infinity : now;
    return complete;
  }
}

// From browser key events to transitions of physical keys, with what browsers leave out put back.

import { isMeta, isModifier, Usage, usageOf } from "./usage";

/** The part of a `KeyboardEvent` that decides. */
export interface KeyPress {
  readonly code: string;
  readonly down: boolean;
  readonly repeat: boolean;
  /** `event.timeStamp`, ms. */
  readonly at: number;
}

/** Whose quirks to expect. */
export type Platform = "mac" | "windows" | "other";

/** A transition to be sent. */
export interface KeyChange {
  readonly usage: number;
  readonly down: boolean;
}

/** Windows reports AltGr as ControlLeft and AltRight at the same instant; a hand cannot, ms. */
const ALT_GR_MS = 2;

/** Which platform a `navigator.platform` or user agent names. */
export function platformOf(text: string): Platform {
  if (/mac|iphone|ipad/i.test(text)) return "mac";
  return /win/i.test(text) ? "windows" : "other";
}

const tap = (usage: number): KeyChange[] => [
  { usage, down: true },
  { usage, down: false },
];

export class Keyboard {
  private readonly held = new Set<number>();
  private lastControl = -Infinity;

  constructor(private readonly platform: Platform) {}

  /** The transitions that an event stands for. Empty for a key that USB does not know, or a repeat. */
  handle(press: KeyPress): KeyChange[] {
    const usage = usageOf(press.code);
    if (usage === undefined || press.repeat) return [];
    if (usage === Usage.capsLock && this.platform === "mac") return tap(usage); // macOS tells its state, not its key
    if (isLanguageKey(usage)) return press.down ? tap(usage) : []; // many systems send no keyup for them
    return press.down ? this.pressed(usage, press.at) : this.released(usage);
  }

  /** Everything was released behind our back (focus lost, window left). */
  forget(): void {
    this.held.clear();
    this.lastControl = -Infinity;
  }

  private pressed(usage: number, at: number): KeyChange[] {
    // macOS sends no keyup for a key pressed while Command is down, so it would be held until Command goes up.
    if (this.platform === "mac" && !isModifier(usage) && this.metaHeld()) return tap(usage);
    const undo = this.undoAltGrControl(usage, at);
    if (usage === Usage.control) this.lastControl = at;
    this.held.add(usage);
    return [...undo, { usage, down: true }];
  }

  private released(usage: number): KeyChange[] {
    if (!this.held.delete(usage)) return usage === Usage.printScreen ? tap(usage) : [];
    if (this.platform !== "mac" || !isMeta(usage)) return [{ usage, down: false }];
    return [...this.orphans(), { usage, down: false }];
  }

  /** Keys held before Command went down, whose keyup macOS swallowed too. */
  private orphans(): KeyChange[] {
    const keys = [...this.held].filter((usage) => !isModifier(usage));
    for (const usage of keys) this.held.delete(usage);
    return keys.map((usage) => ({ usage, down: false }));
  }

  private undoAltGrControl(usage: number, at: number): KeyChange[] {
    const fake = this.platform === "windows" && usage === Usage.altRight && at - this.lastControl <= ALT_GR_MS;
    return fake && this.held.delete(Usage.control) ? [{ usage: Usage.control, down: false }] : [];
  }

  private metaHeld(): boolean {
    return this.held.has(Usage.meta) || this.held.has(Usage.metaRight);
  }
}

function isLanguageKey(usage: number): boolean {
  return usage >= Usage.lang1 && usage <= Usage.lang5;
}

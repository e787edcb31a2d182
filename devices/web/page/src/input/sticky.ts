// Modifiers of the on-screen keyboard: one tap holds for one key, a second one locks, a third lets go.

import { isModifier } from "./usage";
import type { KeyChange } from "./keyboard";

/** How a modifier stands. */
export type Grip = "off" | "once" | "locked";

const NEXT: Record<Grip, Grip> = { off: "once", once: "locked", locked: "off" };

export class Sticky {
  private readonly grips = new Map<number, Grip>();

  /** How `usage` stands. */
  grip(usage: number): Grip {
    return this.grips.get(usage) ?? "off";
  }

  /** A tap on a modifier: what is to be sent for it. */
  tap(usage: number): KeyChange[] {
    const before = this.grip(usage);
    this.grips.set(usage, NEXT[before]);
    if (before === "off") return [{ usage, down: true }];
    return before === "locked" ? [{ usage, down: false }] : [];
  }

  /** A transition of any other key: after its release, what was held for one key is let go. */
  after(change: KeyChange): KeyChange[] {
    if (change.down || isModifier(change.usage)) return [];
    const done = [...this.grips].filter(([, grip]) => grip === "once").map(([usage]) => usage);
    for (const usage of done) this.grips.set(usage, "off");
    return done.map((usage) => ({ usage, down: false }));
  }

  /** Everything was released. */
  forget(): void {
    this.grips.clear();
  }
}

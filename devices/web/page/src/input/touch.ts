// Fingers on the picture → pointer. Tap: left click. Long press: right click. Tap and drag: left drag. Two fingers: wheel.

import type { Point } from "../video/layout";

/** What a touch means. */
export type Gesture =
  | { readonly kind: "point"; readonly at: Point }
  | { readonly kind: "button"; readonly button: number; readonly down: boolean; readonly at: Point }
  | { readonly kind: "scroll"; readonly deltaX: number; readonly deltaY: number };

/** Held still for so long: right click, ms. */
const LONG_MS = 500;
/** A second touch so soon after a tap begins a drag, ms. */
const DRAG_MS = 280;
/** A finger is never quite still, CSS pixels. */
const SLOP = 9;
/** Finger travel that counts as one pixel of wheel: fingers are finer than wheels. */
const SCROLL_GAIN = 2.5;

interface Finger {
  start: Point;
  at: Point;
  since: number;
}

type Phase = "idle" | "pressed" | "moving" | "dragging" | "scrolling" | "done";

export class Touch {
  private readonly fingers = new Map<number, Finger>();
  private phase: Phase = "idle";
  private tappedAt = -Infinity;

  /** A finger comes down. */
  down(id: number, at: Point, now: number): Gesture[] {
    this.fingers.set(id, { start: at, at, since: now });
    if (this.fingers.size === 2) return this.secondFinger();
    if (this.fingers.size > 2) return [];
    const point: Gesture = { kind: "point", at };
    if (now - this.tappedAt > DRAG_MS) {
      this.phase = "pressed";
      return [point];
    }
    this.phase = "dragging";
    return [point, { kind: "button", button: 0, down: true, at }];
  }

  /** A finger moves. */
  move(id: number, at: Point): Gesture[] {
    const finger = this.fingers.get(id);
    if (finger === undefined) return [];
    const before = finger.at;
    finger.at = at;
    if (this.phase === "scrolling") return this.scroll(before, at);
    if (this.phase === "pressed" && distance(finger.start, at) > SLOP) this.phase = "moving";
    return this.phase === "moving" || this.phase === "dragging" ? [{ kind: "point", at }] : [];
  }

  /** A finger goes up. */
  up(id: number, now: number): Gesture[] {
    const finger = this.fingers.get(id);
    if (finger === undefined) return [];
    this.fingers.delete(id);
    const phase = this.phase;
    if (this.fingers.size === 0) this.phase = "idle";
    if (phase === "dragging") return this.endDrag(finger.at);
    if (phase !== "pressed") return [];
    this.tappedAt = now;
    return click(0, finger.start);
  }

  /** When `tick` is to be called, or `null`. */
  deadline(): number | null {
    if (this.phase !== "pressed") return null;
    const [finger] = this.fingers.values();
    return finger ? finger.since + LONG_MS : null;
  }

  /** Time passes: a long press is a right click. */
  tick(now: number): Gesture[] {
    const deadline = this.deadline();
    const [finger] = this.fingers.values();
    if (deadline === null || now < deadline || finger === undefined) return [];
    this.phase = "done";
    return click(1, finger.start);
  }

  /** The system took the touch away. */
  cancel(): Gesture[] {
    const [finger] = this.fingers.values();
    const dragging = this.phase === "dragging" && finger !== undefined;
    this.fingers.clear();
    this.phase = "idle";
    return dragging ? [{ kind: "button", button: 0, down: false, at: finger.at }] : [];
  }

  private secondFinger(): Gesture[] {
    const [first] = this.fingers.values();
    const gestures = this.phase === "dragging" && first ? this.endDrag(first.at) : [];
    this.phase = "scrolling";
    return gestures;
  }

  private endDrag(at: Point): Gesture[] {
    this.tappedAt = -Infinity;
    return [{ kind: "button", button: 0, down: false, at }];
  }

  /** Content follows the fingers; each of the two tells half of the way. */
  private scroll(before: Point, at: Point): Gesture[] {
    const gain = SCROLL_GAIN / Math.max(1, this.fingers.size);
    return [{ kind: "scroll", deltaX: (before.x - at.x) * gain, deltaY: (before.y - at.y) * gain }];
  }
}

function click(button: number, at: Point): Gesture[] {
  return [
    { kind: "button", button, down: true, at },
    { kind: "button", button, down: false, at },
  ];
}

function distance(a: Point, b: Point): number {
  return Math.hypot(a.x - b.x, a.y - b.y);
}

// Wheel events of mice and trackpads → whole notches, away from the user and right positive.

/** The part of a `WheelEvent` that decides. */
export interface Scroll {
  readonly deltaX: number;
  readonly deltaY: number;
  /** 0 pixels, 1 lines, 2 pages. */
  readonly deltaMode: number;
}

/** Whole notches. */
export interface Notches {
  readonly wheel: number;
  readonly pan: number;
}

/** A notch in each delta mode. */
const NOTCH = [100, 3, 1] as const;
/** A single event of at least half a notch is one click of a wheel, whatever the browser's scroll speed makes of it. */
const CLICK = 0.5;

export class Wheel {
  private x = 0;
  private y = 0;

  /** Adds one event; what does not make a notch is kept for the next. */
  scroll(event: Scroll): Notches {
    const unit = NOTCH[event.deltaMode] ?? NOTCH[0];
    this.x = add(this.x, event.deltaX / unit);
    this.y = add(this.y, event.deltaY / unit);
    const pan = Math.trunc(this.x);
    const down = Math.trunc(this.y);
    this.x -= pan;
    this.y -= down;
    return { wheel: down === 0 ? 0 : -down, pan };
  }
}

function add(rest: number, delta: number): number {
  const turned = rest * delta < 0 ? 0 : rest; // the other way: the rest of this way is void
  const size = Math.abs(delta);
  return turned + (size >= CLICK && size < 1 ? Math.sign(delta) : delta);
}

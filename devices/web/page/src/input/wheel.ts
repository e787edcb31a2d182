// Wheel events of mice and trackpads → notches, whole or in 120ths, away from the user and right positive.

/** The part of a `WheelEvent` that decides. */
export interface Scroll {
  readonly deltaX: number;
  readonly deltaY: number;
  /** 0 pixels, 1 lines, 2 pages. */
  readonly deltaMode: number;
  /** What older scripts read: multiples of 120 for the clicks of a wheel. */
  readonly wheelDeltaX?: number;
  readonly wheelDeltaY?: number;
}

/** What the wheels turned. */
export interface Notches {
  readonly wheel: number;
  readonly pan: number;
}

/** A notch in each delta mode. */
const NOTCH = [100, 3, 1] as const;
/** A single event of at least half a notch is one click of a wheel, whatever the browser's scroll speed makes of it. */
const CLICK = 0.5;
/** Parts of a notch that a target can be told. */
const PARTS = 120;

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

  /** The same in 120ths of a notch: a wheel's clicks are whole notches, a trackpad's pixels what they are. */
  turn(event: Scroll): Notches {
    const unit = NOTCH[event.deltaMode] ?? NOTCH[0];
    this.x += PARTS * fine(event.deltaX / unit, event.wheelDeltaX);
    this.y += PARTS * fine(event.deltaY / unit, event.wheelDeltaY);
    const [pan, down] = [Math.trunc(this.x), Math.trunc(this.y)];
    this.x -= pan;
    this.y -= down;
    return { wheel: down === 0 ? 0 : -down, pan };
  }
}

/** Notches of one event, in the direction of its delta. */
function fine(delta: number, legacy: number | undefined): number {
  const clicks = legacy === undefined ? (Math.abs(delta) < 1 ? 1 : 0) : legacy % PARTS === 0 ? Math.abs(legacy / PARTS) : 0;
  return clicks > 0 && Math.abs(delta) >= CLICK ? Math.sign(delta) * clicks : delta;
}

function add(rest: number, delta: number): number {
  const turned = rest * delta < 0 ? 0 : rest; // the other way: the rest of this way is void
  const size = Math.abs(delta);
  return turned + (size >= CLICK && size < 1 ? Math.sign(delta) : delta);
}

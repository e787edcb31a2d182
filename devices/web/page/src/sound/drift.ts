// How much faster or slower than it says the target's clock runs, found from how much waits: as `core/drift.rs` of the audio device does
// it for the other direction. Pure.

/** What waits is smoothed over so many seconds, for it comes in pieces. */
const SMOOTH_S = 2;
/** What is too much is gone in so many seconds. */
const PROPORTIONAL_S = 20;
/** A difference that stays is learnt in so many seconds; with the above the answer to a step does not swing. */
const INTEGRAL_S = 100;
/** Most that is corrected: a twelfth of a semitone. */
export const MOST = 0.005;

export class Drift {
  private smooth: number | null = null;
  private learnt = 0;

  constructor(private readonly rate: number) {}

  /** Begins again with what is known of the clocks. */
  restart(): void {
    this.smooth = null;
  }

  /** How many frames to take for each one played, when `waiting` wait, `target` should, and so many seconds passed. */
  update(waiting: number, target: number, seconds: number): number {
    const before = this.smooth ?? waiting;
    const smooth = before + (waiting - before) * Math.min(1, seconds / SMOOTH_S);
    this.smooth = smooth;
    const wanted = (smooth - target) / (PROPORTIONAL_S * this.rate);
    this.learnt = clamp(this.learnt + (wanted * seconds) / INTEGRAL_S);
    return 1 + clamp(wanted + this.learnt);
  }
}

function clamp(value: number): number {
  return Math.max(-MOST, Math.min(MOST, value));
}

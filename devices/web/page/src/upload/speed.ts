// How fast bytes go, over the last seconds.

/** Older samples say nothing of now, ms. */
const WINDOW_MS = 6000;
/** A rate over less is a guess, ms. */
const LEAST_MS = 400;

interface Sample {
  readonly at: number;
  readonly offset: number;
}

export class Speed {
  private samples: Sample[] = [];

  /** So many bytes are there. */
  note(at: number, offset: number): void {
    const last = this.samples.at(-1);
    if (last !== undefined && offset < last.offset) this.samples = []; // it began anew
    this.samples = [...this.samples.filter((sample) => at - sample.at <= WINDOW_MS), { at, offset }];
  }

  /** Bytes a second; `null` while it is not known. */
  get rate(): number | null {
    const [first, last] = [this.samples[0], this.samples.at(-1)];
    if (first === undefined || last === undefined || last.at - first.at < LEAST_MS) return null;
    return ((last.offset - first.offset) * 1000) / (last.at - first.at);
  }
}

/** What is left at this rate, ms; `null` while it is not known, or for ever. */
export function timeLeft(bytes: number, rate: number | null): number | null {
  return rate === null || rate <= 0 ? null : (bytes * 1000) / rate;
}

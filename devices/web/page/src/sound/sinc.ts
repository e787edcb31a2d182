// Values between two samples, and so from one rate to another. Pure.

/** Taps of the interpolating filter, and places between two samples for which it is reckoned beforehand. */
export const TAPS = 16;
const PLACES = 256;
const HALF = TAPS / 2;
/** Frames that the conversion holds: more than an audio thread ever gives at once, and the filter. */
const HELD = 1 << 13;

/** From one rate to another. What is above half of the lower one is not taken out: of a microphone that is next to nothing. */
export class Converter {
  private readonly ring = new Float32Array(HELD);
  private readonly step: number;
  private written = 0;
  private read = 0;

  constructor(from: number, to: number) {
    this.step = from / to;
  }

  /** Takes the next samples, and gives what comes of them, one by one. */
  take(samples: Float32Array, give: (value: number) => void): void {
    for (const value of samples) this.ring[this.written++ & (HELD - 1)] = value;
    for (; Math.floor(this.read) + TAPS <= this.written; this.read += this.step) give(between(this.ring, this.read));
  }
}

/** A windowed sinc for each place between two samples, and one more: values between two places are drawn straight. */
const FILTER = filter();

function filter(): Float32Array {
  const taps = new Float32Array((PLACES + 1) * TAPS);
  for (let place = 0; place <= PLACES; place++) {
    let sum = 0;
    for (let tap = 0; tap < TAPS; tap++) {
      const x = tap - (HALF - 1) - place / PLACES;
      const value = sinc(x) * window(x / HALF);
      taps[place * TAPS + tap] = value;
      sum += value;
    }
    for (let tap = 0; tap < TAPS; tap++) taps[place * TAPS + tap]! /= sum;
  }
  return taps;
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

/** Blackman's. */
function window(x: number): number {
  return Math.abs(x) >= 1 ? 0 : 0.42 + 0.5 * Math.cos(Math.PI * x) + 0.08 * Math.cos(2 * Math.PI * x);
}

/** The value at a place in a ring, whose length is a power of two; the filter looks so far ahead that half of its taps come after. */
export function between(ring: Float32Array, at: number): number {
  const mask = ring.length - 1;
  const whole = Math.floor(at);
  const place = (at - whole) * PLACES;
  const first = Math.floor(place) * TAPS;
  const part = place - Math.floor(place);
  let [low, high] = [0, 0];
  for (let tap = 0; tap < TAPS; tap++) {
    const sample = ring[(whole + tap) & mask] ?? 0;
    low += sample * (FILTER[first + tap] ?? 0);
    high += sample * (FILTER[first + TAPS + tap] ?? 0);
  }
  return low + (high - low) * part;
}

// A tone that goes on for hours, judged as it comes: nothing of it is kept.
import { clicks, HERTZ, LOUD, RATE, side, silences } from "./sound.ts";
import type { Piece } from "./listener.ts";

/** A second of the tone, on both sides. Whole periods: played again and again it has no seam. */
export function toneSecond(): Int16Array {
  return Int16Array.from({ length: RATE * 2 }, (_, at) => Math.round(Math.sin((2 * Math.PI * HERTZ * (at >> 1)) / RATE) * LOUD));
}

/** So much is judged at once where samples may be others, frames; it overlaps the one before by an edge. */
const BLOCK = RATE * 2;
const EDGE = 480;

/** What became of the tone: how much of it came, and how often it was broken. */
export abstract class Steady {
  frames = 0;
  breaks = 0;
  #next: { position: number; stream: number } | undefined;

  /** The next piece. */
  take(piece: Piece): void {
    const follows = this.#next?.stream === piece.stream && this.#next.position === piece.position;
    if (this.#next !== undefined && !follows) this.breaks++;
    this.#next = { position: piece.position + piece.samples.length / 2, stream: piece.stream };
    this.frames += piece.samples.length / 2;
    this.judge(piece.samples, this.frames === piece.samples.length / 2 || !follows);
  }

  /** `anew`: nothing is known of what was before. */
  protected abstract judge(samples: Int16Array, anew: boolean): void;
}

/** Each sample is the one that was played, and at its place. */
export class SameSamples extends Steady {
  readonly #tone = toneSecond();
  #at: number | undefined;

  protected judge(samples: Int16Array, anew: boolean): void {
    if (anew) this.#at = undefined;
    const known = this.#at !== undefined;
    const at = this.#at !== undefined && this.#isAt(samples, this.#at) ? this.#at : this.#find(samples);
    if (known && at !== this.#at) this.breaks++;
    this.#at = at === undefined ? undefined : (at + samples.length) % this.#tone.length;
  }

  #isAt(samples: Int16Array, at: number): boolean {
    return samples.every((value, index) => value === this.#tone[(at + index) % this.#tone.length]);
  }

  /** Nowhere, where the piece itself is broken. */
  #find(samples: Int16Array): number | undefined {
    for (let at = 0; at < this.#tone.length; at += 2) if (this.#isAt(samples, at)) return at;
    return undefined;
  }
}

/** Of a tone that was resampled: no click, no silence. */
export class NoClick extends Steady {
  #left: Int16Array = new Int16Array();

  protected judge(samples: Int16Array, anew: boolean): void {
    if (anew) this.#left = new Int16Array();
    const more = side(samples, 0);
    const left = new Int16Array(this.#left.length + more.length);
    left.set(this.#left);
    left.set(more, this.#left.length);
    this.#left = left;
    if (left.length < BLOCK) return;
    this.breaks += clicks(left).length + silences(left).length;
    this.#left = left.slice(left.length - EDGE);
  }
}

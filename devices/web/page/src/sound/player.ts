// What waits between the network and the loudspeaker: pieces come as they come, blocks go by the sound card's clock. Pure.

import { Drift } from "./drift";
import { between, TAPS } from "./sinc";

/** Frames that fit: two seconds. */
const ROOM = 1 << 17;
const MASK = ROOM - 1;
/** So much beyond what should wait is thrown away, ms: after a break all comes at once, and nobody wants to hear it late. */
const TOO_MUCH_MS = 400;
/** When it ran out, so much more waits from then on, ms: this network needs it. */
const MORE_MS = 40;
/** No more than this by itself, ms. */
const MOST_MS = 400;

export interface PlayerStats {
  /** Times that sound is missing: lost on the way, or too late. */
  readonly gaps: number;
  /** What waits, ms. */
  readonly waitingMs: number;
  /** The correction of the clock, millionths. */
  readonly ppm: number;
}

type Stage = "fills" | "plays";

export class Player {
  private readonly left = new Float32Array(ROOM);
  private readonly right = new Float32Array(ROOM);
  private readonly drift: Drift;
  private stage: Stage = "fills";
  /** Frames written, and read; the latter with its fraction. */
  private written = 0;
  private read = 0;
  private stream = -1;
  private position = 0;
  private gaps = 0;
  /** It ran out in this stream. */
  private dry = false;
  private factor = 1;

  private targetMs: number;

  constructor(
    private readonly rate: number,
    private chosenMs: number,
  ) {
    this.drift = new Drift(rate);
    this.targetMs = chosenMs;
  }

  /** So much should wait, ms. Said once more it is no choice: what the network made of it stays. */
  delay(ms: number): void {
    if (ms === this.chosenMs) return;
    this.chosenMs = ms;
    this.targetMs = ms;
  }

  get stats(): PlayerStats {
    return { gaps: this.gaps, waitingMs: ((this.written - this.read) * 1000) / this.rate, ppm: (this.factor - 1) * 1e6 };
  }

  /** A piece came: left and right in turn, of -32768 to 32767. */
  push(stream: number, position: number, samples: Int16Array): void {
    if (stream === this.stream && (this.dry || position !== this.position)) this.gap();
    this.dry = false;
    this.stream = stream;
    this.position = position + samples.length / 2;
    for (let at = 0; at + 1 < samples.length; at += 2) {
      this.left[this.written & MASK] = (samples[at] ?? 0) / 32768;
      this.right[this.written & MASK] = (samples[at + 1] ?? 0) / 32768;
      this.written++;
    }
    if (this.written - this.read > this.target + (TOO_MUCH_MS * this.rate) / 1000) this.skip();
  }

  /** The next block. */
  pull(left: Float32Array, right: Float32Array): void {
    if (this.stage === "fills" && this.written - this.read >= this.target) this.play();
    if (this.stage === "fills") return silence(left, right);
    this.factor = this.drift.update(this.written - this.read, this.target, left.length / this.rate);
    if (this.written - this.read < left.length * this.factor + TAPS) return this.ranOut(left, right);
    for (let at = 0; at < left.length; at++) {
      left[at] = between(this.left, this.read);
      right[at] = between(this.right, this.read);
      this.read += this.factor;
    }
  }

  private get target(): number {
    return (this.targetMs * this.rate) / 1000;
  }

  private play(): void {
    this.stage = "plays";
    this.drift.restart();
  }

  /** Where the target just stopped nobody notices; where it goes on, that was a gap. */
  private ranOut(left: Float32Array, right: Float32Array): void {
    this.stage = "fills";
    this.dry = true;
    silence(left, right);
  }

  private gap(): void {
    this.gaps++;
    if (this.dry) this.targetMs = Math.max(this.targetMs, Math.min(MOST_MS, this.targetMs + MORE_MS));
  }

  private skip(): void {
    this.gaps++;
    this.read = this.written - Math.ceil(this.target);
    this.drift.restart();
  }
}

function silence(left: Float32Array, right: Float32Array): void {
  left.fill(0);
  right.fill(0);
}

// Frames per second and latency of what is shown. Pure: the time comes in.

/** The span over which frames are counted, ms. */
const SPAN_MS = 1000;
/** How much a new latency weighs: about the last ten frames are seen. */
const WEIGHT = 0.2;

export class Meter {
  private shown: number[] = [];
  private latency: number | null = null;

  /** A frame was shown; `latencyMs` is from capture to screen. */
  frame(now: number, latencyMs: number): void {
    this.shown.push(now);
    this.trim(now);
    this.latency = this.latency === null ? latencyMs : this.latency + (latencyMs - this.latency) * WEIGHT;
  }

  /** Frames shown in the last second. */
  rate(now: number): number {
    this.trim(now);
    return this.shown.length;
  }

  /** Smoothed, ms; `null` before the first frame. */
  get latencyMs(): number | null {
    return this.latency;
  }

  private trim(now: number): void {
    const start = this.shown.findIndex((at) => at > now - SPAN_MS);
    this.shown = start < 0 ? [] : this.shown.slice(start);
  }
}

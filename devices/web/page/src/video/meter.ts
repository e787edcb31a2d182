// Frames per second and latency of what is shown. Pure: the time comes in.

/** The span over which frames are counted, ms. */
const SPAN_MS = 1000;
/** The latency shown is the median of so many frames: the first one of a picture that rests was kept for whoever comes, and is old. */
const LATENCIES = 9;

export class Meter {
  private shown: number[] = [];
  private messages: Array<{ at: number; bytes: number }> = [];
  private latencies: number[] = [];

  /** A frame was shown; `latencyMs` is from capture to screen, `null` where another node's clock tells the one end. */
  frame(now: number, latencyMs: number | null): void {
    this.shown.push(now);
    this.trim(now);
    if (latencyMs !== null) this.latencies = [...this.latencies, latencyMs].slice(-LATENCIES);
  }

  /** Frames shown in the last second. */
  rate(now: number): number {
    this.trim(now);
    return this.shown.length;
  }

  /** A message came. */
  received(now: number, bytes: number): void {
    this.messages.push({ at: now, bytes });
    this.trim(now);
  }

  /** Bytes in the last second. */
  bytes(now: number): number {
    this.trim(now);
    return this.messages.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** The median of the last frames, ms; `null` before the first frame. */
  get latencyMs(): number | null {
    const sorted = [...this.latencies].sort((a, b) => a - b);
    return sorted[(sorted.length - 1) >> 1] ?? null;
  }

  private trim(now: number): void {
    const start = this.shown.findIndex((at) => at > now - SPAN_MS);
    this.shown = start < 0 ? [] : this.shown.slice(start);
    this.messages = this.messages.filter(({ at }) => at > now - SPAN_MS);
  }
}

// The source's modes as two choices: a size, and the rates at that size.

import type { VideoMode } from "../wire/VideoMode";
import type { VideoState } from "../wire/VideoState";

/** `1920×1080`. */
export function sizeOf(mode: VideoMode): string {
  return `${mode.width}×${mode.height}`;
}

/** The sizes offered, largest first; the present one is always among them. */
export function sizesOf(video: VideoState): string[] {
  const modes = [...video.modes, video.mode].sort((a, b) => b.width * b.height - a.width * a.height);
  return [...new Set(modes.map(sizeOf))];
}

/** The rates offered at the present size, fastest first. */
export function ratesOf(video: VideoState): number[] {
  const size = sizeOf(video.mode);
  const rates = [...video.modes, video.mode].filter((mode) => sizeOf(mode) === size).map((mode) => mode.millihertz);
  return [...new Set(rates)].sort((a, b) => b - a);
}

/** The mode for another size: the rate nearest to the present one. */
export function withSize(video: VideoState, size: string): VideoMode {
  const candidates = video.modes.filter((mode) => sizeOf(mode) === size);
  const off = (mode: VideoMode): number => Math.abs(mode.millihertz - video.mode.millihertz);
  return candidates.sort((a, b) => off(a) - off(b))[0] ?? video.mode;
}

/** The mode for another rate. */
export function withRate(video: VideoState, millihertz: number): VideoMode {
  return { ...video.mode, millihertz };
}

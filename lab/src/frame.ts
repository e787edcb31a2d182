// A captured picture, for looking at and for comparing.
import type { Pi } from "./pi.ts";

export interface Frame {
  width: number;
  height: number;
  /** YUYV: two bytes per pixel; the even bytes are brightness. */
  data: Buffer;
  framesPerSecond: number;
}

/** Captures in the Pi by the lab's own program; the device under test must not hold the camera. */
export async function grab(pi: Pi, count = 2): Promise<Frame> {
  const answer = await pi.must(`/usr/lib/lab/grab ${count} /run/lab/frame`);
  const [width, height, framesPerSecond] = answer.split(" ").map(Number);
  return { width: width!, height: height!, framesPerSecond: framesPerSecond!, data: (await pi.read("/run/lab/frame"))! };
}

/** How many pixels differ in brightness by more than a shade. */
export function differingPixels(a: Frame, b: Frame): number {
  if (a.data.length !== b.data.length) return Math.max(a.data.length, b.data.length) / 2;
  let count = 0;
  for (let i = 0; i < a.data.length; i += 2) if (Math.abs(a.data[i]! - b.data[i]!) > 16) count++;
  return count;
}

/** Share of pixels that are brighter than dark grey. */
export function litPixels(frame: Frame): number {
  let count = 0;
  for (let i = 0; i < frame.data.length; i += 2) if (frame.data[i]! > 64) count++;
  return count / (frame.data.length / 2);
}

/** A grey image file that picture viewers open. */
export function toPgm({ width, height, data }: Frame): Buffer {
  const grey = Buffer.alloc(width * height);
  for (let i = 0; i < grey.length; i++) grey[i] = data[2 * i]!;
  return Buffer.concat([Buffer.from(`P5\n${width} ${height}\n255\n`), grey]);
}

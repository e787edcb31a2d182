// A captured picture, for looking at and for comparing.
import { deflateSync } from "node:zlib";
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

/** An image file, in colour. */
export function toPng({ width, height, data }: Frame): Buffer {
  const rows = Buffer.alloc(height * (1 + 3 * width));
  for (let y = 0, out = 0; y < height; y++) {
    out++; // the row's filter: none
    for (let x = 0; x < width; x++) {
      const at = 2 * (y * width + x);
      const pair = at & ~3;
      const [luma, u, v] = [1.164 * (data[at]! - 16), data[pair + 1]! - 128, data[pair + 3]! - 128];
      rows[out++] = clamp(luma + 1.596 * v);
      rows[out++] = clamp(luma - 0.392 * u - 0.813 * v);
      rows[out++] = clamp(luma + 2.017 * u);
    }
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([signature, chunk("IHDR", header), chunk("IDAT", deflateSync(rows)), chunk("IEND", Buffer.alloc(0))]);
}

function clamp(value: number): number {
  return Math.max(0, Math.min(255, Math.round(value)));
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type), data]);
  const [length, checksum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  checksum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, checksum]);
}

// zlib.crc32 came with Node 22
function crc32(data: Buffer): number {
  let crc = 0xffffffff;
  for (const byte of data) {
    crc ^= byte;
    for (let k = 0; k < 8; k++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}

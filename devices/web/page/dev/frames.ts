// Pictures for the mock: a target's text screen, drawn without a font, so that edges and scaling can be judged.

import jpeg from "jpeg-js";
import { VIDEO_HEAD_LEN } from "../src/wire/constants.ts";

type Colour = readonly [number, number, number];

const SCREEN: Colour = [24, 28, 44];
const PANEL: Colour = [225, 228, 233];
const TITLE: Colour = [48, 92, 160];
const INK: Colour = [60, 66, 76];
const BRIGHT: Colour = [190, 206, 230];

class Canvas {
  readonly data: Buffer;

  constructor(
    readonly width: number,
    readonly height: number,
  ) {
    this.data = Buffer.alloc(width * height * 4, 255);
  }

  fill(left: number, top: number, width: number, height: number, [r, g, b]: Colour): void {
    for (let y = Math.max(0, top); y < Math.min(this.height, top + height); y++) {
      for (let x = Math.max(0, left); x < Math.min(this.width, left + width); x++) {
        this.data.set([r, g, b], (y * this.width + x) * 4);
      }
    }
  }

  /** Something that reads as lines of text from a step away. */
  text(left: number, top: number, words: number, colour: Colour): void {
    let x = left;
    for (let word = 0; word < words; word++) {
      const length = 2 + ((word * 7 + top) % 7);
      for (let letter = 0; letter < length; letter++) {
        this.fill(x, top + ((letter * 3 + word) % 3), 5, 9 - ((letter + word) % 3), colour);
        x += 8;
      }
      x += 8;
    }
  }
}

/** A screen of the target; `tick` moves a bar in it. */
export function picture(width: number, height: number, tick: number): Buffer {
  const canvas = new Canvas(width, height);
  canvas.fill(0, 0, width, height, SCREEN);
  for (let line = 0; line < height / 20 - 2; line++) canvas.text(16, 12 + line * 20, 4 + (line % 5), BRIGHT);
  const left = Math.round(width * 0.34);
  const top = Math.round(height * 0.2);
  const [w, h] = [Math.round(width * 0.5), Math.round(height * 0.55)];
  canvas.fill(left, top, w, h, PANEL);
  canvas.fill(left, top, w, 30, TITLE);
  canvas.text(left + 14, top + 10, 3, PANEL);
  for (let line = 0; line < (h - 100) / 22; line++) canvas.text(left + 20, top + 48 + line * 22, 5 + (line % 4), INK);
  canvas.fill(left + 20, top + h - 34, w - 40, 12, [200, 205, 212]);
  canvas.fill(left + 20, top + h - 34, Math.round(((w - 40) * (tick % 60)) / 60), 12, TITLE);
  // Single pixels in the corners: a test sees by them that nothing is cut off.
  for (const x of [0, width - 8]) for (const y of [0, height - 8]) canvas.fill(x, y, 8, 8, [255, 80, 60]);
  return jpeg.encode({ data: canvas.data, width, height }, 85).data;
}

/** A message of the video socket. */
export function frame(sequence: number, width: number, height: number, image: Buffer): Buffer {
  const head = Buffer.alloc(VIDEO_HEAD_LEN);
  const now = process.hrtime.bigint();
  head.writeBigUInt64LE(BigInt(sequence), 0);
  head.writeBigUInt64LE(now - 21_000_000n, 8);
  head.writeBigUInt64LE(now, 16);
  head.writeUInt32LE(width, 24);
  head.writeUInt32LE(height, 28);
  return Buffer.concat([head, image]);
}

// Two pictures of one screen: what the target draws, and what the page shows.
import type { Page } from "playwright-core";
import { LabError, until } from "./lab.ts";
import type { Target } from "./target.ts";

/** Brightness of each pixel, 0 to 255. */
export interface Grey {
  width: number;
  height: number;
  data: Uint8Array;
}

/** What the target's own graphics card shows. */
export async function targetPicture(target: Target): Promise<Grey> {
  const file = await target.screenshot();
  const [, width, height] = /^P6\s+(\d+)\s+(\d+)\s+255\s/.exec(file.toString("latin1", 0, 40)) ?? [];
  if (!width || !height) throw new LabError("the target's picture is no PPM");
  const pixels = Number(width) * Number(height);
  const rgb = file.subarray(file.length - 3 * pixels);
  const data = Uint8Array.from({ length: pixels }, (_, at) => grey(rgb[3 * at]!, rgb[3 * at + 1]!, rgb[3 * at + 2]!));
  return { width: Number(width), height: Number(height), data };
}

/** What a canvas of the page shows: of the target that is worked, or of one beside it (`screen-NODE`). */
export async function pagePicture(page: Page, canvas = "screen"): Promise<Grey> {
  const { width, height, text } = (await page.evaluate(`(() => {
    const canvas = document.querySelector('[data-testid="${canvas}"]');
    const { width, height } = canvas;
    const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
    const parts = [];
    for (let at = 0; at < data.length; at += 4) parts.push(String.fromCharCode((data[at] * 77 + data[at + 1] * 150 + data[at + 2] * 29) >> 8));
    return { width, height, text: btoa(parts.join("")) };
  })()`)) as { width: number; height: number; text: string };
  return { width, height, data: Buffer.from(text, "base64") };
}

function grey(red: number, green: number, blue: number): number {
  return (red * 77 + green * 150 + blue * 29) >> 8;
}

/** Share of pixels whose brightness differs by more than so many shades; 1 for pictures of another size. */
export function difference(a: Grey, b: Grey, shades: number): number {
  if (a.width !== b.width || a.height !== b.height) return 1;
  let count = 0;
  for (let at = 0; at < a.data.length; at++) if (Math.abs(a.data[at]! - b.data[at]!) > shades) count++;
  return count / a.data.length;
}

/** Share of pixels that are not dark. */
export function lit({ data }: Grey): number {
  return data.reduce((sum, shade) => sum + (shade > 96 ? 1 : 0), 0) / data.length;
}

/** Pixels that differ by more shades are wrong; so many may, once the picture rests: edges of coloured text, whose colours are those of four pixels. */
const [SHADES, WRONG_MOST] = [40, 0.0005];
/** Less on the target's screen is too little to tell: a dark screen is like any other dark screen. */
const LIT_LEAST = 0.003;

/** Waits until a canvas of the page shows what the target draws; the share of the pixels that are off then. */
export async function alike(page: Page, target: Target, canvas = "screen"): Promise<number> {
  let off = 1;
  await until("the page shows what the target draws", async () => {
    const wanted = await targetPicture(target);
    off = difference(wanted, await pagePicture(page, canvas), SHADES);
    return off < WRONG_MOST && lit(wanted) > LIT_LEAST;
  }, { every: 200 });
  return off;
}

export interface Place {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** A part of a picture. */
export function cut(picture: Grey, { x, y, width, height }: Place): Grey {
  const data = new Uint8Array(width * height);
  for (let line = 0; line < height; line++) data.set(picture.data.subarray((y + line) * picture.width + x, (y + line) * picture.width + x + width), line * width);
  return { width, height, data };
}

/** Brightness is compared in so many parts of a picture. */
const [ACROSS, DOWN] = [40, 24];

/** How alike a picture and a place of another are, whatever the scale: 1 is the same, 0 has nothing to do with it. */
export function likeness(picture: Grey, shown: Grey, place: Place): number {
  const whole = { x: 0, y: 0, width: picture.width, height: picture.height };
  const [a, b] = [parts(picture, whole), parts(shown, place)];
  const [meanA, meanB] = [mean(a), mean(b)];
  let [both, ofA, ofB] = [0, 0, 0];
  for (let at = 0; at < a.length; at++) {
    const [x, y] = [a[at]! - meanA, b[at]! - meanB];
    both += x * y;
    ofA += x * x;
    ofB += y * y;
  }
  return ofA === 0 || ofB === 0 ? 0 : both / Math.sqrt(ofA * ofB);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function parts(picture: Grey, { x, y, width, height }: Place): number[] {
  const sums = new Array<number>(ACROSS * DOWN).fill(0);
  for (let line = 0; line < height; line++) {
    const row = Math.floor((line * DOWN) / height) * ACROSS;
    const start = (y + line) * picture.width + x;
    for (let at = 0; at < width; at++) sums[row + Math.floor((at * ACROSS) / width)]! += picture.data[start + at]!;
  }
  return sums;
}

/** Where a picture of these proportions has to be in a place: as large as it can be, in the middle. */
export function fitted({ width, height }: { width: number; height: number }, within: Place): Place {
  const scale = Math.min(within.width / width, within.height / height);
  const [wide, high] = [Math.round(width * scale), Math.round(height * scale)];
  return { x: within.x + Math.floor((within.width - wide) / 2), y: within.y + Math.floor((within.height - high) / 2), width: wide, height: high };
}

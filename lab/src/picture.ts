// Two pictures of one screen: what the target draws, and what the page shows.
import type { Page } from "playwright-core";
import { LabError } from "./lab.ts";
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

/** What the page's canvas shows. */
export async function pagePicture(page: Page): Promise<Grey> {
  const { width, height, text } = (await page.evaluate(`(() => {
    const canvas = document.querySelector('[data-testid="screen"]');
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

// Pictures that are the heads of one desk: where each lies in the window, and which point of the desk a point of the window is. Pure.

import type { Position } from "../wire/Position";
import { inside, onPixels, place, toTarget, zoom, type Point, type Rect, type Size, type View } from "./layout";

/** A head in the window, and which part of the desk it shows: 0 to 1, as a desktop maps an absolute mouse over its screens. */
export interface Spot {
  readonly rect: Rect;
  readonly part: Rect;
}

export interface Desk {
  /** All of it in the window. */
  readonly whole: Size;
  readonly spots: readonly Spot[];
}

/**
 * Lays the heads out by one scale, tops aligned. The desk is a row in any case: as wide as all together, as high as the highest.
 * `stacked` draws them below each other, for a window that is narrow; a point of a picture is the same point of the desk then.
 */
export function layOut(sizes: readonly Size[], view: Omit<View, "source">, pointer: Point | null, stacked: boolean): Desk {
  const desk = { width: sum(sizes, "width"), height: most(sizes, "height") };
  const source = stacked ? { width: most(sizes, "width"), height: sum(sizes, "height") } : desk;
  const whole = place({ ...view, source }, pointer);
  const factor = zoom({ ...view, source });
  let [across, down] = [0, 0];
  const spots = sizes.map(({ width, height }) => {
    const [x, y] = stacked ? [(source.width - width) / 2, down] : [across, 0];
    const rect = { left: onPixels(whole.left + x * factor, view.density), top: onPixels(whole.top + y * factor, view.density), width: width * factor, height: height * factor };
    const part = { left: across / desk.width, top: 0, width: width / desk.width, height: height / desk.height };
    [across, down] = [across + width, down + height];
    return { rect, part };
  });
  return { whole, spots };
}

/** The point of the desk under a point of the window: that of the head there, or of the nearest edge of one. */
export function toDesk(spots: readonly Spot[], point: Point): Position {
  const [first, ...more] = spots;
  if (first === undefined) return { x: 0, y: 0 };
  const { rect, part } = more.reduce((best, spot) => (distance(spot.rect, point) < distance(best.rect, point) ? spot : best), first);
  return toTarget(rect, point, part);
}

/** Whether a point of the window lies in one of the heads. */
export function onDesk(spots: readonly Spot[], point: Point): boolean {
  return spots.some(({ rect }) => inside(rect, point));
}

function distance(rect: Rect, { x, y }: Point): number {
  return Math.hypot(beyond(x - rect.left, rect.width), beyond(y - rect.top, rect.height));
}

/** How far outside of a length. */
function beyond(at: number, length: number): number {
  return Math.max(-at, at - length, 0);
}

function sum(sizes: readonly Size[], side: keyof Size): number {
  return sizes.reduce((all, size) => all + size[side], 0);
}

function most(sizes: readonly Size[], side: keyof Size): number {
  return Math.max(...sizes.map((size) => size[side]));
}

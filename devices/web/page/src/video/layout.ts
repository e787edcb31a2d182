// Where the picture lies in the window, and which point of the target's screen a point of the window is.

import type { Position } from "../wire/Position";
import { ABSOLUTE_MAX } from "../wire/constants";

/** How the picture fills the window. */
export type Scale = "fit" | "actual" | "fill";
/** Smooth, or whole multiples with hard pixel edges. */
export type Render = "smooth" | "crisp";

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** A point in CSS pixels of the window. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Rect extends Size {
  readonly left: number;
  readonly top: number;
}

/** What decides on the layout. `density` is device pixels per CSS pixel. */
export interface View {
  readonly window: Size;
  readonly source: Size;
  readonly scale: Scale;
  readonly render: Render;
  readonly density: number;
}

/** CSS pixels per pixel of the source. */
export function zoom({ window, source, scale, render, density }: View): number {
  if (scale === "actual") return 1 / density;
  const x = window.width / source.width;
  const y = window.height / source.height;
  const exact = scale === "fit" ? Math.min(x, y) : Math.max(x, y);
  const devicePixels = exact * density;
  if (render === "smooth" || devicePixels < 1) return exact;
  return (scale === "fit" ? Math.floor(devicePixels) : Math.ceil(devicePixels)) / density;
}

/** Where the picture goes. What is larger than the window is panned by the pointer, so there are no scroll bars. */
export function place(view: View, pointer: Point | null): Rect {
  const factor = zoom(view);
  const width = view.source.width * factor;
  const height = view.source.height * factor;
  return {
    left: offset(view.window.width, width, pointer?.x ?? view.window.width / 2, view.density),
    top: offset(view.window.height, height, pointer?.y ?? view.window.height / 2, view.density),
    width,
    height,
  };
}

function offset(window: number, picture: number, pointer: number, density: number): number {
  const room = window - picture;
  const share = room >= 0 ? 0.5 : clamp(pointer / window, 0, 1);
  return onPixels(room * share, density);
}

/** On whole device pixels, or edges blur. */
export function onPixels(length: number, density: number): number {
  return Math.round(length * density) / density;
}

/** All of the target's screen. */
const WHOLE: Rect = { left: 0, top: 0, width: 1, height: 1 };

/** The point of the target's screen under a point of the window; outside of the picture the nearest on its edge. `part` is what of the screen the picture shows. */
export function toTarget(rect: Rect, point: Point, part: Rect = WHOLE): Position {
  return {
    x: coordinate(part.left + share(point.x - rect.left, rect.width) * part.width),
    y: coordinate(part.top + share(point.y - rect.top, rect.height) * part.height),
  };
}

function share(distance: number, length: number): number {
  return length > 0 ? clamp(distance / length, 0, 1) : 0;
}

function coordinate(share: number): number {
  return Math.round(share * ABSOLUTE_MAX);
}

/** Whether a point lies in the picture. */
export function inside(rect: Rect, point: Point): boolean {
  const x = point.x - rect.left;
  const y = point.y - rect.top;
  return x >= 0 && y >= 0 && x <= rect.width && y <= rect.height;
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}

// The canvas: shows frames, keeps its place in the window, says which point of the target a point of the window is.

import type { Position } from "../wire/Position";
import { inside, place, toTarget, type Point, type Rect, type Render, type Scale, type Size } from "./layout";

export interface Fitting {
  readonly scale: Scale;
  readonly render: Render;
}

/** Before the first frame: the shape of most screens. */
const DEFAULT_SIZE: Size = { width: 1280, height: 720 };

export class Screen {
  private readonly context: CanvasRenderingContext2D | null;
  private source: Size = DEFAULT_SIZE;
  private rect: Rect = { left: 0, top: 0, width: 0, height: 0 };
  private pointer: Point | null = null;

  constructor(
    private readonly stage: HTMLElement,
    readonly canvas: HTMLCanvasElement,
    private fitting: Fitting,
  ) {
    this.context = canvas.getContext("2d", { alpha: false });
    canvas.width = DEFAULT_SIZE.width;
    canvas.height = DEFAULT_SIZE.height;
    new ResizeObserver(() => this.layout()).observe(stage);
    window.addEventListener("resize", () => this.layout()); // another density changes no size
    this.layout();
  }

  /** Shows a frame of this size; the caller keeps it. */
  draw(image: ImageBitmap | VideoFrame, size: Size): void {
    if (size.width !== this.source.width || size.height !== this.source.height) this.resize(size);
    this.context?.drawImage(image, 0, 0);
  }

  /** Other scaling. */
  fit(fitting: Fitting): void {
    this.fitting = fitting;
    this.layout();
  }

  /** Where the pointer is: what does not fit in the window follows it. */
  pan(pointer: Point): void {
    this.pointer = pointer;
    if (this.rect.width > this.stage.clientWidth || this.rect.height > this.stage.clientHeight) this.layout();
  }

  /** The target's point under a point of the window. */
  toTarget(point: Point): Position {
    return toTarget(this.rect, point);
  }

  /** Whether a point of the window lies in the picture. */
  contains(point: Point): boolean {
    return inside(this.rect, point);
  }

  /** The picture as PNG. */
  png(): Promise<Blob | null> {
    return new Promise((resolve) => this.canvas.toBlob(resolve, "image/png"));
  }

  private resize({ width, height }: Size): void {
    this.source = { width, height };
    this.canvas.width = width;
    this.canvas.height = height;
    this.layout();
  }

  private layout(): void {
    const view = {
      window: { width: this.stage.clientWidth, height: this.stage.clientHeight },
      source: this.source,
      density: window.devicePixelRatio || 1,
      ...this.fitting,
    };
    this.rect = place(view, this.pointer);
    const { style } = this.canvas;
    style.left = `${this.rect.left}px`;
    style.top = `${this.rect.top}px`;
    style.width = `${this.rect.width}px`;
    style.height = `${this.rect.height}px`;
    style.imageRendering = this.fitting.render === "crisp" ? "pixelated" : "auto";
  }
}

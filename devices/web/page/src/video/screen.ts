// A canvas that shows frames, in a place that it is given.

import type { Rect, Render, Size } from "./layout";

/** Before the first frame: the shape of most screens. */
const DEFAULT_SIZE: Size = { width: 1280, height: 720 };

export class Screen {
  private readonly context: CanvasRenderingContext2D | null;
  private shape: Size = DEFAULT_SIZE;

  constructor(
    readonly canvas: HTMLCanvasElement,
    /** It has another size: it needs another place. */
    private readonly resized: () => void,
  ) {
    this.context = canvas.getContext("2d", { alpha: false });
    canvas.width = DEFAULT_SIZE.width;
    canvas.height = DEFAULT_SIZE.height;
  }

  /** The size of what is shown, in its own pixels. */
  get size(): Size {
    return this.shape;
  }

  /** Shows a frame of this size; the caller keeps it. */
  draw(image: ImageBitmap | VideoFrame, size: Size): void {
    const { canvas } = this;
    if (size.width !== canvas.width || size.height !== canvas.height) {
      canvas.width = size.width;
      canvas.height = size.height;
    }
    this.expect(size);
    this.context?.drawImage(image, 0, 0);
  }

  /** Has the place of a picture of this size; what is shown stays. */
  expect({ width, height }: Size): void {
    if (width === this.shape.width && height === this.shape.height) return;
    this.shape = { width, height };
    this.resized();
  }

  /** Lies there on the stage. */
  put({ left, top, width, height }: Rect, render: Render): void {
    const { style } = this.canvas;
    style.left = `${left}px`;
    style.top = `${top}px`;
    style.width = `${width}px`;
    style.height = `${height}px`;
    style.imageRendering = render === "crisp" ? "pixelated" : "auto";
  }

  /** The picture as PNG. */
  png(): Promise<Blob | null> {
    return new Promise((resolve) => this.canvas.toBlob(resolve, "image/png"));
  }
}

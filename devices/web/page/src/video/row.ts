// The screens on the stage: the one that is worked, and those beside it. Says which point of the target's desk a point of the window is.

import { Store } from "../model/store";
import type { Position } from "../wire/Position";
import { layOut, onDesk, toDesk, type Desk } from "./desk";
import type { Point, Rect, Render, Scale } from "./layout";
import { Screen } from "./screen";

export interface Fitting {
  readonly scale: Scale;
  readonly render: Render;
}

/** A stage that is no wider shows heads below each other, CSS pixels: a phone's, as the style sheets have it. */
const NARROW = 600;

export class Row {
  readonly first: Screen;
  /** Where each head lies, in parts of the stage; nothing while there is one alone. */
  readonly places = new Store<readonly Rect[]>([]);
  private others: readonly Screen[] = [];
  private desk: Desk = { whole: { width: 0, height: 0 }, spots: [] };
  private pointer: Point | null = null;

  constructor(
    private readonly stage: HTMLElement,
    canvas: HTMLCanvasElement,
    private fitting: Fitting,
  ) {
    this.first = this.screenOn(canvas);
    new ResizeObserver(() => this.layout()).observe(stage);
    window.addEventListener("resize", () => this.layout()); // another density changes no size
    this.layout();
  }

  /** The canvas that has the keyboard when the target has it. */
  get canvas(): HTMLCanvasElement {
    return this.first.canvas;
  }

  /** A screen that can be put beside the first. */
  screenOn(canvas: HTMLCanvasElement): Screen {
    return new Screen(canvas, () => this.layout());
  }

  /** Puts these to the right of the first, in this order, in place of those that were there. */
  beside(screens: readonly Screen[]): void {
    for (const { canvas } of this.others) canvas.remove();
    this.stage.append(...screens.map(({ canvas }) => canvas));
    this.others = screens;
    this.layout();
  }

  /** Other scaling. */
  fit(fitting: Fitting): void {
    this.fitting = fitting;
    this.layout();
  }

  /** Where the pointer is: what does not fit in the window follows it. */
  pan(pointer: Point): void {
    this.pointer = pointer;
    const { width, height } = this.desk.whole;
    if (width > this.stage.clientWidth || height > this.stage.clientHeight) this.layout();
  }

  /** The target's point under a point of the window. */
  toTarget(point: Point): Position {
    return toDesk(this.desk.spots, point);
  }

  /** Whether a point of the window lies in a picture. */
  contains(point: Point): boolean {
    return onDesk(this.desk.spots, point);
  }

  private layout(): void {
    const [width, height] = [this.stage.clientWidth, this.stage.clientHeight];
    const screens = [this.first, ...this.others];
    const view = { window: { width, height }, density: window.devicePixelRatio || 1, ...this.fitting };
    this.desk = layOut(screens.map(({ size }) => size), view, this.pointer, width <= NARROW);
    const rects = this.desk.spots.map(({ rect }) => rect);
    for (const [index, screen] of screens.entries()) screen.put(rects[index]!, this.fitting.render);
    if (this.others.length > 0) this.places.set(rects.map((rect) => partOf(rect, width, height)));
    else if (this.places.value.length > 0) this.places.set([]);
  }
}

function partOf({ left, top, width, height }: Rect, across: number, down: number): Rect {
  return { left: left / across, top: top / down, width: width / across, height: height / down };
}

// Mouse, pen and touch on the stage, the picture and the margin around it → target.

import type { Point } from "../video/layout";
import { Touch, type Gesture } from "./touch";
import { Fingers } from "./fingers";
import { Wheel, type Scroll } from "./wheel";

/** `absolute`: the target's cursor is under the user's. `relative`: pointer lock. */
export type PointerMode = "absolute" | "relative";

/** Who is told. */
export interface PointerTarget {
  readonly mode: PointerMode;
  /** Keyboard and mouse go to the target. */
  readonly engaged: boolean;
  /** A press on the picture while they do not. */
  engage(): void;
  /** Whether a point is in the picture: a press beside it must not click on the target's edge. */
  contains(at: Point): boolean;
  point(at: Point): void;
  move(x: number, y: number): void;
  button(button: number, down: boolean): void;
  wheel(wheel: number, pan: number): void;
  /** The wheel can be told in 120ths of a notch, and is. */
  readonly fine: boolean;
  turn(wheel: number, pan: number): void;
  /** Fingers on the picture are fingers on the target's screen. */
  readonly touchscreen: boolean;
  finger(contact: number, down: boolean, at: Point): void;
  drag(contact: number, at: Point): void;
}

/** `PointerEvent.button` → the wire's. */
const BUTTONS = [0, 2, 1, 3, 4] as const;

export class Pointer {
  private readonly wheel = new Wheel();
  private readonly touch = new Touch();
  private readonly fingers = new Fingers();
  private readonly pressed = new Set<number>();
  private timer = 0;

  constructor(
    private readonly stage: HTMLElement,
    private readonly target: PointerTarget,
  ) {
    this.listen();
  }

  private listen(): void {
    const { stage } = this;
    stage.addEventListener("pointerdown", (event) => this.down(event));
    stage.addEventListener("pointermove", (event) => this.moved(event));
    // The browser's own rate instead of the display's: up to 1 kHz less delay for the absolute pointer.
    if ("onpointerrawupdate" in stage) stage.addEventListener("pointerrawupdate", (event) => this.raw(event as PointerEvent));
    window.addEventListener("pointerup", (event) => this.up(event));
    stage.addEventListener("pointercancel", (event) => this.cancelled(event));
    stage.addEventListener("wheel", (event) => this.wheeled(event), { passive: false });
    for (const name of ["contextmenu", "dragstart", "auxclick"]) stage.addEventListener(name, (event) => event.preventDefault());
    // Chromium navigates back and forward on mouseup of the side buttons.
    for (const name of ["mousedown", "mouseup"]) stage.addEventListener(name, (event) => event.preventDefault());
  }

  /** Everything was released behind our back. */
  forget(): void {
    this.pressed.clear();
    this.touch.cancel();
    this.fingers.forget();
  }

  private fingerDown(event: PointerEvent): void {
    const contact = this.fingers.down(event.pointerId);
    if (contact !== undefined) this.target.finger(contact, true, this.at(event));
  }

  /** Whether it was a finger of the target's screen. */
  private fingerUp(event: PointerEvent): boolean {
    const contact = this.fingers.up(event.pointerId);
    if (contact !== undefined) this.target.finger(contact, false, this.at(event));
    return contact !== undefined;
  }

  private down(event: PointerEvent): void {
    event.preventDefault();
    if (!this.target.engaged) return this.target.engage(); // this press takes the focus and is not the target's
    if (this.target.mode === "absolute" && !this.target.contains(this.at(event))) return;
    if (event.pointerType === "touch" && this.target.touchscreen) return this.fingerDown(event);
    if (event.pointerType === "touch") return this.play(this.touch.down(event.pointerId, this.at(event), event.timeStamp));
    // A drag that leaves the window goes on. A locked pointer cannot leave, and capturing it is an error.
    if (document.pointerLockElement === null) this.stage.setPointerCapture(event.pointerId);
    this.follow(event);
    const button = BUTTONS[event.button];
    if (button === undefined) return;
    this.pressed.add(button);
    this.target.button(button, true);
  }

  private up(event: PointerEvent): void {
    if (this.fingerUp(event)) return;
    if (event.pointerType === "touch") return this.play(this.touch.up(event.pointerId, event.timeStamp));
    const button = BUTTONS[event.button];
    if (button === undefined || !this.pressed.delete(button)) return;
    this.follow(event);
    this.target.button(button, false);
  }

  /** The system took it: no `pointerup` follows, and what is held would stay held. */
  private cancelled(event: PointerEvent): void {
    if (this.fingerUp(event)) return;
    if (event.pointerType === "touch") return this.play(this.touch.cancel());
    for (const button of this.pressed) this.target.button(button, false);
    this.pressed.clear();
  }

  private moved(event: PointerEvent): void {
    const contact = this.fingers.of(event.pointerId);
    if (contact !== undefined) return this.target.drag(contact, this.at(event));
    if (event.pointerType === "touch") return this.play(this.touch.move(event.pointerId, this.at(event)));
    this.chorded(event);
    if (this.target.mode === "relative") this.target.move(event.movementX, event.movementY);
    else this.follow(event);
  }

  private raw(event: PointerEvent): void {
    if (event.pointerType !== "touch" && this.target.mode === "absolute") this.follow(event);
  }

  /** A second button pressed or released while one is held comes as a move, not as pointerdown. */
  private chorded(event: PointerEvent): void {
    const button = BUTTONS[event.button];
    if (event.button < 0 || button === undefined || !this.target.engaged) return;
    const down = (event.buttons & mask(event.button)) !== 0;
    if (down) this.pressed.add(button);
    else this.pressed.delete(button);
    this.target.button(button, down);
  }

  private follow(event: PointerEvent): void {
    if (this.target.mode === "absolute") this.target.point(this.at(event));
  }

  /** On the stage, not on whatever element the pointer is over. */
  private at(event: PointerEvent): Point {
    return { x: event.clientX - this.stage.offsetLeft, y: event.clientY - this.stage.offsetTop };
  }

  private wheeled(event: WheelEvent): void {
    event.preventDefault(); // also keeps ctrl+wheel from zooming the page
    this.scroll(event);
  }

  private scroll(event: Scroll): void {
    const { fine } = this.target;
    const { wheel, pan } = fine ? this.wheel.turn(event) : this.wheel.scroll(event);
    if (wheel === 0 && pan === 0) return;
    if (fine) this.target.turn(wheel, pan);
    else this.target.wheel(wheel, pan);
  }

  private play(gestures: Gesture[]): void {
    for (const gesture of gestures) this.perform(gesture);
    window.clearTimeout(this.timer);
    const deadline = this.touch.deadline();
    if (deadline === null) return;
    this.timer = window.setTimeout(() => this.play(this.touch.tick(performance.now())), Math.max(1, deadline - performance.now()));
  }

  private perform(gesture: Gesture): void {
    if (gesture.kind === "scroll") {
      // No click of a wheel, however far the fingers go at once.
      return this.scroll({ ...gesture, deltaMode: 0, wheelDeltaX: 1, wheelDeltaY: 1 });
    }
    this.target.point(gesture.at);
    if (gesture.kind === "button") this.target.button(gesture.button, gesture.down);
  }
}

/** The bit of `PointerEvent.buttons` for a `PointerEvent.button`. */
function mask(button: number): number {
  return [1, 4, 2, 8, 16][button] ?? 0;
}

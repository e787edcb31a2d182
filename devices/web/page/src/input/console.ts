// Keyboard, pointer and on-screen keys of this page, as one: what goes to the target and when not.

import type { HidState } from "../wire/HidState";
import type { InputAck } from "../wire/InputAck";
import type { InputState } from "../wire/InputState";
import type { Settings } from "../model/settings";
import type { Row } from "../video/row";
import type { Point } from "../video/layout";
import { Chord } from "./chord";
import { strokes } from "./combos";
import type { Engine, Pressed } from "./engine";
import { Keyboard, platformOf, type KeyChange } from "./keyboard";
import { Pointer, type PointerMode, type PointerTarget } from "./pointer";
import { Lanes } from "./lanes";
import type { Sender } from "./sender";
import { SpecialKeys, type Extras, type Special } from "./special";
import { Sticky } from "./sticky";

/** A restart of the node's web device is over well within; keys older than this would surprise, ms. */
export const OUTAGE_MS = 5000;

export interface ConsoleEvents {
  send(node: string, state: InputState): boolean;
  /** Something that is shown has changed. */
  changed(): void;
  /** Whether a press on the picture may take the focus without asking. */
  mayEngage(): boolean;
  /** Whether this page may work the target at all. */
  mayWork(): boolean;
  /** The epoch of the last `hid.state`. */
  epoch(): number;
  /** The target took no input for so long that steps were given up. */
  givenUp(steps: number): void;
  /** It may not: another page has the focus. */
  refused(): void;
  /** A text was pasted while the target has the keyboard; it is empty when the clipboard has none. */
  pasted(text: string): void;
  /** The chord that shows all targets. */
  overview(): void;
}

export class Console implements PointerTarget {
  readonly sticky = new Sticky();
  lost = false;
  private readonly lanes: Lanes;
  private readonly keyboard = new Keyboard(platformOf(navigator.userAgent));
  private readonly specials = new SpecialKeys();
  private readonly pointer: Pointer;
  private chord: Chord;
  private overview: Chord;
  private outage = 0;
  /** The target is to be taken as soon as the one before has let go. */
  private wanted = false;
  /** What the target has beside keyboard and mouse. */
  private extras: Extras = new Set();

  constructor(
    holder: number,
    private readonly stage: HTMLElement,
    private readonly screen: Row,
    private settings: Settings,
    private readonly events: ConsoleEvents,
  ) {
    this.lanes = new Lanes(holder, (node, state) => events.send(node, state), () => this.parted());
    this.chord = new Chord(settings.chord);
    this.overview = new Chord(settings.overview);
    this.pointer = new Pointer(stage, this);
    this.listen();
  }

  get engine(): Engine {
    return this.lanes.engine;
  }

  private get sender(): Sender {
    return this.lanes.sender;
  }

  get mode(): PointerMode {
    return this.settings.pointer;
  }

  get engaged(): boolean {
    return this.engine.holding && document.activeElement === this.screen.canvas && this.pointerReady;
  }

  /** In relative mode the pointer counts only while it is locked. Touch screens have nothing to lock. */
  private get pointerReady(): boolean {
    return this.mode === "absolute" || document.pointerLockElement === this.stage || !canLock(this.stage);
  }

  /** Other settings. */
  configure(settings: Settings): void {
    const before = this.settings;
    this.settings = settings;
    if (settings.chord !== before.chord) this.chord = new Chord(settings.chord);
    if (settings.overview !== before.overview) this.overview = new Chord(settings.overview);
    if (settings.pointer === before.pointer) return;
    if (settings.pointer === "relative") this.engine.point(null);
    else document.exitPointerLock?.();
    this.sender.pump();
  }

  // -- the focus

  /** A press on the picture: takes the focus unless another page has it. */
  engage(): void {
    if (this.events.mayEngage()) this.take();
    else this.events.refused();
  }

  /** Takes the focus over, whoever has it, and lets the keyboard go to the target. */
  take(): void {
    if (!this.events.mayWork()) return this.events.refused();
    this.wanted = this.lanes.parting;
    if (this.wanted) return;
    this.lost = false;
    this.engine.take(this.events.epoch());
    this.screen.canvas.focus({ preventScroll: true });
    if (this.mode === "relative" && canLock(this.stage)) this.lock();
    this.sender.pump();
    this.events.changed();
  }

  /** A browser may refuse, right after Escape for example: the picture can be clicked again. */
  private lock(): void {
    Promise.resolve(this.stage.requestPointerLock()).catch(() => this.events.changed());
  }

  /** Another target: what is held at this one is let go of, and then that one can be taken. */
  retarget(node: string): void {
    this.leave();
    this.stopWaiting();
    this.lost = false;
    this.extras = new Set();
    this.lanes.turn(node);
    this.events.changed();
  }

  /** The target that was left holds nothing. */
  private parted(): void {
    if (this.wanted) this.take();
  }

  /** Lets go: everything is released and the keyboard is the browser's again. */
  leave(): void {
    this.wanted = false;
    this.release();
    this.screen.canvas.blur();
    document.exitPointerLock?.();
    this.events.changed();
  }

  /** Releases everything held; the focus stays. */
  release(): void {
    this.engine.releaseAll();
    this.forget();
    this.sender.pump();
  }

  // -- what the node says

  acked(node: string, ack: InputAck): void {
    if (node !== this.lanes.node) return this.lanes.acked(node, ack);
    const { full, lost } = this.engine;
    if (this.engine.acked(ack)) this.dispossessed();
    else if (full !== this.engine.full) this.events.changed();
    if (this.engine.lost > lost) this.events.givenUp(this.engine.lost - lost);
    this.sender.pump();
  }

  told(hid: HidState | null): void {
    if (hid === null) return;
    this.extras = new Set(hid.extras ?? []);
    if (this.engine.told(hid)) this.dispossessed();
    this.resume(); // a hid that restarted hears all again at once; one that was away hears whoever takes it next
  }

  resume(): void {
    this.stopWaiting();
    this.lanes.resume();
  }

  pause(): void {
    this.lanes.pause();
    this.wait();
  }

  /** The target of another node is not heard of: what is typed waits as it does without a link. */
  away(): void {
    this.sender.pause();
    this.wait();
  }

  private wait(): void {
    if (this.outage === 0) this.outage = window.setTimeout(() => this.abandon(), OUTAGE_MS);
  }

  private stopWaiting(): void {
    window.clearTimeout(this.outage);
    this.outage = 0;
  }

  // -- keys and pointer of this page

  /** Presses and releases a combination, in order. */
  combo(keys: readonly number[]): void {
    this.withFocus(() => this.play(strokes(keys)));
  }

  /** An on-screen key. */
  press(usage: number, down: boolean): void {
    this.withFocus(() => this.play([{ usage, down }]));
  }

  /** A tap of a media or system key. */
  special(key: Special): void {
    this.withFocus(() => {
      this.note(this.presses(key, true));
      this.note(this.presses(key, false));
    });
  }

  private presses({ kind, usage }: Special, down: boolean): Pressed {
    return kind === "consumer" ? this.engine.consumer(usage, down) : this.engine.system(usage, down);
  }

  /** Whether fingers on the picture are fingers on the target's screen. */
  get touchscreen(): boolean {
    return this.settings.touch === "screen" && this.extras.has("touch");
  }

  finger(contact: number, down: boolean, at: Point): void {
    if (down && !this.engaged) return;
    this.note(this.engine.touch(contact, down, this.screen.toTarget(at)));
  }

  drag(contact: number, at: Point): void {
    this.engine.drag(contact, this.screen.toTarget(at));
    this.sender.pump();
  }

  /** Whether the target's wheel can be told in parts of a notch. */
  get fine(): boolean {
    return this.extras.has("fine");
  }

  /** What the wheels turn, in 120ths of a notch. */
  turn(wheel: number, pan: number): void {
    if (!this.engaged) return;
    this.engine.turn(wheel, pan);
    this.sender.pump();
  }

  /** An on-screen modifier. */
  stick(usage: number): void {
    this.withFocus(() => this.play(this.sticky.tap(usage)));
  }

  contains(at: Point): boolean {
    return this.screen.contains(at);
  }

  point(at: Point): void {
    if (!this.engaged) return;
    this.screen.pan(at);
    this.engine.point(this.screen.toTarget(at));
    this.sender.pump();
  }

  move(x: number, y: number): void {
    if (!this.engaged || document.pointerLockElement !== this.stage) return;
    this.engine.move(x, y);
    this.sender.pump();
  }

  button(button: number, down: boolean): void {
    if (down && !this.engaged) return;
    this.note(this.engine.button(button, down));
  }

  wheel(wheel: number, pan: number): void {
    if (!this.engaged) return;
    this.engine.move(0, 0, wheel, pan);
    this.sender.pump();
  }

  private listen(): void {
    const { canvas } = this.screen;
    canvas.addEventListener("keydown", (event) => this.keyed(event, true));
    canvas.addEventListener("keyup", (event) => this.keyed(event, false));
    for (const name of ["focusin", "pointerdown"]) window.addEventListener(name, () => (this.wanted = false), true); // the person goes elsewhere
    document.addEventListener("paste", (event) => this.pasted(event));
    canvas.addEventListener("blur", () => this.withdrawn());
    canvas.addEventListener("focus", () => this.events.changed());
    window.addEventListener("blur", () => this.release());
    window.addEventListener("pagehide", () => this.release());
    document.addEventListener("visibilitychange", () => document.hidden && this.release());
    document.addEventListener("pointerlockchange", () => this.lockChanged());
  }

  private keyed(event: KeyboardEvent, down: boolean): void {
    if (!this.engine.holding) return;
    if (isPaste(event)) return this.pasting(event, down);
    event.preventDefault();
    event.stopPropagation();
    const press = { code: event.code, down, repeat: event.repeat, at: event.timeStamp };
    const special = this.specials.handle(press, this.extras);
    if (special !== undefined) return this.note(this.presses(special, down));
    this.play(this.keyboard.handle(press));
  }

  /** The browser is let have it, and answers with what is in the clipboard. What is held so far is let go of. */
  private pasting(event: KeyboardEvent, down: boolean): void {
    event.stopPropagation();
    if (down) this.release();
  }

  private pasted(event: ClipboardEvent): void {
    const text = event.clipboardData?.getData("text/plain") ?? "";
    if (!this.engaged) return;
    event.preventDefault();
    this.events.pasted(text);
  }

  private play(changes: readonly KeyChange[]): void {
    let [out, all] = [false, false];
    for (const change of changes) {
      this.note(this.engine.key(change.usage, change.down));
      for (const after of this.sticky.after(change)) this.engine.key(after.usage, after.down);
      out = this.chord.feed(change, performance.now()) || out;
      all = this.overview.feed(change, performance.now()) || all;
    }
    this.sender.pump();
    if (out || all) this.leave();
    if (all && !out) this.events.overview();
  }

  private note(pressed: "taken" | "full" | "ignored"): void {
    if (pressed === "full") this.events.changed();
    this.sender.pump();
  }

  private withFocus(act: () => void): void {
    if (!this.engine.holding) this.engage();
    if (!this.engine.holding) return;
    act();
    this.events.changed();
  }

  private withdrawn(): void {
    this.release();
    this.events.changed();
  }

  private lockChanged(): void {
    if (document.pointerLockElement === null) {
      this.release();
      if (this.mode === "relative") this.screen.canvas.blur();
    }
    this.events.changed();
  }

  private dispossessed(): void {
    this.lost = true;
    this.forget();
    this.screen.canvas.blur();
    document.exitPointerLock?.();
    this.events.changed();
  }

  /** The link was away for long: keys typed into it are not to surprise anyone later. */
  abandon(): void {
    this.stopWaiting();
    this.engine.abandon();
    this.forget();
    this.events.changed();
  }

  private forget(): void {
    this.keyboard.forget();
    this.specials.forget();
    this.sticky.forget();
    this.chord.reset();
    this.overview.reset();
    this.pointer?.forget();
  }
}

/** Ctrl+Shift+V, which pastes as plain text in every browser. */
function isPaste(event: KeyboardEvent): boolean {
  return event.code === "KeyV" && event.ctrlKey && event.shiftKey && !event.altKey && !event.metaKey;
}

function canLock(stage: HTMLElement): boolean {
  return "requestPointerLock" in stage && matchMedia("(pointer: fine)").matches;
}

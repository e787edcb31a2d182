// The page as a whole: session, link, picture and input, tied together. The interface (ui/) calls it and reads the model.

import type { Action } from "./wire/Action";
import type { Button } from "./wire/Button";
import type { ToPage } from "./wire/ToPage";
import type { WireError } from "./wire/WireError";
import { Api, sentence, socketUrl } from "./api";
import { Console } from "./input/console";
import { randomHolder } from "./input/engine";
import { backoff } from "./link/backoff";
import { Link } from "./link/socket";
import { emptyModel, type Model } from "./model/model";
import { forgetNode, reduce } from "./model/reduce";
import { loadRead, loadSettings, saveRead, saveSettings, type Settings } from "./model/settings";
import { heldByAnother, type Remedy } from "./model/status";
import { Store } from "./model/store";
import { releasedWords } from "./model/power";
import { endWords, freshEnd } from "./model/typing";
import { freshOutcome, outcomeWords } from "./model/update";
import { Uploader } from "./upload/uploader";
import type { VideoHead } from "./video/head";
import { Meter } from "./video/meter";
import { Screen } from "./video/screen";
import { VideoStream } from "./video/stream";

/** A hidden page stops the video after so long: a short look at another tab costs nothing, ms. */
const HIDDEN_MS = 10_000;
/** The figures in the bar change so often, ms. */
const FIGURES_MS = 500;
/** Bytes of an image in one request: large enough for a card's speed, small enough for a progress that moves. */
const IMAGE_PART = 4 * 1024 * 1024;
/** Longest wait for what was asked of the node, ms: a mode change takes a source a second or two. */
const DONE_MS = 10_000;
const NO_ANSWER: WireError = { code: "timeout", message: "The node did not answer: check its devices and try again.", retryable: true, context: "" };
const NO_LINK: WireError = { code: "unavailable", message: "There is no link to the node at the moment.", retryable: true, context: "" };

/** Something to tell that passes by itself. */
export interface Toast {
  readonly tone: "quiet" | "bad";
  readonly text: string;
}

/** Which drawer is open. */
export type Drawer = "keyboard" | "video" | "media" | "power" | "network" | "system";

/** What the interface itself stands at. */
export interface Ui {
  readonly drawer: Drawer | null;
  /** The device whose record is open. */
  readonly device: string | null;
  readonly toast: Toast | null;
  /** Counts the presses on a picture that another page works: the offer to take over is shown anew. */
  readonly refusals: number;
  /** Notices that were put away. */
  readonly read: ReadonlySet<string>;
}

type Waiting = { resolve(error: WireError | null): void; timer: number };

export class App {
  readonly model: Store<Model>;
  readonly settings: Store<Settings>;
  readonly ui = new Store<Ui>({ drawer: null, device: null, toast: null, refusals: 0, read: loadRead() });
  readonly api = new Api();
  readonly uploader = new Uploader({ send: (part, signal) => this.api.update(part, signal), wait: rest, now: () => performance.now() });
  readonly images = new Uploader({ send: (part, signal) => this.api.image(part, signal), wait: rest, now: () => performance.now(), part: IMAGE_PART, isFinal: (error) => !error.retryable });
  readonly screen: Screen;
  readonly console: Console;
  private readonly stream: VideoStream;
  private readonly meter = new Meter();
  private readonly waiting = new Map<number, Waiting>();
  /** The text that waits to be typed: kept while the drawer is closed, never stored. */
  draft = "";
  /** Frames shown since the page was opened, and the number of the last. */
  frames = 0;
  sequence = 0;
  private link: Link | null = null;
  private attempt = 0;
  private retry = 0;
  private hidden = 0;
  private toasted = 0;
  private nextId = 1;

  constructor(stage: HTMLElement, canvas: HTMLCanvasElement) {
    const holder = randomHolder((bytes) => crypto.getRandomValues(bytes));
    this.model = new Store(emptyModel(holder));
    this.settings = new Store(loadSettings());
    this.screen = new Screen(stage, canvas, this.settings.value);
    this.console = new Console(holder, stage, this.screen, this.settings.value, {
      send: (state) => this.link?.send({ type: "input", ...state }) ?? false,
      changed: () => this.focusChanged(),
      mayEngage: () => this.model.value.link.kind === "open" && !heldByAnother(this.model.value),
      epoch: () => this.model.value.hid?.focus ?? 0,
      givenUp: (steps) => this.toast({ tone: "bad", text: `The target took no input: ${steps} presses and releases did not reach it.` }),
      refused: () => this.ui.patch({ refusals: this.ui.value.refusals + 1 }),
    });
    this.stream = new VideoStream(() => socketUrl("/api/video", this.api.csrf), {
      show: (bitmap, head, receivedAt) => this.show(bitmap, head, receivedAt),
    });
    document.addEventListener("visibilitychange", () => this.visibilityChanged());
    window.setInterval(() => this.figures(), FIGURES_MS);
  }

  // -- session

  /** Asks where this visitor stands, and connects when the session is open. */
  async enter(): Promise<void> {
    window.clearTimeout(this.retry);
    const before = this.model.value;
    try {
      const info = await this.api.session();
      const expired = before.expired || (before.kernel !== null && info.state === "login");
      this.model.patch({ session: info.state, node: info.node || before.node, expired });
      if (info.state === "open") this.connect();
      else this.disconnect();
    } catch {
      this.unreachable();
    }
  }

  async setup(password: string): Promise<void> {
    await this.api.setup(password);
    await this.enter();
  }

  async login(password: string): Promise<void> {
    await this.api.login(password);
    this.model.patch({ expired: false, link: { kind: "connecting" } });
    await this.enter();
  }

  async logout(): Promise<void> {
    this.console.leave();
    await this.api.logout();
    this.disconnect();
    this.ui.patch({ drawer: null, device: null });
    this.model.patch({ kernel: null, expired: false });
    await this.enter();
  }

  // -- what a person can do

  /** Asks the node to do something; tells when it does not. */
  async act(action: Action, done?: string): Promise<boolean> {
    const error = await this.ask(action);
    if (error !== null) this.toast({ tone: "bad", text: sentence(error.message) });
    else if (done !== undefined) this.toast({ tone: "quiet", text: done });
    return error === null;
  }

  remedy(remedy: Remedy): void {
    switch (remedy.kind) {
      case "retry":
        return void this.enter();
      case "reload":
        return location.reload();
      case "replug":
        return void this.act({ name: "replug" }, "USB was unplugged and plugged in.");
      case "restart":
        return void this.act({ name: "restart", device: remedy.device }, `${remedy.device} restarts.`);
      case "video":
        return this.open("video");
      case "inspect":
        return this.inspect(remedy.device);
      case "take":
        return this.console.take();
      case "system":
        return this.open("system");
      case "stop-typing":
        return this.cancelTyping();
    }
  }

  open(drawer: Drawer | null): void {
    this.ui.patch({ drawer, device: null });
  }

  /** Opens a device's record and asks for its deaths. */
  inspect(device: string): void {
    this.ui.patch({ drawer: "system", device });
    void this.ask({ name: "deaths", device });
  }

  configure(change: Partial<Settings>): void {
    this.settings.patch(change);
    saveSettings(this.settings.value);
    this.screen.fit(this.settings.value);
    this.console.configure(this.settings.value);
  }

  /** Puts notices away, for as long as this tab lives. */
  putAway(ids: readonly string[]): void {
    const read = new Set([...this.ui.value.read, ...ids]);
    saveRead(read);
    this.ui.patch({ read });
  }

  /** Presses a button of the target, and tells when it is released: a long hold is answered before it ends. */
  async press(button: Button, holdMs: number | null): Promise<void> {
    if (!(await this.act({ name: "power_press", button, hold_ms: holdMs }))) return;
    const { power } = await this.model.until((model) => model.power === null || model.power.pressed === null);
    this.toast({ tone: "quiet", text: releasedWords(button, holdMs, power?.power_led ?? null) });
  }

  /** Whether the node can type a text; why not. */
  checkText(text: string, layout: string): Promise<WireError | null> {
    return this.ask({ name: "type_check", text, layout, pace_ms: null });
  }

  /** Has a text typed on the target. What is held here is let go of first. */
  async typeText(text: string, layout: string, paceMs: number): Promise<void> {
    this.console.leave();
    if (await this.act({ name: "type_text", text, layout, pace_ms: paceMs })) this.draft = "";
  }

  cancelTyping(): void {
    void this.act({ name: "type_cancel" });
  }

  /** Takes out what is in a drive; why not, when the target has locked it: that is asked about. */
  async eject(lun: number): Promise<string | null> {
    const error = await this.ask({ name: "storage_eject", lun, force: false });
    if (error === null) this.toast({ tone: "quiet", text: `Drive ${lun} is empty.` });
    else if (error.code === "conflict") return sentence(error.message);
    else this.toast({ tone: "bad", text: sentence(error.message) });
    return null;
  }

  /** Sends an image; a reload asks first, for then the file has to be chosen again. */
  uploadImage(file: File): Promise<void> {
    return staying(() => this.images.start(file, false));
  }

  /** Sends an update; a reload asks first, for then the file has to be chosen again. */
  async upload(file: File, downgrade: boolean): Promise<void> {
    await staying(() => this.uploader.start(file, downgrade));
  }

  toast(toast: Toast): void {
    window.clearTimeout(this.toasted);
    this.ui.patch({ toast });
    this.toasted = window.setTimeout(() => this.ui.patch({ toast: null }), 3000 + toast.text.length * 40);
  }

  /** Full screen, where the browser lets a page have the system's shortcuts too. */
  async fullScreen(): Promise<void> {
    if (document.fullscreenElement) return document.exitFullscreen();
    await document.documentElement.requestFullscreen({ navigationUI: "hide" });
    const { keyboard } = navigator as { keyboard?: { lock?(): Promise<void> } };
    await keyboard?.lock?.().catch(() => undefined); // needs a secure context; without it Escape leaves
  }

  /** Saves the picture as a PNG. */
  async screenshot(): Promise<void> {
    const png = await this.screen.png();
    if (png === null) return this.toast({ tone: "bad", text: "The picture could not be saved." });
    const anchor = document.createElement("a");
    anchor.href = URL.createObjectURL(png);
    anchor.download = `${this.model.value.node || "dkvm"}-${stamp(new Date())}.png`;
    anchor.click();
    window.setTimeout(() => URL.revokeObjectURL(anchor.href), HIDDEN_MS);
  }

  // -- link

  private connect(): void {
    this.link?.close();
    this.link = new Link(socketUrl("/api/ws", this.api.csrf), {
      message: (message) => this.heard(message),
      roundTrip: (ms) => this.model.patch({ rttMs: ms }),
      closed: (restarting) => this.lost(restarting),
    });
  }

  private disconnect(): void {
    this.link?.close();
    this.link = null;
    this.console.pause();
    this.stream.stop();
    this.model.set(forgetNode(this.model.value));
  }

  private lost(restarting: boolean): void {
    this.disconnect();
    this.failWaiting();
    this.retryLater(restarting);
  }

  private unreachable(): void {
    if (this.model.value.kernel === null) this.model.patch({ session: "unreachable" });
    const { link } = this.model.value;
    this.retryLater(link.kind === "lost" && link.restarting);
  }

  private retryLater(restarting: boolean): void {
    const wait = backoff(this.attempt++, Math.random());
    this.model.patch({ link: { kind: "lost", retryAt: performance.now() + wait, restarting } });
    window.clearTimeout(this.retry);
    this.retry = window.setTimeout(() => void this.enter(), wait);
  }

  private heard(message: ToPage): void {
    const before = this.model.value;
    this.model.set(reduce(before, message, performance.now()));
    if (message.type === "hello") this.greeted(before, message);
    else if (message.type === "ack") this.console.acked(message);
    else if (message.type === "hid") this.console.told(message.state);
    else if (message.type === "done") this.done(message.id, message.error);
    else if (message.type === "update") this.updateTold(before);
    else if (message.type === "typist") this.typistTold(before);
  }

  /** An update ended while this page was open, most often over a restart of the node. */
  private updateTold(before: Model): void {
    const outcome = freshOutcome(before, this.model.value);
    if (outcome !== null) this.toast({ tone: outcome.committed ? "quiet" : "bad", text: outcomeWords(outcome) });
  }

  /** A text ended, whoever had it typed. */
  private typistTold(before: Model): void {
    const end = freshEnd(before.typist, this.model.value.typist);
    if (end !== null) this.toast({ tone: end.ending === "failed" || end.ending === "focus_taken" ? "bad" : "quiet", text: endWords(end) });
  }

  private greeted(before: Model, hello: ToPage & { type: "hello" }): void {
    this.attempt = 0;
    this.console.resume();
    if (!document.hidden) this.stream.start();
    const restarted = before.kernel !== null && before.kernel.boot !== hello.kernel.boot;
    if (restarted) this.toast({ tone: "quiet", text: `The kernel of ${hello.kernel.node} was restarted.` });
  }

  private ask(action: Action): Promise<WireError | null> {
    const id = this.nextId++;
    if (!this.link?.send({ type: "do", id, action })) return Promise.resolve(NO_LINK);
    return new Promise((resolve) => {
      const timer = window.setTimeout(() => this.done(id, NO_ANSWER), DONE_MS);
      this.waiting.set(id, { resolve, timer });
    });
  }

  private done(id: number, error: WireError | null): void {
    const waiting = this.waiting.get(id);
    if (waiting === undefined) return;
    this.waiting.delete(id);
    window.clearTimeout(waiting.timer);
    waiting.resolve(error);
  }

  private failWaiting(): void {
    for (const id of [...this.waiting.keys()]) this.done(id, NO_LINK);
  }

  // -- picture

  private show(bitmap: ImageBitmap, head: VideoHead, receivedAt: number): void {
    this.screen.draw(bitmap);
    const now = performance.now();
    const onNode = (head.sentNs - head.capturedNs) / 1e6;
    this.meter.frame(now, onNode + (this.model.value.rttMs ?? 0) / 2 + (now - receivedAt));
    this.frames += 1;
    this.sequence = head.sequence;
    const { picture } = this.model.value;
    const news = picture.frames === 0 || picture.width !== bitmap.width || picture.height !== bitmap.height;
    if (news) this.model.patch({ picture: { ...picture, frames: this.frames, width: bitmap.width, height: bitmap.height } });
  }

  /** What changes with every frame is shown at a pace that people read at. */
  private figures(): void {
    const { picture, link } = this.model.value;
    const { frames } = this;
    const rate = this.meter.rate(performance.now());
    const latencyMs = this.meter.latencyMs;
    if (frames !== picture.frames || rate !== picture.rate) this.model.patch({ picture: { ...picture, frames, rate, latencyMs } });
    else if (link.kind === "lost") this.model.patch({ link: { ...link } }); // the countdown goes on
  }

  private visibilityChanged(): void {
    window.clearTimeout(this.hidden);
    if (document.hidden) this.hidden = window.setTimeout(() => this.stream.stop(), HIDDEN_MS);
    else if (this.model.value.link.kind === "open") this.stream.start();
  }

  private focusChanged(): void {
    const { engine, engaged, lost } = this.console;
    this.model.patch({ focus: { holding: engine.holding, engaged, lost, full: engine.full } });
  }
}

/** Has the browser ask before it leaves the page, while this is under way. */
async function staying(act: () => Promise<void>): Promise<void> {
  const stay = (event: Event): void => event.preventDefault();
  window.addEventListener("beforeunload", stay);
  await act();
  window.removeEventListener("beforeunload", stay);
}

function rest(ms: number): Promise<void> {
  return new Promise((resolve) => window.setTimeout(resolve, ms));
}

/** `20260102-030405`, local time. */
function stamp(date: Date): string {
  const two = (value: number): string => String(value).padStart(2, "0");
  const day = `${date.getFullYear()}${two(date.getMonth() + 1)}${two(date.getDate())}`;
  return `${day}-${two(date.getHours())}${two(date.getMinutes())}${two(date.getSeconds())}`;
}

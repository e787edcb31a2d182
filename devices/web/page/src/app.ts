// The page as a whole: session, link, picture and input, tied together. The interface (ui/) calls it and reads the model.

import type { Action } from "./wire/Action";
import type { Button } from "./wire/Button";
import type { ConfigAnswer } from "./wire/ConfigAnswer";
import type { Macro } from "./wire/Macro";
import type { ToPage } from "./wire/ToPage";
import type { WireError } from "./wire/WireError";
import type { FileList } from "./wire/FileList";
import { Api, Refused, sentence, socketUrl } from "./api";
import { Console } from "./input/console";
import { randomHolder } from "./input/engine";
import { backoff } from "./link/backoff";
import { NO_ANSWER, Requests } from "./link/requests";
import { Link } from "./link/socket";
import { hashOf, OWN, targetIn } from "./model/hash";
import { endedWords, freshlyEnded, type ConfigEdit } from "./model/config";
import { emptyModel, type Model } from "./model/model";
import { forgetNode, reduce } from "./model/reduce";
import { distinct, loadLayout, loadRead, loadSettings, saveRead, saveSettings, type Settings } from "./model/settings";
import { heldByAnother, type Remedy } from "./model/status";
import { Store } from "./model/store";
import { isFar, mayType, mayView, worked } from "./model/targets";
import { releasedWords } from "./model/power";
import { Microphone } from "./sound/microphone";
import { Speakers } from "./sound/speakers";
import { SILENT, type SoundUi } from "./sound/state";
import { keptWords } from "./model/macros";
import { boundWords, endWords, freshEnd, layoutOf } from "./model/typing";
import type { SerialSession } from "./serial/session";
import { freshOutcome, outcomeWords } from "./model/update";
import { Uploads } from "./upload/uploads";
import { Picture } from "./video/picture";
import { Screen } from "./video/screen";
import { Thumbs } from "./video/thumbs";

/** A hidden page stops the video after so long: a short look at another tab costs nothing, ms. */
const HIDDEN_MS = 10_000;

/** Something to tell that passes by itself. */
export interface Toast {
  readonly tone: "quiet" | "bad";
  readonly text: string;
}

/** Which drawer is open. */
export type Drawer = "keyboard" | "video" | "media" | "sound" | "power" | "network" | "nodes" | "console" | "system";

/** What the interface itself stands at. */
export interface Ui {
  readonly drawer: Drawer | null;
  /** All targets are shown. */
  readonly overview: boolean;
  /** The device whose record is open. */
  readonly device: string | null;
  readonly toast: Toast | null;
  /** Counts the presses on a picture that another page works: the offer to take over is shown anew. */
  readonly refusals: number;
  /** Notices that were put away. */
  readonly read: ReadonlySet<string>;
  /** The configuration that is being edited: kept over a break of the link, while this page is open. */
  readonly edited: ConfigEdit | null;
}

export class App {
  readonly model: Store<Model>;
  readonly settings: Store<Settings>;
  readonly ui = new Store<Ui>({ drawer: null, overview: false, device: null, toast: null, refusals: 0, read: loadRead(), edited: null });
  readonly api = new Api();
  readonly sound = new Store<SoundUi>(SILENT);
  readonly speakers = new Speakers(() => this.targetUrl("/api/sound"), this.sound);
  readonly thumbs = new Thumbs(() => socketUrl("/api/thumbs", this.api.csrf));
  readonly microphone: Microphone;
  readonly uploads = new Uploads(this.api);
  readonly screen: Screen;
  readonly console: Console;
  readonly picture: Picture;
  private readonly requests = new Requests((id, action) => this.link?.send({ type: "do", id, action }) ?? false);
  /** The text that waits to be typed: kept while the drawer is closed, never stored. */
  draft = "";
  /** The serial console, while its drawer is open. */
  serial: SerialSession | null = null;
  private link: Link | null = null;
  private attempt = 0;
  private retry = 0;
  private hidden = 0;
  private toasted = 0;

  constructor(stage: HTMLElement, canvas: HTMLCanvasElement) {
    const holder = randomHolder((bytes) => crypto.getRandomValues(bytes));
    this.model = new Store({ ...emptyModel(holder), chosen: targetIn(location.hash) });
    this.microphone = new Microphone(() => `${this.targetUrl("/api/microphone")}&holder=${holder}`, this.sound);
    this.settings = new Store(loadSettings());
    this.screen = new Screen(stage, canvas, this.settings.value);
    this.console = new Console(holder, stage, this.screen, this.settings.value, {
      send: (node, state) => this.link?.send(node === OWN ? { type: "input", ...state } : { type: "input_to", node, state }) ?? false,
      changed: () => this.focusChanged(),
      mayEngage: () => this.model.value.link.kind === "open" && !heldByAnother(worked(this.model.value)),
      mayWork: () => this.mayWork(),
      epoch: () => worked(this.model.value).hid?.focus ?? 0,
      givenUp: (steps) => this.toast({ tone: "bad", text: `The target took no input: ${steps} presses and releases did not reach it.` }),
      refused: () => this.ui.patch({ refusals: this.ui.value.refusals + 1 }),
      pasted: (text) => void this.paste(text),
      overview: () => this.overview(true),
    });
    this.console.retarget(this.model.value.chosen);
    this.picture = new Picture({ model: this.model, settings: this.settings, screen: this.screen, url: (codec) => `${this.targetUrl("/api/video")}&codec=${codec}` });
    window.addEventListener("popstate", () => this.turn(targetIn(location.hash)));
    document.addEventListener("visibilitychange", () => this.visibilityChanged());
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
      else this.leftOut();
    } catch {
      this.unreachable();
    }
  }

  /** The session is over: nobody hears and nobody is heard. */
  private leftOut(): void {
    this.speakers.stop();
    this.microphone.stop();
    this.ui.patch({ overview: false });
    this.disconnect();
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
    this.speakers.stop();
    this.microphone.stop();
    await this.api.logout();
    this.disconnect();
    this.ui.patch({ drawer: null, overview: false, device: null, edited: null });
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
      case "own":
        return this.choose(OWN);
      case "targets":
        return this.overview(true);
    }
  }

  open(drawer: Drawer | null): void {
    this.ui.patch({ drawer, overview: false, device: null });
  }

  /** Shows all targets, or no longer. What is held is let go of first. */
  overview(shown: boolean): void {
    if (shown) this.console.leave();
    this.ui.patch({ overview: shown, ...(shown ? { drawer: null, device: null } : {}) });
  }

  /** Shows the target of another node, or this node's own, and works it when it is taken. The address keeps the choice. */
  choose(node: string): void {
    if (node !== this.model.value.chosen) history.pushState(null, "", `${location.pathname}${location.search}${hashOf(node)}`);
    this.turn(node);
  }

  private turn(node: string): void {
    this.ui.patch({ overview: false });
    if (node === this.model.value.chosen) return;
    if (this.sound.value.microphone !== "off") this.toast({ tone: "quiet", text: "The microphone was closed: it was open for another target." });
    this.microphone.stop();
    this.console.retarget(node);
    this.model.patch({ chosen: node });
    this.console.told(worked(this.model.value).hid);
    this.picture.turned();
    this.speakers.again();
  }

  /** Whether keyboard and mouse may go to the chosen target: there is a way to it, and it grants that. */
  private mayWork(): boolean {
    const model = this.model.value;
    return !isFar(model) || (model.link.kind === "open" && mayView(model) && mayType(model) && worked(model).hid !== null);
  }

  /** Opens a device's record and asks for its deaths. */
  inspect(device: string): void {
    this.ui.patch({ drawer: "system", overview: false, device });
    void this.ask({ name: "deaths", device });
  }

  configure(change: Partial<Settings>): void {
    this.settings.set(distinct({ ...this.settings.value, ...change }));
    saveSettings(this.settings.value);
    this.screen.fit(this.settings.value);
    this.console.configure(this.settings.value);
    this.picture.configure(change);
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

  /** Volume, mute, delay. */
  tuneSound(change: Partial<SoundUi>): void {
    this.sound.patch(change);
    this.speakers.configure();
  }

  /** Types what was pasted at the picture, in the layout chosen last and at the node's own pace. */
  async paste(text: string): Promise<void> {
    if (text === "") return this.toast({ tone: "bad", text: "Nothing was pasted: there is no text in the clipboard." });
    const { typist, chosen } = this.model.value;
    if (chosen !== OWN) return this.toast({ tone: "bad", text: `Nothing was pasted: a text for the target of ${chosen} is typed from that node's own page.` });
    const bound = boundWords(text);
    if (typist === null) return this.toast({ tone: "bad", text: "Nothing was pasted: the typist is not running." });
    if (bound !== null) return this.toast({ tone: "bad", text: bound });
    this.console.leave();
    await this.act({ name: "type_text", text, layout: layoutOf(typist, loadLayout()), pace_ms: null });
  }

  /** Presses the keys of a macro, in the layout chosen last. What is held here is let go of first. */
  async runMacro(which: string): Promise<void> {
    this.console.leave();
    const { typist } = this.model.value;
    await this.act({ name: "macro_run", which, layout: typist === null ? null : layoutOf(typist, loadLayout()) });
  }

  /** Keeps several macros, up to the first that the node refuses. */
  async importMacros(macros: readonly Macro[]): Promise<void> {
    for (const [kept, { name, text }] of macros.entries()) {
      const error = await this.ask({ name: "macro_put", which: name, text });
      if (error !== null) return this.toast({ tone: "bad", text: keptWords(kept, macros.length, { name, why: sentence(error.message) }) });
    }
    this.toast({ tone: "quiet", text: keptWords(macros.length, macros.length) });
  }

  /** Saves a text as a file. */
  saveText(name: string, text: string): void {
    this.save(name, new Blob([text], { type: "text/plain" }));
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

  /** Stops sending a file onto a drive; the node forgets what it has of it. */
  cancelFile(): void {
    const id = this.uploads.cancelFile(this.model.value.storage);
    if (id !== null) void this.act({ name: "storage_abort", id }, "The upload was cancelled.");
  }

  /** What is in a folder of a FAT drive, or why that is not known. */
  async files(image: string, folder: string): Promise<FileList | string> {
    try {
      return await this.api.files(image, folder);
    } catch (error) {
      return error instanceof Refused ? sentence(error.message) : "The link to the node is broken: open the image again.";
    }
  }

  /** Where the serial console is read; `query` says from where on. */
  serialUrl(query: string): string {
    return socketUrl("/api/serial", this.api.csrf) + query;
  }

  /** A socket for the chosen target. */
  private targetUrl(path: string): string {
    const { chosen } = this.model.value;
    return `${socketUrl(path, this.api.csrf)}${chosen === OWN ? "" : `&node=${encodeURIComponent(chosen)}`}`;
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
    this.save(`${this.model.value.chosen || this.model.value.node || "dkvm"}-${stamp(new Date())}.png`, png);
  }

  private save(name: string, content: Blob): void {
    const anchor = document.createElement("a");
    anchor.href = URL.createObjectURL(content);
    anchor.download = name;
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
    this.picture.disconnected();
    this.model.set(forgetNode(this.model.value));
  }

  private lost(restarting: boolean): void {
    this.disconnect();
    this.requests.fail();
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
    else if (message.type === "ack") this.console.acked(OWN, message);
    else if (message.type === "ack_from") this.console.acked(message.node, message.ack);
    else if (message.type === "hid") this.ownTold(() => this.console.told(message.state));
    else if (message.type === "done") this.requests.done(message.id, { error: message.error, config: message.config ?? null });
    else if (message.type === "update") this.updateTold(before);
    else if (message.type === "typist") this.typistTold(before);
    else if (message.type === "config") this.configTold(before);
    else if (message.type === "h264") this.ownTold(() => this.picture.h264Told());
    else if (message.type === "device") this.picture.tune();
    else if (message.type === "target" || message.type === "target_gone" || message.type === "peers") this.farTold(before);
  }

  /** What concerns this node's own target alone. */
  private ownTold(act: () => void): void {
    if (!isFar(this.model.value)) act();
  }

  /** Another node's target, or the way to it, is another than before. */
  private farTold(before: Model): void {
    const model = this.model.value;
    if (!isFar(model)) return;
    const [was, is] = [worked(before), worked(model)];
    if (!mayType(model) && this.console.engine.holding) {
      this.console.leave();
      this.console.abandon();
    }
    if (differ(was.hid, is.hid)) {
      if (is.hid === null) this.console.away();
      else this.console.told(is.hid);
    }
    if (differ(was.h264, is.h264)) this.picture.h264Told();
    else if (mayView(before) !== mayView(model)) this.picture.tune();
    if (mayView(model) && !mayView(before)) this.speakers.again();
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

  /** A change of the configuration ended, whoever made it. */
  private configTold(before: Model): void {
    const end = freshlyEnded(before.config, this.model.value.config);
    if (end !== null) this.toast({ tone: end.outcome === "taken_back" ? "bad" : "quiet", text: endedWords(end) });
  }

  private greeted(before: Model, hello: ToPage & { type: "hello" }): void {
    this.attempt = 0;
    // Another node's hid has to be heard of first.
    this.ownTold(() => this.console.resume());
    this.picture.greeted();
    this.thumbs.again();
    this.serial?.again();
    this.speakers.again();
    this.microphone.again();
    const restarted = before.kernel !== null && before.kernel.boot !== hello.kernel.boot;
    if (restarted) this.toast({ tone: "quiet", text: `The kernel of ${hello.kernel.node} was restarted.` });
  }

  /** Asks the node to do something; why it does not, if not. */
  async ask(action: Action): Promise<WireError | null> {
    return (await this.requests.ask(action)).error;
  }

  /** Asks about the configuration; why it is not answered, if not. */
  async config(action: Action): Promise<ConfigAnswer | string> {
    const { error, config } = await this.requests.ask(action);
    return config ?? sentence((error ?? NO_ANSWER).message);
  }

  /** The same; `null`: it was told why not. */
  async askConfig(action: Action): Promise<ConfigAnswer | null> {
    const answer = await this.config(action);
    if (typeof answer !== "string") return answer;
    this.toast({ tone: "bad", text: answer });
    return null;
  }

  // -- picture

  private visibilityChanged(): void {
    window.clearTimeout(this.hidden);
    if (document.hidden) this.thumbs.stop();
    else if (this.ui.value.overview && this.model.value.link.kind === "open") this.thumbs.watch();
    if (document.hidden) this.hidden = window.setTimeout(() => this.picture.unwatch(), HIDDEN_MS);
    else if (this.model.value.link.kind === "open") this.picture.watch();
  }

  private focusChanged(): void {
    const { engine, engaged, lost } = this.console;
    if (engaged) this.ui.patch({ overview: false }); // nobody types at what is covered
    this.model.patch({ focus: { holding: engine.holding, engaged, lost, full: engine.full } });
  }
}

/** Of states that come anew with every message. */
function differ(before: unknown, after: unknown): boolean {
  return JSON.stringify(before) !== JSON.stringify(after);
}

/** `20260102-030405`, local time. */
function stamp(date: Date): string {
  const two = (value: number): string => String(value).padStart(2, "0");
  const day = `${date.getFullYear()}${two(date.getMonth() + 1)}${two(date.getDate())}`;
  return `${day}-${two(date.getHours())}${two(date.getMinutes())}${two(date.getSeconds())}`;
}

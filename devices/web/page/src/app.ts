// The page as a whole: session, link, picture and input, tied together. The interface (ui/) calls it and reads the model.

import type { Action } from "./wire/Action";
import type { Button } from "./wire/Button";
import type { ConfigAnswer } from "./wire/ConfigAnswer";
import type { ToPage } from "./wire/ToPage";
import type { WireError } from "./wire/WireError";
import type { FileList } from "./wire/FileList";
import { Api, Refused, sentence, socketUrl } from "./api";
import { save, stamp, toggleFullScreen } from "./browser";
import { Console } from "./input/console";
import { randomHolder } from "./input/engine";
import { backoff } from "./link/backoff";
import { NO_ANSWER, Requests } from "./link/requests";
import { Link } from "./link/socket";
import { endingOf } from "./model/endings";
import { besideIn, hashOf, OWN, targetIn } from "./model/hash";
import { emptyModel, type Model } from "./model/model";
import { forgetNode, reduce } from "./model/reduce";
import { distinct, loadSettings, saveRead, saveSettings, type Settings } from "./model/settings";
import { heldByAnother, type Remedy } from "./model/status";
import { Store } from "./model/store";
import { isFar, mayType, mayView, worked } from "./model/targets";
import { releasedWords } from "./model/power";
import { firstUi, type Drawer, type Toast, type Ui } from "./model/ui";
import { Microphone } from "./sound/microphone";
import { Speakers } from "./sound/speakers";
import { SILENT, type SoundUi } from "./sound/state";
import type { SerialSession } from "./serial/session";
import { Typing } from "./typing";
import { Uploads } from "./upload/uploads";
import { Pictures } from "./video/pictures";
import { Row } from "./video/row";
import { Thumbs } from "./video/thumbs";

export type { Drawer, Toast, Ui } from "./model/ui";

/** A hidden page stops the video after so long: a short look at another tab costs nothing, ms. */
const HIDDEN_MS = 10_000;

export class App {
  readonly model: Store<Model>;
  readonly settings: Store<Settings>;
  readonly ui = new Store<Ui>(firstUi());
  readonly api = new Api();
  readonly sound = new Store<SoundUi>(SILENT);
  readonly speakers = new Speakers(() => this.targetUrl("/api/sound"), this.sound);
  readonly thumbs = new Thumbs(() => socketUrl("/api/thumbs", this.api.csrf));
  readonly microphone: Microphone;
  readonly uploads = new Uploads(this.api);
  readonly typing = new Typing(this);
  readonly console: Console;
  readonly pictures: Pictures;
  private readonly requests = new Requests((id, action) => this.link?.send({ type: "do", id, action }) ?? false);
  /** The serial console, while its drawer is open. */
  serial: SerialSession | null = null;
  private link: Link | null = null;
  private attempt = 0;
  private retry = 0;
  private hidden = 0;
  private toasted = 0;

  constructor(stage: HTMLElement, canvas: HTMLCanvasElement) {
    const holder = randomHolder((bytes) => crypto.getRandomValues(bytes));
    this.model = new Store({ ...emptyModel(holder), chosen: targetIn(location.hash), beside: besideIn(location.hash) });
    this.microphone = new Microphone(() => `${this.targetUrl("/api/microphone")}&holder=${holder}`, this.sound);
    this.settings = new Store(loadSettings());
    const row = new Row(stage, canvas, this.settings.value);
    this.console = new Console(holder, stage, row, this.settings.value, {
      send: (node, state) => this.link?.send(node === OWN ? { type: "input", ...state } : { type: "input_to", node, state }) ?? false,
      changed: () => this.focusChanged(),
      mayEngage: () => this.model.value.link.kind === "open" && !heldByAnother(worked(this.model.value)),
      mayWork: () => this.mayWork(),
      epoch: () => worked(this.model.value).hid?.focus ?? 0,
      givenUp: (steps) => this.toast({ tone: "bad", text: `The target took no input: ${steps} presses and releases did not reach it.` }),
      refused: () => this.ui.patch({ refusals: this.ui.value.refusals + 1 }),
      pasted: (text) => void this.typing.paste(text),
      overview: () => this.overview(true),
    });
    this.console.retarget(this.model.value.chosen);
    this.pictures = new Pictures(row, { model: this.model, settings: this.settings, url: (node, codec) => `${this.targetUrl("/api/video", node)}&codec=${codec}` });
    window.addEventListener("popstate", () => this.turn(targetIn(location.hash), besideIn(location.hash)));
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
        return this.typing.cancel();
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

  /** Shows the target of another node, or this node's own, and works it when it is taken; alone, unless it is shown already. The address keeps the choice. */
  choose(node: string): void {
    const { chosen, beside } = this.model.value;
    this.go(node, node === chosen ? beside : []);
  }

  /** Shows a node's target to the right of what is shown, as one more head of the same desk. */
  showBeside(node: string): void {
    const { chosen, beside } = this.model.value;
    this.go(chosen, [...beside, node]);
  }

  /** Takes a head away; whoever looks at all targets stays there. */
  takeAway(node: string): void {
    const { chosen, beside } = this.model.value;
    const { overview } = this.ui.value;
    this.go(chosen, beside.filter((other) => other !== node));
    this.ui.patch({ overview });
  }

  private go(node: string, beside: readonly string[]): void {
    const { chosen, beside: before } = this.model.value;
    if (hashOf(node, beside) !== hashOf(chosen, before)) history.pushState(null, "", `${location.pathname}${location.search}${hashOf(node, beside)}`);
    this.turn(node, beside);
  }

  private turn(node: string, beside: readonly string[]): void {
    this.ui.patch({ overview: false });
    if (node !== this.model.value.chosen) this.turnTo(node);
    if (hashOf(OWN, beside) === hashOf(OWN, this.model.value.beside)) return;
    this.model.patch({ beside });
    this.pictures.arrange();
  }

  private turnTo(node: string): void {
    if (this.sound.value.microphone !== "off") this.toast({ tone: "quiet", text: "The microphone was closed: it was open for another target." });
    this.microphone.stop();
    this.console.retarget(node);
    this.model.patch({ chosen: node });
    this.console.told(worked(this.model.value).hid);
    this.pictures.first.turned();
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
    this.console.configure(this.settings.value);
    this.pictures.configure(this.settings.value, change);
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

  /** Volume, mute, delay. */
  tuneSound(change: Partial<SoundUi>): void {
    this.sound.patch(change);
    this.speakers.configure();
  }

  /** Saves a text as a file. */
  saveText(name: string, text: string): void {
    save(name, new Blob([text], { type: "text/plain" }));
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

  /** A socket for a node's target: the chosen one's, where no other is named. */
  private targetUrl(path: string, node = this.model.value.chosen): string {
    return `${socketUrl(path, this.api.csrf)}${node === OWN ? "" : `&node=${encodeURIComponent(node)}`}`;
  }

  toast(toast: Toast): void {
    window.clearTimeout(this.toasted);
    this.ui.patch({ toast });
    this.toasted = window.setTimeout(() => this.ui.patch({ toast: null }), 3000 + toast.text.length * 40);
  }

  /** Full screen, or back from it. */
  fullScreen(): Promise<void> {
    return toggleFullScreen();
  }

  /** Saves the picture as a PNG. */
  async screenshot(): Promise<void> {
    const png = await this.pictures.row.first.png();
    if (png === null) return this.toast({ tone: "bad", text: "The picture could not be saved." });
    save(`${this.model.value.chosen || this.model.value.node || "dkvm"}-${stamp(new Date())}.png`, png);
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
    this.pictures.disconnected();
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
    else if (message.type === "h264") this.ownTold(() => this.pictures.first.h264Told());
    else if (message.type === "device") this.pictures.first.tune();
    else if (message.type === "target" || message.type === "target_gone" || message.type === "peers") this.farTold(before);
    const ending = endingOf(before, this.model.value, message);
    if (ending !== null) this.toast(ending);
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
    if (differ(was.h264, is.h264)) this.pictures.first.h264Told();
    else if (mayView(before) !== mayView(model)) this.pictures.first.tune();
    if (mayView(model) && !mayView(before)) this.speakers.again();
  }

  private greeted(before: Model, hello: ToPage & { type: "hello" }): void {
    this.attempt = 0;
    // Another node's hid has to be heard of first.
    this.ownTold(() => this.console.resume());
    this.pictures.greeted();
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
    if (document.hidden) this.hidden = window.setTimeout(() => this.pictures.unwatch(), HIDDEN_MS);
    else if (this.model.value.link.kind === "open") this.pictures.watch();
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

// A person at the page, without the browser: the page's own input engine on the same two sockets.
// Where a scenario is not about the browser it costs a tenth of one.
import { request, type RequestOptions } from "node:https";
import WebSocket from "ws";
import { Engine, randomHolder } from "../../devices/web/page/src/input/engine.ts";
import { usageOf } from "../../devices/web/page/src/input/usage.ts";
import type { AudioState } from "../../devices/web/page/src/wire/AudioState.ts";
import type { Action } from "../../devices/web/page/src/wire/Action.ts";
import type { DeviceInfo } from "../../devices/web/page/src/wire/DeviceInfo.ts";
import type { GadgetState } from "../../devices/web/page/src/wire/GadgetState.ts";
import type { H264State } from "../../devices/web/page/src/wire/H264State.ts";
import type { HidState } from "../../devices/web/page/src/wire/HidState.ts";
import type { NetworkState } from "../../devices/web/page/src/wire/NetworkState.ts";
import type { SessionInfo } from "../../devices/web/page/src/wire/SessionInfo.ts";
import type { ToPage } from "../../devices/web/page/src/wire/ToPage.ts";
import type { ToWeb } from "../../devices/web/page/src/wire/ToWeb.ts";
import type { VideoState } from "../../devices/web/page/src/wire/VideoState.ts";
import { LabError, PATIENCE_MS, sleep, until } from "./lab.ts";

export const PASSWORD = "correct horse battery";
const HEAD_BYTES = 32;
const TICK_MS = 4;
const RECONNECT_MS = 50;
/** An answer of a machine that stands for a while comes all the same; whoever looks again and again still can, within the lab's patience, ms. */
const ANSWER_MS = 30_000;
/** Who enters tries again, ms. */
const ENTER_MS = 5000;
/** The kernel says itself that an answer did not come, after 10 s; that may be late too, ms. */
const ACTION_MS = 60_000;
/** Typing pauses here, well under the engine's own limit, so that no key is refused. */
export const PENDING_MOST = 64;

function ignored(): void {}

export class Viewer {
  readonly engine = new Engine(randomHolder((words) => crypto.getRandomValues(words)));
  readonly devices = new Map<string, DeviceInfo>();
  hid: HidState | null = null;
  video: VideoState | null = null;
  h264: H264State | null = null;
  gadget: GadgetState | null = null;
  network: NetworkState | null = null;
  audio: AudioState | null = null;
  frames = 0;
  bytes = 0;
  lastFrame: Buffer | undefined;
  lost = 0;
  reconnects = -1;
  /** Called for each frame: its JPEG, when it was captured by the Pi's clock, when it arrived by ours. */
  onFrame: ((jpeg: Buffer, capturedNs: bigint, at: number) => void) | undefined;
  #cookies = new Map<string, string>();
  #session: SessionInfo | undefined;
  #control: WebSocket | undefined;
  #picture: WebSocket | undefined;
  #closed = false;
  #watching = false;
  #done = new Map<number, (answer: Extract<ToPage, { type: "done" }>) => void>();
  #nextAction = 1;
  #ticker: NodeJS.Timeout | undefined;

  /** The address may have a port. */
  private constructor(readonly address: string) {}

  /** Sets the password if none is set, else logs in, and opens the control socket. */
  static async open(address: string, { video = false } = {}): Promise<Viewer> {
    const viewer = new Viewer(address);
    viewer.#watching = video;
    await until("the page answers", () => viewer.#enter().catch(() => undefined), { every: 50 });
    viewer.#connect();
    viewer.#ticker = setInterval(() => viewer.#tick(), TICK_MS);
    await until("the control socket is open", () => viewer.connected);
    return viewer;
  }

  /** Somebody who has not logged in: one try. */
  static async stranger(address: string): Promise<Viewer> {
    const viewer = new Viewer(address);
    viewer.#session = await viewer.#json("/api/session");
    return viewer;
  }

  get connected(): boolean {
    return this.#control?.readyState === WebSocket.OPEN;
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#ticker);
    this.#control?.terminate();
    this.#picture?.terminate();
  }

  /** Takes the target's focus once hid has told which epoch is in force. */
  async takeFocus(): Promise<void> {
    const hid = await until("hid tells its state", () => this.hid);
    this.engine.take(hid.focus);
    await until("the focus is ours", () => this.hid?.holder === this.engine.holder);
  }

  /** Types a text of lower-case letters, digits and blanks; returns when all is acknowledged. */
  async type(text: string): Promise<void> {
    for (const character of text) await this.tap(usageOfCharacter(character));
    await this.settled();
  }

  async tap(usage: number): Promise<void> {
    await until("the target takes keys", () => this.engine.pending < PENDING_MOST, { every: 2 });
    this.engine.key(usage, true);
    this.engine.key(usage, false);
  }

  async settled(timeout = PATIENCE_MS): Promise<void> {
    await until("every key is acknowledged", () => this.engine.pending === 0, { timeout, every: 2 });
  }

  /** Asks web to do something; a refusal is an error with its sentence. */
  async act(action: Action): Promise<Extract<ToPage, { type: "done" }>> {
    const id = this.#nextAction++;
    const answer = await new Promise<Extract<ToPage, { type: "done" }>>((done, failed) => {
      const timer = setTimeout(() => failed(new LabError(`web did not answer '${action.name}' in ${ACTION_MS / 1000} s`)), ACTION_MS);
      this.#done.set(id, (message) => { clearTimeout(timer); done(message); });
      this.#say({ type: "do", id, action });
    });
    if (answer.error) throw new LabError(`'${action.name}' was refused: ${answer.error.message}`);
    return answer;
  }

  async awaitPhase(device: string, phase: DeviceInfo["phase"], timeout = PATIENCE_MS): Promise<DeviceInfo> {
    return until(`${device} is ${phase}`, () => {
      const info = this.devices.get(device);
      return info?.phase === phase ? info : undefined;
    }, { timeout });
  }

  /** One HTTPS request with this viewer's cookies; a body of bytes goes as it is, any other as JSON. */
  async fetch(path: string, options: RequestOptions = {}, body?: unknown, more: Record<string, string> = {}): Promise<{ status: number; body: Buffer }> {
    const headers: Record<string, string> = { origin: `https://${this.address}`, cookie: this.cookie, ...more };
    const bytes = Buffer.isBuffer(body) ? body : undefined;
    if (body !== undefined) headers["content-type"] = bytes ? "application/octet-stream" : "application/json";
    if (this.#session) headers["x-dkvm-csrf"] = this.#session.csrf;
    const { hostname, port } = new URL(`https://${this.address}`);
    return new Promise((done, failed) => {
      const call = request({ host: hostname, port, path, rejectUnauthorized: false, headers, timeout: ANSWER_MS, ...options }, (response) => {
        for (const line of response.headers["set-cookie"] ?? []) this.#keepCookie(line);
        const parts: Buffer[] = [];
        response.on("data", (part: Buffer) => parts.push(part));
        response.on("end", () => done({ status: response.statusCode ?? 0, body: Buffer.concat(parts) }));
        response.on("error", failed);
      });
      call.on("error", failed).on("timeout", () => call.destroy(new Error("timeout")));
      // an answer may come before the body is through: what then breaks is nobody's
      call.on("socket", (socket) => socket.off("error", ignored).on("error", ignored));
      call.end(bytes ?? (body === undefined ? undefined : JSON.stringify(body)));
    });
  }

  /** A socket of the page's beside its own two, as `/api/sound`. */
  socket(path: string, query: Record<string, string> = {}): WebSocket {
    return this.#socket(path, query);
  }

  /** Sends a body that may take long, as the page sends files. */
  upload(path: string, body: Buffer, headers: Record<string, string>): Promise<{ status: number; body: Buffer }> {
    return this.fetch(path, { method: "POST", timeout: 60_000 }, body, headers);
  }

  async #enter(): Promise<boolean> {
    this.#session = await this.#json("/api/session");
    if (this.#session.state === "open") return true;
    const path = this.#session.state === "setup" ? "/api/setup" : "/api/login";
    this.#session = await this.#json(path, { method: "POST" }, { password: PASSWORD });
    return this.#session.state === "open";
  }

  async #json(path: string, options: RequestOptions = {}, body?: unknown): Promise<SessionInfo> {
    const answer = await this.fetch(path, { timeout: ENTER_MS, ...options }, body);
    if (answer.status !== 200) throw new LabError(`${path} answered ${answer.status}: ${answer.body.toString()}`);
    return JSON.parse(answer.body.toString()) as SessionInfo;
  }

  /** What the node knows this viewer by. */
  get cookie(): string {
    return [...this.#cookies].map(([name, value]) => `${name}=${value}`).join("; ");
  }

  #keepCookie(line: string): void {
    const [pair = ""] = line.split(";");
    const cut = pair.indexOf("=");
    this.#cookies.set(pair.slice(0, cut), pair.slice(cut + 1));
  }

  #socket(path: string, query: Record<string, string> = {}): WebSocket {
    const url = `wss://${this.address}${path}?${new URLSearchParams({ ...query, csrf: this.#session!.csrf })}`;
    return new WebSocket(url, {
      rejectUnauthorized: false, headers: { cookie: this.cookie, origin: `https://${this.address}` }, handshakeTimeout: 3000,
    });
  }

  #connect(): void {
    const control = this.#socket("/api/ws");
    this.#control = control;
    control.on("open", () => { this.reconnects++; this.engine.again(); });
    control.on("message", (data) => this.#hear(JSON.parse(data.toString()) as ToPage));
    control.on("error", () => {});
    control.on("close", () => this.#later(() => this.#connect()));
    if (this.#watching && this.#picture === undefined) this.#watch();
  }

  #watch(): void {
    const picture = this.#socket("/api/video");
    this.#picture = picture;
    picture.on("message", (data: Buffer) => {
      this.frames++;
      this.bytes += data.length;
      this.lastFrame = data.subarray(HEAD_BYTES);
      this.onFrame?.(this.lastFrame, data.readBigUInt64LE(8), performance.now());
      picture.send(Buffer.alloc(0));
    });
    picture.on("error", () => {});
    picture.on("close", () => this.#later(() => this.#watch()));
  }

  /** Sessions outlive web's death; should this one be gone all the same, it is entered anew. */
  async #later(again: () => void): Promise<void> {
    this.hid = null;
    while (!this.#closed) {
      await sleep(RECONNECT_MS);
      if (await this.#enter().catch(() => false)) return this.#closed ? undefined : again();
    }
  }

  #tick(): void {
    if (!this.connected) return;
    const message = this.engine.next(performance.now());
    if (message) this.#say({ type: "input", ...message });
  }

  #say(message: ToWeb): void {
    this.#control?.send(JSON.stringify(message));
  }

  #hear(message: ToPage): void {
    switch (message.type) {
      case "device": this.devices.set(message.name, message); break;
      case "device_gone": this.devices.delete(message.name); break;
      case "gadget": this.gadget = message; break;
      case "audio": this.audio = message.state; break;
      case "network": this.network = message.state; break;
      case "h264": this.h264 = message.state; break;
      case "video": this.video = message.state; break;
      case "hid": this.#hearHid(message.state); break;
      case "ack": this.lost = Math.max(this.lost, message.lost ?? 0); this.engine.acked(message); break;
      case "done": this.#done.get(message.id)?.(message); this.#done.delete(message.id); break;
    }
  }

  #hearHid(state: HidState | null): void {
    const back = this.hid === null && state !== null;
    this.hid = state;
    if (state) this.engine.told(state);
    if (back) this.engine.again();
  }
}

export function usageOfCharacter(character: string): number {
  const code = character === " " ? "Space" : /\d/.test(character) ? `Digit${character}` : `Key${character.toUpperCase()}`;
  const usage = usageOf(code);
  if (usage === undefined) throw new LabError(`the viewer cannot type ${JSON.stringify(character)}`);
  return usage;
}

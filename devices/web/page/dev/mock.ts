// A node that is none: serves dist/ and speaks the contract of the web device, in any state that a test wants.
// For the page's own tests and for working on its looks; the real one is in the lab.

import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { FileInfo } from "../src/wire/FileInfo.ts";
import type { AddressInfo, Socket } from "node:net";
import path from "node:path";
import { WebSocketServer, type WebSocket } from "ws";
import type { Action } from "../src/wire/Action.ts";
import type { KernelInfo } from "../src/wire/KernelInfo.ts";
import type { InputState } from "../src/wire/InputState.ts";
import type { SessionState } from "../src/wire/SessionState.ts";
import type { ToPage } from "../src/wire/ToPage.ts";
import type { ToWeb } from "../src/wire/ToWeb.ts";
import type { WireError } from "../src/wire/WireError.ts";
import { SOUND_FRAMES, VIDEO_KEY, VIDEO_UNIT_HEAD_LEN } from "../src/wire/constants.ts";
import { Bundle, configAnswer, piece, tone } from "./bodies.ts";
import { FarHid, target, thumb } from "./far.ts";
import { frame, picture } from "./frames.ts";
import * as states from "./states.ts";

const TYPES: Record<string, string> = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };
const POLICY = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
const CSRF = "mock-token";
const PICTURES = 12;
const FRAME_MS = 40;

/** How the mock stands; tests change it and call `tell`. */
export interface World {
  session: SessionState;
  password: string;
  /** Tries that are refused with 429. */
  retryAfter: number;
  size: readonly [number, number];
  /** Of other nodes' pictures, and of those of some that differ. */
  farSize: readonly [number, number];
  farSizes: Readonly<Record<string, readonly [number, number]>>;
  /** Whose small pictures there are; empty for this node's. */
  thumbs: readonly string[];
  /** Why there is no picture of another node's target; empty for that there is. And for some nodes by name. */
  farRefusal: string;
  farRefusals: Readonly<Record<string, string>>;
  /** The same of its sound. */
  deaf: string;
  /** Frames are sent. */
  picture: boolean;
  /** Input is acknowledged. */
  acknowledges: boolean;
  viewers: number;
  kernel: KernelInfo;
  /** Why an update is refused by its head; empty for not. */
  refusal: string;
  /** Each part of an upload takes so long, ms. */
  partMs: number;
  /** Why a text cannot be typed; empty when it can. */
  untypable: string;
  /** Why a drive does not open without force; empty when it does. */
  locked: string;
  /** Why a configuration is refused; empty when it is not. */
  overtaken: string;
  /** Why a microphone is refused; empty when it is not. */
  taken: string;
  say: ToPage[];
}

export class Mock {
  readonly world: World = { session: "open", password: "correct horse", retryAfter: 0, size: [1280, 720], farSize: [800, 600], farSizes: {}, thumbs: ["", "office"], farRefusal: "", farRefusals: {}, deaf: "", picture: true, acknowledges: true, viewers: 1, kernel: states.kernel(), refusal: "", partMs: 0, untypable: "", locked: "", overtaken: "", taken: "", say: healthy() };
  /** The upload, as the update device keeps it. */
  readonly bundle = new Bundle();
  /** An image on its way, as the storage device keeps it, and by which name. */
  readonly image = new Bundle();
  imageName = "";
  /** On the FAT drive. */
  readonly files: FileInfo[] = [{ name: "docs", size: 0, folder: true }, { name: "notes.txt", size: 1200, folder: false }];
  /** What pages have sent, oldest first. */
  readonly inputs: InputState[] = [];
  readonly actions: Array<Extract<ToWeb, { type: "do" }>["action"]> = [];
  /** Frames for which credit came back. */
  credits = 0;
  private epoch = 4;
  private holder = 0;
  private written = 0;
  private readonly pages = new Set<WebSocket>();
  /** Who sees which node's target; this one's has no name. */
  private readonly viewers = new Map<WebSocket, string>();
  private readonly sockets = new Set<Socket>();
  private readonly events = new WebSocketServer({ noServer: true });
  private readonly video = new WebSocketServer({ noServer: true });
  /** Pages that read the serial console, and what was said there. */
  private readonly serial = new WebSocketServer({ noServer: true });
  private readonly sound = new WebSocketServer({ noServer: true });
  private readonly microphone = new WebSocketServer({ noServer: true });
  private readonly thumbs = new WebSocketServer({ noServer: true });
  /** The hid of each node whose target a page worked. */
  private readonly hids = new Map<string, FarHid>();
  /** Whose target a page spoke to, and what it held there, oldest first. */
  readonly order: string[] = [];
  /** Pages that see small pictures of all. */
  readonly lookers = new Set<WebSocket>();
  /** The addresses of the WebSockets that pages opened, oldest first. */
  readonly opened: string[] = [];
  /** The codecs that pages asked for, oldest first. */
  readonly codecs: string[] = [];
  /** Paths and nodes of the WebSockets that were opened for other nodes' targets, oldest first. */
  readonly farOpened: string[] = [];
  /** Bytes of microphones. */
  spoken = 0;
  private readonly readers = new Set<WebSocket>();
  private said = Buffer.alloc(0);
  /** From where pages asked for it, oldest first. */
  readonly readFrom: number[] = [];
  private readonly images = new Map<string, Buffer[]>();
  private server: Server | null = null;
  private port = 0;

  constructor(private readonly dist: string) {}

  async start(port = 0): Promise<string> {
    const server = createServer((request, response) => void this.answer(request, response));
    server.on("upgrade", (request, socket, head) => this.upgrade(request, socket as Socket, head));
    server.on("connection", (socket) => {
      this.sockets.add(socket);
      socket.on("close", () => this.sockets.delete(socket));
    });
    await new Promise<void>((resolve) => server.listen(port || this.port, "127.0.0.1", resolve));
    this.server = server;
    this.port = (server.address() as AddressInfo).port;
    return `http://127.0.0.1:${this.port}/`;
  }

  /** The node dies: all connections break, nothing listens. */
  async stop(): Promise<void> {
    const { server } = this;
    this.server = null;
    for (const socket of this.sockets) socket.destroy();
    if (server) await new Promise<void>((resolve) => server.close(() => resolve()));
  }

  /** The node ends in good order and says so. */
  goodbye(): void {
    for (const page of [...this.pages, ...this.viewers.keys()]) page.close(1012);
  }

  /** Says something to all pages, and to those that come later. */
  tell(...messages: ToPage[]): void {
    for (const message of messages) {
      this.world.say = [...this.world.say.filter((known) => key(known) !== key(message)), message];
      for (const page of this.pages) page.send(JSON.stringify(message));
    }
  }

  /** The hid of another node. */
  far(node: string): FarHid {
    const known = this.hids.get(node) ?? new FarHid();
    this.hids.set(node, known);
    return known;
  }

  /** A node whose target is not told of any more. */
  gone(node: string): void {
    this.world.say = this.world.say.filter((known) => key(known) !== `target ${node}`);
    this.tellOnce({ type: "target_gone", node });
  }

  /** A small picture of a node's target; `null`: there is none any more. */
  small(node: string, tick: number | null): void {
    for (const page of this.lookers) page.send(thumb(node, tick));
  }

  private farInput(page: WebSocket, node: string, state: InputState): void {
    this.order.push(`${node}: ${state.keys.join()}`);
    const hid = this.far(node);
    const { ack, taken } = hid.input(state);
    const known = this.world.say.find((said) => said.type === "target" && said.node === node);
    if (taken && known?.type === "target") this.tell({ ...known, hid: states.hid({ focus: hid.focus, holder: hid.holder, by: "rack3-db1/web", busy: true }) });
    if (ack !== null) page.send(JSON.stringify({ type: "ack_from", node, ack } satisfies ToPage));
  }

  private looks(page: WebSocket): void {
    this.lookers.add(page);
    page.on("close", () => this.lookers.delete(page));
    for (const [index, node] of this.world.thumbs.entries()) page.send(thumb(node, index * 17));
  }

  /** The target says something on its serial port. */
  speak(text: string): void {
    const offset = this.said.length;
    this.said = Buffer.concat([this.said, Buffer.from(text)]);
    for (const reader of this.readers) reader.send(piece(offset, this.said.subarray(offset)));
  }

  /** The sockets of what targets play break. */
  cutSound(): void {
    for (const listener of this.sound.clients) listener.terminate();
  }

  /** The sockets of the serial console break. */
  cutSerial(): void {
    for (const reader of this.readers) reader.terminate();
  }

  /** The same without keeping it. */
  tellOnce(message: ToPage): void {
    for (const page of this.pages) page.send(JSON.stringify(message));
  }

  /** Another page takes the focus. */
  steal(): void {
    this.epoch += 1;
    this.holder = 77;
    this.tellHid();
  }

  /** What the target has beside keyboard and mouse, the jiggler, and through whom whoever works it speaks. */
  extras: { extras?: string[]; jiggle?: number; by?: string; busy?: boolean } = {};

  tellHid(): void {
    this.tell({ type: "hid", state: states.hid({ focus: this.epoch, holder: this.holder, ...this.extras }) });
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const route = `${request.method} ${(request.url ?? "/").split("?")[0]}`;
    if (route === "POST /api/update") return this.update(request, response);
    if (route === "POST /api/storage") return this.store(request, response);
    if (route === "GET /api/storage/files") return reply(response, 200, { files: this.files, count: this.files.length, free: 60_000_000 });
    const body = await text(request);
    if (route.includes("/api/")) return this.api(route, body, response);
    const name = route === "GET /" ? "index.html" : path.basename(route.slice(4));
    try {
      const file = await readFile(path.join(this.dist, name));
      response.writeHead(200, { "content-type": TYPES[path.extname(name)] ?? "application/octet-stream", "content-security-policy": POLICY });
      response.end(file);
    } catch {
      response.writeHead(404).end();
    }
  }

  private api(route: string, body: string, response: ServerResponse): void {
    const { world } = this;
    const given = body === "" ? {} : (JSON.parse(body) as Record<string, string>);
    if (route === "POST /api/login") {
      if (world.retryAfter > 0) return refuse(response, 429, "exhausted", "Too many wrong passwords from here.", world.retryAfter);
      if (given["password"] !== world.password) return refuse(response, 403, "forbidden", "The password is wrong.");
      world.session = "open";
    } else if (route === "POST /api/setup") {
      world.password = given["password"] ?? "";
      world.session = "open";
    } else if (route === "POST /api/logout") {
      world.session = "login";
    } else if (route === "POST /api/password") {
      if (given["old"] !== world.password) return refuse(response, 403, "forbidden", "The present password is wrong.");
      world.password = given["new"] ?? "";
    }
    reply(response, 200, { state: world.session, csrf: CSRF, node: "rack3-db1" });
  }

  /** As web and the update device do it together. */
  private async update(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { world, bundle } = this;
    const part = await buffer(request);
    await new Promise((resolve) => setTimeout(resolve, world.partMs));
    const [, first, size] = /^bytes (\d+)-\d+\/(\d+)$/.exec(String(request.headers["content-range"])) ?? [];
    if (world.session !== "open") return refuse(response, 401, "forbidden", "Log in first.");
    if (first === "0" && world.refusal !== "") return refuse(response, 400, "bad_request", world.refusal);
    if (!bundle.take(part, Number(first), Number(size))) return refuse(response, 409, "conflict", `Byte ${bundle.length} is wanted.`);
    const done = bundle.length === bundle.size;
    const stage = done ? ({ stage: "staged", version: "0.2.0" } as const) : ({ stage: "receiving", version: "0.2.0", bytes: bundle.length, size: bundle.size } as const);
    this.tell({ type: "update", state: states.update(stage) });
    reply(response, 200, { id: "u1", offset: bundle.length });
  }

  /** As web and the storage device do it together. */
  private async store(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { world, image } = this;
    const part = await buffer(request);
    await new Promise((resolve) => setTimeout(resolve, world.partMs));
    const [, first, all] = /^bytes (\d+)-\d+\/(\d+)$/.exec(String(request.headers["content-range"])) ?? [];
    const [size, name] = [Number(all), new URL(request.url ?? "/", "http://mock").searchParams.get("name") ?? ""];
    if (world.refusal !== "") return refuse(response, 400, "bad_request", world.refusal);
    const onto = new URL(request.url ?? "/", "http://mock").searchParams.get("onto");
    if (onto !== null) return this.ontoDrive(response, { name: `${onto}/${name}`, part, first: Number(first), size });
    this.imageName = name;
    image.take(part, Number(first), size);
    const done = image.length === size;
    const incoming = done ? [] : [{ id: "4c", name, size, offset: image.length, verifying: false }];
    const images = done ? [{ name, size, sha256: "9f".repeat(32), modified: false, fat: false }] : [];
    this.tell({ type: "storage", state: states.storage({ incoming, images, luns: states.storage().luns.map((lun) => ({ ...lun, image: null })) }) });
    reply(response, 200, { id: "4c", offset: image.length, sha256: done ? "9f".repeat(32) : null });
  }

  private ontoDrive(response: ServerResponse, { name, part, first, size }: { name: string; part: Buffer; first: number; size: number }): void {
    this.image.take(part, first, size);
    const done = this.image.length === size;
    if (done) this.files.push({ name: name.slice(name.lastIndexOf("/") + 1), size, folder: false });
    this.tell({ type: "storage", state: states.storage({ incoming: done ? [] : [{ id: "4c", name, size, offset: this.image.length, verifying: false }] }) });
    reply(response, 200, { id: "4c", offset: this.image.length, sha256: done ? "9f".repeat(32) : null });
  }

  /** What the devices do when a page asks; tests set what it leads to. */
  private perform(action: Action): void {
    if (action.name === "update_abort") {
      this.bundle.forget();
      this.tell({ type: "update", state: states.update() });
    } else if (action.name === "update_try" || action.name === "update_rollback") {
      this.tell({ type: "update", state: states.update({ stage: "restarting" }) });
    } else if (action.name === "config_apply" && this.world.overtaken === "") {
      this.tell({ type: "config", ...states.config({ trial: { number: 5, who: "the device web", waiting: [], left_ms: 59_000, unconfirmed: true } }) });
    } else if (action.name === "config_confirm") {
      this.tell({ type: "config", ...states.config({ number: 5, last: { number: 5, outcome: "kept", why: [] } }) });
    } else if (action.name === "config_rollback" && action.number === null) {
      this.tell({ type: "config", ...states.config({ last: { number: 5, outcome: "taken_back", why: ["the device web took it back"] } }) });
    } else if (action.name === "power_press") {
      const hold = action.hold_ms ?? 0;
      this.tell({ type: "power", state: states.power({ pressed: action.button }) });
      setTimeout(() => this.tell({ type: "power", state: states.power({ power_led: hold < 5000 }) }), hold / 3);
    }
  }

  private refused(action: Action): WireError | null {
    const { untypable, locked } = this.world;
    if (action.name === "storage_file_remove") this.files.splice(this.files.findIndex(({ name }) => name === action.path), 1);
    if (action.name === "storage_eject" && locked !== "" && !action.force) return { code: "conflict", message: locked, retryable: false, context: "storage" };
    if (action.name === "config_apply" && this.world.overtaken !== "") return { code: "conflict", message: this.world.overtaken, retryable: false, context: "" };
    if (action.name === "macro_put" && untypable !== "") return { code: "bad_request", message: untypable, retryable: false, context: "typist" };
    const typed = action.name === "type_text" || action.name === "type_check";
    return typed && untypable !== "" ? { code: "bad_request", message: untypable, retryable: false, context: "typist" } : null;
  }

  private upgrade(request: IncomingMessage, socket: Socket, head: Buffer): void {
    const url = new URL(request.url ?? "/", "http://mock");
    const server = { "/api/ws": this.events, "/api/video": this.video, "/api/serial": this.serial, "/api/sound": this.sound, "/api/microphone": this.microphone, "/api/thumbs": this.thumbs }[url.pathname] ?? null;
    if (server === null || this.world.session !== "open" || url.searchParams.get("csrf") !== CSRF) return void socket.destroy();
    this.opened.push(url.pathname);
    const node = url.searchParams.get("node");
    if (node !== null) this.farOpened.push(`${url.pathname} ${node}`);
    if (server === this.video) this.codecs.push(url.searchParams.get("codec") ?? "");
    server.handleUpgrade(request, socket, head, (ws) => {
      if (server === this.serial) this.reads(ws, Number(url.searchParams.get("from")));
      else if (server === this.sound) this.plays(ws, node);
      else if (server === this.microphone) this.listens(ws);
      else if (server === this.events) this.joined(ws);
      else if (server === this.thumbs) this.looks(ws);
      else if (node !== null && this.refusalOf(node) !== "") ws.close(1013, this.refusalOf(node));
      else if (url.searchParams.get("codec") === "h264") this.broken(ws);
      else this.watched(ws, node ?? "");
    });
  }

  private refusalOf(node: string): string {
    return this.world.farRefusals[node] ?? this.world.farRefusal;
  }

  private sizeOf(node: string): readonly [number, number] {
    return node === "" ? this.world.size : (this.world.farSizes[node] ?? this.world.farSize);
  }

  /** How many see a node's target by now. */
  viewersOf(node: string): number {
    return [...this.viewers.values()].filter((one) => one === node).length;
  }

  /** H.264 that begins well and is none: what a browser does with a stream that it cannot decode. */
  private broken(viewer: WebSocket): void {
    const unit = Buffer.alloc(VIDEO_UNIT_HEAD_LEN + 400, 0x5a);
    unit.fill(0, 0, VIDEO_UNIT_HEAD_LEN);
    unit.writeUInt32LE(320, 24);
    unit.writeUInt32LE(240, 28);
    unit.writeUInt32LE(VIDEO_KEY, 32);
    Buffer.from([0, 0, 0, 1, 0x67, 0x42, 0xc0, 0x1f]).copy(unit, VIDEO_UNIT_HEAD_LEN);
    viewer.send(unit);
  }

  /** What the target plays: a tone. */
  private plays(listener: WebSocket, node: string | null): void {
    if (node !== null && this.world.deaf !== "") return listener.close(1008, this.world.deaf);
    let position = 0;
    const timer = setInterval(() => listener.send(tone((position += SOUND_FRAMES))), 20);
    listener.on("close", () => clearInterval(timer));
  }

  private listens(page: WebSocket): void {
    if (this.world.taken !== "") return page.close(1008, this.world.taken);
    page.send(Buffer.alloc(0));
    page.on("message", (data: Buffer) => (this.spoken += data.length));
  }

  private reads(reader: WebSocket, from: number): void {
    this.readFrom.push(from);
    this.readers.add(reader);
    reader.on("close", () => this.readers.delete(reader));
    if (from < this.said.length) reader.send(piece(from, this.said.subarray(from)));
  }

  private joined(page: WebSocket): void {
    this.pages.add(page);
    page.on("close", () => this.pages.delete(page));
    page.on("message", (data) => this.heard(page, JSON.parse(String(data)) as ToWeb));
    page.send(JSON.stringify({ type: "hello", kernel: this.world.kernel, viewers: this.world.viewers } satisfies ToPage));
    for (const message of this.world.say) page.send(JSON.stringify(message));
  }

  private heard(page: WebSocket, message: ToWeb): void {
    if (message.type === "ping") return page.send(JSON.stringify({ type: "pong", nonce: message.nonce }));
    if (message.type === "input") return this.input(page, message);
    if (message.type === "input_to") return this.farInput(page, message.node, message.state);
    this.actions.push(message.action);
    this.perform(message.action);
    const deaths = message.action.name === "deaths" ? [states.death(message.action.device, 2, "killed by SIGKILL"), states.death(message.action.device, 1, "did not answer for 2000 ms")] : null;
    const refused = this.refused(message.action);
    page.send(JSON.stringify({ type: "done", id: message.id, error: refused, deaths, config: refused === null ? configAnswer(message.action) : null } satisfies ToPage));
  }

  /** As hid does it: a higher epoch takes over, a lower one is dropped, steps count up. */
  private input(page: WebSocket, state: InputState): void {
    this.inputs.push(state);
    this.order.push(`here: ${state.keys.join()}`);
    if (!this.world.acknowledges) return;
    if (state.focus > this.epoch || this.holder === 0) {
      const fresh = this.holder !== state.holder;
      this.epoch = Math.max(state.focus, this.epoch);
      this.holder = state.holder;
      if (fresh) this.written = state.first;
      this.tellHid();
    }
    if (state.focus === this.epoch && state.holder === this.holder) this.written = Math.max(this.written, state.first + state.steps.length);
    page.send(JSON.stringify({ type: "ack", holder: state.holder, seq: state.seq, steps: this.written, lost: 0, focus: this.epoch } satisfies ToPage));
  }

  private watched(viewer: WebSocket, node: string): void {
    this.viewers.set(viewer, node);
    let credit = 2;
    let sequence = 0;
    const timer = setInterval(() => {
      if (credit === 0 || !this.world.picture) return;
      const [width, height] = this.sizeOf(node);
      sequence += 1;
      credit -= 1;
      viewer.send(frame(sequence, width, height, this.painted(width, height, sequence)));
    }, FRAME_MS);
    viewer.on("message", () => {
      credit += 1;
      this.credits += 1;
    });
    viewer.on("close", () => {
      clearInterval(timer);
      this.viewers.delete(viewer);
    });
  }

  private painted(width: number, height: number, sequence: number): Buffer {
    const name = `${width}x${height}`;
    const known = this.images.get(name) ?? Array.from({ length: PICTURES }, (_, index) => picture(width, height, index * 5));
    this.images.set(name, known);
    return known[sequence % PICTURES] as Buffer;
  }
}

/** All that a node says to a new page when all is well. */
export function healthy(): ToPage[] {
  return [
    ...states.DEVICES.map((name): ToPage => ({ type: "device", ...states.device(name) })),
    { type: "gadget", ...states.gadget() },
    { type: "hid", state: states.hid() },
    { type: "video", state: states.video() },
    { type: "encode", state: states.encode() },
    { type: "memory", ...states.memory() },
    { type: "config", ...states.config() },
    { type: "update", state: states.update() },
    { type: "power", state: states.power() },
    { type: "network", state: states.network() },
    { type: "usbnet", state: states.usbnet() },
    { type: "peers", state: states.peers() },
    { type: "target", ...target("office") },
    { type: "storage", state: states.storage() },
    { type: "audio", state: states.audio() },
    { type: "typist", state: states.typist() },
    { type: "fetch", state: states.fetching() },
    { type: "macros", state: states.macros() },
    { type: "serial", state: states.serial() },
  ];
}

function key(message: ToPage): string {
  if (message.type === "device") return `device ${message.name}`;
  return message.type === "target" ? `target ${message.node}` : message.type;
}

async function buffer(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

async function text(request: IncomingMessage): Promise<string> {
  return (await buffer(request)).toString("utf8");
}

function reply(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify(body));
}

function refuse(response: ServerResponse, status: number, code: string, message: string, retryAfter = 0): void {
  reply(response, status, { code, message }, retryAfter > 0 ? { "retry-after": String(retryAfter) } : {});
}

// Small pictures of all targets, while somebody looks at them.

import { backoff } from "../link/backoff";
import { Store } from "../model/store";

/** The node tells of 32 others and itself; more are none of its. */
const MOST = 64;

/** What a message of `/api/thumbs` brings. */
export interface Thumb {
  /** Empty for this node. */
  readonly node: string;
  /** Empty: there is no picture any more. */
  readonly jpeg: Uint8Array<ArrayBuffer>;
}

/** The message, or `null` when it is none. */
export function parseThumb(message: ArrayBuffer): Thumb | null {
  const bytes = new Uint8Array(message);
  const length = bytes[0];
  if (length === undefined || bytes.length < 1 + length) return null;
  try {
    const node = new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(1, 1 + length));
    return { node, jpeg: bytes.subarray(1 + length) };
  } catch {
    return null;
  }
}

export class Thumbs {
  readonly pictures = new Store<ReadonlyMap<string, ImageBitmap>>(new Map());
  private socket: WebSocket | null = null;
  private timer = 0;
  private attempt = 0;
  private wanted = false;
  /** Messages of each node, so that of two that are decoded at once the later one stays. */
  private readonly arrived = new Map<string, number>();

  constructor(private readonly url: () => string) {}

  /** Somebody looks. */
  watch(): void {
    this.wanted = true;
    this.again();
  }

  /** Nobody does. */
  stop(): void {
    this.wanted = false;
    this.hangUp();
    for (const node of this.pictures.value.keys()) this.arrive(node);
    for (const picture of this.pictures.value.values()) picture.close();
    this.pictures.set(new Map());
  }

  /** Over another socket at once: the link to the node is new. */
  again(): void {
    if (!this.wanted) return;
    this.hangUp();
    this.attempt = 0;
    this.connect();
  }

  private hangUp(): void {
    window.clearTimeout(this.timer);
    const { socket } = this;
    this.socket = null;
    socket?.close(1000);
  }

  private connect(): void {
    const socket = new WebSocket(this.url());
    socket.binaryType = "arraybuffer";
    socket.onmessage = ({ data }: MessageEvent<unknown>) => {
      if (this.socket === socket && data instanceof ArrayBuffer) void this.receive(data);
    };
    socket.onclose = () => {
      if (this.socket === socket) this.timer = window.setTimeout(() => this.connect(), backoff(this.attempt++, Math.random()));
    };
    this.socket = socket;
  }

  private async receive(message: ArrayBuffer): Promise<void> {
    const thumb = parseThumb(message);
    if (thumb === null || (!this.arrived.has(thumb.node) && this.arrived.size >= MOST)) return;
    this.attempt = 0;
    const arrival = this.arrive(thumb.node);
    const picture = thumb.jpeg.length === 0 ? null : await createImageBitmap(new Blob([thumb.jpeg], { type: "image/jpeg" })).catch(() => null);
    if (this.wanted && this.arrived.get(thumb.node) === arrival) this.put(thumb.node, picture);
    else picture?.close();
  }

  private arrive(node: string): number {
    const arrival = (this.arrived.get(node) ?? 0) + 1;
    this.arrived.set(node, arrival);
    return arrival;
  }

  private put(node: string, picture: ImageBitmap | null): void {
    const before = this.pictures.value.get(node);
    const pictures = new Map(this.pictures.value);
    if (picture === null) pictures.delete(node);
    else pictures.set(node, picture);
    this.pictures.set(pictures);
    before?.close();
  }
}

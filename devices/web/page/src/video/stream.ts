// The WebSocket of frames: decode off the main thread, show, give the credit back.

import { backoff } from "../link/backoff";
import { VIDEO_HEAD_LEN } from "../wire/constants";
import { parseHead, type VideoHead } from "./head";

export interface StreamEvents {
  /** Draws a frame; the bitmap is closed afterwards. */
  show(bitmap: ImageBitmap, head: VideoHead, receivedAt: number): void;
}

export class VideoStream {
  private socket: WebSocket | null = null;
  private timer = 0;
  private attempt = 0;
  /** Messages received and the newest one shown: not the frames' own numbers, which begin anew with capture. */
  private arrived = 0;
  private shown = 0;

  constructor(
    private readonly url: () => string,
    private readonly events: StreamEvents,
  ) {}

  /** Asks for frames, now and after each loss, until `stop`. */
  start(): void {
    if (this.socket !== null) return;
    window.clearTimeout(this.timer);
    const socket = new WebSocket(this.url());
    socket.binaryType = "arraybuffer";
    socket.onmessage = (event: MessageEvent<unknown>) => {
      if (event.data instanceof ArrayBuffer) void this.receive(socket, event.data);
    };
    socket.onclose = () => this.lost(socket);
    this.socket = socket;
  }

  /** No more frames: nobody watches. */
  stop(): void {
    window.clearTimeout(this.timer);
    const socket = this.socket;
    this.socket = null;
    this.attempt = 0;
    socket?.close(1000);
  }

  private lost(socket: WebSocket): void {
    if (this.socket !== socket) return;
    this.socket = null;
    this.timer = window.setTimeout(() => this.start(), backoff(this.attempt++, Math.random()));
  }

  private async receive(socket: WebSocket, message: ArrayBuffer): Promise<void> {
    const receivedAt = performance.now();
    const arrival = ++this.arrived;
    const head = parseHead(message);
    if (head !== null) await this.decode(arrival, head, message, receivedAt);
    // Credit in any case: a frame that does not decode must not stop the picture.
    if (socket.readyState === WebSocket.OPEN) socket.send(new ArrayBuffer(0));
  }

  private async decode(arrival: number, head: VideoHead, message: ArrayBuffer, receivedAt: number): Promise<void> {
    const jpeg = new Blob([new Uint8Array(message, VIDEO_HEAD_LEN)], { type: "image/jpeg" });
    const bitmap = await createImageBitmap(jpeg).catch(() => null);
    if (bitmap === null) return;
    this.attempt = 0;
    // Two frames may be decoded at once, and the later one be ready first.
    if (arrival > this.shown) {
      this.shown = arrival;
      this.events.show(bitmap, head, receivedAt);
    }
    bitmap.close();
  }
}

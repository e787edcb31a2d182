// The WebSocket of what the target says on its serial port: each byte once, also over a lost link.

import { backoff } from "../link/backoff";
import { SERIAL_HEAD_LEN } from "../wire/constants";
import { parsePiece, place, type Place } from "./piece";

export interface SerialEvents {
  /** More of it. */
  said(bytes: Uint8Array): void;
  /** So many bytes are kept no longer. */
  missed(bytes: number): void;
  /** Another count begins: the node was restarted. */
  began(): void;
}

export class SerialStream {
  private socket: WebSocket | null = null;
  private timer = 0;
  private attempt = 0;
  private at: Place = { log: 0, next: 0 };

  constructor(
    private readonly url: (query: string) => string,
    private readonly events: SerialEvents,
  ) {}

  /** How far it was read. */
  get place(): Place {
    return this.at;
  }

  /** Reads, now and after each loss, until `stop`. */
  start(): void {
    if (this.socket !== null) return;
    window.clearTimeout(this.timer);
    const socket = new WebSocket(this.url(`&log=${this.at.log}&from=${this.at.next}`));
    socket.binaryType = "arraybuffer";
    socket.onmessage = (event: MessageEvent<unknown>) => {
      if (event.data instanceof ArrayBuffer && this.socket === socket) this.receive(event.data);
    };
    socket.onclose = () => this.lost(socket);
    this.socket = socket;
  }

  stop(): void {
    window.clearTimeout(this.timer);
    const socket = this.socket;
    this.socket = null;
    socket?.close(1000);
  }

  /** Lets go of the socket, and reads on with another. */
  again(): void {
    this.stop();
    this.attempt = 0;
    this.start();
  }

  private lost(socket: WebSocket): void {
    if (this.socket !== socket) return;
    this.socket = null;
    this.timer = window.setTimeout(() => this.start(), backoff(this.attempt++, Math.random()));
  }

  private receive(message: ArrayBuffer): void {
    this.attempt = 0;
    const piece = parsePiece(message, SERIAL_HEAD_LEN);
    if (piece === null) return;
    const { fresh, missed, bytes, at } = place(this.at, piece);
    this.at = at;
    if (fresh) this.events.began();
    if (missed > 0) this.events.missed(missed);
    if (bytes.length > 0) this.events.said(bytes);
  }
}

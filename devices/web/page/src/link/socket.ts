// The WebSocket of events. One attempt; who opened it decides on the next.

import type { ToPage } from "../wire/ToPage";
import type { ToWeb } from "../wire/ToWeb";

/** Round trips are probed so often, ms. */
const PING_MS = 2000;
/** Nothing heard for so long: the link is dead though nobody closed it, ms. */
const SILENCE_MS = 6000;
/** Bytes waiting in the browser beyond which nothing is added: state is sent again anyway. */
const BACKLOG = 64 * 1024;
/** Close codes of a server that goes away or restarts. */
const RESTARTING = [1001, 1012];

export interface LinkEvents {
  message(message: ToPage): void;
  roundTrip(ms: number): void;
  closed(restarting: boolean): void;
}

export class Link {
  private readonly socket: WebSocket;
  private readonly timer: number;
  private heardAt = performance.now();
  private nonce = 0;
  private pingedAt = 0;
  private over = false;

  constructor(
    url: string,
    private readonly events: LinkEvents,
  ) {
    this.socket = new WebSocket(url);
    this.socket.onopen = () => this.ping();
    this.socket.onmessage = (event) => this.heard(event.data);
    this.socket.onclose = (event) => this.end(RESTARTING.includes(event.code));
    this.timer = window.setInterval(() => this.probe(), PING_MS);
  }

  /** Whether it was handed to the browser. */
  send(message: ToWeb): boolean {
    if (this.socket.readyState !== WebSocket.OPEN || this.socket.bufferedAmount > BACKLOG) return false;
    this.socket.send(JSON.stringify(message));
    return true;
  }

  close(): void {
    this.over = true;
    window.clearInterval(this.timer);
    this.socket.close(1000);
  }

  private heard(data: unknown): void {
    this.heardAt = performance.now();
    const message = parse(data);
    if (message === null || this.over) return;
    if (message.type === "pong") {
      if (message.nonce === this.nonce) this.events.roundTrip(this.heardAt - this.pingedAt);
    } else {
      this.events.message(message);
    }
  }

  private probe(): void {
    if (performance.now() - this.heardAt > SILENCE_MS) this.end(false);
    else this.ping();
  }

  private ping(): void {
    this.nonce += 1;
    this.pingedAt = performance.now();
    this.send({ type: "ping", nonce: this.nonce });
  }

  private end(restarting: boolean): void {
    if (this.over) return;
    this.close();
    this.events.closed(restarting);
  }
}

function parse(data: unknown): ToPage | null {
  if (typeof data !== "string") return null;
  try {
    const message: unknown = JSON.parse(data);
    const known = typeof message === "object" && message !== null && "type" in message;
    return known ? (message as ToPage) : null;
  } catch {
    return null; // a newer node's message; the link itself is sound
  }
}

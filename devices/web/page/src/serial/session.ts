// The serial console of this page while its drawer is open: the node's stream on one side, a terminal on the other.

import { sentence } from "../api";
import type { App } from "../app";
import type { TerminalView } from "../terminal/terminal";
import { MAX_WRITE } from "../wire/constants";
import { SerialStream } from "./stream";
import { SerialWriter } from "./writer";

/** FNV-1a, 32 bits: tells two texts apart, for tests. */
const SEED = 0x811c9dc5;
const PRIME = 0x01000193;

export class SerialSession {
  /** Bytes received since the drawer was opened, and what they add up to. */
  received = 0;
  sum = SEED;
  private view: TerminalView | null = null;
  private readonly stream: SerialStream;
  private readonly writer: SerialWriter;
  private over = false;

  constructor(app: App) {
    this.stream = new SerialStream((query) => app.serialUrl(query), {
      said: (bytes) => this.said(bytes),
      missed: (bytes) => this.view?.note(`${bytes} bytes were not kept`),
      began: () => this.began(),
    });
    const wait = (ms: number): Promise<void> => new Promise((resolve) => window.setTimeout(resolve, ms));
    this.writer = new SerialWriter({ send: (text) => app.ask({ name: "serial_write", text }), wait, refused: (error) => this.view?.note(sentence(error.message)) }, MAX_WRITE);
  }

  /** Loads the terminal and begins to read. */
  async open(parent: HTMLElement, left: () => void): Promise<void> {
    const { openTerminal } = await import("../terminal/terminal");
    if (this.over) return;
    this.view = openTerminal(parent, { typed: (text) => this.writer.type(text), left });
    this.view.focus();
    this.stream.start();
  }

  /** The link to the node is new: the other socket may be dead without knowing it. */
  again(): void {
    if (this.view !== null) this.stream.again();
  }

  clear(): void {
    this.view?.clear();
    this.view?.focus();
  }

  close(): void {
    this.over = true;
    this.stream.stop();
    this.writer.stop();
    this.view?.dispose();
  }

  private said(bytes: Uint8Array): void {
    this.received += bytes.length;
    for (const byte of bytes) this.sum = Math.imul(this.sum ^ byte, PRIME) >>> 0;
    this.view?.write(bytes);
  }

  private began(): void {
    this.received = 0;
    this.sum = SEED;
    this.view?.note("the node was restarted; what the target said before is not kept");
  }
}

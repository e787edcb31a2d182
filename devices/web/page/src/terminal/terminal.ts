// A terminal, loaded when it is first opened: xterm.js is twice as large as the rest of the page.

import { FitAddon } from "@xterm/addon-fit";
import { Terminal } from "@xterm/xterm";
import { defineSheet } from "./sheet";
import { silence } from "./silence";

/** Lines that can be scrolled back to: what the node keeps, at 30 bytes a line. */
const LINES = 8000;

export interface TerminalEvents {
  /** A person typed or pasted. */
  typed(text: string): void;
  /** Ctrl+]: the keys go to the page again. */
  left(): void;
}

export interface TerminalView {
  write(bytes: Uint8Array): void;
  note(words: string): void;
  clear(): void;
  focus(): void;
  dispose(): void;
}

export function openTerminal(parent: HTMLElement, events: TerminalEvents): TerminalView {
  defineSheet();
  const terminal = new Terminal({ scrollback: LINES, fontSize: 13, fontFamily: "ui-monospace, monospace", cursorBlink: false, screenReaderMode: false, theme: { background: "#101418", foreground: "#dde3ea" } });
  const fit = new FitAddon();
  terminal.loadAddon(fit);
  silence(terminal.parser);
  terminal.open(parent);
  terminal.attachCustomKeyEventHandler((event) => !isLeave(event, events));
  terminal.onData((text) => events.typed(text));
  const watch = new ResizeObserver(() => fit.fit());
  watch.observe(parent);
  return {
    write: (bytes) => terminal.write(bytes),
    note: (words) => terminal.write(`\r\n\x1b[2m[${words}]\x1b[0m\r\n`),
    clear: () => terminal.clear(),
    focus: () => terminal.focus(),
    dispose: () => {
      watch.disconnect();
      terminal.dispose();
    },
  };
}

function isLeave(event: KeyboardEvent, events: TerminalEvents): boolean {
  const leave = event.ctrlKey && !event.altKey && event.code === "BracketRight";
  if (leave && event.type === "keydown") {
    event.preventDefault();
    events.left();
  }
  return leave;
}

// The caps of the on-screen keyboard: a US keyboard, narrowed to fit a phone.

import { usageOf } from "../input/usage";

export interface Cap {
  readonly label: string;
  readonly usage: number;
  /** For screen readers, where the label is a sign. */
  readonly name?: string;
  readonly wide?: boolean;
}

function cap(label: string, code: string, more: Partial<Cap> = {}): Cap {
  return { label, usage: usageOf(code) ?? 0, ...more };
}

function letters(text: string): Cap[] {
  return [...text].map((letter) => cap(letter, `Key${letter}`));
}

export const MODIFIERS: readonly Cap[] = [
  cap("Ctrl", "ControlLeft"),
  cap("Alt", "AltLeft"),
  cap("Shift", "ShiftLeft"),
  cap("Super", "MetaLeft"),
  cap("AltGr", "AltRight"),
];

export const ROWS: ReadonlyArray<readonly Cap[]> = [
  [cap("Esc", "Escape"), cap("Tab", "Tab"), cap("Caps", "CapsLock"), cap("Ins", "Insert"), cap("Del", "Delete")],
  [...[..."1234567890"].map((digit) => cap(digit, `Digit${digit}`)), cap("-", "Minus", { name: "minus" }), cap("=", "Equal", { name: "equal" })],
  [...letters("QWERTYUIOP"), cap("[", "BracketLeft", { name: "left bracket" }), cap("]", "BracketRight", { name: "right bracket" })],
  [...letters("ASDFGHJKL"), cap(";", "Semicolon", { name: "semicolon" }), cap("'", "Quote", { name: "quote" }), cap("\\", "Backslash", { name: "backslash" })],
  [cap("`", "Backquote", { name: "backquote" }), ...letters("ZXCVBNM"), cap(",", "Comma", { name: "comma" }), cap(".", "Period", { name: "period" }), cap("/", "Slash", { name: "slash" }), cap("⌫", "Backspace", { name: "backspace" })],
  [cap("←", "ArrowLeft", { name: "left" }), cap("↑", "ArrowUp", { name: "up" }), cap("↓", "ArrowDown", { name: "down" }), cap("→", "ArrowRight", { name: "right" }), cap("Space", "Space", { wide: true }), cap("Enter", "Enter", { wide: true })],
  [cap("Home", "Home"), cap("End", "End"), cap("PgUp", "PageUp"), cap("PgDn", "PageDown")],
  Array.from({ length: 6 }, (_, index) => cap(`F${index + 1}`, `F${index + 1}`)),
  Array.from({ length: 6 }, (_, index) => cap(`F${index + 7}`, `F${index + 7}`)),
];

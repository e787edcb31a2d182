// Linux key codes by the character they type on a US keyboard, and the other way.
import { LabError } from "./lab.ts";

const ROWS: [number, string, string][] = [
  [2, "1234567890-=", "!@#$%^&*()_+"],
  [16, "qwertyuiop[]", "QWERTYUIOP{}"],
  [30, "asdfghjkl;'`", 'ASDFGHJKL:"~'],
  [43, "\\zxcvbnm,./", "|ZXCVBNM<>?"],
];

export const KEY = { ESC: 1, BACKSPACE: 14, TAB: 15, ENTER: 28, LEFTCTRL: 29, LEFTSHIFT: 42, RIGHTSHIFT: 54, RIGHTCTRL: 97, LEFTALT: 56, SPACE: 57, CAPSLOCK: 58 } as const;

const characters = new Map<number, [string, string]>([
  [KEY.SPACE, [" ", " "]],
  [KEY.ENTER, ["\n", "\n"]],
  [KEY.TAB, ["\t", "\t"]],
]);
for (const [first, plain, shifted] of ROWS) {
  [...plain].forEach((character, i) => characters.set(first + i, [character, shifted[i]!]));
}

export function characterOf(code: number, shift: boolean): string | undefined {
  return characters.get(code)?.[shift ? 1 : 0];
}

const keys = new Map<string, { code: number; shift: boolean }>();
for (const [code, [plain, shifted]] of characters) {
  keys.set(shifted, { code, shift: shifted !== plain });
  keys.set(plain, { code, shift: false });
}

/** All that a US keyboard types. */
export function typable(): string[] {
  return [...keys.keys()];
}

/** The key that types a character. */
export function keyOf(character: string): { code: number; shift: boolean } {
  const key = keys.get(character);
  if (!key) throw new LabError(`a US keyboard has no key for '${character}'`);
  return key;
}

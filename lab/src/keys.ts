// Linux key codes by the character they type on a US keyboard, and the other way.
const ROWS: [number, string, string][] = [
  [2, "1234567890-=", "!@#$%^&*()_+"],
  [16, "qwertyuiop[]", "QWERTYUIOP{}"],
  [30, "asdfghjkl;'`", 'ASDFGHJKL:"~'],
  [43, "\\zxcvbnm,./", "|ZXCVBNM<>?"],
];

export const KEY = { ESC: 1, BACKSPACE: 14, TAB: 15, ENTER: 28, LEFTCTRL: 29, LEFTSHIFT: 42, RIGHTSHIFT: 54, LEFTALT: 56, SPACE: 57, CAPSLOCK: 58 } as const;

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

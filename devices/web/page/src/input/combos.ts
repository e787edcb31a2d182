// Keys that no page can catch, and keys that a phone does not have.

import { Usage } from "./usage";

/** A named combination. */
export interface Combo {
  readonly label: string;
  readonly keys: readonly number[];
}

/** The ones people ask for, most wanted first. */
export const COMBOS: readonly Combo[] = [
  { label: "Ctrl+Alt+Del", keys: [Usage.control, Usage.alt, Usage.delete] },
  { label: "Super", keys: [Usage.meta] },
  { label: "Alt+Tab", keys: [Usage.alt, Usage.tab] },
  { label: "Alt+F4", keys: [Usage.alt, Usage.f4] },
  { label: "Print Screen", keys: [Usage.printScreen] },
  { label: "Ctrl+Shift+Esc", keys: [Usage.control, Usage.shift, Usage.escape] },
  { label: "Alt+SysRq", keys: [Usage.alt, Usage.printScreen] },
  { label: "Super+L", keys: [Usage.meta, 0x0f] },
];

/** Virtual consoles: Ctrl+Alt+F1 to F12. */
export const CONSOLES: readonly Combo[] = Array.from({ length: 12 }, (_, index) => ({
  label: `F${index + 1}`,
  keys: [Usage.control, Usage.alt, Usage.f1 + index],
}));

/** A combination as transitions: pressed in order, released backwards. */
export function strokes(keys: readonly number[]): Array<{ usage: number; down: boolean }> {
  const down = keys.map((usage) => ({ usage, down: true }));
  const up = [...keys].reverse().map((usage) => ({ usage, down: false }));
  return [...down, ...up];
}

// A text for the target: words, bounds, and what became of it. Pure.

import type { Typed } from "../wire/Typed";
import type { TypistState } from "../wire/TypistState";
import { MAX_TEXT } from "../wire/constants";
import type { Model } from "./model";
import { fitsMessage, size } from "./quoted";

/** Pauses after each character, ms. */
export const PACES: ReadonlyArray<{ readonly value: string; readonly label: string; readonly ms: number }> = [
  { value: "fast", label: "Fast", ms: 0 },
  { value: "steady", label: "Steady", ms: 30 },
  { value: "slow", label: "Slow", ms: 120 },
];

/** Why a text is not even sent to be checked; `null` when it can be. */
export function boundWords(text: string): string | null {
  const bytes = size(text);
  if (bytes <= MAX_TEXT && fitsMessage(text)) return null;
  return `The text has ${bytes} bytes, and at most ${MAX_TEXT} are typed at once: send it in parts.`;
}

/** The layout to begin with: the one chosen last, if the node still has it, else the node's own. */
export function layoutOf(typist: TypistState, chosen: string): string {
  return typist.layouts.some((layout) => layout.id === chosen) ? chosen : typist.layout;
}

/** A text that ended since `before`. */
export function freshEnd(before: TypistState | null, after: TypistState | null): Typed | null {
  const ended = before?.typing !== null && before !== null && after !== null && after.typing === null;
  return ended ? after.last : null;
}

/** How it ended, in words. */
export function endWords({ ending, message, typing }: Typed): string {
  const said = `${message.charAt(0).toUpperCase()}${message.slice(1)}`;
  return ending === "done" ? `${said}.` : `${said}. ${typing.done} of ${typing.total} characters were typed.`;
}

/** Whether the typist has keyboard and mouse at this moment. */
export function isTyping(model: Model): boolean {
  return model.typist !== null && model.typist.typing !== null;
}

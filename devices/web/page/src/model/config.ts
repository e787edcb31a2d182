// The configuration, in words.

import type { Applied } from "../wire/Applied";
import type { ConfigEnded } from "../wire/ConfigEnded";
import type { ConfigMistake } from "../wire/ConfigMistake";
import type { ConfigOrigin } from "../wire/ConfigOrigin";
import type { ConfigOutcome } from "../wire/ConfigOutcome";
import type { ConfigState } from "../wire/ConfigState";
import type { ConfigText } from "../wire/ConfigText";
import { fitsMessage } from "./quoted";

/** Time in which a change has to be confirmed, s. */
export const CONFIRM_S = 60;

/** A text that is being edited. */
export interface ConfigEdit {
  /** What it was made from. */
  readonly base: ConfigText;
  readonly text: string;
  readonly comment: string;
}

const ORIGINS: Readonly<Record<ConfigOrigin, string>> = {
  owner: "the owner's",
  image: "the image's own",
  built_in: "the built-in one",
  file: "from the file that the kernel was started with",
  memory: "in memory alone, lost at the next restart",
};

export const OUTCOMES: Readonly<Record<ConfigOutcome, string>> = { trial: "on trial", kept: "kept", taken_back: "taken back", found: "found" };

/** Which one is in force. */
export function forceWords({ number, origin }: ConfigState): string {
  return number === null ? ORIGINS[origin] : `${number}, ${ORIGINS[origin]}`;
}

/** What a change waits for; `sinceMs`: so long ago the node said so. */
export function trialWords({ trial }: ConfigState, sinceMs: number): string {
  if (trial === null) return "";
  const what = trial.number === null ? "The file was read again" : `Configuration ${trial.number} is on trial`;
  if (trial.waiting.length > 0) return `${what}: waits for ${trial.waiting.join(", ")}.`;
  if (trial.left_ms === null) return `${what}.`;
  return `${what}, and taken back in ${Math.max(0, Math.ceil((trial.left_ms - sinceMs) / 1000))} s.`;
}

/** How the last change ended. */
export function endedWords({ number, outcome, why }: ConfigEnded): string {
  const what = number === null ? "The file was read again" : `Configuration ${number} is ${OUTCOMES[outcome]}`;
  return why.length === 0 ? `${what}.` : `${what}: ${why.join("; ")}.`;
}

/** A change that ended since `before` was told, unless that is the first word of it. */
export function freshlyEnded(before: ConfigState | null, now: ConfigState | null): ConfigEnded | null {
  if (before?.trial === null || before?.trial === undefined) return null;
  return now !== null && now.trial === null ? now.last : null;
}

/** Whom a change touches. */
export function changeWords({ started, stopped, restarted }: Applied): string {
  const parts: Array<[string, readonly string[]]> = [["starts", started], ["stops", stopped], ["restarts", restarted]];
  const told = parts.filter(([, names]) => names.length > 0).map(([what, names]) => `${what} ${names.join(", ")}`);
  return told.length === 0 ? "No device is touched." : `It ${told.join("; ")}.`;
}

/** Why a text is not even sent; `null` when it can be. */
export function boundWords(text: string): string | null {
  return fitsMessage(text) ? null : "The text is too long for a page: use `dkvm config apply`.";
}

/** `12: device.hid.after: there is no …` */
export function mistakeWords({ line, key, message }: ConfigMistake): string {
  return [line === null ? "" : `line ${line}`, key, message].filter((part) => part !== "").join(": ");
}

/** Where a line begins and ends in a text; lines count from 1. */
export function lineRange(text: string, line: number): [number, number] {
  const before = text.split("\n").slice(0, line - 1);
  const start = before.reduce((sum, one) => sum + one.length + 1, 0);
  const end = text.indexOf("\n", start);
  return [start, end < 0 ? text.length : end];
}

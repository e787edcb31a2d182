// Macros as text, and what is said of them. Pure.

import type { Macro } from "../wire/Macro";

/** Each with its name in brackets above it, as `dkvm macro export` prints them. */
export function toText(macros: readonly Macro[]): string {
  return macros.map(({ name, text }) => `[${name}]\n${text.replace(/\n+$/, "")}\n`).join("\n");
}

/** The other way round; a sentence when it is no such text. */
export function ofText(text: string): Macro[] | string {
  const macros: Array<{ name: string; lines: string[] }> = [];
  for (const [index, line] of text.split(/\r\n|\r|\n/).entries()) {
    const name = /^\[(.*)\]\s*$/.exec(line)?.[1];
    const last = macros.at(-1);
    if (name !== undefined) macros.push({ name, lines: [] });
    else if (last !== undefined) last.lines.push(line);
    else if (isStep(line)) return `Line ${index + 1} belongs to no macro: a line with its name in brackets, as [login], comes before it.`;
  }
  if (macros.length === 0) return "There is no macro in this file: each begins with its name in brackets, as [login].";
  return macros.map(({ name, lines }) => ({ name, text: lines.join("\n").replace(/\n+$/, "") }));
}

/** The names under which other steps are kept than these. */
export function overwritten(known: readonly Macro[], fresh: readonly Macro[]): string[] {
  const trimmed = (text: string): string => text.replace(/\n+$/, "");
  const others = fresh.filter(({ name, text }) => known.some((one) => one.name === name && trimmed(one.text) !== trimmed(text)));
  return [...new Set(others.map(({ name }) => name))];
}

/** What is asked before other steps take the place of these. */
export function overwriteWords(names: readonly string[]): string {
  const last = names.at(-1) ?? "";
  const all = names.length > 1 ? `${names.slice(0, -1).join(", ")} and ${last}` : last;
  return `There ${names.length > 1 ? "are macros" : "is a macro"} ${all} already, for all who use this node: what stands there is lost.`;
}

/** How keeping several ended. */
export function keptWords(kept: number, all: number, failed?: { name: string; why: string }): string {
  if (failed !== undefined) return `${failed.name} is not kept: ${failed.why} ${kept} of ${all} macros ${kept === 1 ? "is" : "are"} kept.`;
  return kept === 1 ? "One macro is kept." : `${kept} macros are kept.`;
}

function isStep(line: string): boolean {
  return line.trim() !== "" && !line.trim().startsWith("#");
}

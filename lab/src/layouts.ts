// The layouts of dkvm-keymap, and what a target makes of keys: Linux's console, and a desktop.
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { LabError, labDirectory, repository } from "./lab.ts";
import type { InputEvent } from "./target-log.ts";

const TABLES = join(repository, "firmware/keymap/layouts");

export interface Layout {
  id: string;
  model: string;
  /** As xkb names them. */
  layout: string;
  variant: string;
  /** Characters with a key of their own. */
  direct: string[];
  /** Characters that take a dead key: the accent's name and the base. */
  composed: { character: string; dead: string; base: string }[];
}

export function layouts(): Layout[] {
  return readdirSync(TABLES).filter((name) => name.endsWith(".txt")).map((name) => readLayout(name.slice(0, -4)));
}

function readLayout(id: string): Layout {
  const found: Layout = { id, model: "", layout: "", variant: "", direct: ["\t", "\n"], composed: [] };
  let dead = "";
  for (const line of readFileSync(join(TABLES, `${id}.txt`), "utf8").split("\n")) {
    const [kind, one = "", two = "", three = ""] = line.split(" ");
    if (kind === "xkb") Object.assign(found, { model: one, layout: two, variant: three });
    else if (kind === "key") found.direct.push(character(two));
    else if (kind === "dead") dead = two;
    else if (kind === "with") found.composed.push({ character: character(two), dead, base: character(one) });
    else if (kind === "twice") found.composed.push({ character: character(one), dead, base: "" });
  }
  return found;
}

function character(code: string): string {
  return String.fromCodePoint(parseInt(code, 16));
}

/** The keymap of Linux's console, by Debian's own way from xkb-data. */
export function consoleKeymap({ model, layout, variant }: Layout): string {
  try {
    const options = ["-model", model, "-layout", layout, ...(variant === "" ? [] : ["-variant", variant])];
    return execFileSync(join(labDirectory, "build/ckbcomp"), options, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"], maxBuffer: 1 << 24 });
  } catch (error) {
    throw new LabError(`ckbcomp makes no keymap of ${layout} ${variant}: ${(error as Error).message}; run 'lab/setup.sh'`);
  }
}

/** Whether a keymap of the console has a character on a key. Debian's maker of keymaps leaves some out: it has an apostrophe for each acute accent, for example. */
export function inKeymap(keymap: string, character: string): boolean {
  const code = character.codePointAt(0)!.toString(16).padStart(4, "0");
  return " \t\n".includes(character) || new RegExp(`U\\+${code}\\b`).test(keymap);
}

/** What a desktop on the target makes of its keyboard's events. */
export function desktopText({ model, layout, variant }: Layout, events: readonly Pick<InputEvent, "code" | "value">[]): string {
  const input = events.map(({ code, value }) => `${code} ${value}\n`).join("");
  const text = execFileSync("python3", [join(labDirectory, "target/xkb-text.py"), model, layout, variant], { input, encoding: "utf8" });
  return text.replaceAll("\r", "\n");
}

/** The pairs that Linux's console composes: "' e". */
export type Accents = ReadonlySet<string>;

/** By which character the console knows a dead key (`ret_diacr` of its keyboard driver), and the mark that it puts on a letter. */
const ACCENT_OF: Record<string, { character: string; mark: string }> = {
  grave: { character: "`", mark: "\u0300" },
  acute: { character: "'", mark: "\u0301" },
  circumflex: { character: "^", mark: "\u0302" },
  tilde: { character: "~", mark: "\u0303" },
  diaeresis: { character: '"', mark: "\u0308" },
  cedilla: { character: ",", mark: "\u0327" },
};

/** The accents of `dumpkeys --compose-only`: lines like `compose '\'' 'e' to eacute`. */
export function readAccents(dump: string): Accents {
  const pairs = dump.matchAll(/^compose '\\?(.)' '\\?(.)' to /gmu);
  return new Set([...pairs].map(([, accent, base]) => `${accent} ${base}`));
}

/** Whether the console composes the same as a desktop. */
export function onConsole({ character, dead, base }: Layout["composed"][number], accents: Accents): boolean {
  const accent = ACCENT_OF[dead];
  if (accent === undefined) return false;
  // With a space, and twice, the accent itself comes.
  if (base === " " || base === "") return accent.character === character;
  return accents.has(`${accent.character} ${base}`) && (base + accent.mark).normalize("NFC") === character;
}

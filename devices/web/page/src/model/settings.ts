// What this browser remembers. Storage may be forbidden; the page works without.

import { CHORDS, DEFAULT_CHORD, OVERVIEW_CHORD, type ChordName } from "../input/chord";
import type { PointerMode } from "../input/pointer";
import type { CodecChoice } from "../video/codec";
import type { Render, Scale } from "../video/layout";

export interface Settings {
  readonly scale: Scale;
  readonly render: Render;
  readonly pointer: PointerMode;
  readonly chord: ChordName;
  /** The chord that shows all targets; never the one above. */
  readonly overview: ChordName;
  /** Fingers work the target's pointer, or are fingers on its screen. */
  readonly touch: "pointer" | "screen";
  /** Whether the bar leaves by itself. */
  readonly bar: "auto" | "stay";
  /** In what the picture comes. */
  readonly codec: CodecChoice;
}

export const DEFAULTS: Settings = { scale: "fit", render: "smooth", pointer: "absolute", chord: DEFAULT_CHORD, overview: OVERVIEW_CHORD, touch: "pointer", bar: "auto", codec: "auto" };

const CHOICES: { readonly [Key in keyof Settings]: ReadonlyArray<Settings[Key]> } = {
  scale: ["fit", "actual", "fill"],
  render: ["smooth", "crisp"],
  pointer: ["absolute", "relative"],
  chord: CHORDS.map((chord) => chord.name),
  overview: CHORDS.map((chord) => chord.name),
  touch: ["pointer", "screen"],
  bar: ["auto", "stay"],
  codec: ["auto", "h264", "jpeg"],
};

const STORED_AS = "dkvm.settings";

/** The settings in a stored text; what is missing or unknown is the default. */
export function parseSettings(text: string | null): Settings {
  const stored = parseObject(text);
  const known = Object.entries(stored).filter(([key, value]) => {
    const choices: readonly unknown[] | undefined = CHOICES[key as keyof Settings];
    return choices?.includes(value) ?? false;
  });
  return distinct({ ...DEFAULTS, ...Object.fromEntries(known) });
}

/** What lets go comes first: a chord does one thing. */
export function distinct(settings: Settings): Settings {
  if (settings.overview !== settings.chord) return settings;
  return { ...settings, overview: settings.chord === OVERVIEW_CHORD ? DEFAULT_CHORD : OVERVIEW_CHORD };
}

export function loadSettings(): Settings {
  try {
    return parseSettings(localStorage.getItem(STORED_AS));
  } catch {
    return DEFAULTS;
  }
}

export function saveSettings(settings: Settings): void {
  try {
    localStorage.setItem(STORED_AS, JSON.stringify(settings));
  } catch {
    // Private windows and full storage: the choice holds until the page is closed.
  }
}

const LAYOUT_AS = "dkvm.layout";

/** The target's layout as it was chosen last; empty for none. */
export function loadLayout(): string {
  try {
    return localStorage.getItem(LAYOUT_AS) ?? "";
  } catch {
    return "";
  }
}

export function saveLayout(layout: string): void {
  try {
    localStorage.setItem(LAYOUT_AS, layout);
  } catch {
    // As above.
  }
}

const READ_AS = "dkvm.read";

/** Notices that were put away in this tab. */
export function loadRead(): ReadonlySet<string> {
  try {
    const stored: unknown = JSON.parse(sessionStorage.getItem(READ_AS) ?? "[]");
    return new Set(Array.isArray(stored) ? stored.filter((id) => typeof id === "string") : []);
  } catch {
    return new Set();
  }
}

export function saveRead(read: ReadonlySet<string>): void {
  try {
    sessionStorage.setItem(READ_AS, JSON.stringify([...read]));
  } catch {
    // As above: they come back after a reload.
  }
}

function parseObject(text: string | null): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text ?? "{}");
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

// Keys that are no keyboard's to USB: consumer keys (HID usage page 12) and system keys (of page 1).

import type { KeyPress } from "./keyboard";

/** Which report tells a key. */
export interface Special {
  readonly kind: "consumer" | "system";
  readonly usage: number;
}

/** What the target must have for it, as `hid.state` names it. */
export type Extras = ReadonlySet<string>;

const consumer = (usage: number): Special => ({ kind: "consumer", usage });
const system = (usage: number): Special => ({ kind: "system", usage });

const BY_CODE: ReadonlyMap<string, Special> = new Map([
  ["AudioVolumeUp", consumer(0xe9)],
  ["VolumeUp", consumer(0xe9)],
  ["AudioVolumeDown", consumer(0xea)],
  ["VolumeDown", consumer(0xea)],
  ["AudioVolumeMute", consumer(0xe2)],
  ["VolumeMute", consumer(0xe2)],
  ["MediaPlayPause", consumer(0xcd)],
  ["MediaTrackNext", consumer(0xb5)],
  ["MediaTrackPrevious", consumer(0xb6)],
  ["MediaStop", consumer(0xb7)],
  ["Eject", consumer(0xb8)],
  ["MediaSelect", consumer(0x183)],
  ["LaunchMail", consumer(0x18a)],
  ["LaunchApp1", consumer(0x194)],
  ["LaunchApp2", consumer(0x192)],
  ["BrightnessUp", consumer(0x6f)],
  ["BrightnessDown", consumer(0x70)],
  ["BrowserSearch", consumer(0x221)],
  ["BrowserHome", consumer(0x223)],
  ["BrowserBack", consumer(0x224)],
  ["BrowserForward", consumer(0x225)],
  ["BrowserStop", consumer(0x226)],
  ["BrowserRefresh", consumer(0x227)],
  ["BrowserFavorites", consumer(0x22a)],
  ["Power", system(0x81)],
  ["Sleep", system(0x82)],
  ["WakeUp", system(0x83)],
]);

/** The special key of a `KeyboardEvent.code`, where the target has such keys; else it may be a key of the keyboard. */
export function specialOf(code: string, extras: Extras): Special | undefined {
  const special = BY_CODE.get(code);
  return special !== undefined && extras.has(special.kind) ? special : undefined;
}

/** Which special keys are down: each goes up as what it went down as, whatever the target has by then. */
export class SpecialKeys {
  private readonly held = new Map<string, Special>();

  /** The special key of an event, if it is one. */
  handle({ code, down, repeat }: KeyPress, extras: Extras): Special | undefined {
    const known = this.held.get(code);
    // What went down as a key of the keyboard is one until it is up.
    const special = known ?? (down && !repeat ? specialOf(code, extras) : undefined);
    if (!down) this.held.delete(code);
    else if (special !== undefined) this.held.set(code, special);
    return special;
  }

  /** Everything was released behind our back. */
  forget(): void {
    this.held.clear();
  }
}

/** A key of the on-screen menu. */
export interface SpecialKey extends Special {
  readonly label: string;
  /** What the target does then, where that hurts: it is asked about first. */
  readonly does?: string;
}

/** The menu, most wanted first. */
export const SPECIAL_KEYS: readonly SpecialKey[] = [
  { label: "Volume −", ...consumer(0xea) },
  { label: "Volume +", ...consumer(0xe9) },
  { label: "Mute", ...consumer(0xe2) },
  { label: "Play, pause", ...consumer(0xcd) },
  { label: "Previous", ...consumer(0xb6) },
  { label: "Next", ...consumer(0xb5) },
  { label: "Darker", ...consumer(0x70) },
  { label: "Brighter", ...consumer(0x6f) },
  { label: "Browser", ...consumer(0x223) },
  { label: "Calculator", ...consumer(0x192) },
  { label: "Sleep", does: "sleeps, and not every machine is woken by a key: its power button or Wake-on-LAN may be needed", ...system(0x82) },
  { label: "Power off", does: "shuts down at once or asks somebody there; what nobody saved may be lost", ...system(0x81) },
];

// A keyboard without our software, to test the lab itself: lab/pi/stand-in-gadget.sh.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { labDirectory } from "./lab.ts";
import type { PiOptions } from "./pi.ts";
import type { Rig } from "./rig.ts";

const LETTER_A = 4;
const SCRIPT = "/usr/lib/lab/stand-in-gadget.sh";

export function standInPi(): PiOptions {
  const data = readFileSync(join(labDirectory, "pi/stand-in-gadget.sh"));
  return { dkvm: "none", files: { [SCRIPT]: { data, mode: 0o755 } } };
}

export async function plugInGadget(rig: Rig): Promise<void> {
  await rig.pi.must(SCRIPT);
}

function report(usage: number): string {
  return `printf '\\0\\0\\x${usage.toString(16).padStart(2, "0")}\\0\\0\\0\\0\\0' > /dev/hidg0`;
}

/** Presses and releases a key by its HID usage number. */
export async function tapUsage(rig: Rig, usage: number): Promise<void> {
  await rig.pi.must(`${report(usage)}; ${report(0)}`);
}

export function tapLetter(rig: Rig, letter: string): Promise<void> {
  return tapUsage(rig, LETTER_A + letter.charCodeAt(0) - "a".charCodeAt(0));
}

export const USAGE_ENTER = 0x28;
export const USAGE_F1 = 0x3a;

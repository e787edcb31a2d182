// A moving picture in the Pi without a target PC: vivid's own test pattern.
import { join } from "node:path";
import { labDirectory } from "./lab.ts";
import type { Pi, PiOptions } from "./pi.ts";

const PROGRAM = "/usr/lib/lab/pattern";

/** Boots without the HDMI cable, whose vivid it would take. */
export function patternPi(options: PiOptions = {}): PiOptions {
  return { usb: "none", hdmi: false, ...options, programs: { ...options.programs, [PROGRAM]: join(labDirectory, "build/pattern") } };
}

/** An HDMI source, 30 frames per second, none like the one before. */
export async function showPattern(pi: Pi, height: 720 | 1080): Promise<void> {
  await pi.must("modprobe vivid n_devs=1 node_types=0x1 num_inputs=1 input_types=3");
  await pi.must(`${PROGRAM} ${mode(height)}`);
}

/** Streams the pattern to nobody; frames per second. */
export async function streamPattern(pi: Pi, height: 720 | 1080, frames: number): Promise<number> {
  return Number(await pi.must(`${PROGRAM} ${mode(height)} ${frames}`));
}

function mode(height: 720 | 1080): string {
  return height === 720 ? "1280x720p30" : "1920x1080p30";
}

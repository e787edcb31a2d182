// A model of a Raspberry Pi's boot ROM and firmware, as far as the card's layout relies on them: the boot partition is
// chosen by autoboot.txt, once by its [tryboot] section after `reboot "0 tryboot"`, never after a loss of power;
// config.txt of that partition names Linux and its command line. Nothing else is remembered between two starts.
// https://www.raspberrypi.com/documentation/computers/config_txt.html ("autoboot.txt", "Conditional filters")
import { chmodSync } from "node:fs";
import type { Card } from "./card.ts";
import { LabError } from "./lab.ts";

export interface BootChoice {
  partition: number;
  tryboot: boolean;
  kernel: string;
  commandLine: string;
}

/** How the machine came to start. */
export type Cause = "power-on" | "restart" | "tryboot";

/** FAT types that the boot ROM looks at. */
const FAT = [0x01, 0x04, 0x06, 0x0b, 0x0c, 0x0e];
const TRYBOOT = "0 tryboot";

/** What the firmware starts, its Linux copied out of the card to `kernelPath`. Throws where a Pi would stand still. */
export function choose(card: Card, cause: Cause, kernelPath: string): BootChoice {
  const first = card.partition(1);
  if (card.sector(0).readUInt16LE(510) !== 0xaa55 || !FAT.includes(first.type)) throw new LabError("the firmware finds no FAT partition on the card: the Pi stands still");
  const autoboot = card.file(1, "autoboot.txt")?.toString("latin1");
  if (autoboot === undefined) throw new LabError("the firmware finds no autoboot.txt on the card's first partition: the Pi stands still");
  const tryboot = cause === "tryboot";
  const partition = Number(settings(autoboot, { tryboot, partition: 1 }).get("boot_partition") ?? 1);
  const config = card.file(partition, "config.txt")?.toString("latin1");
  if (config === undefined) throw new LabError(`the firmware finds no config.txt on partition ${partition}: the Pi stands still`);
  const wanted = settings(config, { tryboot, partition });
  const kernel = wanted.get("kernel") ?? "kernel8.img";
  if (!card.copyOut(partition, kernel, kernelPath)) throw new LabError(`the firmware cannot load ${kernel} of partition ${partition}: the Pi stands still`);
  chmodSync(kernelPath, 0o755);
  const commandLine = card.file(partition, wanted.get("cmdline") ?? "cmdline.txt")?.toString("latin1") ?? "";
  return { partition, tryboot, kernel, commandLine: commandLine.split("\n")[0]!.trim() };
}

/** Why the machine starts again after what its console said last; undefined: it does not. */
export function causeOf(console: string): Cause | undefined {
  const last = [...console.matchAll(/reboot: (Restarting system(?: with command '(.*)')?|Power down|System halted)/g)].at(-1);
  // A panic ends the machine without a word of reboot(2): the reset that follows is a plain one.
  if (last === undefined) return "restart";
  if (!last[1]!.startsWith("Restarting")) return undefined;
  return last[2] === TRYBOOT ? "tryboot" : "restart";
}

/** The settings in force: a heading is a condition on what follows it; of two, the later holds. */
function settings(text: string, state: { tryboot: boolean; partition: number }): Map<string, string> {
  const found = new Map<string, string>();
  let holds = true;
  for (const line of text.split(/\r?\n/).map((line) => line.trim())) {
    const heading = /^\[(.*)\]$/.exec(line)?.[1];
    if (heading !== undefined) holds = condition(heading, state);
    const setting = /^([^#=]+)=(.*)$/.exec(line);
    if (holds && setting) found.set(setting[1]!.trim(), setting[2]!.trim());
  }
  return found;
}

function condition(heading: string, state: { tryboot: boolean; partition: number }): boolean {
  if (heading === "tryboot") return state.tryboot;
  if (heading.startsWith("boot_partition=")) return Number(heading.split("=")[1]) === state.partition;
  return heading === "all";
}

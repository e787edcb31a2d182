// CPU time of a virtual Pi: all of it as this machine counts it, and per process as the Pi does.
import { readFileSync, readdirSync } from "node:fs";
import type { Pi } from "./pi.ts";

/** Linux gives times to user space in hundredths of a second. */
const TICK_MS = 10;

interface Stat {
  pid: number;
  parent: number;
  milliseconds: number;
  /** Of children that have ended. */
  ended: number;
}

function parse(text: string): Stat {
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const at = (field: number): number => Number(fields[field - 3]);
  return { pid: Number.parseInt(text, 10), parent: at(4), milliseconds: (at(14) + at(15)) * TICK_MS, ended: (at(16) + at(17)) * TICK_MS };
}

function read(pid: string): Stat[] {
  try {
    return [parse(readFileSync(`/proc/${pid}/stat`, "utf8"))];
  } catch {
    return []; // ended meanwhile
  }
}

/** The virtual machine's process and the ones below it, one per address space in the Pi: ms since its start. */
export function machineMilliseconds(pi: Pi): number {
  const all = readdirSync("/proc").filter((name) => /^\d+$/.test(name)).flatMap(read);
  let sum = 0;
  for (let level = [pi.machine.pid]; level.length > 0; ) {
    const here = all.filter(({ pid }) => level.includes(pid));
    for (const { milliseconds, ended } of here) sum += milliseconds + ended;
    level = all.filter(({ parent }) => level.includes(parent)).map(({ pid }) => pid);
  }
  return sum;
}

/** By name of the process, ms since its start. */
export async function processMilliseconds(pi: Pi, name: (command: string) => string | undefined): Promise<Map<string, number>> {
  const sums = new Map<string, number>();
  for (const { pid, command } of await pi.processes()) {
    const key = name(command);
    const text = key === undefined ? undefined : (await pi.read(`/proc/${pid}/stat`))?.toString();
    if (text) sums.set(key!, (sums.get(key!) ?? 0) + parse(text).milliseconds);
  }
  return sums;
}

/** "dkvm-device web" is web, "dkvm kernel" is kernel. */
export function ourProcess(command: string): string | undefined {
  const device = /dkvm-device (\w+)/.exec(command);
  if (device) return device[1];
  return /^\/usr\/bin\/dkvm kernel/.test(command) ? "kernel" : undefined;
}

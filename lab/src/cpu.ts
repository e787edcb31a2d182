// CPU time of a virtual Pi: all of it as this machine counts it, and per process as the Pi does.
import { readFileSync, readdirSync } from "node:fs";
import type { Pi } from "./pi.ts";

/** Linux gives times to user space in hundredths of a second. */
const TICK_MS = 10;

interface Stat {
  pid: number;
  parent: number;
  milliseconds: number;
  /** Of them, in user space. */
  user: number;
  /** Of children that have ended. */
  ended: number;
}

function parse(text: string): Stat {
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const at = (field: number): number => Number(fields[field - 3]);
  return { pid: Number.parseInt(text, 10), parent: at(4), milliseconds: (at(14) + at(15)) * TICK_MS, user: at(14) * TICK_MS, ended: (at(16) + at(17)) * TICK_MS };
}

function read(pid: string): Stat[] {
  try {
    return [parse(readFileSync(`/proc/${pid}/stat`, "utf8"))];
  } catch {
    return []; // ended meanwhile
  }
}

export interface MachineCpu {
  /** The virtual machine's process, and the ones below it, one per address space in the Pi. */
  all: number;
  /** What the Pi's programs themselves compute. The rest is the Pi's kernel, and for by far the most what it takes to
   *  emulate system calls and switches between processes: some 15 µs each, where hardware takes less than one. */
  programs: number;
}

/** ms since the Pi's start. */
export function machineCpu(pi: Pi): MachineCpu {
  const stats = readdirSync("/proc").filter((name) => /^\d+$/.test(name)).flatMap(read);
  const sum: MachineCpu = { all: 0, programs: 0 };
  for (let level = [pi.machine.pid]; level.length > 0; ) {
    for (const { pid, milliseconds, user, ended } of stats.filter(({ pid }) => level.includes(pid))) {
      sum.all += milliseconds + ended;
      if (pid !== pi.machine.pid) sum.programs += user;
    }
    level = stats.filter(({ parent }) => level.includes(parent)).map(({ pid }) => pid);
  }
  return sum;
}

/** ms of processor that one process of the Pi has had, as the Pi counts them. */
export async function processCpu(pi: Pi, pid: number): Promise<number> {
  return parse(await pi.readText(`/proc/${pid}/stat`)).milliseconds;
}

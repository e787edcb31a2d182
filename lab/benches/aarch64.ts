// The emulated Pi: from Linux's start to a usable keyboard and to the page, by the Pi's own clock; memory; sizes.
// Debian's stock kernel, modules and all, emulated: what it takes itself is told beside. The image's own is in the bench `image`.
import { statSync } from "node:fs";
import { findArmBinary, type ArmClock } from "../src/arm.ts";
import { sleep } from "../src/lab.ts";
import { Node } from "../src/node.ts";
import type { Pi } from "../src/pi.ts";
import { Rig } from "../src/rig.ts";
import { scenario, type Bench } from "../src/scenario.ts";
import { figure, spread } from "../src/table.ts";

const BOOTS = Number(process.env["DKVM_BOOTS"] ?? 5);
/** They differ by hundredths. */
const COUNTED_BOOTS = 3;
const MEGA = 1_000_000;
/** /proc gives start times in hundredths of a second. */
const TICK_S = 0.01;
/** Until memory that only the start needs has been given back. */
const SETTLE_MS = 5000;
/** What is there only for the lab. */
const LAB = /^\/usr\/lib\/lab\//;
/** An emulated machine has its own idea of quickly. */
const PATIENCE_MS = 60_000;

/** Seconds of the Pi's clock since Linux started. */
interface Times {
  /** The first program of the root. */
  init: number;
  kernel: number;
  hid: number;
  page: number;
}

export default scenario("aarch64", "the emulated Pi: Linux's start to HID usable and to the page; memory; sizes", async (bench) => {
  const wall = await boots(bench, "wall", BOOTS);
  const counted = await boots(bench, "instructions", COUNTED_BOOTS);
  for (const [times, how] of [[wall, ""], [counted, ", at 500 million instructions/s"]] as const) rows(bench, times, how);
  for (const name of ["dkvm", "dkvm-device"]) bench.row({ what: `aarch64: size of ${name}`, ours: figure(statSync(findArmBinary(name)).size / MEGA, "MB") });
  return `HID ${median(wall, "hid").value.toFixed(2)} s after Linux's start, ${median(counted, "hid").value.toFixed(2)} s by counted instructions`;
});

function rows(bench: Bench, times: Times[], how: string): void {
  bench.row({ what: `aarch64: Linux's start to HID usable${how}`, ours: median(times, "hid"), aim: "1.5 s", note: `${times.length} boots; Debian's stock Linux alone ${median(times, "init").value.toFixed(2)} s; the dKVM kernel starts at ${median(times, "kernel").value.toFixed(2)} s, behind modules and the lab's own start` });
  bench.row({ what: `aarch64: dKVM's start to HID usable${how}`, ours: spread(times.map(({ hid, kernel }) => hid - kernel), "s") });
  bench.row({ what: `aarch64: Linux's start to the page${how}`, ours: median(times, "page") });
}

function median(times: Times[], what: keyof Times): ReturnType<typeof spread> {
  return spread(times.map((t) => t[what]), "s");
}

async function boots(bench: Bench, clock: ArmClock, count: number): Promise<Times[]> {
  const times: Times[] = [];
  for (let boot = 1; boot <= count; boot++) times.push(await bootOnce(bench, clock, clock === "wall" && boot === count));
  return times;
}

async function bootOnce(bench: Bench, clock: ArmClock, measureMemory: boolean): Promise<Times> {
  const { pi } = await Rig.boot(bench.lab, { pi: { machine: "aarch64", clock, hdmi: false }, target: false });
  const node = new Node(pi);
  await node.awaitUp(["gadget", "hid", "web"], { timeout: PATIENCE_MS });
  const kernel = await startOf(pi, await node.kernelPid());
  const ready = async (device: string): Promise<number> => kernel + Number((await pi.awaitConsole(readyLine(device)))[1]);
  const times = { init: await initStart(pi), kernel, hid: Math.max(await ready("gadget"), await ready("hid")), page: await ready("web") };
  bench.tell(`${clock}: init ${times.init.toFixed(2)} s, dkvm kernel ${times.kernel.toFixed(2)} s, HID ${times.hid.toFixed(2)} s, page ${times.page.toFixed(2)} s`);
  if (measureMemory) await memory(bench, pi);
  await pi.powerOff();
  return times;
}

function readyLine(device: string): RegExp {
  return new RegExp(`^ *(\\d+\\.\\d+) info +${device}\\[1\\] is ready`, "m");
}

/** When a process started. */
async function startOf(pi: Pi, pid: number): Promise<number> {
  const stat = await pi.readText(`/proc/${pid}/stat`);
  return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]) * TICK_S;
}

/** When Linux was done with itself. */
async function initStart(pi: Pi): Promise<number> {
  return Number(/\[ *(\d+\.\d+)\] Run \/init as init process/.exec(await pi.must("dmesg"))?.[1]);
}

/** All of userland but what is there only for the lab. */
async function memory(bench: Bench, pi: Pi): Promise<void> {
  await sleep(SETTLE_MS);
  const parts: [string, number][] = [];
  for (const { pid, name, command } of await pi.processes()) {
    if (LAB.test(command)) continue;
    parts.push([/dkvm-device (\w+)/.exec(command)?.[1] ?? name, (await pi.pss(pid)) / MEGA]);
  }
  const sum = parts.reduce((total, [, size]) => total + size, 0);
  const told = parts.filter(([, size]) => size >= 0.1).map(([name, size]) => `${name} ${size.toFixed(1)}`);
  bench.row({ what: "aarch64: memory (PSS) of all userland, idle", ours: figure(sum, "MB"), aim: "32 MB", note: told.join(", ") });
}

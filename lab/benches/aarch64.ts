// The emulated Pi: from Linux's start to a usable keyboard and to the page, by the Pi's own clock; memory; sizes.
// Debian's stock kernel, modules and all, emulated: what it takes itself is told beside. The image's own is in the bench `image`.
import { statSync } from "node:fs";
import { request } from "node:https";
import { findArmBinary } from "../src/arm.ts";
import { sleep, until } from "../src/lab.ts";
import { Node } from "../src/node.ts";
import type { Pi } from "../src/pi.ts";
import { Rig } from "../src/rig.ts";
import { scenario, type Bench } from "../src/scenario.ts";
import { figure, spread } from "../src/table.ts";

const BOOTS = Number(process.env["DKVM_BOOTS"] ?? 5);
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
  const times: Times[] = [];
  for (let boot = 0; boot < BOOTS; boot++) times.push(await bootOnce(bench, boot === BOOTS - 1));
  const all = (pick: (times: Times) => number): ReturnType<typeof spread> => spread(times.map(pick), "s");
  const [hid, page] = [all((t) => t.hid), all((t) => t.page)];
  bench.row({ what: "aarch64: Linux's start to HID usable", ours: hid, aim: "1.5 s", note: `${BOOTS} boots; Debian's stock Linux alone ${all((t) => t.init).value.toFixed(2)} s; the dKVM kernel starts at ${all((t) => t.kernel).value.toFixed(2)} s` });
  bench.row({ what: "aarch64: dKVM's start to HID usable", ours: all((t) => t.hid - t.kernel) });
  bench.row({ what: "aarch64: Linux's start to the page", ours: page });
  for (const name of ["dkvm", "dkvm-device"]) bench.row({ what: `aarch64: size of ${name}`, ours: figure(statSync(findArmBinary(name)).size / MEGA, "MB") });
  return `HID ${hid.value.toFixed(2)} s and the page ${page.value.toFixed(2)} s after Linux's start`;
});

async function bootOnce(bench: Bench, last: boolean): Promise<Times> {
  const rig = await Rig.boot(bench.lab, { pi: { machine: "aarch64", hdmi: false }, target: false });
  const { pi } = rig;
  const page = until("the page is served", () => isServed(pi.network.address), { timeout: PATIENCE_MS, every: 20 }).then(() => performance.now());
  await new Node(pi).awaitUp(["gadget", "hid", "web"], { timeout: PATIENCE_MS });
  const kernel = await startOf(pi, await new Node(pi).kernelPid());
  const ready = async (device: string): Promise<number> => kernel + Number((await pi.awaitConsole(readyLine(device)))[1]);
  const times = { init: await initStart(pi), kernel, hid: Math.max(await ready("gadget"), await ready("hid")), page: ((await page) - (await linuxStart(pi))) / 1000 };
  bench.tell(`init ${times.init.toFixed(2)} s, dkvm kernel ${times.kernel.toFixed(2)} s, HID ${times.hid.toFixed(2)} s, page ${times.page.toFixed(2)} s`);
  if (last) await memory(bench, pi);
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

/** Linux's start on the runner's clock: the smallest of some differences, since an answer only comes late. */
async function linuxStart(pi: Pi): Promise<number> {
  const starts: number[] = [];
  for (let i = 0; i < 5; i++) {
    const asked = performance.now();
    const uptime = Number((await pi.readText("/proc/uptime")).split(" ")[0]) * 1000;
    starts.push((asked + performance.now()) / 2 - uptime);
  }
  return Math.min(...starts);
}

function isServed(host: string): Promise<boolean> {
  return new Promise((done) => {
    const call = request({ host, path: "/", rejectUnauthorized: false, agent: false, timeout: 2000 }, (response) => {
      response.resume();
      done(response.statusCode === 200);
    });
    call.on("error", () => done(false)).on("timeout", () => call.destroy()).end();
  });
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

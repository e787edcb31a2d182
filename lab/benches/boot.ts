// From the exec of the virtual Pi to a usable keyboard and a page, with the target on already; then what it all takes of memory.
import { statSync } from "node:fs";
import { request } from "node:https";
import { UsbCable } from "../src/cable.ts";
import { sleep, until } from "../src/lab.ts";
import { createPiNetwork } from "../src/network.ts";
import { Node } from "../src/node.ts";
import { findBinary } from "../src/pi-image.ts";
import { Pi } from "../src/pi.ts";
import { scenario, type Bench } from "../src/scenario.ts";
import { figure, spread } from "../src/table.ts";
import { Target } from "../src/target.ts";
import { Viewer } from "../src/viewer.ts";

const BOOTS = Number(process.env["DKVM_BOOTS"] ?? 7);
const MEGA = 1_000_000;
/** The gadget's functions, each an input of the target. */
const INPUTS = 3;
/** Until memory that only the start needs has been given back. */
const SETTLE_MS = 3000;
/** The kernel, its jails and its devices. */
const OURS = /^\/usr\/bin\/dkvm |dkvm-device /;

export default scenario("boot", "exec of the virtual Pi to HID usable and to the page; memory; sizes", async (bench) => {
  const network = createPiNetwork(0);
  const target = new Target(bench.lab, network, { system: "linux" });
  await target.powerOn();
  const samples: Samples = { linux: [], node: [], hid: [], page: [] };
  let pi: Pi | undefined;
  for (let boot = 0; boot < BOOTS; boot++) {
    if (pi) await powerOff(pi, target);
    pi = await bootOnce(bench, target, samples);
  }
  const seconds = (all: number[]): ReturnType<typeof spread> => spread(all.map((ms) => ms / 1000), "s");
  bench.row({ what: "boot: exec to gadget and hid ready", ours: seconds(samples.node), aim: "2 s", note: `${BOOTS} boots; Linux and BusyBox alone ${seconds(samples.linux).value.toFixed(2)} s` });
  bench.row({ what: "boot: exec to a keyboard at the target", ours: seconds(samples.hid), aim: "2 s", note: "the target was on; with its enumeration, through QEMU and two resets by the lab's cable" });
  bench.row({ what: "boot: exec to the page", ours: seconds(samples.page), aim: "2 s" });
  await memory(bench, pi!);
  sizes(bench);
  return `HID after ${seconds(samples.hid).value.toFixed(2)} s, the page after ${seconds(samples.page).value.toFixed(2)} s`;
});

/** A machine that is killed ends no connection: the cable would seem to be in. */
async function powerOff(pi: Pi, target: Target): Promise<void> {
  await new UsbCable(pi).unplug();
  await until("the target has lost the keyboard", () => target.log.usbInputs().length === 0);
  await pi.powerOff();
}

type Samples = Record<"linux" | "node" | "hid" | "page", number[]>;

async function bootOnce(bench: Bench, target: Target, samples: Samples): Promise<Pi> {
  const { network } = target;
  const now = (): number => performance.now();
  const booting = Pi.boot(bench.lab, { network });
  const keyboard = target.awaitInput(/dKVM/, 30_000).then(now);
  const page = until("the page is served", () => isServed(network.address), { every: 5 }).then(now);
  const pi = await booting;
  // What building the image took is no part of it.
  const exec = now() - pi.bootMilliseconds;
  const ready = new Node(pi).awaitUp(["gadget", "hid"]).then(now);
  samples.linux.push(pi.bootMilliseconds);
  samples.node.push((await ready) - exec);
  samples.hid.push(Math.max(await keyboard, await ready) - exec);
  samples.page.push((await page) - exec);
  const told = (all: number[]): string => `${(all.at(-1)! / 1000).toFixed(2)} s`;
  bench.tell(`booted: node ${told(samples.node)}, keyboard at the target ${told(samples.hid)}, page ${told(samples.page)}`);
  // Pulled out while it is being probed, it would keep the target busy for long.
  await until("the target has all inputs", () => target.log.usbInputs().length === INPUTS);
  return pi;
}

function isServed(host: string): Promise<boolean> {
  return new Promise((done) => {
    const call = request({ host, path: "/", rejectUnauthorized: false, agent: false, timeout: 200 }, (response) => {
      response.resume();
      done(response.statusCode === 200);
    });
    call.on("error", () => done(false)).on("timeout", () => call.destroy()).end();
  });
}

async function memory(bench: Bench, pi: Pi): Promise<void> {
  await new Node(pi).awaitUp();
  await sleep(SETTLE_MS);
  await memoryRow(bench, pi, "memory (PSS) of all, idle");
  const viewer = await Viewer.open(pi.network.address, { video: true });
  await until("the viewer sees a picture", () => viewer.frames > 0);
  await sleep(SETTLE_MS);
  await memoryRow(bench, pi, "memory (PSS) of all, one viewer");
  viewer.close();
}

async function memoryRow(bench: Bench, pi: Pi, what: string): Promise<void> {
  const parts = new Map<string, number>();
  for (const { pid, command } of await pi.processes()) {
    if (!OURS.test(command)) continue;
    const name = /dkvm-device (\w+)/.exec(command)?.[1] ?? "kernel";
    parts.set(name, (parts.get(name) ?? 0) + (await pi.pss(pid)) / MEGA);
  }
  const sum = [...parts.values()].reduce((a, b) => a + b, 0);
  bench.row({ what, ours: figure(sum, "MB"), aim: "25 MB", note: [...parts].map(([name, mb]) => `${name} ${mb.toFixed(1)}`).join(", ") });
}

function sizes(bench: Bench): void {
  for (const name of ["dkvm", "dkvm-device"]) bench.row({ what: `size of ${name}`, ours: figure(statSync(findBinary(name)).size / MEGA, "MB") });
}

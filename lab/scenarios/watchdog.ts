// The hardware watchdog: a router that stands still restarts the machine; a kernel that dies and comes back does not.
import { awaitPage } from "../src/boot-info.ts";
import { sleep, until } from "../src/lab.ts";
import { Node } from "../src/node.ts";
import type { Pi } from "../src/pi.ts";
import { scenario, type Bench } from "../src/scenario.ts";

/** As the kernel sets it. */
const TIMEOUT_MS = 15_000;
/** Longer than the watchdog's time: whoever is still there was petted. */
const LONGER_MS = TIMEOUT_MS + 5_000;

export default scenario("watchdog", "a kernel that hangs restarts the machine; one that is killed hands the watchdog on, one that ends in order disarms it", async (bench) => {
  const { pi } = await bench.boot({ pi: { card: true, modules: ["softdog"], usb: "none", hdmi: false }, target: false });
  await awaitPage(pi);
  await pi.awaitConsole(/\/dev\/watchdog resets the machine when the router stands still for 15 s/);
  await handedOn(bench, pi);
  const seconds = await hangs(bench, pi);
  return `a killed kernel's watchdog was taken over; a hanging one restarted the machine after ${seconds.toFixed(1)} s`;
});

/** Killed and respawned twice: nothing but the new kernel's petting keeps the machine up afterwards. */
async function handedOn(bench: Bench, pi: Pi): Promise<void> {
  const { boots } = pi;
  for (let n = 0; n < 2; n++) await respawned(pi, "KILL");
  await sleep(LONGER_MS);
  bench.equal(pi.boots, boots, "starts of the machine after the kernel was killed");
  await awaitPage(pi);
  bench.check(!/watchdog did not stop|Initiating system reboot/.test(lastWords(pi)), "the watchdog was about to restart the machine");
  bench.tell("killed twice: the next kernel took the watchdog over");
}

async function hangs(bench: Bench, pi: Pi): Promise<number> {
  const { boots } = pi;
  const started = performance.now();
  await pi.kill(await new Node(pi).kernelPid(), "STOP");
  await pi.awaitRestart(boots, 2 * 60_000);
  const seconds = (performance.now() - started) / 1000;
  await awaitPage(pi);
  bench.tell(`stopped: the machine is up again ${seconds.toFixed(1)} s later`);
  return seconds;
}

async function respawned(pi: Pi, signal: "KILL" | "TERM"): Promise<void> {
  const node = new Node(pi);
  const old = await node.kernelPid();
  await pi.kill(old, signal);
  await until("init starts the kernel again", async () => (await node.kernelPid().catch(() => old)) !== old);
  await awaitPage(pi);
}

/** What the console has said since the page came up: a killed kernel leaves "did not stop" there, which is right. */
function lastWords(pi: Pi): string {
  return pi.console().split("\n").slice(-5).join("\n");
}

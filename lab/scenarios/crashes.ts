// When the kernel itself fails: safe mode, the other slot once, back from a trial, and a wrong configuration of the owner.
import { awaitPage, bootInfo } from "../src/boot-info.ts";
import { DATA } from "../src/image-check.ts";
import { run, until } from "../src/lab.ts";
import { Node } from "../src/node.ts";
import type { KernelInfo } from "../../devices/web/page/src/wire/KernelInfo.ts";
import type { Card } from "../src/card.ts";
import type { Pi } from "../src/pi.ts";
import { scenario, type Bench } from "../src/scenario.ts";

const OWNERS = "/var/lib/dkvm/config/dkvm.toml";
/** The image's, but for the device that would judge a trial by itself and commit it. */
const WITHOUT_UPDATE = `mkdir -p /var/lib/dkvm/config && sed 's/^\\[device.update\\]/&\\nenabled = false/' /etc/dkvm/dkvm.toml >${OWNERS}`;
const FALLBACK = "/var/lib/dkvm/update/fallback";
const LIMIT = 3;

export default scenario("crashes", "the kernel killed three times: safe mode, or the other slot once; in a trial: back; a wrong configuration gives way to the image's", async (bench) => {
  const { pi } = await bench.boot({ pi: { card: true, crashLimit: "own", usb: "none", hdmi: false }, target: false });
  await awaitPage(pi);
  await safeMode(bench, pi);
  await wrongConfiguration(bench, pi);
  await otherSlot(bench, pi);
  return "safe mode and out of it, a wrong configuration told, the other slot tried once and left again";
});

async function safeMode(bench: Bench, pi: Pi): Promise<void> {
  await killKernel(pi, LIMIT);
  const info = await kernelInfo(pi);
  bench.check(info.safe_mode, `no safe mode after ${LIMIT} kills: ${JSON.stringify(info)}`);
  bench.check(info.notices.some((notice) => /Safe mode.*ended 3 times/.test(notice)), `safe mode is not told: ${JSON.stringify(info.notices)}`);
  await awaitPage(pi);
  const devices = await new Node(pi).devices();
  const held = devices.filter(({ desired }) => desired === "held").map(({ name }) => name);
  for (const name of ["gadget", "hid", "capture", "encode"]) bench.check(held.includes(name), `${name} is not held in safe mode`);
  for (const name of ["web", "network", "nodes"]) bench.check(!held.includes(name), `${name} is held in safe mode`);
  bench.tell(`safe mode without ${held.join(", ")}; the page answers`);
  let found = "";
  pi.afterFirmware = (card) => (found = journalOf(pi, card));
  await restart(pi, "dkvm reboot");
  pi.afterFirmware = undefined;
  bench.check(!found.includes("needs_recovery"), `the data partition was not left in order: ${found}`);
  const after = await kernelInfo(pi);
  bench.equal([after.safe_mode, after.notices], [false, []], "safe mode and notices after a restart");
  bench.equal((await bootInfo(pi)).unhealthy_boots, 1, "unhealthy boots after a restart that was asked for");
  await new Node(pi).awaitUp(["web", "encode"]);
}

async function wrongConfiguration(bench: Bench, pi: Pi): Promise<void> {
  await pi.must(`mkdir -p /var/lib/dkvm/config && sed 's/^realtime/realtme/' /etc/dkvm/dkvm.toml >${OWNERS}`);
  bench.equal((await pi.sh("dkvm check")).code, 1, "exit code of dkvm check, which looks at the owner's");
  await restart(pi, "dkvm reboot");
  const { notices, safe_mode } = await kernelInfo(pi);
  bench.check(!safe_mode && notices.some((notice) => /config\/dkvm\.toml:\d+: .*realtme/.test(notice)), `the mistake is not told: ${JSON.stringify(notices)}`);
  await pi.must(`${WITHOUT_UPDATE} && dkvm reload`);
  bench.equal((await kernelInfo(pi)).notices, [], "notices after the mistake was corrected");
  bench.tell(`a wrong configuration: ${notices[0]}`);
}

async function otherSlot(bench: Bench, pi: Pi): Promise<void> {
  await pi.must("for n in 2 5; do dd if=/dev/ubda$n of=/dev/ubda$((n + 1)) bs=1M 2>/dev/null; done; sync");
  await restart(pi, "dkvm reboot --trial");
  bench.equal(await slots(pi), ["b", "a"], "the slot that runs and the committed one, in a trial");
  await fail(pi);
  bench.equal(await slots(pi), ["a", "a"], "the slots after the kernel failed in a trial");
  bench.tell("a kernel that fails in a trial: back in the committed slot");

  await pi.must(`mkdir -p ${FALLBACK.replace(/\/[^/]*$/, "")} && touch ${FALLBACK} && sync`);
  await fail(pi);
  bench.equal(await slots(pi), ["b", "a"], "the slots after the kernel failed in the committed one");
  bench.check(!(await kernelInfo(pi)).safe_mode, "safe mode in the other slot");
  await fail(pi);
  bench.equal(await slots(pi), ["a", "a"], "the slots after both failed");
  await killKernel(pi, LIMIT);
  bench.check((await kernelInfo(pi)).safe_mode, "the other slot was tried once, and there is no safe mode now");
  await awaitPage(pi);
  bench.tell("a kernel that fails in its slot: the other slot, once; when that fails too, safe mode");
}

/** Features of the data partition as the restarted machine finds it: "needs_recovery" where it was not put away. */
function journalOf(pi: Pi, card: Card): string {
  const copy = card.extract(DATA, pi.lab.path("data.img"));
  return /^Filesystem features:.*$/m.exec(run("/usr/sbin/dumpe2fs", "-h", copy))?.[0] ?? "needs_recovery (not readable)";
}

/** Kills the kernel until the machine restarts of itself. */
async function fail(pi: Pi): Promise<void> {
  const { boots } = pi;
  await killKernel(pi, LIMIT - 1);
  await pi.kill(await new Node(pi).kernelPid());
  await pi.awaitRestart(boots);
  await awaitPage(pi);
}

/** Each time it is up again when this returns. */
async function killKernel(pi: Pi, times: number): Promise<void> {
  const node = new Node(pi);
  for (let n = 0; n < times; n++) {
    const old = await node.kernelPid();
    await pi.kill(old);
    await until("init starts the kernel again", async () => (await node.kernelPid().catch(() => old)) !== old);
    await until("the kernel answers", () => kernelInfo(pi).catch(() => undefined));
  }
}

async function restart(pi: Pi, command: string): Promise<void> {
  const { boots } = pi;
  // The answer could be lost with the machine.
  await pi.must(`(sleep 0.1; ${command}) >/dev/null 2>&1 &`);
  await pi.awaitRestart(boots);
  await awaitPage(pi);
}

async function kernelInfo(pi: Pi): Promise<KernelInfo> {
  return (JSON.parse(await pi.must("dkvm info --json")) as { kernel: KernelInfo }).kernel;
}

/** The one that runs, and the committed one. */
async function slots(pi: Pi): Promise<(string | undefined)[]> {
  const { image } = await bootInfo(pi);
  return [image?.slot, image?.committed];
}

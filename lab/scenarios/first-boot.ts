// A new card: its data partition is made at the first boot, wherever that is cut, kept from then on, and made anew
// when the owner asks for it.
import { bootInfo } from "../src/boot-info.ts";
import { checkData, DATA } from "../src/image-check.ts";
import { run } from "../src/lab.ts";
import { scenario, type Bench } from "../src/scenario.ts";
import type { Pi } from "../src/pi.ts";

/** Power cuts, spread over the time that a first boot takes. */
const CUTS = Number(process.env["DKVM_CUTS"] ?? 30);
const FIRST_MS = 80;
const FRESH = 0xda;
const LINUX = 0x83;
const MIB = 1024 * 1024;
const KEPT = "/var/lib/dkvm/kept";

export default scenario("first-boot", `a new card's data partition is made, also when the power is cut ${CUTS} times meanwhile; it keeps, and a factory reset makes it anew`, async (bench) => {
  const settings = "host_name = first\n";
  const rig = await bench.boot({ pi: { card: { settings }, usb: "none", hdmi: false, dkvm: "real" }, target: false });
  const { pi } = rig;
  const firstBoot = pi.bootMilliseconds;
  await good(bench, pi);
  await keeps(bench, pi);
  await reset(bench, pi);
  const unfinished = await cuts(bench, pi, firstBoot);
  return `made, kept over a cut and a restart, reset; ${CUTS} cuts in a first boot, ${unfinished} before it was done: good at the next start each time`;
});

/** As a first boot should leave it. */
async function good(bench: Bench, pi: Pi): Promise<void> {
  const info = await bootInfo(pi);
  bench.equal(info.notices, [], "notices");
  bench.equal(info.image?.persistent, true, "what is kept is on the card");
  bench.equal([info.image?.slot, info.image?.committed], ["a", "a"], "the slot that runs, and the committed one");
  const data = pi.card!.partition(DATA);
  const size = Number(run("stat", "-c", "%s", pi.card!.path));
  bench.equal(data.type, LINUX, "the data partition's type");
  bench.equal(data.start + data.length, Math.floor(size / MIB) * MIB, "the data partition's end");
  bench.equal(await pi.must("hostname"), "first", "the host name");
  const blocks = Number(await pi.must("df -k /var/lib/dkvm | awk 'NR == 2 { print $2 }'"));
  bench.check(blocks * 1024 > data.length * 0.85, `the file system has ${blocks} KiB of ${data.length / 1024}`);
}

async function keeps(bench: Bench, pi: Pi): Promise<void> {
  await pi.must(`echo one >${KEPT} && sync`);
  await pi.powerCut();
  checkData(pi.lab, pi.card!);
  await pi.powerOn();
  bench.equal(await pi.readText(KEPT), "one", "what was kept before the cut");
  const boots = pi.boots;
  await pi.must("echo two >/var/lib/dkvm/kept; (sleep 0.1; reboot) >/dev/null 2>&1 &");
  await pi.awaitRestart(boots);
  bench.equal(await pi.readText(KEPT), "two", "what was kept before the restart");
  bench.equal((await bootInfo(pi)).unhealthy_boots, 3, "boots without a healthy minute");
  bench.tell("kept over a cut of power and a restart");
}

async function reset(bench: Bench, pi: Pi): Promise<void> {
  for (const name of ["factory-reset", "factory-reset.txt"]) {
    await pi.must(`echo gone >${KEPT} && sync`);
    await pi.powerCut();
    pi.card!.putFile(1, name, "");
    await pi.powerOn();
    await good(bench, pi);
    bench.equal(await pi.readText(KEPT), "", "what was kept before the reset");
    bench.check(pi.card!.file(1, name) === undefined, `${name} is still on the card: every boot would reset it`);
    await pi.must(`echo again >${KEPT} && sync`);
    await pi.powerCut();
    await pi.powerOn();
    bench.equal(await pi.readText(KEPT), "again", "what was kept after the reset");
  }
  bench.tell("reset by a file on the card, twice, and never of itself");
}

async function cuts(bench: Bench, pi: Pi, firstBoot: number): Promise<number> {
  await pi.powerCut();
  const fresh = pi.card!.renew(pi.lab.path("fresh.img"));
  let unfinished = 0;
  for (let cut = 0; cut < CUTS; cut++) {
    fresh.copyTo(pi.card!.path);
    // the agent answers long after the partition is made; the last cut waits for it, so that one comes after that however slow the machine has become
    if (cut < CUTS - 1) await pi.powerFor(FIRST_MS + (cut / (CUTS - 1)) * firstBoot * 0.8);
    else {
      await pi.powerOn();
      await pi.powerCut();
    }
    if (pi.card!.partition(DATA).type === FRESH) unfinished++;
    await pi.powerOn();
    await good(bench, pi);
    await pi.powerCut();
    checkData(pi.lab, pi.card!);
    if (cut % 10 === 9) bench.tell(`${cut + 1} first boots cut, ${unfinished} of them before they were done`);
  }
  bench.check(unfinished > 0 && unfinished < CUTS, `${unfinished} of ${CUTS} cuts came before the first boot was done: they do not cover it`);
  return unfinished;
}

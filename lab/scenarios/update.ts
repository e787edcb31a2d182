// A new image comes into the other slot, is tried, and is kept only when it is well; what is not good is refused, and a cut of
// power at any moment leaves a working system of the right version with all that it kept.
import { readFileSync } from "node:fs";
import type { SlotImages } from "../src/card.ts";
import { until } from "../src/lab.ts";
import { Node } from "../src/node.ts";
import type { Pi, PiOptions } from "../src/pi.ts";
import { scenario, type Bench } from "../src/scenario.ts";
import { CUTS, cutUpdates } from "../src/update-cuts.ts";
import { configuration, Workshop } from "../src/update-images.ts";
import { running, Updater } from "../src/updater.ts";
import { Viewer } from "../src/viewer.ts";

/** Short, as nobody waits for 2 minutes here; the order of things is the same. */
const TRIAL = { settleMs: 2000, deadlineMs: 40_000 };
/** What a person would miss. */
const KEPT = `sha256sum /var/lib/dkvm/web/password* /var/lib/dkvm/web/*.pem 2>/dev/null`;

const OLD = "0.1.0";
const NEW = "0.2.0";

interface Stage {
  bench: Bench;
  pi: Pi;
  updater: Updater;
  workshop: Workshop;
  options: PiOptions;
  old: SlotImages;
  fresh: SlotImages;
}

export default scenario("update", `a good image is kept; bad ones are refused or left by themselves; power is cut ${CUTS} times meanwhile: always a working system, the right version, no state lost`, async (bench) => {
  const workshop = new Workshop(bench.lab);
  const options: PiOptions = {
    card: { version: OLD }, usb: "self", hdmi: false, hostfs: true, config: configuration(TRIAL), files: { "/etc/dkvm/update.pub": workshop.publicKey },
  };
  const { pi } = await bench.boot({ pi: options, target: false });
  const old = workshop.images(options, pi.network, OLD);
  const fresh = workshop.images(options, pi.network, NEW);
  const stage: Stage = { bench, pi, updater: new Updater(pi), workshop, options, old, fresh };
  await new Node(pi).awaitUp(["gadget", "hid", "web", "update"]);
  const viewer = await Viewer.open(pi.network.address);
  await refusals(stage);
  const whole = await good(stage, viewer);
  viewer.close();
  await unwell(stage);
  await rollback(stage);
  await pi.powerOff();
  const cut = await cutUpdates(bench, 1);
  return `${whole}; 6 refused; 4 images that were not well left by themselves, with the reason; ${cut}`;
});

/** Before a byte is written. */
async function refusals({ bench, pi, updater, workshop, fresh }: Stage): Promise<void> {
  const good = workshop.bundle(fresh, { version: NEW });
  const foreign = new Workshop(bench.lab, "foreign");
  const cases: [string, RegExp][] = [
    [workshop.bundle(fresh, { version: NEW, key: foreign.key }), /signature is not by the key/],
    [workshop.bundle(fresh, { version: NEW, board: "rpi4" }), /for the board rpi4, and this node is a lab/],
    [workshop.truncated(good), /truncated or damaged/],
    [workshop.bundle(fresh, { version: "0.0.9" }), /older than the running 0\.1\.0/],
    [fresh.root, /no dKVM bundle/],
  ];
  const before = [3, 6].map((number) => pi.card!.hash(number));
  for (const [bundle, why] of cases) {
    const said = await updater.refused(bundle);
    bench.check(why.test(said), `the refusal of a bad bundle says '${said}', not ${why}`);
  }
  await pi.must("sync");
  bench.equal([3, 6].map((number) => pi.card!.hash(number)), before, "the other slot after bundles that were refused");
  const said = await updater.refused(workshop.damaged(good));
  bench.check(/the root image reads back/.test(said), `a damaged part is told with '${said}'`);
  bench.equal((await updater.state()).slots[1]!.version, null, "what slot B holds after a damaged upload");
  bench.tell("bad signature, wrong board, truncated, older, no bundle, damaged: refused");
}

/** Once from the page, once by the command line with a death of the device in the middle. */
async function good({ bench, pi, updater, workshop, fresh, old }: Stage, viewer: Viewer): Promise<string> {
  const kept = await pi.must(KEPT);
  const bundle = workshop.bundle(fresh, { version: NEW });
  const started = performance.now();
  const answer = await viewer.fetch("/api/update", { method: "POST", timeout: 60_000, agent: false }, readFileSync(bundle));
  bench.equal(answer.status, 200, `the page's upload (${answer.body.toString().slice(0, 200)})`);
  const seconds = (performance.now() - started) / 1000;
  await updater.await("the image is staged", ({ stage }) => stage.stage === "staged");
  const boots = pi.boots;
  // the answer may be lost with the connection
  void viewer.act({ name: "update_try" }).catch(() => {});
  await updater.over(boots);
  await isKept(bench, pi, updater, NEW);
  bench.equal(await pi.must(KEPT), kept, "password and certificate after the update");
  bench.tell(`${NEW} came by the page in ${seconds.toFixed(1)} s, was tried and kept`);

  await updater.begin(workshop.bundle(old, { version: OLD }), "--downgrade");
  const pid = await until("bytes come in", async () => (await updater.state()).stage.stage === "receiving" && pi.pidOf(/dkvm-device update/));
  await pi.kill(pid);
  const again = pi.boots;
  await updater.over(again);
  await isKept(bench, pi, updater, OLD);
  bench.tell(`${OLD} came by the command line, over a death of the device, and was kept`);
  return `by the page ${(readFileSync(bundle).length / 1e6 / seconds).toFixed(1)} MB/s`;
}

async function isKept(bench: Bench, pi: Pi, updater: Updater, version: string): Promise<void> {
  const state = await updater.state();
  bench.equal([running(state), state.last?.committed, state.last?.version], [version, true, version], `what runs after the update to ${version} (${state.last?.reason})`);
  await pi.powerCut();
  await pi.powerOn();
  const after = await updater.await("it is there after a cut of power");
  bench.equal([running(after), after.running], [version, after.committed], "what the next power-on starts");
}

/** Images that a person would not believe in. */
async function unwell(stage: Stage): Promise<void> {
  const { workshop, options, fresh, pi } = stage;
  const broken = (version: string, change: (text: string) => string): SlotImages =>
    workshop.images({ ...options, config: configuration({ ...TRIAL, deadlineMs: 25_000 }, change) }, pi.network, version);
  const cases: [string, string, SlotImages, RegExp][] = [
    ["a page that is elsewhere", "0.3.1", broken("0.3.1", (text) => text.replace('"[::]:443"', '"[::]:444"')), /page: it does not answer over HTTPS/],
    ["a keyboard that is not there", "0.3.2", broken("0.3.2", (text) => text.replace("[device.hid]\n", '[device.hid.config]\nkeyboard = "/dev/nowhere"\n\n[device.hid]\n')), /hid: there is no keyboard/],
    ["a panic", "0.3.3", workshop.withBootFiles(fresh, spoiltCommandLines(pi)), /never came up/],
    ["no Linux at all", "0.3.4", workshop.withBootFiles(fresh, { linux: "#!/bin/sh\nexit 1\n" }), /never came up/],
  ];
  for (const [what, version, images, why] of cases) await goesBack(stage, what, workshop.bundle(images, { version }), why);
}

function spoiltCommandLines(pi: Pi): Record<string, string> {
  const names = ["cmdline-a.txt", "cmdline-b.txt"];
  const spoil = (name: string): string => pi.card!.file(2, name)!.toString().replace("panic=5", "panic=1 init=/nowhere");
  return Object.fromEntries(names.map((name) => [name, spoil(name)]));
}

async function goesBack({ bench, pi, updater }: Stage, what: string, bundle: string, why: RegExp): Promise<void> {
  const kept = await pi.must(KEPT);
  const before = await updater.state();
  const state = await updater.update(bundle);
  bench.equal([running(state), state.running, state.committed], [running(before), before.running, before.committed], `what runs after an image with ${what}`);
  bench.check(state.last?.committed === false && why.test(state.last.reason), `after an image with ${what} the reason is '${state.last?.reason}', not ${why}`);
  bench.equal(await pi.must(KEPT), kept, `what is kept after an image with ${what}`);
  bench.tell(`${what}: back by itself, '${state.last!.reason.slice(0, 100)}'`);
}

/** The slot that was left holds nothing healthy any more; after a good update it does. */
async function rollback({ bench, pi, updater, workshop, fresh }: Stage): Promise<void> {
  const refused = await pi.sh("dkvm update --rollback");
  bench.check(refused.code === 1 && /no image that was healthy/.test(refused.stderr), `a roll-back to nothing says '${refused.stderr}'`);
  await updater.update(workshop.bundle(fresh, { version: NEW }));
  await isKept(bench, pi, updater, NEW);
  const boots = pi.boots;
  await pi.must("dkvm update --rollback </dev/null >/dev/null 2>&1 &");
  await updater.over(boots);
  await isKept(bench, pi, updater, OLD);
  bench.tell("rolled back to the image before");
}

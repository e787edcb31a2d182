// Updates whose power is cut: a cheap machine, and what is looked at after each cut.
import type { UpdateState } from "../../devices/web/page/src/wire/UpdateState.ts";
import { bootInfo } from "./boot-info.ts";
import { checkData } from "./image-check.ts";
import { sleep } from "./lab.ts";
import type { Pi, PiOptions } from "./pi.ts";
import type { Bench } from "./scenario.ts";
import { smallConfiguration, Workshop } from "./update-images.ts";
import { running, Updater } from "./updater.ts";

export const CUTS = Number(process.env["DKVM_UPDATE_CUTS"] ?? 200);
/** With three, what comes is never what the other slot holds already, which would need no upload. */
const VERSIONS = ["0.1.0", "0.2.0", "0.3.0"] as const;
const TRIAL = { settleMs: 300, deadlineMs: 60_000 };
/** What a person would miss: as web and the kernel keep it. */
const KEPT = ["web/password", "web/key.pem", "web/certificate.pem", "config/dkvm.toml"].map((name) => `/var/lib/dkvm/${name}`);
/** Each so many cuts the data partition is looked at from outside; of few after the last. */
const CHECK_EVERY = Math.min(20, CUTS);
/** Machines at once: one has one CPU. To make one takes longer than a few cuts. */
const MACHINES = CUTS < 10 ? 1 : 2;
/** A cut may come when all is over: then the commit must have lasted. */
const BEYOND = 1.25;
/** So many, spread at random, must have fallen on each part of an update. */
const ENOUGH = 60;

/** Where a cut fell, by what is found afterwards. */
type Found = "before it began" | "upload" | "staged" | "trial" | "committed";

interface Round {
  bench: Bench;
  pi: Pi;
  updater: Updater;
  kept: string;
  bundles: Map<string, string>;
  /** What an update takes, ms. */
  whole: number;
}

/** Cuts updates, on machines whose numbers begin with `first`; the figure of it. */
export async function cutUpdates(bench: Bench, first: number): Promise<string> {
  const tally = new Map<Found, number>();
  const rounds: Round[] = [];
  for (let index = first; index < first + MACHINES; index++) rounds.push(await prepare(bench, index));
  bench.tell(`one update takes ${rounds.map(({ whole }) => (whole / 1000).toFixed(1)).join(" and ")} s; ${CUTS} are cut`);
  const started = performance.now();
  let begun = 0;
  await Promise.all(rounds.map(async (round) => {
    while (begun++ < CUTS) {
      const found = await once(round, Math.random() * round.whole * BEYOND);
      tally.set(found, (tally.get(found) ?? 0) + 1);
      const cuts = sum(tally);
      if (cuts % CHECK_EVERY === 0) bench.tell(`${cuts} cuts: ${told(tally)}`);
      if (cuts % CHECK_EVERY < MACHINES) await checked(round.pi);
    }
  }));
  for (const found of ["upload", "trial", "committed"] as const) bench.check(tally.has(found) || CUTS < ENOUGH, `no cut of ${CUTS} fell on '${found}': they do not cover an update`);
  const each = (performance.now() - started) / CUTS / 1000;
  return `${CUTS} cuts, ${each.toFixed(1)} s each (${told(tally)}): a working system of the right version, nothing lost`;
}

/** A machine that was updated once, and its three bundles. */
async function prepare(bench: Bench, index: number): Promise<Round> {
  const workshop = new Workshop(bench.lab);
  const options: PiOptions = {
    index, card: { version: VERSIONS[0] }, usb: "none", hdmi: false, hostfs: true, config: smallConfiguration(TRIAL),
    files: { "/etc/dkvm/update.pub": workshop.publicKey },
  };
  const { pi } = await bench.boot({ pi: options, target: false });
  const bundles = new Map(VERSIONS.map((version) => [version as string, workshop.bundle(workshop.images(options, pi.network, version), { version })]));
  const updater = new Updater(pi);
  const kept = await keepSomething(pi);
  return { bench, pi, updater, kept, bundles, whole: await measured(updater, bundles) };
}

async function keepSomething(pi: Pi): Promise<string> {
  for (const path of KEPT) {
    const make = path.endsWith(".toml") ? `cp /etc/dkvm/dkvm.toml ${path}` : `head -c 2000 /dev/urandom >${path}`;
    await pi.must(`mkdir -p $(dirname ${path}) && ${make}`);
  }
  return pi.must(`sync; sha256sum ${KEPT.join(" ")}`);
}

async function measured(updater: Updater, bundles: Map<string, string>): Promise<number> {
  const wanted = another(await updater.await("it is up"));
  const started = performance.now();
  await updater.update(bundles.get(wanted)!, "--downgrade");
  return performance.now() - started;
}

/** One that neither slot holds. */
function another({ slots }: UpdateState): string {
  return VERSIONS.find((version) => !slots.some((slot) => slot.version === version))!;
}

async function once({ bench, pi, updater, kept, bundles }: Round, after: number): Promise<Found> {
  const before = await updater.await("it is up");
  const wanted = another(before);
  await updater.begin(bundles.get(wanted)!, "--downgrade");
  await sleep(after);
  await pi.powerCut();
  await pi.powerOn();
  const state = await updater.await("it is up after a cut");
  const { image, notices } = await bootInfo(pi);
  bench.equal(notices, [], "notices after a cut");
  bench.equal([state.running, state.committed, image!.slot], [image!.committed, image!.committed, image!.committed], "slots that run and start after a cut");
  bench.equal(await pi.must(`sha256sum ${KEPT.join(" ")}`), kept, "password, certificate and configuration after a cut");
  const found = where(state, wanted);
  const version = found === "committed" ? wanted : running(before);
  bench.equal([running(state), image!.version], [version, version], `the version by the device and by the image, after a cut (${JSON.stringify(state)})`);
  return found;
}

function where(state: UpdateState, wanted: string): Found {
  const other = state.slots.find((slot) => slot.slot !== state.running)!;
  if (state.last?.committed && state.last.version === wanted) return "committed";
  if (state.stage.stage === "staged") return "staged";
  if (other.version === null) return "upload";
  return other.version === wanted ? "trial" : "before it began";
}

/** The file system as a person with a card reader would find it. */
async function checked(pi: Pi): Promise<void> {
  await pi.powerCut();
  checkData(pi.lab, pi.card!);
  await pi.powerOn();
}

function sum(tally: Map<Found, number>): number {
  return [...tally.values()].reduce((all, count) => all + count, 0);
}

function told(tally: Map<Found, number>): string {
  return [...tally].map(([found, count]) => `${count} ${found}`).join(", ");
}

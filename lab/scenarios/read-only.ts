// A card wears out by being written to, and is damaged by what is under way when the power goes. So: a day of use
// writes nothing but what is to be kept, and that little; and no cut of power at any moment harms it.
import { connect } from "node:tls";
import { bootInfo } from "../src/boot-info.ts";
import { checkData, DATA } from "../src/image-check.ts";
import { sleep, until } from "../src/lab.ts";
import { DEVICES, Node } from "../src/node.ts";
import { scenario, type Bench } from "../src/scenario.ts";
import type { Pi } from "../src/pi.ts";
import type { Rig } from "../src/rig.ts";
import { PASSWORD, Viewer } from "../src/viewer.ts";

const CUTS = Number(process.env["DKVM_CUTS"] ?? 100);
const SEED = Number(process.env["DKVM_SEED"] ?? 20261121);
/** One in so many cuts is followed by a look at all that was kept; of few the last. */
const LOOK_EVERY = Math.min(10, CUTS);
/** Longest use before a cut, and longest start that is cut. */
const USE_MS = 1500;
const START_MS = 1200;

/** What a busy day is made of; only the hours between are left out. */
const SESSIONS = 12;
const DEATHS = 24;
const RELOADS = 6;
const NOISE_LINES = 3000;
const PASSWORD_CHANGES = 2;
const SENTENCE = "the quick brown fox jumps over the lazy dog 0123456789";

const IDLE_MS = 20_000;

const SECTOR = 512;
const OWN_CONFIG = "/var/lib/dkvm/config/dkvm.toml";
/** Not of ours: keeps the partition busy, so that every cut comes into the middle of something. */
const BUSY = "/var/lib/dkvm/busy";
const WRITER = `mkdir -p ${BUSY}; i=0; while :; do i=$((i + 1)); head -c $((i * 997 % 60000)) /dev/urandom >${BUSY}/new && mv ${BUSY}/new ${BUSY}/$((i % 7)); [ $((i % 3)) != 0 ] || sync; [ $((i % 11)) != 0 ] || rm -f ${BUSY}/3; done`;

export default scenario("read-only", `a day of use writes nothing but the data partition, and that little; ${CUTS} power cuts leave its file system clean and what is kept whole`, async (bench) => {
  const day = await dayOfUse(bench);
  const cuts = await powerCuts(bench);
  return `${day}; ${cuts}`;
});

async function dayOfUse(bench: Bench): Promise<string> {
  const rig = await bench.boot({ pi: { card: true } });
  const { pi } = rig;
  const node = new Node(pi);
  await node.awaitUp(DEVICES);
  await rig.target.awaitInput(/dKVM/);
  (await Viewer.open(pi.network.address)).close();
  await pi.must("sync");
  const others = otherHashes(pi);
  const before = await written(pi);
  await use(bench, rig, node);
  await pi.must("sync");
  const after = await written(pi);
  await idle(bench, pi);
  await pi.powerCut();
  await rig.target.powerOff();
  bench.equal(otherHashes(pi), others, "hashes of the table and of all partitions but the data's");
  const sectors = (name: string): number => after.get(name)! - before.get(name)!;
  for (const name of after.keys()) if (name !== "ubda" && name !== `ubda${DATA}`) bench.equal(sectors(name), 0, `sectors written to ${name}`);
  bench.equal(sectors("ubda"), sectors(`ubda${DATA}`), "sectors written to the card in all, and to its data partition");
  checkData(pi.lab, pi.card!);
  return `a day (${SESSIONS} sessions, ${SESSIONS * SENTENCE.length} keys, video, ${DEATHS} deaths, ${RELOADS} changes of the configuration, ${PASSWORD_CHANGES} passwords, ${NOISE_LINES} lines of log) wrote ${Math.round(sectors(`ubda${DATA}`) * SECTOR / 1024)} KiB to the data partition and nothing elsewhere`;
}

/** Most of a day nothing happens: then nothing is written either. */
async function idle(bench: Bench, pi: Pi): Promise<void> {
  const before = await written(pi);
  await sleep(IDLE_MS);
  await pi.must("sync");
  bench.equal(Object.fromEntries(await written(pi)), Object.fromEntries(before), `sectors written to the card in all, before and after ${IDLE_MS / 1000} s of rest`);
}

/** Of the table and every partition but the data's. */
function otherHashes(pi: Pi): Record<string, string> {
  const numbers = pi.card!.partitions().map(({ number }) => number).filter((number) => number !== DATA);
  return Object.fromEntries([["table", pi.card!.tableHash()], ...numbers.map((number) => [`p${number}`, pi.card!.hash(number)])]);
}

/** Sectors written so far to the card and each partition (Documentation/admin-guide/iostats.rst, field 7). */
async function written(pi: Pi): Promise<Map<string, number>> {
  const lines = await pi.must("for path in /sys/block/ubda /sys/block/ubda/ubda*; do echo \"${path##*/} $(cat $path/stat)\"; done");
  return new Map(lines.split("\n").map((line) => line.trim().split(/\s+/)).map((words) => [words[0]!, Number(words[7])]));
}

async function use(bench: Bench, rig: Rig, node: Node): Promise<void> {
  const random = generator(SEED);
  const devices = (await node.devices()).filter(({ phase }) => phase === "running" || phase === "degraded").map(({ name }) => name);
  for (let session = 0; session < SESSIONS; session++) {
    const viewer = await Viewer.open(rig.pi.network.address, { video: true });
    await viewer.takeFocus();
    const mark = rig.target.log.mark();
    await viewer.type(SENTENCE);
    // That every key arrives is said by other scenarios; on a busy machine the target may miss its 500 ms.
    await rig.target.awaitLog("something typed arrives", () => rig.target.log.typed(mark).length > 0 || undefined);
    await until("frames flow", () => viewer.frames > 10);
    if (session < PASSWORD_CHANGES) await changePassword(bench, viewer);
    viewer.close();
    for (let death = 0; death < DEATHS / SESSIONS; death++) await kill(node, devices[Math.floor(random() * devices.length)]!);
    if (session % (SESSIONS / RELOADS) === 0) await rig.pi.must(`mkdir -p ${OWN_CONFIG.replace(/\/[^/]*$/, "")} && { cat /etc/dkvm/dkvm.toml; echo '# changed ${session}'; } >${OWN_CONFIG}.new && mv ${OWN_CONFIG}.new ${OWN_CONFIG}; dkvm reload`);
    await rig.pi.must(`i=0; while [ $i -lt ${NOISE_LINES / SESSIONS} ]; do echo "a line of noise $i" >/dev/kmsg; i=$((i + 1)); done; dkvm logs >/dev/null; dkvm ps >/dev/null`);
    if (session % 4 === 3) bench.tell(`${session + 1} of ${SESSIONS} sessions`);
  }
}

/** To another and back, so that the next session knows it. */
async function changePassword(bench: Bench, viewer: Viewer): Promise<void> {
  for (const [old, next] of [[PASSWORD, `${PASSWORD} 2`], [`${PASSWORD} 2`, PASSWORD]]) {
    const answer = await viewer.fetch("/api/password", { method: "POST", timeout: 30_000 }, { old, new: next });
    bench.equal(answer.status, 200, "the answer to a change of the password");
  }
}

async function kill(node: Node, name: string): Promise<void> {
  const { pid, generation } = await node.device(name);
  if (pid === null || pid === undefined) return;
  await node.pi.kill(pid, "KILL");
  await node.awaitUp([name], { after: new Map([[name, generation]]) });
}

async function powerCuts(bench: Bench): Promise<string> {
  const { pi } = await bench.boot({ pi: { card: true, index: 1, usb: "none", hdmi: false }, target: false });
  const random = generator(SEED + 1);
  const kept = await keepSomething(pi);
  let started = 0;
  for (let cut = 0; cut < CUTS; cut++) {
    if (cut % 2 === 0) {
      if (cut > 0) await pi.powerOn();
      // so many starts without a healthy minute would end in safe mode, where little is used
      await pi.must(`rm -f /var/lib/dkvm/boot/unhealthy-boots; (${WRITER}) >/dev/null 2>&1 &`);
      if (random() < 0.5) await pi.must("kill -9 $(pidof dkvm-device) 2>/dev/null; true");
      await sleep(random() * USE_MS);
      await pi.powerCut();
    } else {
      await pi.powerFor(random() * START_MS);
      started++;
    }
    checkData(pi.lab, pi.card!);
    if (cut % LOOK_EVERY === LOOK_EVERY - 1) await look(bench, pi, kept, cut + 1);
  }
  return `${CUTS} cuts of power (${started} of them during the start), every file system clean, password, certificate and configuration kept`;
}

interface Kept { certificate: string; config: string; others: Record<string, string> }

async function keepSomething(pi: Pi): Promise<Kept> {
  (await Viewer.open(pi.network.address)).close();
  await pi.must(`mkdir -p ${OWN_CONFIG.replace(/\/[^/]*$/, "")} && { cat /etc/dkvm/dkvm.toml; echo '# the owner was here'; } >${OWN_CONFIG} && sync`);
  return { certificate: await fingerprint(pi), config: await pi.must(`sha256sum <${OWN_CONFIG}`), others: otherHashes(pi) };
}

async function look(bench: Bench, pi: Pi, kept: Kept, cuts: number): Promise<void> {
  await pi.powerOn();
  const info = await bootInfo(pi);
  bench.equal([info.notices, info.image?.persistent], [[], true], `after ${cuts} cuts: notices, and whether what is kept is on the card`);
  const stranger = await until("the page answers", () => Viewer.stranger(pi.network.address).catch(() => undefined), { every: 50 });
  const login = await stranger.fetch("/api/login", { method: "POST", timeout: 30_000 }, { password: PASSWORD });
  bench.equal(login.status, 200, `after ${cuts} cuts: the answer to the password`);
  bench.equal(await fingerprint(pi), kept.certificate, `after ${cuts} cuts: the certificate`);
  bench.equal(await pi.must(`sha256sum <${OWN_CONFIG}`), kept.config, `after ${cuts} cuts: the owner's configuration`);
  await pi.powerCut();
  bench.equal(otherHashes(pi), kept.others, `after ${cuts} cuts: hashes of the table and of all partitions but the data's`);
  bench.tell(`${cuts} cuts`);
}

function fingerprint(pi: Pi): Promise<string> {
  return new Promise((done, failed) => {
    const socket = connect({ host: pi.network.address, port: 443, rejectUnauthorized: false }, () => {
      done(socket.getPeerCertificate().fingerprint256);
      socket.destroy();
    });
    socket.once("error", failed);
  });
}

/** A seeded generator (mulberry32), so that a run can be had again. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

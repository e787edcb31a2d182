// Two nodes that find each other by mDNS and are paired by their commands; then one is worked from the other, within what it was
// given, over a link that breaks, until it is forgotten.
import { createHash, randomBytes } from "node:crypto";
import { LabError, until } from "../src/lab.ts";
import { createSharedNetwork } from "../src/network.ts";
import { Node } from "../src/node.ts";
import { Pi } from "../src/pi.ts";
import { scenario, type Bench } from "../src/scenario.ts";
import type { GadgetState } from "../../devices/web/page/src/wire/GadgetState.ts";
import type { Grant } from "../../devices/web/page/src/wire/Grant.ts";
import type { Pairing } from "../../devices/web/page/src/wire/Pairing.ts";
import type { PeerInfo } from "../../devices/web/page/src/wire/PeerInfo.ts";
import type { PeerState } from "../../devices/web/page/src/wire/PeerState.ts";
import type { StorageState } from "../../devices/web/page/src/wire/StorageState.ts";
import type { SeenNode } from "../../devices/web/page/src/wire/SeenNode.ts";

const MIB = 1 << 20;
const IMAGES = "/var/lib/dkvm/storage/images";
const GRANTS: readonly Grant[] = ["view", "type", "power", "storage", "configure"];

/** What is tried with each grant alone, and which let it through. What is let through may still be refused by the device. */
const TRIED: ReadonlyArray<{ command: string; takes: readonly Grant[] }> = [
  { command: "ps", takes: ["view", "configure"] },
  { command: "logs -n 1", takes: ["view", "configure"] },
  { command: "power", takes: ["view", "power"] },
  { command: "power press --yes", takes: ["power"] },
  { command: "type x", takes: ["type"] },
  { command: "serial history", takes: ["type"] },
  { command: "storage", takes: ["view", "storage"] },
  { command: "storage drive tried.img 1", takes: ["storage"] },
  { command: "usb", takes: ["view", "type", "storage", "configure"] },
  { command: "usb replug", takes: ["configure"] },
  { command: "restart led", takes: ["configure"] },
  { command: "peers", takes: ["view", "configure"] },
  { command: "peers forget nobody --yes", takes: ["configure"] },
];

export default scenario("remote-commands", "a node is worked from another by its commands: paired by codes, each grant lets in just its own, an upload outlives a broken link, a forgotten node is cut off at once", async (bench) => {
  const [near, far] = await Promise.all([boot(bench, 0, "desk"), boot(bench, 1, "office")]);
  const desk = new Desk(bench, near, far);
  await found(desk);
  await pair(desk);
  await commands(desk);
  const refused = await eachAlone(desk);
  await upload(desk);
  await forgotten(desk);
  await Promise.all([near.powerOff(), far.powerOff()]);
  return `${TRIED.length} commands with each of ${GRANTS.length} grants alone: ${refused} refused; an upload outlived its link`;
});

async function boot(bench: Bench, index: number, name: string): Promise<Pi> {
  const network = createSharedNetwork(index);
  const whole = { card: true, usb: "self" } as const;
  const pi = await Pi.boot(bench.lab, { index, network, addresses: "own", hdmi: false, ...(name === "office" ? whole : { usb: "none" }) });
  await new Node(pi).awaitUp(["network", "peer", "storage", "typist"]);
  // As `dkvm boot` does from a card.
  await pi.must(`hostname ${name} && mkdir -p /run/dkvm/boot`);
  await pi.write("/run/dkvm/boot/network.toml", `[wired]\naddress = "${network.address}/24"\n`, 0o644);
  await pi.must("dkvm restart network && dkvm restart peer");
  await until(`${name} has its address`, async () => (await pi.must("ip -4 addr show vec0")).includes(network.address) || undefined);
  return pi;
}

type Said = { code: number; stdout: string; stderr: string };

/** The near node's command, which is all that is used of it. */
class Desk {
  constructor(readonly bench: Bench, readonly near: Pi, readonly far: Pi) {}

  /** Where both nodes called at once, one of the two links is given up, with what is under way on it; a machine that stands for long loses its link. */
  async there(command: string): Promise<Said> {
    for (let left = 3; ; left--) {
      const said = await this.near.sh(`dkvm --node office ${command}`, 60_000);
      const none = said.stderr.includes("there is no link to office");
      if (left === 0 || (!none && !said.stderr.includes("the link to office broke"))) return said;
      if (none) await until("there is a link to office again", async () => (await this.link(this.near, "office"))?.link === "up");
    }
  }

  async must(command: string): Promise<string> {
    const { code, stdout, stderr } = await this.there(command);
    if (code !== 0) throw new LabError(`'dkvm --node office ${command}' ended with ${code}: ${stderr}`);
    return stdout.trim();
  }

  async link(pi: Pi, node: string): Promise<PeerInfo | undefined> {
    return (await json<PeerState>(pi, "peers")).peers.find((peer) => peer.node === node);
  }

  /** Until both ends say that there is a link, and what may be done over it. */
  linked(grants: readonly Grant[]): Promise<true> {
    return until(`the link carries ${grants.join(", ")}`, async () => {
      const peer = await this.link(this.near, "office");
      return peer?.link === "up" && String(peer.granted) === String(grants) ? true : undefined;
    });
  }
}

async function json<T>(pi: Pi, command: string): Promise<T> {
  return JSON.parse(await pi.must(`dkvm ${command} --json`)) as T;
}

async function found({ bench, near, far }: Desk): Promise<void> {
  let told = "nothing";
  // office may have announced itself before it had its address
  const seen = await until("desk sees office on the network, by its address first", async () => {
    const office = (await json<SeenNode[]>(near, "nodes")).find(({ node }) => node === "office");
    told = JSON.stringify(office?.addresses);
    return office?.addresses[0] === `${far.network.address}:23586` ? office : undefined;
  }).catch((error: Error) => { throw new LabError(`${error.message}: it announces ${told}`); });
  const { fingerprint } = await json<PeerState>(far, "peers");
  bench.equal(seen.fingerprint, fingerprint, "the fingerprint that office announces");
  bench.tell("found by mDNS");
}

/** A person at each node: one calls, both compare, both answer. */
async function pair({ bench, near, far }: Desk): Promise<void> {
  const [calling] = await json<Pairing[]>(near, "pair office");
  const called = await until("office is told of it", async () => (await json<Pairing[]>(far, "pair")).find(({ step }) => step === "compare"));
  bench.check(/^\d{6}$/.test(called.code), `the code is ${called.code}`);
  bench.equal(called.code, calling?.code, "the code at office");
  bench.check(called.incoming && calling?.incoming === false, "office was called by desk");
  await Promise.all([near.must(`dkvm pair --accept ${calling?.id}`), far.must(`dkvm pair --accept ${called.id} --grants all`)]);
  bench.tell("paired by the same code on both");
}

async function commands(desk: Desk): Promise<void> {
  const { bench, far } = desk;
  await desk.linked(GRANTS);
  const here = await new Node(far).devices();
  const there = JSON.parse(await desk.must("ps --json")) as { devices: { name: string; generation: number }[] };
  bench.equal(there.devices.map(({ name }) => name), here.map(({ name }) => name), "the devices of office");
  bench.check((await desk.must("logs -n 500 peer")).includes("peer"), "the log of office is not that of its peer device");
  const before = here.find(({ name }) => name === "hid")?.generation ?? 0;
  await desk.must("restart hid");
  // Waited for by the command itself.
  await desk.must("jiggle");
  const after = (await new Node(far).device("hid")).generation;
  bench.equal(after, before + 1, "hid's generation");
  await until("the target uses USB", async () => (JSON.parse(await desk.must("usb --json")) as GadgetState).state === "configured" || undefined);
  await typed(desk);
  const unknown = await desk.near.sh("dkvm --node ofice ps");
  bench.check(unknown.code === 1 && unknown.stderr.includes('did you mean "office"'), `a node that there is not: ${unknown.stderr}`);
  bench.tell("ps, logs, restart, usb and type at office");
}

/** On a machine that does much besides, the typist may be held up for longer than its word lasts; it says so, and types nothing twice. */
async function typed(desk: Desk): Promise<void> {
  for (let left = 2; ; left--) {
    const { code, stdout, stderr } = await desk.there("type 'hello from afar'");
    if (code === 0) return desk.bench.equal(stdout.trim(), "typed 15 characters", "what was typed at office");
    if (left === 0 || !stderr.includes("too busy")) throw new LabError(`at office nothing was typed: ${stderr}`);
  }
}

async function eachAlone(desk: Desk): Promise<number> {
  const { bench } = desk;
  let refused = 0;
  for (const grant of GRANTS) {
    await allow(desk, [grant]);
    const said = await Promise.all(TRIED.map(async (one) => ({ ...one, ...(await desk.there(one.command)) })));
    for (const { command, takes, code, stderr } of said) {
      const denied = stderr.includes("this node does not give you");
      if (denied) refused += 1;
      bench.check(denied !== takes.includes(grant), `with ${grant} alone '${command}' ended with ${code}: ${stderr}`);
      bench.check(!denied || (code === 1 && stderr.startsWith("dkvm: office: ")), `'${command}' is refused: ${stderr}`);
    }
  }
  await allow(desk, GRANTS);
  bench.tell(`each grant alone lets in just its own; ${refused} were refused`);
  return refused;
}

/** A link that is cut again and again is called more and more slowly; a device that starts calls at once. */
async function allow(desk: Desk, grants: readonly Grant[]): Promise<void> {
  await desk.far.must(`dkvm peers allow desk ${grants.join(",")}`);
  await desk.near.must("dkvm restart peer");
  await desk.linked(grants);
}

/** The near end of the link is killed in the middle, and comes back. */
async function upload(desk: Desk): Promise<void> {
  const { bench, near, far } = desk;
  const image = randomBytes(16 * MIB);
  await near.write("/tmp/far.img", image);
  const peer = (await new Node(near).device("peer")).pid;
  if (peer === undefined || peer === null) throw new LabError("desk's peer device does not run");
  const put = desk.there("storage put /tmp/far.img");
  const begun = until("a part of it is there", async () => (await json<StorageState>(far, "storage")).incoming.some(({ offset }) => offset > MIB) || undefined, { every: 5 });
  const early = await Promise.race([begun, put]);
  if (early !== true) throw new LabError(`the upload ended too early with ${early.code}: ${early.stderr}`);
  await near.kill(peer);
  const { code, stdout, stderr } = await put;
  bench.check(code === 0, `the upload ended with ${code}: ${stderr}`);
  bench.check(stderr.includes("goes on where it stopped"), `the upload did not meet the broken link: ${stderr}`);
  const sha256 = createHash("sha256").update(image).digest("hex");
  bench.check(stdout.includes(sha256), `the answer does not name its SHA-256: ${stdout}`);
  bench.equal((await far.must(`sha256sum ${IMAGES}/far.img`)).split(" ")[0], sha256, "the SHA-256 of what is there");
  bench.tell("16 MiB are there whole, over a link that broke in the middle");
}

async function forgotten(desk: Desk): Promise<void> {
  const { bench, near, far } = desk;
  await desk.linked(GRANTS);
  const following = near.sh("dkvm --node office logs -f >/tmp/followed", 60_000);
  await until("the log is followed", async () => !["", "0"].includes(await near.must("wc -c </tmp/followed || true")) || undefined);
  await far.must("dkvm peers forget desk --yes");
  const { code, stderr } = await following;
  bench.check(code === 1 && stderr.includes("office"), `a session over the link of a forgotten node ended with ${code}: ${stderr}`);
  const later = await near.sh("dkvm --node office ps");
  bench.check(later.code === 1 && later.stdout === "", `a forgotten node got an answer: ${later.stdout}`);
  bench.tell(`forgotten, and cut off: ${later.stderr.trim()}`);
}

// What the target writes is what the image holds, and what was uploaded is what is there: over deaths, broken links and pulled plugs.
import { createHash, randomBytes } from "node:crypto";
import { LabError, sleep, until } from "../src/lab.ts";
import { Node } from "../src/node.ts";
import type { Pi } from "../src/pi.ts";
import type { Rig } from "../src/rig.ts";
import { quantile, scenario, type Bench } from "../src/scenario.ts";
import { usageOfCharacter, Viewer } from "../src/viewer.ts";
import type { StorageState } from "../../devices/web/page/src/wire/StorageState.ts";

/** The full run is 1024 MiB and 100 cuts of power: DKVM_DISK_MIB=1024 DKVM_CUTS=100. */
const DISK_MIB = Number(process.env["DKVM_DISK_MIB"] ?? 64);
const CUTS = Number(process.env["DKVM_CUTS"] ?? 20);
/** The whole disk, by an emulated PC on a machine that has much else to do. */
const SLOW_MS = Math.max(1800, DISK_MIB * 4) * 1000;
/** So often an upload is broken off. */
const BREAKS = 20;
/** A machine that is late with a break lets an upload through: another one goes on with the breaks. */
const UPLOADS = 6;
const UPLOAD_MIB = 128;
const MIB = 2 ** 20;
/** After each cut of power the bytes of so many images are read; of all of them at the end. */
const LAST = 3;
/** What the target makes of keyboard and mice of this profile, whose absolute mouse brings the rarer keys and the touchscreen along. */
const INPUTS = 7;
const DEVICES = ["gadget", "hid", "web", "storage"];
const WORDS = "the target takes keys while its disk works ";

export default scenario("disk-truth", "a disk that the target writes while the storage device dies is byte-exact; so is an upload that is broken off again and again; power cuts lose no image", async (bench) => {
  const rig = await bench.boot({ pi: { hdmi: false, card: { size: `${DISK_MIB + UPLOAD_MIB + 700}M` } }, target: { system: "linux", memory: "512M" } });
  const node = new Node(rig.pi);
  await node.awaitUp(DEVICES);
  const viewer = await Viewer.open(rig.pi.network.address);
  const disk = await writable(bench, rig, node, viewer);
  const upload = await broken(bench, rig.pi, viewer);
  viewer.close();
  await rig.target.powerOff();
  await rig.usb.unplug();
  const kept = await cuts(bench, rig.pi, node);
  await rig.pi.powerOff();
  return `${disk}; ${upload}; ${kept}`;
});

function storage(pi: Pi): Promise<StorageState> {
  return pi.must("dkvm storage --json").then((text) => JSON.parse(text) as StorageState);
}

function imagePath(name: string): string {
  return `/var/lib/dkvm/storage/images/${name}`;
}

async function hashOf(pi: Pi, path: string): Promise<string> {
  const answer = await pi.sh(`sha256sum '${path}'`, 600_000);
  if (answer.code !== 0) throw new LabError(`no hash of ${path}: ${answer.stderr}`);
  return answer.stdout.slice(0, 64);
}

// -- a writable disk

async function writable(bench: Bench, rig: Rig, node: Node, viewer: Viewer): Promise<string> {
  const { pi, target } = rig;
  await target.awaitInput(/dKVM/, 60_000); // a target that is just setting the device up holds the switch up
  await until("USB is in use", () => viewer.gadget?.state === "configured");
  await pi.sh("dkvm usb profile install --yes"); // its answer may come too late on a busy machine; what counts is seen next
  await until("the node has drives", async () => (await storage(pi)).luns.length > 0);
  // all of the device is set up before its disk is worked
  await until("the target has the keyboard and mice of the new profile", () => target.log.usbInputs().length === INPUTS && viewer.hid?.keyboard === "ok");
  await pi.must(`dkvm storage drive disk.img ${DISK_MIB} && dkvm storage attach disk.img --lun 0 --writable`);
  await target.sh("modprobe -a usb-storage sd_mod");
  const dev = await until("the target has the disk", async () => (await target.sh(`for d in /sys/block/sd*; do [ "$(cat $d/size 2>/dev/null)" = ${DISK_MIB * 2048} ] && echo /dev/\${d##*/}; done`)).text.trim() || undefined);
  await viewer.takeFocus();
  const mark = target.log.mark();
  await viewer.type("before");
  await target.awaitTyped("before", mark, 60_000);
  const disconnects = target.log.usbDisconnects();
  const typing = new Typing(rig, viewer);
  const began = performance.now();
  // what is written is hashed on its way, and goes to the disk from the first MiB on, not when all of it is in the target's memory
  const written = target.sh(`echo ${MIB} >/proc/sys/vm/dirty_background_bytes; mkfifo /tmp/copy; sha256sum </tmp/copy >/tmp/sum & head -c ${DISK_MIB * MIB} /dev/urandom | tee /tmp/copy | dd of=${dev} bs=1M conv=fsync 2>/tmp/dd; wait; cat /tmp/sum /tmp/dd`, SLOW_MS);
  const writing = { goesOn: true };
  const over = () => { writing.goesOn = false; };
  written.then(over, over);
  const killed = kills(bench, pi, node, writing);
  const [{ text: wrote }] = await Promise.all([written, killed]);
  const seconds = (performance.now() - began) / 1000;
  const { text: read } = await target.sh(`echo 3 >/proc/sys/vm/drop_caches; sha256sum <${dev}`, SLOW_MS);
  const keys = await typing.end();
  const sum = wrote.trim().slice(0, 64);
  bench.check(/records out/.test(wrote), `the target could not write to ${dev}: ${wrote}`);
  bench.equal(read.trim().slice(0, 64), sum, "what the target reads back from its disk");
  bench.equal(target.log.usbDisconnects(), disconnects, "USB disconnects at the target");
  await viewer.act({ name: "storage_eject", lun: 0, force: false });
  bench.equal(await hashOf(pi, imagePath("disk.img")), sum, "the image after all was written");
  const state = await storage(pi);
  bench.check(state.images.find(({ name }) => name === "disk.img")?.modified, "an image that the target wrote to is not told as modified");
  bench.tell(`${DISK_MIB} MiB written at ${(DISK_MIB / seconds).toFixed(1)} MiB/s over two deaths of storage, byte-exact; ${keys}`);
  return `${DISK_MIB} MiB written, read back and byte-exact in the image over 2 SIGKILLs of storage, ${keys}`;
}

interface Writing {
  goesOn: boolean;
}

/** Twice while the target writes. */
async function kills(bench: Bench, pi: Pi, node: Node, writing: Writing): Promise<void> {
  for (let round = 0; round < 2; round++) {
    await untilWritten(bench, pi, writing);
    const pid = await pi.pidOf(/dkvm-device storage/);
    if (pid === undefined) throw new LabError("storage does not run");
    const { generation } = await node.device("storage");
    stillWrites(bench, writing);
    await pi.kill(pid, "KILL");
    await node.awaitUp(["storage"], { after: new Map([["storage", generation]]) });
    const state = await until("storage knows its drives again", async () => { const now = await storage(pi); return now.luns.length > 0 ? now : undefined; });
    bench.equal(state.luns[0]?.image, "disk.img", "what is in the drive after a death of storage");
  }
}

/** Until something more of what the target writes has come to the image: what is in the target's memory alone is not being written. */
async function untilWritten(bench: Bench, pi: Pi, writing: Writing): Promise<void> {
  const changed = () => pi.must(`stat -c %Y '${imagePath("disk.img")}'`);
  const before = await changed();
  await until("the target writes to its disk", async () => {
    stillWrites(bench, writing);
    return (await changed()) !== before;
  });
}

function stillWrites(bench: Bench, { goesOn }: Writing): void {
  bench.check(goesOn, `the target was through with ${DISK_MIB} MiB before storage had been killed twice, which shows nothing: give it more to write (DKVM_DISK_MIB)`);
}

/** A person who types while the disk works. */
class Typing {
  readonly #mark: number;
  readonly #lostBefore: number;
  readonly #latencies: number[] = [];
  #text = "";
  #go = true;
  readonly #done: Promise<void>;

  constructor(readonly rig: Rig, readonly viewer: Viewer) {
    this.#mark = rig.target.log.mark();
    this.#lostBefore = viewer.lost;
    this.#done = this.#type();
    this.#done.catch(() => {});
  }

  async #type(): Promise<void> {
    for (let at = 0; this.#go; at++) {
      const character = WORDS[at % WORDS.length]!;
      const began = performance.now();
      await this.viewer.tap(usageOfCharacter(character));
      await this.viewer.settled(60_000);
      this.#latencies.push(performance.now() - began);
      this.#text += character;
      await sleep(30);
    }
  }

  /** What was typed arrived, but for keys that the target did not fetch in time: those were told as lost, each. */
  async end(): Promise<string> {
    this.#go = false;
    await this.#done;
    const { log } = this.rig.target;
    const told = () => this.viewer.lost - this.#lostBefore;
    // the last keys are on their way through the target's own log, which was busy; what is missing then is told below
    await until("the last keys are there", () => log.typed(this.#mark).length + told() >= this.#text.length, { timeout: 30_000 }).catch(() => {});
    await sleep(1000); // and nothing comes after them
    const typed = log.typed(this.#mark);
    if (!isPart(typed, this.#text)) throw new LabError(`the target got what was not typed: ${typed}`);
    const missing = this.#text.length - typed.length;
    if (missing > told()) throw new LabError(`${missing} of ${this.#text.length} keys are missing, but only ${told()} presses and releases were told as lost`);
    const median = quantile(this.#latencies, 0.5).toFixed(1);
    return `${this.#text.length} keys typed meanwhile, ${missing} not fetched by the busy target and told so; median ${median} ms from press and release to their acknowledgement`;
  }
}

/** In order, nothing twice, but perhaps with gaps. */
function isPart(part: string, whole: string): boolean {
  let at = 0;
  for (const character of whole) if (part[at] === character) at++;
  return at === part.length;
}

// -- an upload that is broken off

async function broken(bench: Bench, pi: Pi, viewer: Viewer): Promise<string> {
  let breaks = 0;
  let uploads = 0;
  for (; breaks < BREAKS; uploads++) {
    bench.check(uploads < UPLOADS, `${uploads} uploads were broken off ${breaks} times only, not ${BREAKS}: they go through too fast`);
    const upload = new Upload(pi, viewer, `broken-${uploads}.img`);
    const points = await upload.brokenOff(breaks);
    breaks += points.length;
    await upload.finish(bench);
    bench.tell(`${UPLOAD_MIB} MiB uploaded over breaks at MiB ${points.map((at) => (at / MIB).toFixed(1)).join(", ")}: byte-exact`);
  }
  return `${uploads === 1 ? "an upload" : `${uploads} uploads`} of ${UPLOAD_MIB} MiB, broken off ${breaks} times (link, storage, web), ${uploads === 1 ? "is" : "are"} byte-exact`;
}

/** One file that is sent by the page's way. */
class Upload {
  readonly #whole = randomBytes(UPLOAD_MIB * MIB);

  constructor(readonly pi: Pi, readonly viewer: Viewer, readonly name: string) {}

  /** Breaks it off until all breaks are made or it is through, which a break that nobody noticed may let it be; where it was then. `made` are the breaks of uploads before it. */
  async brokenOff(made: number): Promise<number[]> {
    const breaks = [breakLink, (on: Pi) => kill(on, "storage"), (on: Pi) => kill(on, "web")];
    const points: number[] = [];
    while (made + points.length < BREAKS) {
      const sent = this.#post(await this.#offset()).catch(() => undefined); // it is to break off
      const from = points.at(-1) ?? 0;
      // at a random point of what is left for this round; what comes until it is noticed counts too
      const target = from + (Math.random() / 4) * ((this.#whole.length - from) / (BREAKS + 1 - made - points.length));
      await until("some of it is there", async () => (await this.#offset()) >= target, { every: 5 });
      await breaks[(made + points.length) % breaks.length]!(this.pi);
      await sent;
      await until("storage and web are back", async () => { await this.#offset(); return (await this.viewer.fetch("/api/health").catch(() => ({ status: 0 }))).status === 200; });
      const at = await this.#offset();
      if (at === 0) return points;
      points.push(at);
    }
    return points;
  }

  /** The rest goes through, and the image is what was sent. */
  async finish(bench: Bench): Promise<void> {
    const image = async () => (await storage(this.pi)).images.find(({ name }) => name === this.name);
    const there = await until("the rest goes through", async () => (await image()) ?? (await this.#post(await this.#offset()).catch(() => undefined), await image()));
    const wanted = createHash("sha256").update(this.#whole).digest("hex");
    bench.equal(there.sha256, wanted, "the hash that the node tells");
    bench.equal(await hashOf(this.pi, imagePath(this.name)), wanted, "the image after the last part");
    bench.equal((await storage(this.pi)).incoming.length, 0, "uploads left over");
    await this.pi.must(`dkvm storage rm ${this.name} --yes`);
  }

  /** What the node has of it; 0 also when it is whole. */
  async #offset(): Promise<number> {
    const state = await until("storage answers", () => storage(this.pi).catch(() => undefined));
    return state.incoming.find(({ name }) => name === this.name)?.offset ?? 0;
  }

  #post(from: number): Promise<{ status: number; body: Buffer }> {
    const headers = { "content-range": `bytes ${from}-${this.#whole.length - 1}/${this.#whole.length}` };
    return this.viewer.upload(`/api/storage?name=${this.name}&tag=lab`, this.#whole.subarray(from), headers);
  }
}

async function kill(pi: Pi, name: string): Promise<void> {
  const pid = await pi.pidOf(new RegExp(`dkvm-device ${name}`));
  if (pid !== undefined) await pi.kill(pid, "KILL");
}

/** All that is under way is lost, and the connection with it. */
async function breakLink(pi: Pi): Promise<void> {
  await pi.must("ip link set vec0 down; sleep 1; ip link set vec0 up; ip route add default via $(. /etc/lab.env; echo $LAB_GATEWAY) 2>/dev/null; true");
  await kill(pi, "web"); // whose old connection would else wait for half a minute
}

// -- power

async function cuts(bench: Bench, pi: Pi, node: Node): Promise<string> {
  const finished = new Map<string, string>();
  let whole = 0;
  let takes = 1000; // an image, ms: as the last one did that was finished
  for (let round = 0; round < CUTS; round++) {
    const name = `cut-${round}.img`;
    const hash = (await pi.must("head -c 3000000 /dev/urandom >/tmp/image && sha256sum /tmp/image")).slice(0, 64);
    const began = performance.now();
    const put = pi.sh(`dkvm storage put /tmp/image --name ${name}`).then(({ code }) => {
      if (code !== 0) return;
      finished.set(name, hash);
      takes = performance.now() - began;
    }, () => undefined);
    const through = put.then(() => sleep(Math.random() * 300));
    // the first is let through and says how long one takes here; then some cuts come before its end, some after
    await (round === 0 ? through : Promise.race([through, sleep(Math.random() * 2.5 * takes)]));
    await pi.powerCut();
    await pi.powerOn();
    await node.awaitUp(["storage"]);
    whole = await allThere(bench, pi, finished, LAST);
  }
  await allThere(bench, pi, finished, CUTS);
  bench.check(finished.size > 0, "no image was finished before a cut: the scenario shows nothing");
  bench.tell(`${CUTS} cuts of power, ${finished.size} images finished before one, all there`);
  return `${CUTS} cuts of power lost none of ${finished.size} finished images (${whole} in all, each with its hash)`;
}

/** Each image that was told as finished, and of the last so many none that is not what its hash says. */
async function allThere(bench: Bench, pi: Pi, finished: Map<string, string>, read: number): Promise<number> {
  const { images } = await until("storage answers", () => storage(pi).catch(() => undefined));
  for (const [name, hash] of finished) bench.equal(images.find((one) => one.name === name)?.sha256, hash, `${name} after a cut of power`);
  const round = (name: string) => Number(/^cut-(\d+)\.img$/.exec(name)?.[1] ?? -1);
  const last = images.filter(({ name }) => round(name) >= 0).sort((one, other) => round(one.name) - round(other.name)).slice(-read);
  for (const { name, sha256 } of last) bench.equal(await hashOf(pi, imagePath(name)), sha256, `the bytes of ${name} after a cut of power`);
  return images.length;
}

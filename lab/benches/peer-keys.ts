// Keys and motions from a workstation to a Pi's target: ours from evdev to evdev, barrier and lan-mouse as far as they go without a
// desktop, over the same network, between the same two virtual machines, in one run; idle, and while both processors make pictures.
import { Barrier, Contender, LAG, lag, LanMouse, type Measured } from "../src/contenders.ts";
import type { Answer } from "../src/agent.ts";
import { LabError, sleep } from "../src/lab.ts";
import { ways, type Kind, type Ways } from "../src/lag.ts";
import { createSharedNetwork } from "../src/network.ts";
import { Node } from "../src/node.ts";
import { patternPi, showPattern } from "../src/pattern.ts";
import { Pi } from "../src/pi.ts";
import { quantile, scenario, type Bench } from "../src/scenario.ts";
import { figure, spread, type Figure } from "../src/table.ts";
import { Viewer } from "../src/viewer.ts";
import { pair, piConfig, TargetPi, Workstation } from "../src/workstation.ts";

const EVENTS = Number(process.env["DKVM_EVENTS"] ?? 1000);
const KINDS: readonly Kind[] = ["key", "motion"];
/** Of a burst, what the machine does when nobody types is measured for so long. */
const IDLE_MS = 3000;

export default scenario("peer-keys", "a key's and a motion's way from a workstation to another machine, against barrier and lan-mouse on the same network: idle, and with both processors busy with video", async (bench) => {
  const office = await TargetPi.boot(bench.lab, 0, "office", { config: piConfig("office", ["capture", "encode", "web"]), options: patternPi(LAG_AND_HOST) });
  const desk = await Workstation.boot(bench.lab, 1, { options: LAG_AND_HOST });
  await pair(desk, office);
  const contenders = [new Ours(desk, office), new Barrier(desk.pi, office.pi)];
  const results = new Results(bench);
  for (const contender of contenders) await results.take(contender, "idle");
  await results.takeLanMouse(desk.pi, office.pi, "idle");
  const busy = await Busy.start(bench, office.pi);
  for (const contender of contenders) await results.take(contender, "video");
  await results.takeLanMouse(desk.pi, office.pi, "video");
  results.rows(await busy.end());
  return results.figure();
});

const LAG_AND_HOST = { ...LAG, hostfs: true, memory: "512M" };

/** From evdev to evdev. */
class Ours extends Contender {
  readonly name = "ours";
  protected readonly programs = /^\/usr\/bin\/dkvm kernel|dkvm-device (input|peer|hid)/;

  constructor(readonly workstation: Workstation, readonly target: TargetPi) {
    super(workstation.pi, target.pi);
  }

  async start(): Promise<void> {
    await this.workstation.awaitTarget(this.target.name);
    await this.desk.must(`dkvm focus ${this.target.name}`);
    await this.workstation.await("input is at the office", ({ node, grab }) => node === this.target.name && grab === "grabbed");
  }

  async stop(): Promise<void> {
    await this.desk.must("dkvm focus here");
  }

  /** The new keyboard or mouse has been found. */
  protected override async ready(): Promise<void> {
    await this.workstation.await("the device that is measured is read", ({ devices, grab }) => grab === "grabbed" && devices.some(({ name }) => name === "Lag"));
    await super.ready();
  }

  protected press(kind: Kind, count: number, go: string): Promise<Answer> {
    return lag.press(this.desk, kind, count, go);
  }

  protected see(kind: Kind, count: number): Promise<Answer> {
    return lag.see(this.office, kind, count, "dKVM");
  }
}

interface Result extends Ways {
  measured: Measured;
  /** In a second without events. */
  idle: { bytes: number; machines: number };
}

type Load = "idle" | "video";

class Results {
  readonly #all = new Map<string, Result>();
  readonly #failed = new Map<string, string>();

  constructor(readonly bench: Bench) {}

  async takeLanMouse(desk: Pi, office: Pi, load: Load): Promise<void> {
    if (!LanMouse.isThere) this.#failed.set(`lan-mouse ${load}`, "not installed: lab/setup.sh bench");
    else {
      const name = `lan-mouse ${load}`;
      await this.take(new LanMouse(desk, office, EVENTS, KINDS), load);
      // its first session between two machines often carries nothing
      if (this.#failed.delete(name)) await this.take(new LanMouse(desk, office, EVENTS, KINDS), load);
    }
  }

  async take(contender: Contender, load: Load): Promise<void> {
    try {
      await contender.start();
      const rest = await idle(contender);
      for (const kind of KINDS) {
        const measured = await contender.measure(kind, EVENTS);
        const result = { ...ways(kind, measured.made, measured.seen), measured, idle: rest };
        this.#all.set(key(contender.name, kind, load), result);
        this.bench.tell(`${contender.name}, ${kind}, ${load}: ${quantile(result.samples, 0.5).toFixed(0)} µs, ${result.seen} of ${result.pressed}`);
      }
      await contender.stop();
    } catch (error) {
      // what others cannot do here is told in the table; ours has to do it
      if (contender.name === "ours") throw error;
      this.#failed.set(`${contender.name} ${load}`, (error as Error).message);
      this.bench.tell(`${contender.name} could not be measured: ${(error as Error).message}`);
      await contender.stop();
    }
  }

  /** Ours beside each other's. */
  rows(frames: number): void {
    for (const load of ["idle", "video"] as const) for (const kind of KINDS) for (const peer of ["barrier", "lan-mouse"]) this.#latency(peer, kind, load, frames);
    for (const peer of ["barrier", "lan-mouse"]) {
      this.#pair("CPU, programs of both ends, 1000 key events", peer, ({ measured, pressed }) => figure((1000 * measured.cpu) / pressed, "ms"), "< 200 ms");
      this.#pair("CPU, both virtual machines, 1000 key events", peer, ({ measured, pressed, idle }) => figure((1000 * (measured.machines - idle.machines * measured.seconds)) / pressed, "ms"), "");
      this.#pair("bytes per key event, both ways", peer, ({ measured, pressed, idle }) => figure((measured.bytes - idle.bytes * measured.seconds) / pressed, "B"), "");
    }
  }

  #latency(peer: string, kind: Kind, load: Load, frames: number): void {
    const ours = this.#all.get(key("ours", kind, load));
    const other = this.#all.get(key(peer, kind, load));
    if (!ours) return;
    const note = [seen(ours), other ? `${peer} ${seen(other)}` : this.#why(peer, load), load === "video" ? `${frames.toFixed(0)} frames/s made beside it` : ""];
    this.bench.row({ what: `${kind}, ${load}; peer: ${peer}`, ours: spread(ours.samples, "µs"), ...(other ? { peer: spread(other.samples, "µs") } : {}), aim: "no slower", note: note.filter((part) => part !== "").join("; ") });
  }

  #pair(what: string, peer: string, of: (result: Result) => Figure, aim: string): void {
    const ours = this.#all.get(key("ours", "key", "idle"));
    const other = this.#all.get(key(peer, "key", "idle"));
    if (ours) this.bench.row({ what: `${what}; peer: ${peer}`, ours: of(ours), ...(other ? { peer: of(other) } : {}), aim, note: other ? "" : this.#why(peer, "idle") });
  }

  #why(peer: string, load: Load): string {
    return `${peer}: ${this.#failed.get(`${peer} ${load}`) ?? "not measured"}`;
  }

  figure(): string {
    const told = [...this.#all].map(([name, { samples }]) => `${name} ${quantile(samples, 0.5).toFixed(0)}`);
    return `µs, medians: ${told.join(", ")}`;
  }
}

function seen({ seen, pressed, measured }: Result): string {
  const { dropped } = measured.seen;
  return `${seen}/${pressed} seen${dropped > 0 ? `, ${dropped} times Linux dropped what was read too late` : ""}`;
}

function key(name: string, kind: Kind, load: Load): string {
  return `${name} ${kind} ${load}`;
}

/** What a second takes when nobody types. */
async function idle(contender: Contender): Promise<Result["idle"]> {
  await sleep(500);
  const before = { bytes: await contender.bytes(), machines: contender.machines(), at: performance.now() };
  await sleep(IDLE_MS);
  const seconds = (performance.now() - before.at) / 1000;
  return { bytes: ((await contender.bytes()) - before.bytes) / seconds, machines: (contender.machines() - before.machines) / seconds };
}

/** Somebody watches the office's picture, and somebody another Pi's: both processors have enough to do. */
class Busy {
  private constructor(readonly viewers: Viewer[], readonly other: Pi, readonly started: number) {}

  static async start(bench: Bench, office: Pi): Promise<Busy> {
    const other = await Pi.boot(bench.lab, patternPi({ index: 2, network: createSharedNetwork(2), config: piConfig("other", ["capture", "encode", "web"]) }));
    await new Node(other).awaitUp(["capture", "encode", "web"]);
    for (const pi of [office, other]) await showPattern(pi, 720);
    const viewers = await Promise.all([office, other].map((pi) => Viewer.open(pi.network.address, { video: true })));
    await sleep(3000);
    for (const viewer of viewers) if (viewer.frames === 0) throw new LabError("a viewer sees no picture");
    return new Busy(viewers, other, performance.now());
  }

  /** Frames a second that were made meanwhile. */
  async end(): Promise<number> {
    const frames = this.viewers.reduce((sum, viewer) => sum + viewer.frames, 0);
    for (const viewer of this.viewers) viewer.close();
    await this.other.powerOff();
    return frames / ((performance.now() - this.started) / 1000);
  }
}

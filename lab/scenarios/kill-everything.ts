// Under typing and video every device is killed and stopped, again and again, and then the kernel itself.
// The target must notice nothing, and no key that was acknowledged may be missing, doubled or stuck.
import { sleep, until } from "../src/lab.ts";
import { DEVICES, Node } from "../src/node.ts";
import { quantile, scenario, type Bench } from "../src/scenario.ts";
import type { Rig, RigOptions } from "../src/rig.ts";
import { PENDING_MOST, Viewer, usageOfCharacter } from "../src/viewer.ts";

/** How often a device and how often the kernel is killed. */
export interface Rounds {
  devices: number;
  kernels: number;
}

/** What the person asks for, else these. */
export function rounds(devices: number, kernels: number): Rounds {
  return { devices: Number(process.env["DKVM_ROUNDS"] ?? devices), kernels: Number(process.env["DKVM_KERNEL_ROUNDS"] ?? kernels) };
}

const ROUNDS = rounds(200, 20);
/** One in so many rounds is a SIGSTOP: it takes the heartbeat's 2 s, a SIGKILL milliseconds. */
const STOP_EVERY = 5;
const TELL_EVERY = 10;
/** A character is two steps: after so many new ones, some that were typed since have been acknowledged. */
const ANEW = PENDING_MOST / 2 + 1;
const SEED = Number(process.env["DKVM_SEED"] ?? 20261121);

export default scenario("kill-everything", `under typing and video, ${ROUNDS.devices} SIGKILLs and SIGSTOPs at random, then the kernel ${ROUNDS.kernels} times: no USB disconnect, no key stuck, lost or doubled`,
  (bench) => killEverything(bench, ROUNDS));

/** `machines`: of what kind they are. */
export async function killEverything(bench: Bench, rounds: Rounds, machines: RigOptions = {}): Promise<string> {
  const rig = await bench.boot(machines);
  const node = new Node(rig.pi);
  await node.awaitUp(DEVICES);
  await rig.target.awaitInput(/dKVM/, 60_000);
  const viewer = await Viewer.open(rig.pi.network.address, { video: true });
  await viewer.takeFocus();
  await until("frames flow", () => viewer.frames > 0);
  const typist = new Typist(viewer);

  const recovery = await killDevices(bench, rig, node, rounds.devices);
  await typist.check(bench, rig, "after the devices' deaths");
  await killKernels(bench, rig, node, typist, rounds.kernels);
  const typed = await typist.stop(bench, rig);
  viewer.close();
  return `${rounds.devices} devices and ${rounds.kernels} kernels killed, ${typed} keys typed, 0 lost, 0 doubled, 0 stuck, 0 USB disconnects (of ${viewer.lost} steps hid could not say whether they arrived: they did); SIGKILL to ready median ${quantile(recovery, 0.5).toFixed(0)} ms as seen by polling`;
}

/** Types without pause, in the background, and remembers what. */
class Typist {
  text = "";
  readonly #mark = 0;
  #running = true;
  #fault: Error | undefined;
  readonly #work: Promise<void>;

  constructor(readonly viewer: Viewer) {
    this.#work = this.#type().catch((error: Error) => { this.#fault = error; });
  }

  async #type(): Promise<void> {
    for (let i = 0; this.#running; i++) {
      const character = String.fromCharCode(97 + (i * 7 + (i >> 4)) % 26);
      await this.viewer.tap(usageOfCharacter(character));
      this.text += character;
      await sleep(20);
    }
  }

  /** What is typed is acknowledged again: the viewer is back, its focus too. */
  async goesOn(when: string): Promise<void> {
    const before = this.text.length;
    await until(`typing goes on ${when}`, () => this.#fault !== undefined || this.text.length >= before + ANEW);
    if (this.#fault) throw this.#fault;
  }

  /** All typed so far has arrived, once and in order, and nothing is held. */
  async check(bench: Bench, rig: Rig, when: string): Promise<void> {
    if (this.#fault) throw this.#fault;
    const wanted = this.text.length;
    await until(`the target gets ${wanted} characters ${when}`, () => rig.target.log.typed(this.#mark).length >= wanted);
    const got = rig.target.log.typed(this.#mark).slice(0, wanted);
    const at = [...got].findIndex((character, i) => character !== this.text[i]);
    bench.check(at < 0, `${when}: from key ${at} on the target got ${JSON.stringify(got.slice(at, at + 12))} in place of ${JSON.stringify(this.text.slice(at, at + 12))}`);
    bench.equal(rig.target.log.usbDisconnects(), 0, `USB disconnects ${when}`);
  }

  async stop(bench: Bench, rig: Rig): Promise<number> {
    this.#running = false;
    await this.#work;
    await this.viewer.settled();
    await this.check(bench, rig, "at the end");
    bench.equal(rig.target.log.typed(this.#mark).length, this.text.length, "characters at the target in all");
    await rig.target.awaitNothingHeld("at the end");
    return this.text.length;
  }
}

async function killDevices(bench: Bench, rig: Rig, node: Node, rounds: number): Promise<number[]> {
  const random = generator(SEED);
  const recovery: number[] = [];
  const before = await node.memory();
  for (let round = 0; round < rounds; round++) {
    const victim = DEVICES[Math.floor(random() * DEVICES.length)]!;
    const signal = round % STOP_EVERY === STOP_EVERY - 1 ? "STOP" : "KILL";
    const was = await node.awaitUp();
    const { pid, generation } = was.find(({ name }) => name === victim)!;
    const started = performance.now();
    await rig.pi.kill(pid!, signal);
    const now = await node.awaitUp(DEVICES, { after: new Map([[victim, generation]]) });
    if (signal === "KILL") recovery.push(performance.now() - started);
    for (const { name, generation: before } of was) {
      if (name === victim) continue;
      bench.equal(now.find((d) => d.name === name)?.generation, before, `round ${round}: ${name}'s generation after SIG${signal} of ${victim}`);
    }
    if (round % TELL_EVERY === TELL_EVERY - 1) bench.tell(`${round + 1} of ${rounds}`);
    await sleep(random() * 300);
  }
  await until("the leases are back", async () => {
    const memory = await node.memory();
    return memory.leases <= before.leases + 4 && memory.pools <= before.pools;
  }, { every: 100 });
  return recovery;
}

async function killKernels(bench: Bench, rig: Rig, node: Node, typist: Typist, rounds: number): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    const old = await node.kernelPid();
    await rig.pi.kill(old, "KILL");
    await until("init starts the kernel again", async () => (await rig.pi.pidOf(/^\/usr\/bin\/dkvm kernel/)) !== old, { every: 20 });
    await node.awaitUp(DEVICES);
    await typist.goesOn(`after kernel ${round + 1}`);
    const rooms = (await rig.pi.must("ls -d /dev/shm/dkvm-* | wc -l")).trim();
    bench.equal(rooms, "1", `directories of kernels in /dev/shm after kernel ${round + 1}`);
    await sleep(200);
  }
  bench.tell(`${rounds} kernels killed`);
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

// SIGKILL to ready, each device in turn: by the kernel's own clock, from the death it noticed, and as seen from outside, from the kill.
import { LabError, sleep, until } from "../src/lab.ts";
import type { Stream } from "../src/agent.ts";
import { HostNode } from "../src/host-node.ts";
import { DEVICES, Node } from "../src/node.ts";
import type { Pi } from "../src/pi.ts";
import { scenario, type Bench } from "../src/scenario.ts";
import { figure, spread } from "../src/table.ts";
import type { DeviceInfo } from "../../devices/web/page/src/wire/DeviceInfo.ts";

const KILLS = Number(process.env["DKVM_KILLS"] ?? 30);
/** Between kills; each device has its turn every fifth time, so that none has died a moment before. */
const PAUSE_MS = 350;

/** Where devices live. */
interface Place {
  name: string;
  devices(): Promise<DeviceInfo[]>;
  kill(pid: number): Promise<void>;
  followLog(): Stream;
}

export default scenario("recovery", "SIGKILL to ready, each device: in the Pi, and on this machine with dummy devices", async (bench) => {
  const host = await HostNode.start(bench.lab);
  const fast = await killAll(bench, {
    name: "this machine, dummies", devices: async () => host.devices(), followLog: () => host.followLog(),
    kill: async (pid) => void process.kill(pid, "SIGKILL"),
  });
  await host.end();
  const rig = await bench.boot();
  const node = new Node(rig.pi);
  await node.awaitUp();
  await rig.target.awaitInput(/dKVM/);
  const inPi = await killAll(bench, {
    name: "in the Pi", devices: () => node.awaitUp(), kill: (pid) => rig.pi.kill(pid, "KILL"), followLog: () => rig.pi.stream("exec dkvm logs -f --json"),
  });
  const floor = await floorOf(rig.pi);
  bench.row({ what: "recovery: what two starts of the smallest program take in the Pi", ours: figure(floor, "ms"), note: "a device is started by the jail, then executed: two programs; on hardware about 1 ms each" });
  const told = (all: number[]): string => `${spread(all, "").value} ms, p99 ${spread(all, "").p99} ms`;
  return `death to ready: ${told(fast)} on this machine; ${told(inPi)} in the Pi`;
});

/** ms for two times fork, exec and exit, in the emulation. */
async function floorOf(pi: Pi): Promise<number> {
  const rounds = 40;
  const started = performance.now();
  await pi.must(`i=0; while [ $i -lt ${rounds} ]; do /bin/busybox true; i=$((i+1)); done`);
  return ((performance.now() - started) / rounds) * 2;
}

/** Every device in turn; the samples of all, by the kernel's clock. */
async function killAll(bench: Bench, place: Place): Promise<number[]> {
  const log = new LogWatch(place.followLog());
  await log.awaitOpen();
  await sleep(1000);
  const samples = new Map(DEVICES.map((name) => [name, { inside: [] as number[], outside: [] as number[], held: 0 }]));
  for (let kill = 0; kill < KILLS * DEVICES.length; kill++) {
    const name = DEVICES[kill % DEVICES.length]!;
    const once = await killOnce(place, log, name);
    const of = samples.get(name)!;
    if (once.waited) of.held++;
    else {
      of.inside.push(once.inside);
      of.outside.push(once.outside);
    }
    if (kill % 50 === 49) bench.tell(`${place.name}: ${kill + 1} of ${KILLS * DEVICES.length}`);
    await sleep(PAUSE_MS);
  }
  log.close();
  for (const [name, { inside, outside, held }] of samples) {
    const seen = spread(outside, "ms");
    const note = `from the kill, seen outside: median ${seen.value.toFixed(0)}, p99 ${seen.p99!.toFixed(0)}`;
    bench.row({ what: `recovery: ${name}, death to ready, ${place.name}`, ours: spread(inside, "ms"), aim: "p99 < 50 ms", note: held > 0 ? `${note}; ${held} with back-off left out` : note });
  }
  return [...samples.values()].flatMap(({ inside }) => inside);
}

interface Once {
  inside: number;
  outside: number;
  /** The kernel held the device back. */
  waited: boolean;
}

async function killOnce(place: Place, log: LogWatch, name: string): Promise<Once> {
  const { pid } = (await place.devices()).find((device) => device.name === name)!;
  const mark = log.lines.length;
  const killed = performance.now();
  await place.kill(pid!);
  const find = (pattern: RegExp): Seen | undefined => log.lines.slice(mark).find(({ line }) => line.device === name && pattern.test(line.text));
  const ready = await until(`${name} is ready again`, () => find(/^is (ready|fully)/), { every: 1 });
  const died = find(/^died after/);
  if (!died) throw new LabError(`the log does not tell that ${name} died`);
  const waited = find(/waits|again in \d+ ms|back-off/) !== undefined;
  return { inside: ready.line.at_uptime_ms - died.line.at_uptime_ms, outside: ready.at - killed, waited };
}

/** As `dkvm logs --json` prints it. */
interface LogLine {
  at_uptime_ms: number;
  device: string;
  text: string;
}

interface Seen {
  line: LogLine;
  /** By the runner's clock. */
  at: number;
}

/** The kernel's log as it comes. */
class LogWatch {
  readonly lines: Seen[] = [];

  constructor(readonly stream: Stream) {
    void this.#read();
  }

  async #read(): Promise<void> {
    for await (const text of this.stream.lines) this.lines.push({ line: JSON.parse(text) as LogLine, at: performance.now() });
  }

  async awaitOpen(): Promise<void> {
    await until("the log is followed", () => this.lines.length > 0);
  }

  close(): void {
    this.stream.close();
  }
}

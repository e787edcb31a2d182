// SIGKILL to ready, each device in turn: by the kernel's own clock, from the death it noticed, and as seen from outside, from the kill.
import { LabError, sleep, until } from "../src/lab.ts";
import { DEVICES, Node } from "../src/node.ts";
import type { Pi } from "../src/pi.ts";
import { scenario, type Bench } from "../src/scenario.ts";
import { spread } from "../src/table.ts";

const KILLS = Number(process.env["DKVM_KILLS"] ?? 30);
/** Between kills; each device has its turn every fifth time, so that none has died a moment before. */
const PAUSE_MS = 350;

export default scenario("recovery", "SIGKILL to ready, each device", async (bench) => {
  const rig = await bench.boot();
  const node = new Node(rig.pi);
  await node.awaitUp();
  await rig.target.awaitInput(/dKVM/);
  const log = new LogWatch(rig.pi);
  await log.awaitOpen();
  await sleep(1000);

  const inside = new Map<string, number[]>(DEVICES.map((name) => [name, []]));
  const outside = new Map<string, number[]>(DEVICES.map((name) => [name, []]));
  const held = new Map<string, number>();
  for (let kill = 0; kill < KILLS * DEVICES.length; kill++) {
    const name = DEVICES[kill % DEVICES.length]!;
    const once = await killOnce(rig.pi, node, log, name);
    if (once.waited) held.set(name, (held.get(name) ?? 0) + 1);
    else {
      inside.get(name)!.push(once.inside);
      outside.get(name)!.push(once.outside);
    }
    if (kill % 25 === 24) bench.tell(`${kill + 1} of ${KILLS * DEVICES.length}`);
    await sleep(PAUSE_MS);
  }
  log.close();
  for (const name of DEVICES) tellRow(bench, name, inside.get(name)!, outside.get(name)!, held.get(name) ?? 0);
  const all = DEVICES.flatMap((name) => inside.get(name)!);
  return `${all.length} kills, death to ready median ${spread(all, "ms").value} ms, p99 ${spread(all, "ms").p99} ms`;
});

function tellRow(bench: Bench, name: string, inside: number[], outside: number[], held: number): void {
  const seen = spread(outside, "ms");
  const note = `seen from outside, from the kill: median ${seen.value.toFixed(0)}, p99 ${seen.p99!.toFixed(0)}`;
  bench.row({ what: `recovery: ${name}, death to ready`, ours: spread(inside, "ms"), aim: "p99 < 50 ms", note: held > 0 ? `${note}; ${held} with back-off left out` : note });
}

interface Once {
  inside: number;
  outside: number;
  /** The kernel held the device back. */
  waited: boolean;
}

async function killOnce(pi: Pi, node: Node, log: LogWatch, name: string): Promise<Once> {
  const { pid } = (await node.awaitUp()).find((device) => device.name === name)!;
  const mark = log.lines.length;
  const killed = performance.now();
  await pi.kill(pid!, "KILL");
  const find = (pattern: RegExp): Seen | undefined => log.lines.slice(mark).find(({ line }) => line.device === name && pattern.test(line.text));
  const ready = await until(`${name} is ready again`, () => find(/^is (ready|fully)/), { timeout: 20_000, every: 1 });
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
  readonly #stream;

  constructor(readonly pi: Pi) {
    this.#stream = pi.stream("exec dkvm logs -f --json");
    void this.#read();
  }

  async #read(): Promise<void> {
    for await (const text of this.#stream.lines) this.lines.push({ line: JSON.parse(text) as LogLine, at: performance.now() });
  }

  async awaitOpen(): Promise<void> {
    await until("the log is followed", () => this.lines.length > 0, { timeout: 5000 });
  }

  close(): void {
    this.#stream.close();
  }
}

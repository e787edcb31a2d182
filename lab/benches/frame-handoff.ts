// Raw frames from one process to others: on this machine, against pipes that copy; and in the Pi, against ustreamer's
// memory sink. Latency is from the frame's last byte written to the first that a consumer can read.
import { spawn, spawnSync } from "node:child_process";
import { createInterface } from "node:readline";
import { LabError, sleep, until } from "../src/lab.ts";
import { Node } from "../src/node.ts";
import { patternPi, showPattern } from "../src/pattern.ts";
import { findBinary } from "../src/pi-image.ts";
import type { Pi } from "../src/pi.ts";
import { scenario, type Bench } from "../src/scenario.ts";
import { figure, spread, type Figure } from "../src/table.ts";

const SECONDS = Number(process.env["DKVM_SECONDS"] ?? 8);
const FRAMES_PROGRAM = "/usr/bin/dkvm-bench-frames";
const USTREAMER = "/usr/bin/ustreamer";
const DUMP = "/usr/bin/ustreamer-dump";
const FRAMES = 300;
/** At this priority everybody else's work on this machine waits. */
const REALTIME = ["chrt", "-f", "10"];

export default scenario("frame-handoff", "raw frames from one process to others: latency, copies, CPU", async (bench) => {
  const plain = new HostRows(await runFrames([]));
  bench.tell("synthetic producer, on this machine");
  for (const consumers of [1, 4]) plainRows(bench, plain, consumers);
  // Needs root; without it the figures tell more of this machine's other work than of ours.
  const mayHurry = spawnSync(REALTIME[0]!, [...REALTIME.slice(1), "true"]).status === 0;
  if (mayHurry) {
    const hurried = new HostRows(await runFrames(REALTIME));
    bench.tell("the same at real-time priority");
    for (const consumers of [1, 4]) latencyRows(bench, hurried, consumers, "real-time", "both at real-time priority, as ours on a Pi");
  }
  const lab = await inPi(bench);
  return `1080p60 to 1: median ${plain.latency(1, "").ours.value.toFixed(0)} µs on this machine, ${lab.value.toFixed(0)} µs in the Pi`;
});

interface HostRow {
  name: string;
  unit: string;
  ours: number;
  peer: number | null;
}

class HostRows {
  constructor(readonly rows: HostRow[]) {}

  find(consumers: number, name: string): HostRow {
    const row = this.rows.find((r) => r.name === `frames to ${consumers}: ${name}`);
    if (!row) throw new LabError(`dkvm-bench-frames tells nothing of '${name}' to ${consumers}`);
    return row;
  }

  latency(consumers: number, peer: string): { ours: Figure; peer: Figure } {
    const name = (which: string): string => (peer ? `${which}, peer ${peer}` : `latency ${which}`);
    const [median, p99] = [this.find(consumers, name("median")), this.find(consumers, name("p99"))];
    return { ours: { value: median.ours, p99: p99.ours, unit: "µs" }, peer: { value: median.peer!, p99: p99.peer!, unit: "µs" } };
  }
}

function latencyRows(bench: Bench, rows: HostRows, consumers: number, where: string, note: string): void {
  const name = `1080p60 to ${consumers}, ${where}: latency`;
  bench.row({ what: `${name}; peer: pipes that copy`, ...rows.latency(consumers, ""), aim: "p99 < 100 µs", note });
  bench.row({ what: `${name}; peer: two bare pipe hops`, ...rows.latency(consumers, "two bare pipe hops"), note: "the peer is what two wake-ups alone take" });
}

function plainRows(bench: Bench, rows: HostRows, consumers: number): void {
  latencyRows(bench, rows, consumers, "host", "other work on this machine shows in p99");
  for (const [what, aim] of [["copied per frame", "0"], ["CPU of the kernel process", "< 2 %"], ["CPU of all processes", ""], ["frames lost", "0"]] as const) {
    const { ours, peer, unit } = rows.find(consumers, what);
    bench.row({ what: `1080p60 to ${consumers}, host: ${what}`, ours: figure(ours, unit), ...(peer === null ? {} : { peer: figure(peer, unit) }), ...(aim ? { aim } : {}) });
  }
}

/** A synthetic producer and a real kernel, without the Pi. */
async function runFrames(prefix: string[]): Promise<HostRow[]> {
  const words = [...prefix, findBinary("dkvm-bench-frames"), "--json", "--seconds", String(SECONDS), "--dkvm", findBinary("dkvm"), ...(prefix.length > 0 ? ["--realtime"] : [])];
  const program = spawn(words[0]!, words.slice(1), { stdio: ["ignore", "pipe", "pipe"] });
  const rows: HostRow[] = [];
  let said = "";
  createInterface({ input: program.stdout }).on("line", (line) => rows.push(JSON.parse(line) as HostRow));
  program.stderr.on("data", (text: Buffer) => { said += text.toString(); });
  const code = await new Promise<number | null>((done, failed) => program.on("close", done).on("error", failed));
  if (code !== 0) throw new LabError(`dkvm-bench-frames ended with ${code}: ${said.trim()}`);
  return rows;
}

const CONFIG = `
[memory]
budget = "96M"
[device.producer]
command = ["${FRAMES_PROGRAM}", "producer"]
memory = "64M"
user = "root"
[device.consumer]
command = ["${FRAMES_PROGRAM}", "consumer"]
user = "root"
[device.consumer.config]
frames = ${FRAMES}
[[route]]
topic = "bench.frame"
from = "producer"
to = ["consumer"]
`;

/** The same producer and one consumer; then ustreamer, from vivid, whose own time stamps are of no use: they lie ahead. */
async function inPi(bench: Bench): Promise<Figure> {
  const programs = { [FRAMES_PROGRAM]: findBinary("dkvm-bench-frames"), [USTREAMER]: USTREAMER, [DUMP]: DUMP };
  const rig = await bench.boot({ pi: patternPi({ config: CONFIG, programs }), target: false });
  await new Node(rig.pi).awaitUp(["producer", "consumer"]);
  const ours = await until("the consumer has seen its frames", async () => reportOf(await rig.pi.must("dkvm logs -n 100 consumer")), { every: 200 });
  await rig.pi.must("dkvm stop producer; dkvm stop consumer");
  await showPattern(rig.pi, 1080);
  const peer = await sink(rig.pi);
  bench.row({
    what: "1080p to 1, in the Pi: latency; peer: ustreamer's raw sink", ours, peer, aim: "< the peer",
    note: "one emulated CPU; ours 60 frames/s painted there, the peer 30 from vivid; it copies in and out and tells whole ms",
  });
  bench.tell("in the Pi");
  return ours;
}

function reportOf(log: string): Figure | undefined {
  const report = /report (\{.*\})/.exec(log)?.[1];
  if (report === undefined) return undefined;
  const { median_ns, p99_ns } = JSON.parse(report) as { median_ns: number; p99_ns: number };
  return { value: median_ns / 1000, p99: p99_ns / 1000, unit: "µs" };
}

/** The peer's own consumer, which prints the age of each frame when it has its copy. */
async function sink(pi: Pi): Promise<Figure> {
  const server = pi.stream(`exec ${USTREAMER} --device /dev/video0 --dv-timings --resolution 1920x1080 --format YUYV --workers 1 --encoder NOOP --raw-sink dkvm-bench --raw-sink-rm 2>&1`);
  const said: string[] = [];
  void (async () => { for await (const line of server.lines) said.push(line); })();
  await until("ustreamer has made its sink", async () => (await pi.sh("test -e /dev/shm/dkvm-bench")).code === 0)
    .catch((error: Error) => { throw new LabError(`${error.message}; it says:\n${said.join("\n")}`); });
  await sleep(2000);
  const answer = await pi.sh(`${DUMP} --sink dkvm-bench --count ${FRAMES} --no-log-colors --verbose 2>&1`, 60_000);
  server.close();
  const latencies = [...answer.stdout.matchAll(/latency=([\d.]+)/g)].map((match) => Number(match[1]) * 1e6).slice(10);
  if (latencies.length === 0) throw new LabError(`ustreamer-dump told no latency: ${answer.stdout.slice(0, 500)}\n${said.slice(-5).join("\n")}`);
  return spread(latencies, "µs");
}

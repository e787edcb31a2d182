// One moving picture as MJPEG to viewers: ours by HTTPS and by the page's socket, and ustreamer by HTTP, in turns, in
// one Pi, from one vivid. What vivid costs by itself, streaming to nobody, is taken off both.
import { machineCpu, type MachineCpu } from "../src/cpu.ts";
import { LabError, sleep, until } from "../src/lab.ts";
import { MjpegViewer } from "../src/mjpeg.ts";
import { Node } from "../src/node.ts";
import { patternPi, showPattern, streamPattern } from "../src/pattern.ts";
import type { Pi } from "../src/pi.ts";
import { quantile, scenario, type Bench } from "../src/scenario.ts";
import { figure } from "../src/table.ts";
import { Viewer } from "../src/viewer.ts";

const USTREAMER = "/usr/bin/ustreamer";
const PORT = 8080;
/** ms measured per turn, and turns of each side: this machine's other work hits both alike. */
const TURN_MS = Number(process.env["DKVM_TURN_MS"] ?? 4000);
const TURNS = 2;
const SETTLE_MS = 1000;
const QUALITY = 80;
const HEIGHTS = [720, 1080] as const;
const VIEWERS = [1, 4] as const;

type Way = "stream" | "socket" | "ustreamer";
type Height = (typeof HEIGHTS)[number];

/** Sums over turns. */
interface Sum {
  milliseconds: number;
  cpu: MachineCpu;
  frames: number[];
  bytes: number;
}

interface Watcher {
  frames: number;
  bytes: number;
  close(): void;
}

export default scenario("mjpeg", "a moving picture at 30 frames/s to 1 and 4 viewers: frames/s and CPU, against ustreamer", async (bench) => {
  const rig = await bench.boot({ pi: patternPi({ programs: { [USTREAMER]: USTREAMER } }), target: false });
  const node = new Node(rig.pi);
  await node.awaitUp(["web"]);
  const best: string[] = [];
  for (const height of HEIGHTS) {
    await showPattern(rig.pi, height);
    for (const viewers of VIEWERS) best.push(await compare(bench, rig.pi, node, height, viewers));
  }
  return `CPU per frame over ustreamer's: ${best.join(", ")}`;
});

async function compare(bench: Bench, pi: Pi, node: Node, height: Height, viewers: number): Promise<string> {
  const sums: Record<Way, Sum> = { stream: newSum(), socket: newSum(), ustreamer: newSum() };
  await pi.must("dkvm stop capture");
  const source = await sourceAlone(pi, height);
  for (let turn = 0; turn < TURNS; turn++) {
    await withUstreamer(pi, height, () => measure(pi, "ustreamer", viewers, sums.ustreamer));
    await pi.must("dkvm start capture");
    await node.awaitUp(["capture", "encode", "web"]);
    await measure(pi, "stream", viewers, sums.stream);
    await measure(pi, "socket", viewers, sums.socket);
    await pi.must("dkvm stop capture");
  }
  const what = `${height}p to ${viewers}`;
  for (const way of ["stream", "socket", "ustreamer"] as const) bench.tell(`${what}: ${way}: ${told(sums[way], source)}`);
  const peer = perFrame(sums.ustreamer, source);
  for (const [way, name] of [["stream", "HTTPS stream"], ["socket", "page's socket"]] as const) {
    const ours = perFrame(sums[way], source);
    bench.row({
      what: `mjpeg ${what}, ${name}: CPU per frame, whole Pi`, ours: figure(ours.all, "ms"), peer: figure(peer.all, "ms"), aim: "half",
      note: `emulated system calls weigh most here; the source's ${source.all.toFixed(1)} ms are taken off both`,
    });
    bench.row({ what: `mjpeg ${what}, ${name}: CPU per frame, programs' own code`, ours: figure(ours.programs, "ms"), peer: figure(peer.programs, "ms"), aim: "half", note: "ours with TLS, the peer without" });
  }
  bench.row({
    what: `mjpeg ${what}: frames/s per viewer`, ours: figure(rate(sums.stream), "/s"), peer: figure(rate(sums.ustreamer), "/s"), aim: "30",
    note: `page's socket ${rate(sums.socket).toFixed(1)}; ${kilobytes(sums.stream)} KB per frame (4:2:2), the peer ${kilobytes(sums.ustreamer)} (4:2:0)`,
  });
  return `${what} ${(perFrame(sums.stream, source).all / peer.all).toFixed(2)}`;
}

function newSum(): Sum {
  return { milliseconds: 0, cpu: { all: 0, programs: 0 }, frames: [], bytes: 0 };
}

/** Frames that the middle viewer got. */
function framesOf(sum: Sum): number {
  return quantile(sum.frames, 0.5) * TURNS;
}

function rate(sum: Sum): number {
  return framesOf(sum) / (sum.milliseconds / 1000);
}

/** CPU per frame, without what the source costs that made as many frames as it should. */
function perFrame(sum: Sum, source: MachineCpu): MachineCpu {
  const frames = framesOf(sum);
  return { all: sum.cpu.all / frames - source.all, programs: sum.cpu.programs / frames - source.programs };
}

function kilobytes(sum: Sum): string {
  return (sum.bytes / sum.frames.reduce((a, b) => a + b, 0) / 1000).toFixed(0);
}

function told(sum: Sum, source: MachineCpu): string {
  const { all, programs } = perFrame(sum, source);
  return `${rate(sum).toFixed(1)} frames/s, ${all.toFixed(1)} ms CPU per frame, ${programs.toFixed(1)} of it the programs' own`;
}

/** Per frame, while vivid streams into buffers that nobody looks at. */
async function sourceAlone(pi: Pi, height: Height): Promise<MachineCpu> {
  const frames = Math.round((TURN_MS / 1000) * 30);
  const before = machineCpu(pi);
  await streamPattern(pi, height, frames);
  const after = machineCpu(pi);
  return { all: (after.all - before.all) / frames, programs: (after.programs - before.programs) / frames };
}

async function withUstreamer(pi: Pi, height: Height, work: () => Promise<void>): Promise<void> {
  const size = height === 720 ? "1280x720" : "1920x1080";
  const stream = pi.stream(`exec ${USTREAMER} --device /dev/video0 --dv-timings --resolution ${size} --format YUYV --workers 1 --quality ${QUALITY} --host 0.0.0.0 --port ${PORT} --tcp-nodelay --log-level 0 2>&1`);
  const said: string[] = [];
  void (async () => { for await (const line of stream.lines) said.push(line); })();
  try {
    await until("ustreamer answers", async () => (await pi.sh(`wget -q -O /dev/null http://127.0.0.1:${PORT}/state`)).code === 0, { every: 100 })
      .catch((error: Error) => { throw new LabError(`${error.message}; it says:\n${said.join("\n")}`); });
    await work();
  } finally {
    stream.close();
    const pid = await pi.pidOf(/^\/usr\/bin\/ustreamer/);
    if (pid !== undefined) await pi.kill(pid, "KILL");
    await until("ustreamer has ended", async () => (await pi.pidOf(/^\/usr\/bin\/ustreamer/)) === undefined);
  }
}

async function measure(pi: Pi, way: Way, viewers: number, sum: Sum): Promise<void> {
  const { watchers, close } = await open(pi, way, viewers);
  await sleep(SETTLE_MS);
  const before = watchers.map(({ frames, bytes }) => ({ frames, bytes }));
  const [cpu, started] = [machineCpu(pi), performance.now()];
  await sleep(TURN_MS);
  const spent = machineCpu(pi);
  sum.cpu.all += spent.all - cpu.all;
  sum.cpu.programs += spent.programs - cpu.programs;
  sum.milliseconds += performance.now() - started;
  watchers.forEach(({ frames, bytes }, i) => {
    sum.frames.push(frames - before[i]!.frames);
    sum.bytes += bytes - before[i]!.bytes;
  });
  close();
}

async function open(pi: Pi, way: Way, viewers: number): Promise<{ watchers: Watcher[]; close(): void }> {
  const { address } = pi.network;
  if (way === "socket") {
    const watchers = await Promise.all(Array.from({ length: viewers }, () => Viewer.open(address, { video: true })));
    await until("each viewer sees a picture", () => watchers.every(({ frames }) => frames > 0));
    return { watchers, close: () => watchers.forEach((viewer) => viewer.close()) };
  }
  const entry = way === "stream" ? await Viewer.open(address) : undefined;
  const url = entry ? `https://${address}/api/stream.mjpeg` : `http://${address}:${PORT}/stream`;
  const watchers = await Promise.all(Array.from({ length: viewers }, () => MjpegViewer.open(url, entry?.cookie)));
  entry?.close();
  return { watchers, close: () => watchers.forEach((viewer) => viewer.close()) };
}

// One moving picture as H.264 and as JPEG on the page's own socket, in turns, in one Pi, from one vivid; and over a link that carries
// little. What a desktop costs by itself, without the Pi around it: `dkvm-bench-h264`.
import type WebSocket from "ws";
import { machineCpu } from "../src/cpu.ts";
import { sleep, until } from "../src/lab.ts";
import { Node } from "../src/node.ts";
import { patternPi, showPattern } from "../src/pattern.ts";
import type { Pi } from "../src/pi.ts";
import { scenario, type Bench } from "../src/scenario.ts";
import { figure } from "../src/table.ts";
import { Viewer } from "../src/viewer.ts";

const TURN_MS = Number(process.env["DKVM_TURN_MS"] ?? 4000);
const TURNS = 2;
const SETTLE_MS = 1000;
/** What the slow link carries, bytes a second; it is looked at for so long, the second half of which counts. */
const SLOW = 10_000;
const SLOW_MS = 12_000;
const TICK_MS = 20;

type Codec = "jpeg" | "h264";

/** Sums over turns. */
interface Sum {
  milliseconds: number;
  cpu: number;
  frames: number;
  bytes: number;
}

export default scenario("h264", "a moving picture as H.264 against our own JPEG: CPU and bytes per frame; and what a slow link gets", async (bench) => {
  const rig = await bench.boot({ pi: patternPi(), target: false });
  await showPattern(rig.pi, 720);
  await new Node(rig.pi).awaitUp(["capture", "encode", "h264", "web"]);
  const viewer = await Viewer.open(rig.pi.network.address);
  const sums: Record<Codec, Sum> = { jpeg: newSum(), h264: newSum() };
  for (let turn = 0; turn < TURNS; turn++) {
    for (const codec of ["jpeg", "h264"] as const) await measure(rig.pi, viewer, codec, sums[codec]);
  }
  for (const codec of ["jpeg", "h264"] as const) bench.tell(`${codec}: ${perSecond(sums[codec]).toFixed(1)} frames/s, ${cpu(sums[codec]).toFixed(1)} ms of CPU and ${kilobytes(sums[codec]).toFixed(1)} kB per frame`);
  rows(bench, sums);
  const slow = await overASlowLink(viewer);
  bench.row({ what: "h264 720p over a link of 10 kB/s", ours: figure(slow.rate, "/s"), note: `${(slow.bytes / 1000).toFixed(0)} kB/s, newest frame ${slow.late.toFixed(0)} ms late, quantiser ${viewer.h264?.quantiser ?? 0}` });
  viewer.close();
  return `H.264 takes ${(kilobytes(sums.h264) / kilobytes(sums.jpeg)).toFixed(3)} of JPEG's bytes and ${(cpu(sums.h264) / cpu(sums.jpeg)).toFixed(2)} of its CPU; over 10 kB/s ${slow.rate.toFixed(1)} frames/s`;
});

function rows(bench: Bench, { jpeg, h264 }: Record<Codec, Sum>): void {
  bench.row({ what: "h264 720p, vivid's pattern: CPU per frame, whole Pi", ours: figure(cpu(h264), "ms"), peer: figure(cpu(jpeg), "ms"), note: "the peer is our own JPEG; the source's own part is in both" });
  bench.row({ what: "h264 720p, vivid's pattern: kB per frame", ours: figure(kilobytes(h264), "kB"), peer: figure(kilobytes(jpeg), "kB"), note: `${perSecond(h264).toFixed(1)} frames/s, JPEG ${perSecond(jpeg).toFixed(1)}` });
}

function newSum(): Sum {
  return { milliseconds: 0, cpu: 0, frames: 0, bytes: 0 };
}

const cpu = (sum: Sum): number => sum.cpu / sum.frames;
const kilobytes = (sum: Sum): number => sum.bytes / sum.frames / 1000;
const perSecond = (sum: Sum): number => (sum.frames * 1000) / sum.milliseconds;

async function measure(pi: Pi, viewer: Viewer, codec: Codec, sum: Sum): Promise<void> {
  const socket = viewer.socket("/api/video", { codec });
  let [frames, bytes] = [0, 0];
  socket.on("message", (data: Buffer) => {
    frames++;
    bytes += data.length;
    socket.send(Buffer.alloc(0));
  });
  await until(`pictures as ${codec}`, () => frames > 0);
  await sleep(SETTLE_MS);
  const [was, started, all] = [{ frames, bytes }, performance.now(), machineCpu(pi).all];
  await sleep(TURN_MS);
  sum.cpu += machineCpu(pi).all - all;
  sum.milliseconds += performance.now() - started;
  sum.frames += frames - was.frames;
  sum.bytes += bytes - was.bytes;
  socket.terminate();
}

/** Answers as a page does to which a link brings so many bytes a second. */
async function overASlowLink(viewer: Viewer): Promise<{ rate: number; bytes: number; late: number }> {
  const socket = viewer.socket("/api/video", { codec: "h264" });
  const waiting: Array<{ left: number; at: number }> = [];
  socket.on("message", (data: Buffer) => waiting.push({ left: data.length, at: performance.now() }));
  let [frames, bytes, late] = [0, 0, 0];
  const started = performance.now();
  for (let spent = 0; performance.now() - started < SLOW_MS; ) {
    await sleep(TICK_MS);
    const due = ((performance.now() - started) * SLOW) / 1000;
    if (waiting.length === 0) spent = due;
    while (waiting[0] && spent < due) {
      const part = Math.min(due - spent, waiting[0].left);
      [spent, waiting[0].left] = [spent + part, waiting[0].left - part];
      const measured = performance.now() - started > SLOW_MS / 2;
      if (measured) bytes += part;
      if (waiting[0].left > 0) continue;
      late = performance.now() - waiting.shift()!.at;
      if (measured) frames++;
      shown(socket);
    }
  }
  socket.terminate();
  const seconds = SLOW_MS / 2000;
  return { rate: frames / seconds, bytes: bytes / seconds, late };
}

function shown(socket: WebSocket): void {
  if (socket.readyState === socket.OPEN) socket.send(Buffer.alloc(0));
}

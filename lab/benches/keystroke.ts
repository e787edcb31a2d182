// A key's way: WebSocket in to event out on the target's side, on one clock; and bare, by the gadget's device file.
import { LabError, until } from "../src/lab.ts";
import { patternPi, showPattern } from "../src/pattern.ts";
import { Node } from "../src/node.ts";
import { findBinary } from "../src/pi-image.ts";
import type { Pi } from "../src/pi.ts";
import { scenario } from "../src/scenario.ts";
import type { Figure } from "../src/table.ts";
import { PASSWORD, Viewer } from "../src/viewer.ts";

const PROGRAM = "/usr/bin/dkvm-bench-key";
const KEYS = Number(process.env["DKVM_KEYS"] ?? 1000);
const PATIENCE_MS = 180_000;

export default scenario("keystroke", "WebSocket in to evdev out, against a bare write on the gadget", async (bench) => {
  const programs = { [PROGRAM]: findBinary("dkvm-bench-key") };
  const rig = await bench.boot({ pi: patternPi({ usb: "self", programs }), target: false });
  await new Node(rig.pi).awaitUp(["gadget", "hid", "web"]);
  await until("the Pi's own USB host has the keyboard", async () => /dKVM/.test(await rig.pi.readText("/proc/bus/input/devices")));
  await showPattern(rig.pi, 720);

  const bare = await measure(rig.pi, "bare");
  bench.tell("bare");
  const idle = await measure(rig.pi, `page --password '${PASSWORD}'`);
  bench.row({ what: "key, idle; peer: bare write", ours: idle, peer: bare, aim: "median < 1 ms", note: "TLS, JSON, 3 processes; the client in the Pi too" });
  bench.tell("idle");

  const viewer = await Viewer.open(rig.pi.network.address, { video: true });
  const before = await measure(rig.pi, "bare");
  const started = performance.now();
  const shown = viewer.frames;
  const watched = await measure(rig.pi, `page --password '${PASSWORD}'`);
  const rate = (viewer.frames - shown) / ((performance.now() - started) / 1000);
  viewer.close();
  if (rate < 1) throw new LabError("the viewer saw no picture while keys were measured");
  bench.row({ what: "key, one viewer; peer: bare write", ours: watched, peer: before, aim: "median < 1 ms", note: `720p, ${rate.toFixed(1)} frames/s seen; one CPU encodes, serves and types` });
  return `${(idle.value).toFixed(0)} µs idle, ${watched.value.toFixed(0)} µs while watched (medians)`;
});

async function measure(pi: Pi, way: string): Promise<Figure> {
  const answer = await pi.sh(`${PROGRAM} --count ${KEYS} ${way}`, PATIENCE_MS);
  if (answer.code !== 0) throw new LabError(`in the Pi dkvm-bench-key ${way} ended with ${answer.code}: ${answer.stderr.trim()}`);
  const { median_us, p99_us } = JSON.parse(answer.stdout) as { median_us: number; p99_us: number };
  return { value: median_us, p99: p99_us, unit: "µs" };
}

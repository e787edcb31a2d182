// An image on its way in, as the page sends it, against what the card takes by itself.
import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { HostNode } from "../src/host-node.ts";
import { LabError, run } from "../src/lab.ts";
import { Node } from "../src/node.ts";
import type { Pi } from "../src/pi.ts";
import { scenario, type Bench } from "../src/scenario.ts";
import { figure } from "../src/table.ts";
import { Viewer } from "../src/viewer.ts";

const MIB = 2 ** 20;
const SIZE_MIB = Number(process.env["DKVM_UPLOAD_MIB"] ?? 64);
/** As the page's `IMAGE_PART`. */
const PART = 4 * MIB;

export default scenario("upload", "an image over HTTPS into the library, against dd with fsync on the same card", async (bench) => {
  const [oursHere, peerHere] = await here(bench);
  const rig = await bench.boot({ pi: { usb: "none", hdmi: false, card: { size: "1G" } }, target: false });
  await new Node(rig.pi).awaitUp(["web", "storage"]);
  const peer = await bare(rig.pi);
  bench.tell("bare");
  const viewer = await Viewer.open(rig.pi.network.address);
  const ours = await upload(viewer);
  viewer.close();
  bench.row({
    what: "image upload over HTTPS; peer: dd with fsync",
    ours: figure(ours, "MiB/s"), peer: figure(peer, "MiB/s"), aim: "the disk's own speed",
    note: `${SIZE_MIB} MiB in parts of 4 MiB; TLS, three processes and SHA-256 on the lab's one processor`,
  });
  return `${oursHere.toFixed(0)} MiB/s on this machine, its disk alone ${peerHere.toFixed(0)}; in the Pi ${ours.toFixed(1)} MiB/s, the card alone ${peer.toFixed(1)} MiB/s`;
});

/** Without the emulator's price for each system call: the same programs on this machine. */
async function here(bench: Bench): Promise<[ours: number, peer: number]> {
  const node = await HostNode.start(bench.lab, { storage: 'backend = "dummy"\nin_memory = "allow"' });
  const bare = bench.lab.path("bare");
  const began = performance.now();
  run("dd", "if=/dev/zero", `of=${bare}`, "bs=1M", `count=${SIZE_MIB}`, "conv=fsync", "status=none");
  const peer = SIZE_MIB / ((performance.now() - began) / 1000);
  rmSync(bare);
  const viewer = await Viewer.open(node.address);
  const ours = await upload(viewer);
  viewer.close();
  await node.end();
  bench.row({
    what: "image upload over HTTPS, on this machine; peer: dd with fsync",
    ours: figure(ours, "MiB/s"), peer: figure(peer, "MiB/s"), aim: "the disk's own speed",
    note: `${SIZE_MIB} MiB in parts of 4 MiB; TLS, three processes, SHA-256; the client on the same two processors`,
  });
  return [ours, peer];
}

async function bare(pi: Pi): Promise<number> {
  const began = performance.now();
  const answer = await pi.sh(`dd if=/dev/zero of=/var/lib/dkvm/bare bs=1M count=${SIZE_MIB} conv=fsync`, 600_000);
  const seconds = (performance.now() - began) / 1000;
  if (answer.code !== 0) throw new LabError(`dd ended with ${answer.code}: ${answer.stderr}`);
  await pi.must("rm /var/lib/dkvm/bare");
  return SIZE_MIB / seconds;
}

async function upload(viewer: Viewer): Promise<number> {
  const whole = randomBytes(SIZE_MIB * MIB);
  const began = performance.now();
  for (let at = 0; at < whole.length; at += PART) {
    const headers = { "content-range": `bytes ${at}-${Math.min(at + PART, whole.length) - 1}/${whole.length}` };
    const { status, body } = await viewer.upload("/api/storage?name=bench.img", whole.subarray(at, at + PART), headers);
    if (status !== 200) throw new LabError(`a part was answered with ${status}: ${body}`);
  }
  return SIZE_MIB / ((performance.now() - began) / 1000);
}

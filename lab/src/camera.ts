// A webcam at a workstation: vivid's, in whose way is what a real one meets. Who looks is a page of the workstation itself.
import { LabError, until } from "./lab.ts";
import { Node } from "./node.ts";
import type { Pi } from "./pi.ts";
import type { Bench } from "./scenario.ts";
import { Viewer } from "./viewer.ts";

const WEBCAM = "modprobe vivid n_devs=1 node_types=0x1 num_inputs=1 input_types=0";
const [DRIVER, DEVICE, NODE] = ["/sys/bus/platform/drivers/vivid", "vivid.0", "/dev/video0"];
/** Frames that are enough to say that it runs. */
const FRAMES = 10;

/** Beside the workstation's own configuration. */
export const CAMERA_PAGE = `
[device.web]
command = ["dkvm-device", "web"]
user = "dkvm-web"
network = true

[[route]]
topic = "video.state"
from = "camera"
to = ["web"]

[[route]]
topic = "video.jpeg"
from = "encode"
to = ["web"]
`;

export async function camera(bench: Bench, pi: Pi): Promise<void> {
  const node = new Node(pi);
  await pi.must("dkvm start camera && dkvm start encode");
  await says(node, "plug in the camera");
  // It would give the camera to its group at once.
  await pi.must("killall mdev");
  await pi.must(WEBCAM);
  await says(node, "may not be opened");
  await give(pi, node);
  bench.check(!(await isOpen(pi, node)), "the camera is open while nobody looks");
  await looked(bench, pi, async (viewer) => {
    bench.check(await isOpen(pi, node), "frames come from a camera that is not open");
    await pi.must(`echo ${DEVICE} > ${DRIVER}/unbind`);
    await says(node, "plug in the camera");
    await pi.must(`echo ${DEVICE} > ${DRIVER}/bind`);
    await give(pi, node);
    await frames(viewer, "a camera that was plugged in again");
  });
  await until("the camera is closed when nobody looks any more", async () => !(await isOpen(pi, node)));
  const busy = await pi.must(`setsid cat ${NODE} > /dev/null 2>&1 & echo $!`);
  await until("another program has the camera", async () => (await pi.sh(`ls -l /proc/${busy.trim()}/fd`)).stdout.includes(NODE));
  await looked(bench, pi, async (viewer) => {
    await frames(viewer, "a camera that another program had");
  }, async () => {
    await says(node, "another program uses it");
    await pi.must(`kill ${busy.trim()}`);
  });
  bench.equal((await node.deaths("camera")).length, 0, "the deaths of the camera's device");
  bench.tell("the camera: absent, not allowed, seen, pulled out, put back, in use, free again");
}

/** Somebody looks; `first` is done while no frame can come yet. */
async function looked(bench: Bench, pi: Pi, then: (viewer: Viewer) => Promise<void>, first?: () => Promise<void>): Promise<void> {
  const viewer = await Viewer.open(pi.network.address, { video: true });
  try {
    await first?.();
    await frames(viewer, "the camera");
    bench.check(viewer.lastFrame!.subarray(0, 2).equals(Buffer.from([0xff, 0xd8])), "what comes is no JPEG");
    await then(viewer);
  } finally {
    viewer.close();
  }
}

async function frames(viewer: Viewer, of: string): Promise<void> {
  const before = viewer.frames;
  await until(`${FRAMES} frames of ${of}`, () => viewer.frames >= before + FRAMES);
}

async function says(node: Node, part: string): Promise<void> {
  let last = "nothing";
  await until(`the camera says '${part}'`, async () => (last = (await node.device("camera")).detail ?? "nothing").includes(part))
    .catch((error: Error) => { throw new LabError(`${error.message}; it said last: ${last}`); });
}

/** As udev does it at a workstation. */
async function give(pi: Pi, node: Node): Promise<void> {
  await pi.must(`chgrp video ${NODE} && chmod 660 ${NODE}`);
  await until("the camera can be had", async () => (await node.device("camera")).phase === "running");
}

async function isOpen(pi: Pi, node: Node): Promise<boolean> {
  const { pid } = await node.device("camera");
  return (await pi.must(`ls -l /proc/${pid}/fd`)).includes(NODE);
}

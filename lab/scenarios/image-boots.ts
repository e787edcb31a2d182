// The whole of the qemu board's image: its Linux, its root, its kernel and devices, on an aarch64 PC and on QEMU's Pi 3.
import { once } from "node:events";
import { BuiltPi, builtImage, type Machine } from "../src/built-image.ts";
import { characterOf } from "../src/keys.ts";
import { LabError, until } from "../src/lab.ts";
import { scenario, type Bench } from "../src/scenario.ts";
import { Viewer } from "../src/viewer.ts";

const MACHINES: readonly Machine[] = ["virt", "raspi3b"];
const TEXT = "hello from the image";
/** Linux keeps so many keys for a reader that gets no time, and drops all of them at the next. */
const CHUNK = 4;
const EVENT_BYTES = 24;
const EV_KEY = 1;
/** Everything that QEMU has the hardware for, or a stand-in. */
const FULLY = ["gadget", "hid", "capture", "encode", "web"];
/** Up all the same: no LED, no wires to a front panel; QEMU's network sends a node's own mDNS back to it, as if from another. */
const AT_LEAST = ["network", "nodes", "ssh", "led", "power", "update"];
const UP = ["running", "degraded"];

/** Every device is up, and what is not ready says why. */
async function checkDevices(bench: Bench, viewer: Viewer): Promise<string> {
  for (const name of FULLY) await viewer.awaitPhase(name, "running", 120_000);
  const isUp = (name: string): boolean => UP.includes(viewer.devices.get(name)?.phase ?? "");
  await until(`${AT_LEAST.join(", ")} are up`, () => AT_LEAST.every(isUp), { timeout: 120_000 });
  for (const { name, phase } of viewer.devices.values()) {
    bench.check(isUp(name), `${name} is ${phase}`);
    if (phase === "degraded") bench.tell(`${name} is up, but not fully`);
  }
  return `${viewer.devices.size} devices`;
}

/** The image is what was built, its root cannot be written, and its state is on the card. */
async function checkSystem(bench: Bench, pi: BuiltPi): Promise<void> {
  const release = await pi.must("cat /etc/dkvm/release");
  const version = /dkvm-qemu-(.*)\.img$/.exec(builtImage())![1]!;
  bench.check(release.includes(`version=${version}\n`) && release.includes("board=qemu\n"), `the image of ${version} says that it is:\n${release}`);
  const mounts = await pi.must("cat /proc/mounts");
  bench.check(/ \/ squashfs ro/.test(mounts), `the root is not a read-only squashfs:\n${mounts}`);
  bench.check(/ \/var\/lib\/dkvm ext4 rw/.test(mounts), `the data partition is not mounted:\n${mounts}`);
  const writable = (await pi.must("touch /etc/x 2>&1 || true; grep -c '^[^:]*:[^*!]' /etc/shadow || true")).trim().split("\n");
  bench.check(/Read-only/.test(writable[0]!), `the root took a file: ${writable[0]}`);
  bench.equal(writable.at(-1), "0", "accounts with a password");
}

/** Keys of the page arrive at the host's side of the port, which is in the same Linux by dummy_hcd. */
async function checkKeys(bench: Bench, pi: BuiltPi, viewer: Viewer): Promise<void> {
  const inputs = await until("the host's side has the keyboard", async () => {
    const text = await pi.must("cat /proc/bus/input/devices");
    return text.split("\n\n").find((block) => /dKVM/i.test(block) && /Handlers=.*kbd/.test(block));
  }, { every: 300 });
  const event = /event\d+/.exec(inputs)![0];
  const reader = pi.open(`exec 3</dev/input/${event}; echo open; cat <&3`);
  let raw = Buffer.alloc(0);
  reader.stdout!.on("data", (part: Buffer) => (raw = Buffer.concat([raw, part])));
  await until("the reader of the host's side is open", () => raw.includes("open\n"));
  await viewer.takeFocus();
  try {
    for (let end = CHUNK; end < TEXT.length + CHUNK; end += CHUNK) {
      await viewer.type(TEXT.slice(end - CHUNK, end));
      await until(`the host's side has '${TEXT.slice(0, end)}'`, () => typed(raw.subarray("open\n".length)) === TEXT.slice(0, end));
    }
  } catch {
    throw new LabError(`${JSON.stringify(typed(raw.subarray("open\n".length)))} came out of the port in place of ${JSON.stringify(TEXT)}; ${viewer.lost} given up by hid`);
  } finally {
    reader.kill("SIGKILL");
    await once(reader, "close");
  }
  bench.equal(viewer.lost, 0, "lost keys");
}

function typed(raw: Buffer): string {
  let text = "";
  for (let at = 0; at + EVENT_BYTES <= raw.length; at += EVENT_BYTES) {
    const [type, code, value] = [raw.readUInt16LE(at + 16), raw.readUInt16LE(at + 18), raw.readInt32LE(at + 20)];
    if (type === EV_KEY && value === 1) text += characterOf(code, false) ?? "?";
  }
  return text;
}

/** A JPEG of vivid's picture, not the first, so that the stream runs. */
async function checkPicture(bench: Bench, pi: BuiltPi): Promise<string> {
  const viewer = await Viewer.open(pi.address, { video: true });
  const frame = await until("three pictures arrive over HTTPS", () => (viewer.frames >= 3 ? viewer.lastFrame : undefined));
  bench.check(frame[0] === 0xff && frame[1] === 0xd8 && frame.at(-2) === 0xff && frame.at(-1) === 0xd9, "the picture is no whole JPEG");
  viewer.close();
  return `${Math.round(frame.length / 1000)} kB`;
}

async function bootOne(bench: Bench, machine: Machine): Promise<string> {
  const pi = BuiltPi.start(bench.lab, machine);
  try {
    const viewer = await pi.openPage();
    const page = (performance.now() - pi.started) / 1000;
    bench.tell(`${machine}: the page answers after ${page.toFixed(1)} s`);
    const devices = await checkDevices(bench, viewer);
    await pi.awaitSsh();
    await checkSystem(bench, pi);
    await checkKeys(bench, pi, viewer);
    viewer.close();
    // Last, and by itself: to make a JPEG takes all that an emulated processor has.
    const picture = await checkPicture(bench, pi);
    return `${machine}: page after ${page.toFixed(1)} s, ${devices}, picture of ${picture}, ${TEXT.length} keys`;
  } finally {
    await pi.end();
  }
}

const imageBoots = scenario("image-boots", "The qemu image boots on QEMU's virt and raspi3b: every device, a picture over HTTPS, keys over the port", async (bench) => {
  const figures = [];
  for (const machine of MACHINES) figures.push(await bootOne(bench, machine));
  return figures.join("; ");
});

export default process.env["BUILDROOT"] ? imageBoots : undefined;

// Another set of USB functions for the target: what binds, what is refused, what is kept.
import { processCpu } from "../src/cpu.ts";
import { LabError, sleep, until } from "../src/lab.ts";
import { Node } from "../src/node.ts";
import type { Pi } from "../src/pi.ts";
import type { Rig } from "../src/rig.ts";
import { scenario, type Bench } from "../src/scenario.ts";
import { usageOfCharacter, Viewer } from "../src/viewer.ts";
import type { GadgetState } from "../../devices/web/page/src/wire/GadgetState.ts";

/** A controller with as many endpoints as a Pi's, and profiles of the owner: one that fits and one that needs more. */
const CONFIG = `
[device.gadget.config]
luns = 3
endpoints = { in = 7, out = 7 }
[device.gadget.config.profiles.rescue]
functions = ["serial", "keyboard"]
[device.gadget.config.profiles.all]
functions = ["keyboard", "absolute", "relative", "storage", "audio", "network", "serial"]
`;
const HID = "03";
const STORAGE = "08";
const AUDIO = "01";
const COMMUNICATION = "02";
const CDC_DATA = "0a";
/** Class of each interface that the target should see, by profile. */
const INTERFACES: Record<string, string[]> = {
  bios: [HID, HID, HID],
  install: [HID, HID, HID, STORAGE],
  desk: [HID, HID, HID, STORAGE, AUDIO, AUDIO, AUDIO, COMMUNICATION, CDC_DATA],
  rescue: [HID, COMMUNICATION, CDC_DATA],
};
/** evdev's code of the key that is held. */
const KEY_H = 35;
/** Input devices at the target: outside of bios it makes five of the interface `absolute`. */
const INPUTS: Record<string, number> = { bios: 3, install: 7, desk: 7, rescue: 1 };
/** Long enough to tell idleness from a loop without a pause. */
const UNPLUGGED_MS = 2000;

export default scenario("profiles", "each USB profile binds, or is refused with a reason; a held key is released by a switch; the choice outlives gadget, kernel and Pi", async (bench) => {
  const seen = await onTheBench(bench);
  await overARestart(bench);
  return `${seen} profiles seen by the target, refusals told, no key stuck, the choice kept over SIGKILL of gadget and kernel and a restart of the Pi`;
});

async function onTheBench(bench: Bench): Promise<number> {
  const rig = await bench.boot({ pi: { hdmi: false }, target: { system: "linux" } });
  const node = new Node(rig.pi);
  await node.awaitUp(["gadget", "hid", "web"]);
  await rig.pi.must(`cat >>/etc/dkvm/dkvm.toml <<'END'\n${CONFIG}END\ndkvm reload`);
  const viewer = await Viewer.open(rig.pi.network.address);
  await until("the page is told the owner's profiles", () => viewer.gadget?.profiles.some(({ name }) => name === "all"));
  await atTheTarget(rig, viewer, "bios");
  await viewer.takeFocus();
  const releases = new Set<string>();
  for (const name of ["install", "rescue", "desk", "bios", "install"]) {
    await choose(viewer, name);
    const release = await atTheTarget(rig, viewer, name);
    await types(rig, viewer, name);
    releases.add(release);
  }
  bench.equal(releases.size, 4, "release numbers of the sets of functions");
  bench.tell(`bios, install, desk and rescue at the target, releases ${[...releases].join(", ")}`);
  await refusals(bench, rig, viewer);
  await missingModule(bench, rig, viewer);
  await withAKeyHeld(bench, rig, viewer);
  await givenAway(bench, rig.pi);
  await killed(bench, rig, node, viewer);
  await idleWhileUnplugged(bench, rig.pi);
  viewer.close();
  await Promise.all([rig.target.powerOff(), rig.pi.powerOff()]);
  return Object.keys(INTERFACES).length;
}

/** A machine with much to do takes longer for a switch than a page waits for an answer; what came of it is looked at in any case. */
async function choose(viewer: Viewer, profile: string): Promise<void> {
  await viewer.act({ name: "profile", profile }).catch((error: Error) => {
    if (!/no answer in time/.test(error.message)) throw error;
  });
}

/** The target has set up just this profile; its release number there. */
async function atTheTarget(rig: Rig, viewer: Viewer, name: string): Promise<string> {
  await until(`${name} is in use`, () => viewer.gadget?.profile === name && viewer.gadget.state === "configured");
  const wanted = [...INTERFACES[name]!].sort().join(" ");
  let found = "";
  await until(`the target sees the interfaces of ${name}`, async () => (found = (await interfaces(rig)).join(" ")) === wanted)
    .catch((error: Error) => { throw new LabError(`${error.message}: it sees [${found}], not [${wanted}]`); });
  await until(`the target has the input devices of ${name}`, () => rig.target.log.usbInputs().length === INPUTS[name]);
  return (await rig.target.sh(`cat $(grep -l dKVM /sys/bus/usb/devices/*/product | sed s/product/bcdDevice/)`)).text.trim();
}

/** The interface classes of our device, as the target read them. */
async function interfaces(rig: Rig): Promise<string[]> {
  const device = "$(grep -l dKVM /sys/bus/usb/devices/*/product | sed s:/product::)";
  const { text } = await rig.target.sh(`cat ${device}/*:*/bInterfaceClass`);
  return text.trim().split(/\s+/).sort();
}

async function types(rig: Rig, viewer: Viewer, text: string): Promise<void> {
  await until("hid has its keyboard", () => viewer.hid?.keyboard === "ok");
  const mark = rig.target.log.mark();
  await viewer.type(text);
  await rig.target.awaitTyped(text, mark);
}

/** Refused before anything is touched: with what it needs and what to leave out, or with the names that there are. */
async function refusals(bench: Bench, rig: Rig, viewer: Viewer): Promise<void> {
  const before = await quiet(rig);
  const told = await refused(viewer, "all");
  for (const part of [/9 endpoints to the target/, /serial 2/, /has 7/, /leave out/]) bench.check(part.test(told), `the refusal does not say ${part}: ${told}`);
  bench.check(/bios, install, desk, console, all, rescue/.test(await refused(viewer, "office")), "an unknown profile is not answered with those there are");
  const listed = viewer.gadget?.profiles.find(({ name }) => name === "all")?.unfit ?? "";
  bench.check(/9 endpoints/.test(listed), `the page is not told why 'all' does not fit: ${listed}`);
  const command = await rig.pi.sh("dkvm usb profile all --yes");
  bench.check(command.code === 1 && /9 endpoints/.test(command.stderr), `dkvm usb says: ${command.stderr}`);
  bench.equal(await quiet(rig), before, "binding, disconnects at the target after the refusals");
  bench.tell(`refused: ${told}`);
}

/** What would change by a switch. */
async function quiet(rig: Rig): Promise<[string, number, number]> {
  const { profile, binding } = await usb(rig.pi);
  return [profile, binding, rig.target.log.usbDisconnects()];
}

async function usb(pi: Pi): Promise<GadgetState> {
  return JSON.parse(await pi.must("dkvm usb --json")) as GadgetState;
}

async function refused(viewer: Viewer, profile: string): Promise<string> {
  return viewer.act({ name: "profile", profile }).then(
    () => { throw new LabError(`the profile ${profile} was not refused`); },
    (error: Error) => error.message,
  );
}

/** Linux lacks a driver: it shows only when the gadget is built, and the profile before is bound again. */
async function missingModule(bench: Bench, rig: Rig, viewer: Viewer): Promise<void> {
  const file = (await rig.pi.must("find /lib/modules -name 'usb_f_acm.ko*'")).trim();
  bench.check(file !== "", "usb_f_acm is no module in this Linux: the test needs one");
  await rig.pi.must(`rmmod usb_f_acm; mv ${file} /tmp/`);
  // By the command line, which has the longer patience.
  const told = (await rig.pi.sh("dkvm usb profile rescue --yes")).stderr.trim();
  bench.check(/install stays/.test(told) && /CONFIG_USB_CONFIGFS_ACM/.test(told), `a missing module is told so: ${told}`);
  await atTheTarget(rig, viewer, "install");
  await types(rig, viewer, "still");
  await rig.pi.must(`mv /tmp/${file.split("/").pop()} ${file}`);
  bench.tell(`without a driver: ${told}`);
}

/** The page holds a key all through the switch: the target sees it released, and not pressed again. */
async function withAKeyHeld(bench: Bench, rig: Rig, viewer: Viewer): Promise<void> {
  const usage = usageOfCharacter("h");
  for (const name of ["bios", "install"]) {
    const mark = rig.target.log.mark();
    viewer.engine.key(usage, true);
    await viewer.settled();
    await rig.target.awaitTyped("h", mark);
    await choose(viewer, name);
    await atTheTarget(rig, viewer, name);
    await until("hid has its keyboard", () => viewer.hid?.keyboard === "ok");
    // Half a second of a page that goes on saying that it holds the key.
    await until("the page has said again that it holds the key", waiting(500));
    await rig.target.awaitNothingHeld(`at the target after the switch to ${name}`);
    const values = rig.target.log.keys(mark).filter(({ code, value }) => code === KEY_H && value !== 2).map(({ value }) => value);
    bench.equal(values, [1, 0], `what the target saw of the held key at the switch to ${name}`);
    viewer.engine.key(usage, false);
    await viewer.settled();
    await types(rig, viewer, "again");
  }
  bench.tell("a key held over two switches: released once, not pressed again");
}

function waiting(milliseconds: number): () => boolean {
  const end = performance.now() + milliseconds;
  return () => performance.now() >= end;
}

/** The storage device's group can put an image into a LUN, and does not own what decides on adoption. */
async function givenAway(bench: Bench, pi: Pi): Promise<void> {
  const { functions } = await usb(pi);
  const storage = functions.find(({ name }) => name === "storage");
  const directory = storage?.device ?? "";
  const owners = await pi.must(`cd ${directory} && stat -c '%n %a %G' lun.*/file lun.*/forced_eject lun.2/inquiry_string stall`);
  const lines = owners.trim().split("\n");
  bench.equal(lines.filter((line) => / 660 dkvm-storage$| 220 dkvm-storage$/.test(line)).length, 6, `attributes given to dkvm-storage, of\n${owners}`);
  bench.check(/stall 644 root/.test(owners), `stall is not root's alone: ${owners}`);
  // As the storage device does it, which would put back what it knows of: what is in a LUN is no reason to build the gadget anew.
  await pi.must(`dkvm stop storage; dd if=/dev/zero of=/tmp/disk bs=1k count=64 2>/dev/null && echo /tmp/disk >${directory}/lun.1/file && echo 1 >${directory}/lun.0/ro`);
}

/** Unplugged nobody is there to be served, and nobody works: Linux says of a HID function that it can be read, over and over again. */
async function idleWhileUnplugged(bench: Bench, pi: Pi): Promise<void> {
  await pi.must("dkvm usb unplug");
  const pid = await pi.pidOf(/dkvm-device hid/);
  if (pid === undefined) throw new LabError("hid does not run");
  const before = await processCpu(pi, pid);
  await sleep(UNPLUGGED_MS);
  const share = ((await processCpu(pi, pid)) - before) / UNPLUGGED_MS;
  bench.check(share < 0.5, `hid takes ${(100 * share).toFixed(0)} % of the processor while USB is unplugged`);
  await pi.must("dkvm usb plug");
  bench.tell(`hid takes ${(100 * share).toFixed(1)} % of the processor while USB is unplugged`);
}

/** Gadget and kernel: adopted, the LUN's file still in place, nothing seen by the target. */
async function killed(bench: Bench, rig: Rig, node: Node, viewer: Viewer): Promise<void> {
  const before = await quiet(rig);
  const disk = await lun(rig.pi);
  const gadget = await node.device("gadget");
  await rig.pi.kill(gadget.pid!, "KILL");
  await node.awaitUp(["gadget"], { after: new Map([["gadget", gadget.generation]]) });
  bench.equal([...(await quiet(rig)), await lun(rig.pi)], [...before, disk], "profile, binding, disconnects and LUN after a SIGKILL of gadget");
  const kernel = await node.kernelPid();
  await rig.pi.kill(kernel, "KILL");
  await until("init starts the kernel again", async () => (await node.kernelPid().catch(() => kernel)) !== kernel);
  await node.awaitUp(["gadget", "hid", "web"]);
  bench.equal(await quiet(rig), before, "profile, binding and disconnects after a SIGKILL of the kernel");
  await until("the page is back", () => viewer.connected && viewer.hid !== null);
  await types(rig, viewer, "adopted");
  bench.tell("gadget and kernel killed: the same binding, no disconnect");
}

async function lun(pi: Pi): Promise<string> {
  const { functions } = await usb(pi);
  return (await pi.must(`cat ${functions.find(({ name }) => name === "storage")!.device}/lun.1/file`)).trim();
}

/** From a card: the choice is on it. */
async function overARestart(bench: Bench): Promise<void> {
  const rig = await bench.boot({ pi: { card: true, hdmi: false, index: 1 }, target: { system: "linux" } });
  const { pi } = rig;
  await new Node(pi).awaitUp(["gadget", "hid", "web"]);
  await rig.target.awaitInput(/dKVM/);
  await pi.sh("dkvm usb profile install --yes");
  await until("the profile install is in use", async () => (await usb(pi)).profile === "install" && (await usb(pi)).state === "configured");
  // A target whose device goes in the midst of its set-up waits 5 s for each request that the lab's cable lost.
  await until("the target has set it up", () => rig.target.log.usbInputs().length === INPUTS["install"]);
  const boots = pi.boots;
  await pi.sh("dkvm reboot").catch(() => {});
  await pi.awaitRestart(boots);
  await new Node(pi).awaitUp(["gadget", "hid", "web"]);
  bench.equal((await usb(pi)).profile, "install", "the profile after a restart of the Pi");
  const viewer = await Viewer.open(pi.network.address);
  await atTheTarget(rig, viewer, "install");
  await viewer.takeFocus();
  await types(rig, viewer, "restarted");
  viewer.close();
  bench.tell("chosen by dkvm usb, kept over a restart of the Pi");
}

// USB and HDMI pulled and plugged, the power cut, every mode of the screen: a person at the page sees each as
// a state, and it all comes back by itself. Nothing on the Pi restarts for it.
import { sleep, until } from "../src/lab.ts";
import { Node } from "../src/node.ts";
import { quantile, scenario, type Bench } from "../src/scenario.ts";
import type { Rig } from "../src/rig.ts";
import { usageOfCharacter, Viewer } from "../src/viewer.ts";
import { USAGE_F1 } from "../src/stand-in.ts";

const PULLS = 5;
/** Keyboard and both mice. */
const INPUTS = 3;
/** What the boot sector shows by F1, F2, F3: its name, and what is on the wire. */
const MODES = [["text", 720, 480], ["720p", 1280, 720], ["1080p", 1920, 1080]] as const;
/** Each mode after each other one. */
const ORDER = [0, 1, 2, 0, 2, 1, 0] as const;

export default scenario("cable", "USB and HDMI unplugged and plugged, power cut, 480p to 1080p and back: shown as states, recovered, nothing restarted", async (bench) => {
  const rig = await bench.boot();
  const node = new Node(rig.pi);
  const born = await lives(node);
  const viewer = await Viewer.open(rig.pi.network.address, { video: true });
  await viewer.takeFocus();
  await awaitPicture(viewer, "at the start");

  const pictureBack = await pullHdmi(bench, rig, viewer);
  const keysBack = await pullUsb(bench, rig, viewer);
  await cutPower(bench, rig, viewer);
  const modeShown = await changeModes(bench, rig, viewer);

  bench.equal(await lives(node), born, "generations and deaths of the devices");
  viewer.close();
  const median = (samples: number[]): string => `${quantile(samples, 0.5).toFixed(0)} ms`;
  return `${PULLS} pulls each, picture back in ${median(pictureBack)}, keys in ${median(keysBack)}; ${ORDER.length} mode changes, shown in ${median(modeShown)} (medians)`;
});

/** Which life each device lives, and how often it died: what must not change. */
async function lives(node: Node): Promise<string[]> {
  return (await node.awaitUp()).map(({ name, generation, deaths }) => `${name} ${generation} ${deaths}`);
}

async function awaitPicture(viewer: Viewer, when: string): Promise<void> {
  const before = viewer.frames;
  await until(`a picture comes ${when}`, () => viewer.video?.signal === "ok" && viewer.video.streaming && viewer.frames > before);
}

async function pullHdmi(bench: Bench, rig: Rig, viewer: Viewer): Promise<number[]> {
  const times: number[] = [];
  for (let pull = 0; pull < PULLS; pull++) {
    await rig.hdmi.unplug();
    const lost = await until("the page is told that the signal is gone", () => viewer.video?.signal === "none" && viewer.video);
    bench.check(!lost.streaming && /HDMI cable/.test(lost.detail ?? ""), `without a signal the page is told ${JSON.stringify(lost)}`);
    const started = performance.now();
    await rig.hdmi.plug();
    await awaitPicture(viewer, "after the HDMI cable was plugged in");
    times.push(performance.now() - started);
  }
  bench.tell(`HDMI cable pulled and plugged ${PULLS} times`);
  return times;
}

async function pullUsb(bench: Bench, rig: Rig, viewer: Viewer): Promise<number[]> {
  const times: number[] = [];
  await until("the target has keyboard and mice at first", () => rig.target.log.usbInputs().length === INPUTS);
  for (let pull = 0; pull < PULLS; pull++) {
    await rig.usb.unplug();
    await until("the page is told that USB is gone", () => viewer.gadget?.state === "not_attached" && viewer.hid?.keyboard === "not_configured");
    await until("the target sees the USB cable go", () => rig.target.log.usbInputs().length === 0);
    const started = performance.now();
    await rig.usb.plug();
    // All of them: a BIOS or Linux that is still at it when the cable goes again is another test.
    await until("the target has keyboard and mice", () => rig.target.log.usbInputs().length === INPUTS);
    const mark = rig.target.log.mark();
    await until("the page is told that USB is back", () => viewer.gadget?.state === "configured" && viewer.hid?.keyboard === "ok");
    await viewer.tap(usageOfCharacter("k"));
    await viewer.settled();
    await rig.target.awaitTyped("k", mark);
    times.push(performance.now() - started);
  }
  await rig.target.awaitNothingHeld("after the pulls");
  bench.tell(`USB cable pulled and plugged ${PULLS} times`);
  return times;
}

async function cutPower(bench: Bench, rig: Rig, viewer: Viewer): Promise<void> {
  await rig.target.powerOff();
  await until("the page is told that the target is off", () => viewer.video?.signal === "none" && viewer.gadget?.state === "not_attached");
  rig.target.options.system = "prompt";
  await rig.target.start();
  await rig.usb.awaitStatus("joined");
  await rig.target.go();
  await rig.target.awaitUp();
  await awaitPicture(viewer, "after the power came back");
  bench.tell("power cut and back");
}

async function changeModes(bench: Bench, rig: Rig, viewer: Viewer): Promise<number[]> {
  await until("the BIOS takes keys", () => viewer.gadget?.state === "configured");
  const times: number[] = [];
  for (const index of ORDER) {
    const [name, width, height] = MODES[index];
    const started = performance.now();
    await viewer.tap(USAGE_F1 + index);
    await rig.hdmi.awaitStatus(`${width}x${height}`);
    await until(`the page is told ${name}`, () => viewer.video?.signal === "ok" && viewer.video.mode.width === width && viewer.video.mode.height === height);
    await until(`a picture of ${name} comes`, () => {
      const size = viewer.lastFrame && jpegSize(viewer.lastFrame);
      return size?.width === width && size.height === height;
    });
    times.push(performance.now() - started);
    // The keyboard works in each mode too.
    const echoed = rig.target.serial().length;
    await viewer.tap(usageOfCharacter("m"));
    await until("the prompt echoes a key", () => rig.target.serial().length > echoed);
    await sleep(50);
  }
  bench.tell(`${ORDER.length} mode changes`);
  return times;
}

/** Width and height as a JPEG's start-of-frame segment has them. */
function jpegSize(jpeg: Buffer): { width: number; height: number } | undefined {
  for (let at = 2; at + 9 < jpeg.length && jpeg[at] === 0xff; at += 2 + jpeg.readUInt16BE(at + 2)) {
    const kind = jpeg[at + 1]!;
    if (kind >= 0xc0 && kind <= 0xc2) return { width: jpeg.readUInt16BE(at + 7), height: jpeg.readUInt16BE(at + 5) };
  }
  return undefined;
}

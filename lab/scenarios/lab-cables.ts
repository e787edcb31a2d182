// The lab's cables without our software: pulled, plugged, powered off, and every mode of the screen.
import { litPixels, grab, toPng } from "../src/frame.ts";
import { LabError, until } from "../src/lab.ts";
import { writeFileSync } from "node:fs";
import { scenario, type Bench } from "../src/scenario.ts";
import { plugInGadget, standInPi, tapLetter, tapUsage, USAGE_F1 } from "../src/stand-in.ts";
import type { Rig } from "../src/rig.ts";

const MODES = [["text", "720x480"], ["1280x720", "1280x720"], ["1920x1080", "1920x1080"]] as const;

/** What the target sees and what the Pi's USB controller sees comes in no order. */
async function notAttached(rig: Rig, when: string): Promise<void> {
  let state = "";
  await until(`the USB port is not attached ${when}`, async () => (state = await rig.usb.udcState()) === "not attached")
    .catch((error: Error) => { throw new LabError(`${error.message}: it is ${state}`); });
}

async function pullUsb(bench: Bench, rig: Rig): Promise<void> {
  const before = rig.target.log.usbDisconnects();
  await rig.usb.unplug();
  await rig.target.awaitLog("the target sees the USB cable go", () => rig.target.log.usbInputs().length === 0 || undefined);
  await notAttached(rig, "without a cable");
  await rig.usb.plug();
  await rig.target.awaitInput(/stand-in/);
  const mark = rig.target.log.mark();
  await tapLetter(rig, "k");
  await rig.target.awaitTyped("k", mark);
  bench.equal(rig.target.log.usbDisconnects() - before, 1, "USB disconnects by one pull");
  bench.tell("USB cable pulled and plugged");
}

async function pullHdmi(bench: Bench, rig: Rig): Promise<void> {
  await rig.hdmi.unplug();
  await rig.hdmi.awaitStatus("no signal");
  const lost = await rig.pi.sh("/usr/lib/lab/grab 1");
  bench.check(lost.code !== 0 && /no signal/.test(lost.stderr), "the capture hardware still has a signal with the cable pulled");
  await rig.hdmi.plug();
  await rig.hdmi.awaitStatus(/x/);
  await grab(rig.pi, 5);
  bench.tell("HDMI cable pulled and plugged");
}

async function changeModes(bench: Bench, rig: Rig): Promise<void> {
  for (const [i, [name, mode]] of MODES.entries()) {
    await tapUsage(rig, USAGE_F1 + i);
    await rig.hdmi.awaitStatus(mode);
    for (const letter of "mode") await tapLetter(rig, letter);
    const frame = await grab(rig.pi, 30);
    writeFileSync(rig.pi.lab.log(`mode-${name}.png`), toPng(frame));
    bench.equal(`${frame.width}x${frame.height}`, mode, "the captured picture's size");
    bench.tell(`${name}: ${frame.framesPerSecond} frames/s, ${(100 * litPixels(frame)).toFixed(2)} % lit`);
  }
}

export default scenario("lab-cables", "The lab itself: both cables pulled and plugged, power cut, every screen mode, BIOS keyboard", async (bench) => {
  const rig = await bench.boot({ pi: standInPi() , target: false });
  await plugInGadget(rig);
  await rig.target.powerOn();
  await rig.target.awaitInput(/stand-in/);
  await pullUsb(bench, rig);
  await pullHdmi(bench, rig);

  await rig.target.powerOff();
  await rig.usb.awaitStatus("absent");
  await rig.hdmi.awaitStatus("no signal");
  await notAttached(rig, "with the target off");

  rig.target.options.system = "prompt";
  await rig.target.start();
  await rig.usb.awaitStatus("joined");
  await rig.target.go();
  await rig.target.awaitUp();
  bench.tell(`prompt up in ${Math.round(rig.target.bootMilliseconds)} ms`);
  for (const letter of "bios") await tapLetter(rig, letter);
  await rig.target.awaitSerial(/> bios$/);
  await changeModes(bench, rig);
  return "both cables, power, three modes, a BIOS keyboard";
});

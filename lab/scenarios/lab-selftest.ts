// The lab without our software: a stand-in gadget types, the target gets it, its screen shows it.
import { writeFileSync } from "node:fs";
import { differingPixels, grab, toPng } from "../src/frame.ts";
import { plugInGadget, standInPi, tapLetter } from "../src/stand-in.ts";
import { quantile, scenario } from "../src/scenario.ts";

const LETTERS = "abcdefghijklmnopqrst";

export default scenario("lab-selftest", "The lab itself: a stand-in keyboard types, the target gets it, the picture shows it", async (bench) => {
  const rig = await bench.boot({ pi: standInPi() });
  bench.tell(`Pi up in ${Math.round(rig.pi.bootMilliseconds)} ms, target in ${Math.round(rig.target.bootMilliseconds)} ms`);

  await plugInGadget(rig);
  await rig.target.awaitInput(/stand-in/);
  bench.equal(await rig.usb.udcState(), "configured", "the USB port's state");
  await rig.hdmi.awaitStatus("1280x720");
  bench.tell("USB and HDMI are joined");

  const before = await grab(rig.pi, 30);
  const delays: number[] = [];
  const start = rig.target.log.mark();
  for (const letter of LETTERS) {
    const mark = rig.target.log.mark();
    const pressed = performance.now();
    await tapLetter(rig, letter);
    await rig.target.awaitLog("the key comes and goes", () => rig.target.log.keys(mark).length >= 2 || undefined);
    delays.push(performance.now() - pressed);
  }
  await rig.target.awaitTyped(LETTERS, start);
  bench.equal(await rig.target.heldKeys(), [], "keys still held");

  const after = await grab(rig.pi, 30);
  writeFileSync(rig.pi.lab.log("captured.png"), toPng(after));
  const changed = differingPixels(before, after);
  bench.check(changed > 300, `the captured picture changed in ${changed} pixels only`);
  bench.equal(rig.target.log.usbDisconnects(), 0, "USB disconnects");
  return `${LETTERS.length} keys, median ${quantile(delays, 0.5).toFixed(1)} ms by way of two shells; ${before.width}x${before.height} at ${before.framesPerSecond} frames/s; ${changed} pixels changed`;
});

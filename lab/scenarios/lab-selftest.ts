// The lab without our software: a stand-in gadget types, the target gets it, its screen shows it.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { labDirectory } from "../src/lab.ts";
import { differingPixels, grab, toPng } from "../src/frame.ts";
import { quantile, scenario } from "../src/scenario.ts";

const HID_OF_LETTER_A = 4;
const KEYS = 20;

function report(usage: number): string {
  return `printf '\\0\\0\\x${usage.toString(16).padStart(2, "0")}\\0\\0\\0\\0\\0' > /dev/hidg0`;
}

export default scenario("lab-selftest", "The lab itself: a stand-in keyboard types, the target gets it, the picture shows it", async (bench) => {
  const gadget = readFileSync(join(labDirectory, "pi/stand-in-gadget.sh"));
  const rig = await bench.boot({ pi: { dkvm: "none", files: { "/stand-in-gadget.sh": { data: gadget, mode: 0o755 } } } });
  bench.tell(`Pi up in ${Math.round(rig.pi.bootMilliseconds)} ms, target in ${Math.round(rig.target.bootMilliseconds)} ms`);

  await rig.pi.must("/stand-in-gadget.sh");
  await rig.target.awaitInput(/stand-in/);
  bench.equal(await rig.usb.udcState(), "configured", "the USB port's state");
  await rig.hdmi.awaitStatus("1280x720");
  bench.tell("USB and HDMI are joined");

  const before = await grab(rig.pi, 30);
  const delays: number[] = [];
  const start = rig.target.log.mark();
  for (let i = 0; i < KEYS; i++) {
    const mark = rig.target.log.mark();
    const pressed = performance.now();
    await rig.pi.must(`${report(HID_OF_LETTER_A + i)}; ${report(0)}`);
    await rig.target.awaitLog("the key comes and goes", () => rig.target.log.keys(mark).length >= 2 || undefined);
    delays.push(performance.now() - pressed);
  }
  await rig.target.awaitTyped("abcdefghijklmnopqrst", start);
  bench.equal(await rig.target.heldKeys(), [], "keys still held");

  writeFileSync(rig.pi.lab.log("screen.ppm"), await rig.target.screenshot());
  const after = await grab(rig.pi, 30);
  writeFileSync(rig.pi.lab.log("captured.png"), toPng(after));
  writeFileSync(rig.pi.lab.log("before.png"), toPng(before));
  const changed = differingPixels(before, after);
  bench.check(changed > 300, `the captured picture changed in ${changed} pixels only`);
  bench.equal(rig.target.log.usbDisconnects(), 0, "USB disconnects");
  return `${KEYS} keys, median ${quantile(delays, 0.5).toFixed(1)} ms by way of two shells; ${before.width}x${before.height} at ${before.framesPerSecond} frames/s; ${changed} pixels changed`;
});

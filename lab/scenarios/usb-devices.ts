// The gadget and hid devices under Linux's real gadget stack, the Pi being its own USB host: one clock, evdev at hand.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { binaryDirectory } from "../src/pi-image.ts";
import { LabError } from "../src/lab.ts";
import { scenario } from "../src/scenario.ts";

const FOLDER = "/usr/lib/usb-check";

function program(path: string): { data: Buffer; mode: number } {
  try {
    return { data: readFileSync(join(binaryDirectory(), path)), mode: 0o755 };
  } catch {
    throw new LabError(`${path} is not built: run 'make build'`);
  }
}

/** The shared libraries of the programs, at their own places. */
function libraries(names: string[]): Record<string, { data: Buffer; mode: number }> {
  const output = execFileSync("ldd", names.map((name) => join(binaryDirectory(), name)), { encoding: "utf8" });
  const paths = new Set([...output.matchAll(/(\/\S+) \(0x/g)].map((match) => match[1]!));
  return Object.fromEntries([...paths].map((path) => [path, { data: readFileSync(path), mode: 0o755 }]));
}

export default scenario("usb-devices", "gadget and hid on the real gadget stack: taps, LEDs, six keys, deaths, resets", async (bench) => {
  const files = {
    ...libraries(["examples/usb_check", "dkvm-gadget", "dkvm-hid"]),
    [`${FOLDER}/usb_check`]: program("examples/usb_check"),
    [`${FOLDER}/dkvm-gadget`]: program("dkvm-gadget"),
    [`${FOLDER}/dkvm-hid`]: program("dkvm-hid"),
  };
  const rig = await bench.boot({ pi: { dkvm: "none", usb: "self", hdmi: false, files, modules: ["libcomposite"] }, target: false });
  const answer = await rig.pi.sh(`cd ${FOLDER} && ./usb_check ${FOLDER}`);
  const lines = answer.stdout.trim().split("\n");
  lines.forEach((line) => bench.tell(line));
  if (answer.code !== 0) throw new LabError(`usb_check ended with ${answer.code}: ${answer.stderr}`);
  return `${lines.length} checks; ${lines.find((line) => line.includes("taps"))}`;
});

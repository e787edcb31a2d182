// Text as keystrokes: characters a second that the target's side has read, none lost.
import { KEY, characterOf } from "../src/keys.ts";
import { LabError, until } from "../src/lab.ts";
import { Node } from "../src/node.ts";
import type { Pi } from "../src/pi.ts";
import { scenario } from "../src/scenario.ts";
import { spread } from "../src/table.ts";

const ROUNDS = Number(process.env["DKVM_ROUNDS"] ?? 5);
/** A third of it with Shift, which is pressed and released for it: as program text is. */
const TEXT = "if (Key == 0x1F) { Say(\"Hello, World!\"); } // 12% of A + B\n".repeat(20);
const EVENTS = "/tmp/events";
/** `struct input_event`: two 64-bit numbers of time, then type, code and value. */
const EVENT_SIZE = 24;
const EV_SYN = 0;
const SYN_DROPPED = 3;
const EV_KEY = 1;
const PATIENCE_MS = 120_000;

export default scenario("typing", "dkvm type: characters a second, read on the target's side, none lost", async (bench) => {
  const rig = await bench.boot({ pi: { usb: "self", hdmi: false, programs: { "/usr/bin/chrt": "/usr/bin/chrt" } }, target: false });
  await new Node(rig.pi).awaitUp(["gadget", "hid", "typist"]);
  await until("the Pi's own USB host has the keyboard", async () => /dKVM/.test(await rig.pi.readText("/proc/bus/input/devices")));
  await rig.pi.write("/tmp/text", TEXT);
  const rates: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    rates.push(await typeOnce(rig.pi));
    bench.tell(`${rates.at(-1)!.toFixed(0)} characters/s`);
  }
  const rate = spread(rates, "characters/s");
  bench.row({ what: "typing, 0 characters lost", ours: { value: rate.value, unit: rate.unit }, note: `${TEXT.length} characters, ${ROUNDS} times; the Pi is its own target; start and end of dkvm type included` });
  return `${rate.value.toFixed(0)} characters/s (median), 0 of ${ROUNDS * TEXT.length} lost`;
});

/** Read at a higher priority than hid writes: evdev keeps little for a slow reader. */
async function typeOnce(pi: Pi): Promise<number> {
  await pi.must(`: >${EVENTS}; for e in /dev/input/event*; do chrt -f 20 cat $e >>${EVENTS} & echo $!; done >/tmp/readers 2>/tmp/readers.err`);
  const begun = performance.now();
  const { code, stderr } = await pi.sh("dkvm type --layout us --file /tmp/text", PATIENCE_MS);
  const seconds = (performance.now() - begun) / 1000;
  await pi.must("sleep 0.3; kill $(cat /tmp/readers) || { cat /tmp/readers.err >&2; false; }");
  if (code !== 0) throw new LabError(`dkvm type ended with ${code}: ${stderr}`);
  const typed = textOf((await pi.read(EVENTS)) ?? Buffer.alloc(0));
  if (typed !== TEXT) throw new LabError(`${typed.length} of ${TEXT.length} characters came, the last: ${JSON.stringify(typed.slice(-20))}`);
  return TEXT.length / seconds;
}

/** What the events of a US keyboard say. */
function textOf(events: Buffer): string {
  let [text, shift] = ["", false];
  for (let at = 0; at + EVENT_SIZE <= events.length; at += EVENT_SIZE) {
    const [type, key, value] = [events.readUInt16LE(at + 16), events.readUInt16LE(at + 18), events.readInt32LE(at + 20)];
    if (type === EV_SYN && key === SYN_DROPPED) throw new LabError("the reader of the events was too slow: they are lost behind the keyboard");
    if (type !== EV_KEY) continue;
    if (key === KEY.LEFTSHIFT) shift = value !== 0;
    else if (value === 1) text += characterOf(key, shift) ?? "";
  }
  return text;
}

// All that hid tells beside the six keys and the notches of a wheel, as libinput on the target's Linux reads it.
import { readdirSync, readFileSync } from "node:fs";
import { LabError, sleep, until } from "../src/lab.ts";
import { Node } from "../src/node.ts";
import type { Pi } from "../src/pi.ts";
import { scenario, type Bench } from "../src/scenario.ts";
import { Viewer } from "../src/viewer.ts";

const LIBINPUT = "/usr/libexec/libinput/libinput-debug-events";
const QUIRKS = "/usr/share/libinput";
/** What udev would say of each input device of ours, in the order in which Linux makes them: with the extras, and without. */
const FULL = ["KEYBOARD", "MOUSE", "KEY", "KEY", "KEYBOARD", "TOUCHSCREEN", "MOUSE"];
const PLAIN = ["KEYBOARD", "MOUSE", "MOUSE"];
const VOLUME_UP = 0xe9;
const PLAY_PAUSE = 0xcd;
const CALCULATOR = 0x192;
const SLEEP = 0x82;
/** So many keys a plain keyboard tells of at once. */
const SIX = 6;
/** HID usages of A to L, and what Linux calls them. */
const TWELVE = Array.from({ length: 12 }, (_, index) => 4 + index);
const NAMES = [..."ABCDEFGHIJKL"].map((letter) => `KEY_${letter}`);
/** A part of a notch, of which eight are one. */
const EIGHTH = 15;
const ATTEMPTS = 4;
/** Deaths of hid while keys are tapped. */
const DEATHS = 4;
/** hid goes on with what it held when it was dead for a second at most. */
const LONG_DEATH_MS = 900;

/** What libinput says, line by line. */
class Reader {
  readonly lines: string[] = [];
  #stream: { close(): void };

  constructor(pi: Pi, devices: string[]) {
    const stream = pi.stream(`${LIBINPUT} --show-keycodes ${devices.join(" ")} 2>&1`);
    this.#stream = stream;
    void this.#read(stream.lines);
  }

  async #read(lines: AsyncIterable<string>): Promise<void> {
    for await (const line of lines) this.lines.push(line);
  }

  close(): void {
    this.#stream.close();
  }

  /** The lines of a kind of event since a mark. */
  since(mark: number, kind: string): string[] {
    return this.lines.slice(mark).filter((line) => line.includes(kind));
  }

  /** Names of the keys pressed or released since a mark. */
  keys(mark: number, way: "pressed" | "released"): string[] {
    return this.since(mark, "KEYBOARD_KEY").filter((line) => line.includes(way)).map((line) => /(KEY_\w+)/.exec(line)?.[1] ?? line);
  }

  /** What both wheels turned since a mark, in 120ths of a notch, event by event: down and right positive. */
  turns(mark: number): Array<{ vertical: number; horizontal: number }> {
    return this.since(mark, "POINTER_SCROLL_WHEEL").map((line) => {
      const found = /vert [^/]+\/(-?[\d.]+)\*? horiz [^/]+\/(-?[\d.]+)/.exec(line);
      if (!found) throw new LabError(`a wheel event that nobody expects: ${line}`);
      return { vertical: Number(found[1]), horizontal: Number(found[2]) };
    });
  }
}

export default scenario("hid-full", "fine wheel, pan, consumer and system keys, 12 keys at once, two fingers, the jiggler, as libinput reads them; nothing of it with the profile bios", async (bench) => {
  const files = Object.fromEntries(readdirSync(QUIRKS).map((name) => [`${QUIRKS}/${name}`, readFileSync(`${QUIRKS}/${name}`)]));
  const rig = await bench.boot({ pi: { usb: "self", hdmi: false, modules: ["hid-multitouch"], programs: { [LIBINPUT]: LIBINPUT }, files }, target: false });
  const { pi } = rig;
  const node = new Node(pi);
  await node.awaitUp(["gadget", "hid", "web"]);
  const viewer = await Viewer.open(pi.network.address);
  await plain(bench, pi, viewer);
  await pi.must("dkvm usb profile install --yes");
  const reader = new Reader(pi, await inputs(pi, FULL));
  await until("libinput has all devices", () => reader.since(0, "DEVICE_ADDED").length === FULL.length)
    .catch((error: Error) => { throw new LabError(`${error.message}: ${reader.lines.join(" | ")}`); });
  await until("hid knows what the target has", () => viewer.hid?.extras?.includes("touch") && viewer.hid.absolute === "ok");
  viewer.engine.point({ x: 100, y: 100 });
  const wheel = await wheels(bench, viewer, reader);
  await specialKeys(bench, viewer, reader);
  await twelve(bench, viewer, reader);
  await fingers(bench, viewer, reader);
  const taps = await deaths(bench, pi, viewer, reader);
  await jiggler(bench, pi, reader);
  reader.close();
  viewer.close();
  return `fine wheel ${wheel}; consumer, system keys, 12 keys at once, two fingers and the jiggler read by libinput; ${taps} taps over ${DEATHS} deaths of hid, none lost or doubled; bios has none of it`;
});

/** The input devices of ours in the Pi's own USB host; told to libinput as udev would tell them. */
async function inputs(pi: Pi, kinds: string[]): Promise<string[]> {
  const list = "for e in $(ls -d /sys/class/input/event* | sort -V); do grep -q dKVM $e/device/name && echo ${e##*/}; done";
  const found = await until(`Linux makes ${kinds.length} input devices`, async () => {
    const names = (await pi.sh(list)).stdout.trim().split("\n");
    return names.length === kinds.length ? names : undefined;
  });
  const tell = found.map((name, index) => `printf 'I:1\\nE:ID_INPUT=1\\nE:ID_INPUT_${kinds[index]}=1\\n' >/run/udev/data/c$(cat /sys/class/input/${name}/dev)`);
  await pi.must(`mkdir -p /run/udev/data; ${tell.join("; ")}`);
  return found.map((name) => `/dev/input/${name}`);
}

/** The profile bios: three plain devices, a wheel of notches, six keys at once. */
async function plain(bench: Bench, pi: Pi, viewer: Viewer): Promise<void> {
  const reader = new Reader(pi, await inputs(pi, PLAIN));
  await until("libinput has the plain devices", () => reader.since(0, "DEVICE_ADDED").length === PLAIN.length)
    .catch((error: Error) => { throw new LabError(`${error.message}: ${reader.lines.join(" | ")}`); });
  await viewer.takeFocus();
  const extras = (viewer.hid?.extras ?? []).filter((name) => name !== "pan");
  bench.equal(extras, [], "extras with the profile bios");
  const mark = reader.lines.length;
  viewer.engine.point({ x: 50, y: 50 });
  viewer.engine.consumer(VOLUME_UP, true);
  viewer.engine.consumer(VOLUME_UP, false);
  for (const usage of TWELVE) viewer.engine.key(usage, true);
  for (let part = 0; part < 8; part++) viewer.engine.turn(-EIGHTH, 0);
  await viewer.settled();
  await until("the notch and the keys come", () => reader.turns(mark).length > 0 && reader.keys(mark, "pressed").length >= SIX);
  bench.equal(reader.turns(mark), [{ vertical: 120, horizontal: 0 }], "turns of a wheel of notches");
  bench.equal(reader.keys(mark, "pressed"), NAMES.slice(0, SIX), "keys of a keyboard of six");
  viewer.engine.releaseAll();
  await viewer.settled();
  await until("all is released", () => reader.keys(mark, "released").length === reader.keys(mark, "pressed").length);
  reader.close();
  bench.tell("bios: three plain devices, whole notches, six keys, no consumer keys");
}

/** Both wheels by two notches, an eighth at a time; says whether that is what came. */
async function twoNotches(viewer: Viewer, reader: Reader, mark: number): Promise<boolean> {
  for (const [wheel, pan] of [[-EIGHTH, 0], [0, EIGHTH]] as const) {
    for (let part = 0; part < 16; part++) {
      viewer.engine.turn(wheel, pan);
      await sleep(25); // each in a message of its own
    }
  }
  const sum = (way: "vertical" | "horizontal"): number => reader.turns(mark).reduce((total, turn) => total + turn[way], 0);
  return until("both wheels have turned two notches", () => sum("vertical") === 240 && sum("horizontal") === 240, { timeout: 5000, every: 20 }).then(() => true, () => false);
}

/** Linux has set the Resolution Multiplier: each eighth of a notch is told, both ways, on both mice. */
async function wheels(bench: Bench, viewer: Viewer, reader: Reader): Promise<string> {
  const eighths: number[] = [];
  // libinput forgets what is less than half a notch when nothing follows for half a second: a machine that stands has another try.
  let left = ATTEMPTS;
  for (const pointer of [{ x: 100, y: 100 }, null]) {
    viewer.engine.point(pointer);
    let mark = 0;
    while (!(await twoNotches(viewer, reader, (mark = reader.lines.length)))) {
      if (--left === 0) throw new LabError(`the wheels did not turn two notches each: ${JSON.stringify(reader.turns(mark))}`);
    }
    eighths.push(reader.turns(mark).filter((turn) => turn.vertical === EIGHTH || turn.horizontal === EIGHTH).length);
  }
  bench.check(eighths.every((count) => count > 4), `libinput saw few eighths of a notch: ${eighths.join(", ")}`);
  bench.tell(`wheel and pan: 2 notches each on either mouse, ${eighths.join(" and ")} single eighths of a notch`);
  return `${EIGHTH}/120`;
}

/** Consumer and system keys: a quick tap is a press and a release. */
async function specialKeys(bench: Bench, viewer: Viewer, reader: Reader): Promise<void> {
  const mark = reader.lines.length;
  const wanted = ["KEY_VOLUMEUP", "KEY_PLAYPAUSE", "KEY_CALC", "KEY_SLEEP"];
  for (const usage of [VOLUME_UP, PLAY_PAUSE, CALCULATOR]) {
    viewer.engine.consumer(usage, true);
    viewer.engine.consumer(usage, false);
  }
  viewer.engine.system(SLEEP, true);
  viewer.engine.system(SLEEP, false);
  await viewer.settled();
  await until("the system key is released", () => reader.keys(mark, "released").length >= wanted.length);
  bench.equal(reader.keys(mark, "pressed"), wanted, "consumer and system keys pressed");
  bench.equal(reader.keys(mark, "released"), wanted, "consumer and system keys released");
  bench.tell(`consumer and system keys: ${wanted.join(", ")}`);
}

/** Twelve keys: six by the boot keyboard, six by the bitmap, in the order in which they were pressed. */
async function twelve(bench: Bench, viewer: Viewer, reader: Reader): Promise<void> {
  const mark = reader.lines.length;
  for (const usage of TWELVE) viewer.engine.key(usage, true);
  await viewer.settled();
  await until("twelve keys are down", () => reader.keys(mark, "pressed").length === TWELVE.length);
  bench.equal(reader.keys(mark, "released"), [], "keys released while twelve are held");
  for (const usage of TWELVE) viewer.engine.key(usage, false);
  await viewer.settled();
  await until("twelve keys are up", () => reader.keys(mark, "released").length === TWELVE.length);
  bench.equal([...reader.keys(mark, "pressed")], NAMES, "the twelve keys, as they were pressed");
  bench.equal([...reader.keys(mark, "released")], NAMES, "the twelve keys, as they were released");
  bench.tell("12 keys held at once, each once down and once up");
}

/** Two fingers; on a machine that stands for 100 ms the target's driver lifts them by itself, and they are put down anew. */
async function fingers(bench: Bench, viewer: Viewer, reader: Reader): Promise<void> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    if (await twoFingers(viewer, reader)) return bench.tell(`two fingers: down, one moved, both up${attempt > 1 ? ` (attempt ${attempt})` : ""}`);
  }
  throw new LabError(`the target lifted a finger that lies, ${ATTEMPTS} times: ${reader.lines.filter((line) => line.includes("TOUCH")).slice(-20).join(" | ")}`);
}

/** One moves and one lies still for longer than the target's driver would wait. Says whether the target saw just this. */
async function twoFingers(viewer: Viewer, reader: Reader): Promise<boolean> {
  const mark = reader.lines.length;
  const { engine } = viewer;
  engine.touch(0, true, { x: 8000, y: 8000 });
  engine.touch(1, true, { x: 24_000, y: 24_000 });
  await viewer.settled();
  await until("two fingers lie", () => reader.since(mark, "TOUCH_DOWN").length >= 2);
  for (let step = 1; step <= 5; step++) {
    engine.drag(1, { x: 24_000 - 1000 * step, y: 24_000 });
    await sleep(60);
  }
  await until("one moves", () => reader.since(mark, "TOUCH_MOTION").length >= 3);
  const early = reader.since(mark, "TOUCH_UP").length;
  engine.touch(0, false, { x: 8000, y: 8000 });
  engine.touch(1, false, { x: 19_000, y: 24_000 });
  await viewer.settled();
  const count = (kind: string): number => reader.since(mark, kind).length;
  await until("both are lifted", () => count("TOUCH_UP") >= 2 && count("TOUCH_UP") === count("TOUCH_DOWN"));
  return early === 0 && count("TOUCH_DOWN") === 2;
}

/** Kills hid; for how long it was dead at most, ms. */
async function die(pi: Pi, node: Node): Promise<number> {
  const { pid, generation } = await node.device("hid");
  const killed = performance.now();
  await pi.kill(pid!, "KILL");
  await node.awaitUp(["hid"], { after: new Map([["hid", generation]]) });
  return performance.now() - killed;
}

/** hid dies while keys of all kinds are tapped and twelve are held. */
async function deaths(bench: Bench, pi: Pi, viewer: Viewer, reader: Reader): Promise<number> {
  const mark = reader.lines.length;
  const node = new Node(pi);
  const { engine } = viewer;
  const lives: Promise<number>[] = [];
  let taps = 0;
  for (const usage of TWELVE.slice(0, 8)) engine.key(usage, true);
  await viewer.settled();
  for (let death = 0; death < DEATHS; death++) {
    for (let tap = 0; tap < 6; tap++) {
      engine.consumer(VOLUME_UP, true);
      engine.consumer(VOLUME_UP, false);
      engine.key(TWELVE[9]!, true);
      engine.key(TWELVE[9]!, false);
      taps += 2;
      if (tap === 3) lives.push(die(pi, node));
      await sleep(15);
    }
    await Promise.all([viewer.settled(), ...lives]);
  }
  engine.releaseAll();
  await viewer.settled();
  const pressed = (name: string): number => reader.keys(mark, "pressed").filter((one) => one === name).length;
  await until("all is released", () => reader.keys(mark, "released").length === reader.keys(mark, "pressed").length);
  bench.equal([pressed("KEY_VOLUMEUP"), pressed(NAMES[9]!)], [taps / 2, taps / 2], "taps over deaths of hid");
  const longest = Math.max(...(await Promise.all(lives)));
  // On a machine with too much to do hid may be dead for so long that it has to let go; then the keys are pressed again, and no more than that.
  const presses = NAMES.slice(0, 8).map(pressed);
  const most = longest < LONG_DEATH_MS ? 1 : 1 + DEATHS;
  bench.check(presses.every((count) => count === presses[0] && count <= most), `presses of the keys held over deaths of hid, the longest of ${longest.toFixed(0)} ms: ${presses.join(", ")}`);
  bench.equal(viewer.engine.lost, 0, "keys given up");
  bench.tell(`${taps} taps with eight keys held, over ${DEATHS} deaths of hid, the longest of ${longest.toFixed(0)} ms`);
  return taps;
}

/** The mouse goes to and fro, and stops when it is told to. */
async function jiggler(bench: Bench, pi: Pi, reader: Reader): Promise<void> {
  const mark = reader.lines.length;
  await pi.must("dkvm jiggle 1");
  const moves = (): string[] => reader.since(mark, "POINTER_MOTION ");
  await until("the mouse moves by itself", () => moves().length >= 4);
  await pi.must("dkvm jiggle off");
  await sleep(1000); // a turn that has begun is ended
  await until("the mouse is back where it was", () => moves().length % 2 === 0);
  // What the mouse said; before it stands what libinput makes of it, which depends on the speed.
  const ways = moves().map((line) => Number(/\(\s*([+-][\d.]+)\//.exec(line)?.[1] ?? NaN));
  bench.equal(ways, ways.map((_, index) => (index % 2 === 0 ? 1 : -1)), "ways of the mouse");
  const count = moves().length;
  await sleep(2500);
  bench.equal(moves().length, count, "moves after it was switched off");
  bench.tell(`the jiggler: ${moves().slice(0, 2).map((line) => line.trim().replaceAll(/\s+/g, " ")).join("; ")}`);
}

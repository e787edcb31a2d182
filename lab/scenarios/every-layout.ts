// Text as keystrokes: every character of every layout, on Linux's console and as a desktop reads the keys.
import { LabError, sleep, until } from "../src/lab.ts";
import { consoleKeymap, desktopText, inKeymap, layouts, onConsole, readAccents, type Accents, type Layout } from "../src/layouts.ts";
import { Node } from "../src/node.ts";
import type { Rig } from "../src/rig.ts";
import { scenario, type Bench } from "../src/scenario.ts";
import { Viewer } from "../src/viewer.ts";

/** DKVM_LAYOUTS="de fr": these alone. */
const SOME_LAYOUTS = process.env["DKVM_LAYOUTS"]?.split(" ");
/** The target's console that is typed into, and the file that all bytes from it go to. */
const TTY = "/dev/tty3";
const TYPED = "/tmp/typed";
const EV_SYN = 0;
const SYN_DROPPED = 3;
/** A key event that the target's Linux makes itself. */
const REPEATED = 2;
/** Characters typed at once: the cable of the lab fetches reports ahead of the target, and QEMU keeps two thousand of them; a character takes up to sixteen. */
const PART = 80;
/** A text long enough for a death in the middle. */
const LONG = "The quick brown fox, 0123456789! ".repeat(12);
const SOME = 60;
/** Between two characters, where it is typed slowly. */
const SLOW_MS = 30;
const ATTEMPTS = 4;
/** Parts that had to be typed again, each with why: a machine with too much else to do. */
const again: string[] = [];
/** Nothing comes for so long: nothing more will, ms. */
const QUIET_MS = 40_000;
/** What is in the cable arrives within, ms. */
const SETTLE = 2000;

export default scenario("every-layout", "for each layout, a text with all its characters comes out the same; Caps Lock, the page, deaths of hid and of the typist", async (bench) => {
  const all = layouts().filter(({ id }) => SOME_LAYOUTS === undefined || SOME_LAYOUTS.includes(id));
  const rig = await boot(bench, all);
  await capsLock(bench, rig);
  await refusals(bench, rig);
  await fromThePage(bench, rig);
  const typed = await everyLayout(bench, rig, all);
  const speed = await deaths(bench, rig);
  await rig.target.awaitNothingHeld("at the end");
  bench.equal(rig.target.log.usbDisconnects(), 0, "USB disconnects");
  return `${all.length} layouts, ${typed.desktop} characters as a desktop reads them, ${typed.console} of them on Linux's console, 0 lost; ${speed.toFixed(0)} characters/s; ${again.length} parts typed again${again.length > 0 ? ` (${again.join("; ")})` : ""}`;
});

async function boot(bench: Bench, all: Layout[]): Promise<Rig> {
  const files = Object.fromEntries(all.map((layout) => [`/keymaps/${layout.id}`, consoleKeymap(layout)]));
  const programs = { "/bin/kbdrate": "/usr/sbin/kbdrate", ...Object.fromEntries(["loadkeys", "dumpkeys", "setleds"].map((name) => [`/bin/${name}`, `/usr/bin/${name}`])) };
  const rig = await bench.boot({ target: { files, programs } });
  await new Node(rig.pi).awaitUp(["gadget", "hid", "typist", "web"]);
  await rig.target.awaitInput(/dKVM/, 60_000);
  await must(rig, "kbdrate -s -d 2000 -r 2"); // on a busy machine a key is down for long, and is not to repeat
  await must(rig, `chvt 3; { cat ${TTY} >>${TYPED} 2>/dev/null & }; sleep 1; stty -F ${TTY} raw -echo`);
  bench.tell(`both machines are up, ${all.length} keymaps made from xkb-data`);
  return rig;
}

async function must(rig: Rig, script: string): Promise<string> {
  const { code, text } = await rig.target.sh(`{ ${script}\n} 2>&1`);
  if (code !== 0) throw new LabError(`the target failed at '${script}': ${text}`);
  return text;
}

type Where = "console and desktop" | "desktop";

/** Has a text typed, in parts, and sees that the target gets it. */
async function type(rig: Rig, layout: Layout, characters: string[], where: Where): Promise<void> {
  for (let at = 0; at < characters.length; at += PART) await typePart(rig, layout, textOf(characters.slice(at, at + PART)), where);
}

/** A text, until its keys came exactly and the target made nothing else of them by itself. */
async function typePart(rig: Rig, layout: Layout, text: string, where: Where): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const mark = await typeOnce(rig, layout, text);
    const fault = mark === undefined ? "the target took no input" : await faultOf(rig, layout, text, { mark, where });
    if (fault === undefined) return;
    again.push(`${layout.id}: ${fault}`);
    if (attempt === ATTEMPTS) throw new LabError(`${layout.id}: ${fault}`);
    await sleep(SETTLE);
  }
}

/** The mark before its events; nothing when the target took no report for half a second: a machine with too much else to do, and it is told. */
async function typeOnce(rig: Rig, layout: Layout, text: string): Promise<number | undefined> {
  await must(rig, `: >${TYPED}`);
  const mark = rig.target.log.mark();
  const { code, stderr } = await (await begin(rig, layout, text))();
  if (code !== 0 && !/took no input|too busy/.test(stderr)) throw new LabError(`${layout.id}: ${stderr}`);
  if (code === 0) await comes(layout, text, { name: "as a desktop reads it", read: async () => desktopText(layout, rig.target.log.keys(mark)), lenient: () => dropped(rig, mark) });
  await rig.target.awaitNothingHeld("after a part");
  return code === 0 ? mark : undefined;
}

/** What the target itself did to keys that came exactly, and what the console made of them. */
async function faultOf(rig: Rig, layout: Layout, text: string, { mark, where }: { mark: number; where: Where }): Promise<string | undefined> {
  if (dropped(rig, mark)) return "the target's reporter was too slow for its events";
  if (rig.target.log.keys(mark).some(({ value }) => value === REPEATED)) return "a key was down for so long that the target's Linux repeated it";
  if (where === "desktop") return undefined;
  return comes(layout, text, { name: "on the console", read: () => onTarget(rig) }).then(() => undefined, (error: Error) => error.message);
}

function dropped(rig: Rig, mark: number): boolean {
  return rig.target.log.events.slice(mark).some(({ type, code }) => type === EV_SYN && code === SYN_DROPPED);
}

async function begin(rig: Rig, layout: Layout, text: string, options = ""): Promise<() => ReturnType<Rig["pi"]["sh"]>> {
  await rig.pi.write("/tmp/text", text);
  const typing = rig.pi.sh(`dkvm type --layout ${layout.id} ${options} --file /tmp/text`);
  return () => typing;
}

interface Reading {
  name: string;
  read(): Promise<string>;
  /** Something else explains what is missing. */
  lenient?(): boolean;
}

/** Waits until all of a text is there, or nothing more comes. */
async function comes(layout: Layout, text: string, { name, read, lenient }: Reading): Promise<void> {
  let [got, grown] = ["", performance.now()];
  while (got !== text && performance.now() - grown < QUIET_MS && !lenient?.()) {
    const now = await read();
    if (now.length !== got.length) grown = performance.now();
    got = now;
    if (got !== text) await sleep(20);
  }
  if (!lenient?.()) same(layout, name, got, text);
}

async function onTarget(rig: Rig): Promise<string> {
  const text = await must(rig, `base64 ${TYPED}`);
  return Buffer.from(text, "base64").toString("utf8").replaceAll("\r", "\n");
}

/** What differs first, in words that show where. */
function same(layout: Layout, where: string, got: string, wanted: string): void {
  if (got === wanted) return;
  const [a, b] = [[...got], [...wanted]];
  const at = b.findIndex((character, index) => character !== a[index]);
  const show = (text: string[]): string => JSON.stringify(text.slice(Math.max(0, at - 2), at + 6).join(""));
  throw new LabError(`${layout.id}, ${where}: ${show(a)} in place of ${show(b)} at character ${at} of ${b.length} (${a.length} came)`);
}

/** A mark that stands behind a letter would become one with it. */
function textOf(characters: string[]): string {
  return characters.map((character) => (/\p{M}/u.test(character) ? `\n${character}\n` : character)).join("");
}

async function everyLayout(bench: Bench, rig: Rig, all: Layout[]): Promise<{ console: number; desktop: number }> {
  const accents = readAccents(await must(rig, "dumpkeys --compose-only"));
  bench.tell(`the console knows ${accents.size} pairs of accent and letter`);
  const count = { console: 0, desktop: 0 };
  const wrong: string[] = [];
  for (const layout of all) {
    const { here, elsewhere } = split(layout, accents);
    const fault = await oneLayout(rig, layout, here, elsewhere).then(() => undefined, (error: Error) => error.message);
    if (fault !== undefined) wrong.push(fault);
    count.console += here.length;
    count.desktop += here.length + elsewhere.length;
    bench.tell(fault ?? `${layout.id}: ${here.length} characters on console and desktop, ${elsewhere.length} more on a desktop`);
  }
  if (wrong.length > 0) throw new LabError(wrong.join("\n"));
  return count;
}

async function oneLayout(rig: Rig, layout: Layout, here: string[], elsewhere: string[]): Promise<void> {
  await must(rig, `loadkeys -C ${TTY} -q /keymaps/${layout.id}`);
  await type(rig, layout, here, "console and desktop");
  await type(rig, layout, elsewhere, "desktop");
}

/** The console's keymap lacks some characters, and has one accent table of some hundred pairs; xkb's compose table has thousands. */
function split(layout: Layout, accents: Accents): { here: string[]; elsewhere: string[] } {
  const keymap = consoleKeymap(layout);
  const direct = layout.direct.map((character) => ({ character, known: inKeymap(keymap, character) }));
  const composed = layout.composed.map((pair) => ({ character: pair.character, known: onConsole(pair, accents) }));
  const all = [...direct, ...composed];
  const those = (wanted: boolean): string[] => all.filter(({ known }) => known === wanted).map(({ character }) => character);
  return { here: those(true), elsewhere: those(false) };
}

/** Before any keymap is loaded: the kernel's own has Caps Lock as it is on the keys of a PC. */
async function capsLock(bench: Bench, rig: Rig): Promise<void> {
  const us = layouts().find(({ id }) => id === "us")!;
  const viewer = await Viewer.open(rig.pi.network.address);
  await must(rig, `setleds +caps <${TTY}`);
  await until("the node is told of the LED", () => viewer.hid?.leds.caps);
  viewer.close();
  await must(rig, `: >${TYPED}`);
  const typing = await begin(rig, us, "aBc, XyZ!\n");
  bench.equal((await typing()).code, 0, "exit code with Caps Lock on");
  await comes(us, "aBc, XyZ!\n", { name: "with Caps Lock on", read: () => onTarget(rig) });
  await until("Caps Lock is on again", async () => /CapsLock on/.test(await must(rig, `setleds <${TTY}`)));
  await must(rig, `setleds -caps <${TTY}`);
  await rig.target.awaitNothingHeld("after Caps Lock");
  bench.tell("Caps Lock was switched off and on again");
}

async function refusals(bench: Bench, rig: Rig): Promise<void> {
  const mark = rig.target.log.mark();
  const refused = await rig.pi.sh("dkvm type --layout us 'abc ж'");
  bench.check(refused.code === 1 && refused.stderr.includes("“ж” (line 1, column 5)"), `what cannot be typed is told: ${refused.stderr}`);
  bench.equal(rig.target.log.keys(mark).length, 0, "keys pressed for a text that cannot be typed");
  bench.tell("text that cannot be typed is told before the first key");
}

/** A page has a text checked and typed; a page that takes the focus ends what the command line has typed. */
async function fromThePage(bench: Bench, rig: Rig): Promise<void> {
  const us = layouts().find(({ id }) => id === "us")!;
  const viewer = await Viewer.open(rig.pi.network.address);
  const text = (words: string): { text: string; layout: string; pace_ms: number | null } => ({ text: words, layout: "us", pace_ms: null });
  const refused = await viewer.act({ name: "type_check", ...text("é") }).then(() => "nothing", (error: Error) => error.message);
  bench.check(refused.includes("U+00E9 “é” (line 1, column 1)"), `the page is told what cannot be typed: ${refused}`);
  await must(rig, `: >${TYPED}`);
  await viewer.act({ name: "type_text", ...text("from the page\n") });
  await comes(us, "from the page\n", { name: "from the page", read: () => onTarget(rig) });
  const slowly = rig.pi.sh(`dkvm type --layout us --pace 200 '${LONG}'`);
  await until("some of it is typed", async () => (await onTarget(rig)).length > "from the page\n".length, { every: 50 });
  await viewer.takeFocus();
  const { code, stderr } = await slowly;
  bench.check(code === 1 && stderr.includes("another took the keyboard"), `who takes the focus ends it: ${stderr}`);
  viewer.close();
  await rig.target.awaitNothingHeld("after a part");
  bench.tell("a page has a text typed, and takes the keyboard from the command line");
}

/** hid dies in the middle and nothing is typed twice; the typist dies and nothing stays pressed. Characters per second without a death. */
async function deaths(bench: Bench, rig: Rig): Promise<number> {
  const us = layouts().find(({ id }) => id === "us")!;
  await must(rig, `loadkeys -C ${TTY} -q /keymaps/us`);
  const begun = performance.now();
  await typePart(rig, us, LONG, "console and desktop");
  const seconds = (performance.now() - begun) / 1000;
  await overDeath(bench, rig, us, await overKill(rig, us, /dkvm-device hid/));
  await typistDies(bench, rig, us);
  return LONG.length / seconds;
}

/** What the command says of a long text in whose middle a device is killed. */
async function overKill(rig: Rig, us: Layout, device: RegExp, options = ""): Promise<{ code: number; stderr: string }> {
  await must(rig, `: >${TYPED}`);
  const typing = await begin(rig, us, LONG, options);
  await until("some of it is typed", async () => (await onTarget(rig)).length > SOME, { every: 20 });
  await rig.pi.kill((await rig.pi.pidOf(device))!, "KILL");
  return typing();
}

/** hid goes on where it was when it is back within its lease; else it cannot know what became of its last step, the text ends there, and that is told. */
async function overDeath(bench: Bench, rig: Rig, us: Layout, { code, stderr }: { code: number; stderr: string }): Promise<void> {
  if (code === 0) {
    await comes(us, LONG, { name: "over the death of hid", read: () => onTarget(rig) });
    return bench.tell("hid died in the middle, and the text is whole");
  }
  bench.check(/took no input|too busy/.test(stderr), `a text that hid's death ended says so: ${stderr}`);
  await sleep(SETTLE);
  await rig.target.awaitNothingHeld("after a part");
  const came = await onTarget(rig);
  bench.check(isWithin(came, LONG), `nothing is typed twice over hid's death: ${JSON.stringify(came.slice(-60))}`);
  bench.tell(`hid died in the middle and was back late: ${stderr.trim()}`);
}

/** Whether a text is another with some characters left out. */
function isWithin(part: string, whole: string): boolean {
  let at = 0;
  for (const character of whole) if (character === part[at]) at += 1;
  return at === part.length;
}

async function typistDies(bench: Bench, rig: Rig, us: Layout): Promise<void> {
  let said = await overKill(rig, us, /dkvm-device typist/);
  if (said.code === 0) {
    // it was through before this machine saw some of it: once more, slowly
    await comes(us, LONG, { name: "before the death of the typist", read: () => onTarget(rig) });
    await rig.target.awaitNothingHeld("after a text");
    said = await overKill(rig, us, /dkvm-device typist/, `--pace ${SLOW_MS}`);
  }
  const { code, stderr } = said;
  bench.check(code === 1, `the command tells that the typist died: ${stderr}`);
  await sleep(SETTLE); // what is in the cable arrives
  await rig.target.awaitNothingHeld("after a part");
  const came = await onTarget(rig);
  bench.check(LONG.startsWith(came) && came.length < LONG.length, `what came is the beginning of the text, not ${JSON.stringify(came.slice(-40))}`);
  bench.tell(`the typist died after ${came.length} characters: nothing stays pressed`);
}

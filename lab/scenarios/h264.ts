// The picture as H.264 in a real browser: pixel by pixel what the target draws, over a killed encoder, beside a slow page, and as
// JPEG where the browser has no decoder.
import type { Page } from "playwright-core";
import { sleep, until } from "../src/lab.ts";
import { DEVICES, Node } from "../src/node.ts";
import { difference, lit, pagePicture, targetPicture } from "../src/picture.ts";
import type { Rig } from "../src/rig.ts";
import { scenario, type Bench } from "../src/scenario.ts";
import { PASSWORD, Viewer } from "../src/viewer.ts";
import type WebSocket from "ws";

const ALL = [...DEVICES, "h264"];
/** Pixels that differ by more shades are wrong; so many may, once the picture rests: edges of coloured text, whose colours are those of four pixels. */
const SHADES = 40;
const WRONG_MOST = 0.0005;
/** Less on the target's screen is too little to tell: a dark screen is like any other dark screen. */
const LIT_LEAST = 0.003;
const UNIT_HEAD = 36;
const MOVING_MS = 3000;
/** A slow page takes a picture so seldom. */
const SLOW_MS = 1000;
/** The kernel ends a device that keeps a frame for 10 s. */
const RESTING_MS = 12_000;
/** Of the frames that a page gets alone, it gets at least so many beside a slow one: two browsers' worth of work share two cores. */
const SHARE_LEAST = 0.5;
const ROUNDS = 4;

export default scenario("h264", "the page's H.264 is pixel by pixel what the target draws: after a SIGKILL of the encoder too, while a slow page slows nobody, and while all rests; without a decoder it is JPEG", async (bench) => {
  const rig = await bench.boot();
  const node = new Node(rig.pi);
  await node.awaitUp(ALL);
  await rig.target.awaitInput(/dKVM/, 60_000);
  const { page } = await bench.openBrowser();
  await enter(page, rig);
  await isH264(page, "in a browser that decodes H.264");
  const wrong = [await same(bench, rig, page, "at first")];
  await write(rig, "some text, and colours \\033[31mred\\033[32mgreen\\033[44mblue\\033[0m");
  wrong.push(await same(bench, rig, page, "with text"));
  const share = await besideASlowPage(bench, rig, page);
  wrong.push(await same(bench, rig, page, "after it moved"));
  await killed(bench, rig, node, page);
  wrong.push(await same(bench, rig, page, "after a SIGKILL of h264"));
  await resting(rig, node, bench, () => withoutDecoder(bench, rig));
  return `at most ${(100 * Math.max(...wrong)).toFixed(3)} % of the pixels off; beside a slow page ${(100 * share).toFixed(0)} % of the frames; a SIGKILL survived; a picture that rests; JPEG without a decoder`;
});

async function enter(page: Page, rig: Rig): Promise<void> {
  await page.goto(`https://${rig.pi.network.address}/`);
  const field = page.locator('[data-testid="setup-password"], [data-testid="login-password"]');
  await field.fill(PASSWORD);
  await field.press("Enter");
  await until("the page shows frames", () => page.evaluate("window.dkvm?.frames > 0"), { every: 50 });
}

function codec(page: Page): Promise<unknown> {
  return page.evaluate("window.dkvm.codec");
}

/** JPEG comes meanwhile where the encoder is away for long. */
async function isH264(page: Page, when: string): Promise<void> {
  await until(`the picture is H.264 ${when}`, async () => (await codec(page)) === "h264", { every: 50 });
}

/** On the target's screen. */
async function write(rig: Rig, text: string): Promise<void> {
  await rig.target.sh(`printf '${text}\\n' >/dev/tty0`);
}

/** The page shows what the target draws, soon; the share of pixels that are off. */
async function same(bench: Bench, rig: Rig, page: Page, when: string): Promise<number> {
  let [off, light] = [1, 0];
  await until(`the page shows the target's picture ${when}`, async () => {
    const [target, shown] = [await targetPicture(rig.target), await pagePicture(page)];
    [off, light] = [difference(target, shown, SHADES), lit(target)];
    return off < WRONG_MOST;
  }, { every: 200 }).catch((error: Error) => {
    throw new Error(`${error.message}: ${(100 * off).toFixed(2)} % of its pixels are off, ${(100 * light).toFixed(2)} % are lit`);
  });
  bench.check(light > LIT_LEAST, `the target's screen has too little on it to tell (${(100 * light).toFixed(2)} %)`);
  bench.tell(`same picture ${when}: ${(100 * off).toFixed(3)} % of the pixels are off by more than ${SHADES} shades`);
  return off;
}

/** Frames of the page while the target's screen moves. */
async function moving(rig: Rig, page: Page): Promise<number> {
  const done = rig.target.sh(`i=0; end=$(($(cut -d. -f1 /proc/uptime) + ${MOVING_MS / 1000 + 1})); while [ $(cut -d. -f1 /proc/uptime) -lt $end ]; do echo "line $i of a text that moves" >/dev/tty0; i=$((i + 1)); usleep 20000; done`);
  await sleep(500);
  const before = (await page.evaluate("window.dkvm.frames")) as number;
  await sleep(MOVING_MS - 500);
  const frames = ((await page.evaluate("window.dkvm.frames")) as number) - before;
  await done;
  return frames;
}

/** A unit, as a page sees it. */
interface Unit {
  sequence: bigint;
  key: boolean;
}

/** Takes units, and answers one so often, or each at once. */
function take(socket: WebSocket, every = 0): Unit[] {
  const units: Unit[] = [];
  const answer = (): void => socket.send(Buffer.alloc(0));
  let owed = 0;
  socket.on("message", (data: Buffer) => {
    units.push({ sequence: data.readBigUInt64LE(0), key: (data.readUInt32LE(UNIT_HEAD - 4) & 1) === 1 });
    if (every === 0) answer();
    else owed++;
  });
  socket.on("error", () => {});
  const timer = setInterval(() => { if (owed > 0) { owed--; answer(); } }, every || SLOW_MS);
  socket.on("close", () => clearInterval(timer));
  return units;
}

/** In a round in which other work of this machine came in between, less is shown for that; a slow page that slows others does so in each. */
async function besideASlowPage(bench: Bench, rig: Rig, page: Page): Promise<number> {
  const viewer = await Viewer.open(rig.pi.network.address);
  const fast = viewer.socket("/api/video", { codec: "h264" });
  const all = take(fast);
  await until("a second page has a picture", () => all.length > 0);
  let share = 0;
  for (let round = 1; round <= ROUNDS && share < SHARE_LEAST; round++) share = await oneRound(bench, rig, page, viewer, all);
  bench.check(share >= SHARE_LEAST, `beside a slow page the page showed less than ${100 * SHARE_LEAST} % of the frames ${ROUNDS} times`);
  fast.terminate();
  viewer.close();
  return share;
}

async function oneRound(bench: Bench, rig: Rig, page: Page, viewer: Viewer, all: Unit[]): Promise<number> {
  const before = await moving(rig, page);
  const already = all.length;
  const slow = viewer.socket("/api/video", { codec: "h264" });
  const some = take(slow, SLOW_MS);
  await until("the slow page has a picture", () => some.length > 0);
  const beside = await moving(rig, page);
  // It takes what waited for it, and after that a key frame.
  await until("the slow page is sent a key frame again", () => some.slice(1).some(({ key }) => key));
  slow.terminate();
  // This machine has other work: alone is what it was at worst, before and after.
  const after = await moving(rig, page);
  const alone = Math.min(before, after);
  bench.check(alone > 5, `the page showed ${alone} frames of a screen that moves`);
  bench.check(some.length < all.length - already, "the slow page was not slow");
  untorn(bench, all, some);
  bench.tell(`${before} and ${after} frames alone, ${beside} beside a slow page that got ${some.length}`);
  return beside / alone;
}

/** What a slow page is sent is a part of what there was, and after each gap there is a key frame. */
function untorn(bench: Bench, all: Unit[], some: Unit[]): void {
  const places = some.map(({ sequence }) => all.findIndex((unit) => unit.sequence === sequence));
  bench.check(some[0]!.key, "the slow page's first frame is no key frame");
  let gaps = 0;
  for (let at = 1; at < some.length; at++) {
    if (places[at] === places[at - 1]! + 1) continue;
    gaps++;
    bench.check(some[at]!.key, `the slow page was sent frame ${places[at]} after frame ${places[at - 1]}, and it is no key frame`);
  }
  bench.check(gaps > 0, "the slow page lost no frame, so nothing was tried");
}

async function killed(bench: Bench, rig: Rig, node: Node, page: Page): Promise<void> {
  const before = await node.awaitUp(ALL);
  const { pid, generation } = before.find(({ name }) => name === "h264")!;
  const memory = /^Pss: *(\d+)/m.exec(await rig.pi.must(`cat /proc/${pid}/smaps_rollup`))?.[1];
  bench.tell(`h264 has ${(Number(memory) / 1024).toFixed(1)} MB (PSS, its share of the frames included)`);
  await rig.pi.kill(pid!, "KILL");
  const now = await node.awaitUp(ALL, { after: new Map([["h264", generation]]) });
  for (const { name, generation: was } of before) {
    if (name !== "h264") bench.equal(now.find((device) => device.name === name)?.generation, was, `${name}'s generation after a SIGKILL of h264`);
  }
  const shown = Number(await page.evaluate("window.dkvm.frames"));
  await write(rig, "still here");
  await until("the page shows frames again", () => page.evaluate(`window.dkvm.frames > ${shown}`), { every: 50 });
  await isH264(page, "after the encoder came back");
}

/** Nothing on the target's screen changes, not even its cursor, while something else is done: h264 lives on. */
async function resting(rig: Rig, node: Node, bench: Bench, meanwhile: () => Promise<void>): Promise<void> {
  const before = (await node.awaitUp(ALL)).find(({ name }) => name === "h264")!.generation;
  await rig.target.sh("printf '\\033[?25l' >/dev/tty0");
  const since = performance.now();
  await meanwhile();
  await sleep(Math.max(0, RESTING_MS - (performance.now() - since)));
  const after = (await node.awaitUp(ALL)).find(({ name }) => name === "h264")!.generation;
  bench.equal(after, before, "h264's generation after a picture that rests");
  await rig.target.sh("printf '\\033[?25h' >/dev/tty0");
}

async function withoutDecoder(bench: Bench, rig: Rig): Promise<void> {
  const { page } = await bench.openBrowser();
  await page.addInitScript("delete window.VideoDecoder");
  await enter(page, rig);
  bench.equal(await codec(page), "jpeg", "codec of a browser without a decoder");
  await same(bench, rig, page, "as JPEG");
  await page.getByTestId("open-video").click();
  await page.getByText(/this browser does not decode H.264/).waitFor();
}

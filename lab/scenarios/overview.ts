// All targets in the workstation's window, where a click goes to one of them; a node's picture as JPEGs; and two nodes that are the
// screens of one machine, beside each other.
import { withConfig, only } from "../src/config.ts";
import { XServer, WindowDesk } from "../src/desk-window.ts";
import { until } from "../src/lab.ts";
import { createPiNetwork } from "../src/network.ts";
import { Node } from "../src/node.ts";
import { patternPi, showPattern } from "../src/pattern.ts";
import { cut, difference, fitted, likeness, lit, targetPicture, type Grey, type Place } from "../src/picture.ts";
import { imageConfig } from "../src/pi-image.ts";
import { Pi } from "../src/pi.ts";
import type { Rig } from "../src/rig.ts";
import { scenario, type Bench } from "../src/scenario.ts";
import { peers } from "../src/workstation.ts";
import { XHands } from "../src/x-hands.ts";

const DESK = "desk";
const PI = "office";
/** Sees the second screen, and what both together are called. */
const SECOND = "attic";
const BOTH = "pc";
/** Pixels that differ by more shades, or more of them, are another picture. */
const SHADES = 40;
const WRONG_MOST = 0.0005;
const LIT_LEAST = 0.003;
const SOON = { every: 100 };
/** A tile of the overview that is marked has a frame of this shade, its words are so high, and this is around its picture. */
const FRAME_SHADE = 220;
const FRAME_LEAST = 100;
const WORDS = 48;
const AROUND = 4;
/** Pictures that are scaled, or JPEGs, are as like as this to what they show. */
const ALIKE = 0.9;
/** What vivid shows of itself. */
const PATTERN = { width: 1280, height: 720 };

export default scenario("overview", "a click in the workstation's overview goes to a target, which its window shows then, as H.264 and as JPEGs; two nodes that are one machine's screens are beside each other, and one that goes costs the other nothing", async (bench) => {
  const rig = await bench.boot();
  const node = new Node(rig.pi);
  await node.awaitUp(["capture", "encode", "h264", "hid", "peer"]);
  await rig.target.awaitInput(/dKVM/, 60_000);
  await write(rig, "some text, and colours \\033[31mred\\033[32mgreen\\033[44mblue\\033[0m");
  const size = await awaitMode(rig);
  const x = await XServer.start(rig.pi.lab, size);
  const desk = await WindowDesk.start(rig.pi.lab, x.display, DESK, ["peer", "screen", "input"]);
  await join(rig.pi, desk, PI);
  await clickTile(bench, x, desk, PI, async () => [await targetPicture(rig.target)]);
  const like = await showsAll(x, "the window shows the target", async () => [await targetPicture(rig.target)]);
  bench.tell(`the target in the window: likeness ${like}`);
  await asJpegs(bench, rig, x, desk);
  await bothScreens(bench, rig, x, desk);
  return "a click went there; H.264, JPEGs, and two screens of one machine were shown";
});

/** Its graphics card shows text at first, in a mode that no cable carries. */
async function awaitMode(rig: Rig): Promise<Grey> {
  return until("the target's screen has its mode", async () => {
    const picture = await targetPicture(rig.target);
    return picture.height >= 720 ? picture : undefined;
  }, SOON);
}

/** Paired, and the link is up. */
async function join(pi: Pi, desk: WindowDesk, name: string): Promise<void> {
  const there = await peers(pi);
  await pi.must(`dkvm peers authorise ${DESK} ${desk.peers().fingerprint} --grants view,type`);
  desk.dkvm("peers", "authorise", name, there.fingerprint, "--grants", "view", "--address", pi.network.address);
  await until("the link is up", () => desk.peers().peers.some(({ node, link }) => node === name && link === "up"), SOON);
}

/** The picture of the tile that is marked. */
function tile(shown: Grey): Place | undefined {
  const isFrame = (x: number, y: number): boolean => shown.data[y * shown.width + x] === FRAME_SHADE;
  let [top, bottom, left, right] = [-1, -1, 0, 0];
  for (let y = 0; y < shown.height; y++) {
    let [from, run] = [0, 0];
    for (let x = 0; x < shown.width && run < FRAME_LEAST; x++) {
      if (!isFrame(x, y)) run = 0;
      else if (run++ === 0) from = x;
    }
    if (run < FRAME_LEAST) continue;
    if (top < 0) [top, left] = [y, from];
    bottom = y;
  }
  if (top < 0) return undefined;
  for (right = left; isFrame(right, top); right++);
  return { x: left + AROUND, y: top + AROUND, width: right - left - 2 * AROUND, height: bottom + 1 - top - 2 * AROUND - WORDS };
}

/** A screen: what it shows, or only how large it is. */
type Screen = Pick<Grey, "width" | "height"> & Partial<Grey>;

/** How like each of some screens beside each other is to its part of a place; of one that is not known: how much of it is lit. */
function alike(screens: readonly Screen[], shown: Grey, within: Place): number[] {
  const [width, height] = [screens.reduce((sum, one) => sum + one.width, 0), Math.max(...screens.map((one) => one.height))];
  const all = fitted({ width, height }, within);
  let left = 0;
  return screens.map((screen) => {
    const at = (x: number): number => all.x + Math.round((x * all.width) / width);
    const place = { ...all, x: at(left), width: at(left + screen.width) - at(left), height: Math.round((screen.height * all.width) / width) };
    left += screen.width;
    return screen.data ? likeness(screen as Grey, shown, place) : lit(cut(shown, place));
  });
}

function areShown(screens: readonly Screen[], like: readonly number[]): boolean {
  return screens.every(({ data }, at) => like[at]! > (data ? ALIKE : LIT_LEAST));
}

function told(like: readonly number[]): string {
  return like.map((one) => one.toFixed(2)).join(", ");
}

/** The tile, which an arrow key marks, shows these screens, beside each other; a click on it goes there. */
async function clickTile(bench: Bench, x: XServer, desk: WindowDesk, name: string, screens: () => Promise<Screen[]>): Promise<void> {
  const hands = await XHands.at(x.display);
  let like: number[] = [];
  const place = await until(`the tile of ${name} shows its picture`, async () => {
    const [wanted, shown] = [await screens(), x.picture()];
    const found = tile(shown);
    if (!found) {
      await hands.right();
      return undefined;
    }
    like = alike(wanted, shown, found);
    return areShown(wanted, like) ? found : undefined;
  }, SOON).catch((error: Error) => { throw new Error(`${error.message}: likeness ${told(like)}`); });
  bench.tell(`the overview shows ${name} (likeness ${told(like)}); a click goes there`);
  await until(`keyboard and mouse go to ${name}`, async () => {
    if (desk.focus().node === name) return true;
    await hands.click(Math.round(place.x + place.width / 2), Math.round(place.y + place.height / 2));
    return undefined;
  }, { every: 1000 });
  hands.close();
}

/** The whole window shows these screens, beside each other. */
async function showsAll(x: XServer, what: string, screens: () => Promise<Screen[]>): Promise<string> {
  let like: number[] = [];
  await until(what, async () => {
    const [wanted, shown] = [await screens(), x.picture()];
    like = alike(wanted, shown, { x: 0, y: 0, width: shown.width, height: shown.height });
    return areShown(wanted, like);
  }, SOON).catch((error: Error) => { throw new Error(`${error.message}: likeness ${told(like)}`); });
  return told(like);
}

/** The node's JPEGs in place of its H.264, over the same link. */
async function asJpegs(bench: Bench, rig: Rig, x: XServer, desk: WindowDesk): Promise<void> {
  await desk.reconfigure("screen", `source = "${PI}/encode"`);
  await write(rig, "and as a JPEG");
  const like = await showsAll(x, "the window shows the node's JPEGs", async () => [await targetPicture(rig.target)]);
  bench.tell(`the same as JPEGs: likeness ${like}`);
}

/** A second node sees a second screen of the same machine. */
async function bothScreens(bench: Bench, rig: Rig, x: XServer, desk: WindowDesk): Promise<void> {
  const config = withConfig(only(imageConfig(), ["nodes", "capture", "encode", "h264", "peer", "network"]), "peer", `name = "${SECOND}"`);
  const second = await Pi.boot(rig.pi.lab, patternPi({ index: 1, network: createPiNetwork(1), config }));
  await showPattern(second, 720);
  await new Node(second).awaitUp(["capture", "encode", "h264", "peer"]);
  await join(second, desk, SECOND);
  const { width } = await targetPicture(rig.target);
  const heads = `[{ node = "${PI}", at = [0, 0] }, { node = "${SECOND}", at = [${width}, 0] }]`;
  await desk.reconfigure("input", `desk.${BOTH}.heads = ${heads}`);
  await desk.reconfigure("screen", "");
  const screens = async (): Promise<Screen[]> => [await targetPicture(rig.target), PATTERN];
  await clickTile(bench, x, desk, BOTH, screens);
  const like = await showsAll(x, "both screens are beside each other", screens);
  const right = (): Grey => cut(x.picture(), { x: x.picture().width / 2, y: 0, width: x.picture().width / 2, height: x.picture().height });
  const before = right();
  await until("the second screen moves", () => difference(before, right(), SHADES) > WRONG_MOST, SOON);
  bench.tell(`two screens beside each other: likeness of the first, and light of the second, ${like}`);
  await second.powerOff();
  await until("the second says in its place why there is none", () => difference(right(), right(), 0) === 0 && lit(right()) < lit(before), SOON);
  await write(rig, "the first goes on");
  await showsAll(x, "the first screen goes on", async () => [await targetPicture(rig.target), { ...PATTERN }]);
}

/** On the target's screen. */
async function write(rig: Rig, text: string): Promise<void> {
  await rig.target.sh(`printf '${text}\\n' >/dev/tty0`);
}

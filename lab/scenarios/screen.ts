// The window of a workstation: pixel by pixel what the target of another node draws, over the link, a killed encoder, a cable that
// is pulled, and the end of the person's session.
import { XServer, WindowDesk } from "../src/desk-window.ts";
import { until, type Lab } from "../src/lab.ts";
import { Node } from "../src/node.ts";
import { difference, lit, targetPicture, type Grey } from "../src/picture.ts";
import type { Rig } from "../src/rig.ts";
import { scenario, type Bench } from "../src/scenario.ts";
import { peers } from "../src/workstation.ts";

const DESK = "desk";
const PI = "office";
/** Pixels that differ by more shades are wrong; so many may, once the picture rests: edges of coloured text, whose colours are those of four pixels. */
const SHADES = 40;
const WRONG_MOST = 0.0005;
/** Less on the target's screen is too little to tell: a dark screen is like any other dark screen. */
const LIT_LEAST = 0.003;
const SOON = { every: 100 };

export default scenario("screen", "the workstation's window is pixel by pixel what the target of another node draws: after a SIGKILL of its encoder too, without a signal it says so, and with the next session it is back", async (bench) => {
  const rig = await bench.boot();
  const node = new Node(rig.pi);
  await node.awaitUp(["capture", "h264", "peer"]);
  await rig.target.awaitInput(/dKVM/, 60_000);
  await write(rig, "some text, and colours \\033[31mred\\033[32mgreen\\033[44mblue\\033[0m");
  const size = await awaitMode(rig);
  const x = await XServer.start(rig.pi.lab, size);
  const desk = await WindowDesk.start(rig.pi.lab, x.display, DESK);
  await join(rig, desk);
  const wrong = [await same(bench, rig, x, "at first")];
  await write(rig, "and more of it, so that it moves");
  wrong.push(await same(bench, rig, x, "after it moved"));
  await rig.pi.kill((await node.device("h264")).pid!, "KILL");
  await write(rig, "after its encoder was killed");
  wrong.push(await same(bench, rig, x, "after a SIGKILL of h264"));
  await withoutSignal(bench, rig, x);
  wrong.push(await same(bench, rig, x, "with the cable in again"));
  wrong.push(await nextSession(bench, rig, x, size, desk));
  return `at most ${(100 * Math.max(...wrong)).toFixed(3)} % of the pixels off; a SIGKILL of the encoder, a pulled cable and the end of the X server survived`;
});

/** Its graphics card shows text at first, in a mode that no cable carries. */
async function awaitMode(rig: Rig): Promise<Grey> {
  return until("the target's screen has its mode", async () => {
    const picture = await targetPicture(rig.target);
    return picture.height >= 720 ? picture : undefined;
  }, SOON);
}

/** Paired, and the link is up. */
async function join(rig: Rig, desk: WindowDesk): Promise<void> {
  const there = await peers(rig.pi);
  await rig.pi.must(`dkvm peers authorise ${DESK} ${desk.peers().fingerprint} --grants view,type`);
  desk.dkvm("peers", "authorise", PI, there.fingerprint, "--grants", "view", "--address", rig.pi.network.address);
  await until("the link is up", () => desk.peers().peers.some(({ node, link }) => node === PI && link === "up"), SOON);
}

/** On the target's screen. */
async function write(rig: Rig, text: string): Promise<void> {
  await rig.target.sh(`printf '${text}\\n' >/dev/tty0`);
}

/** The window shows what the target draws, soon; the share of pixels that are off. */
async function same(bench: Bench, rig: Rig, x: XServer, when: string): Promise<number> {
  let [off, light] = [1, 0];
  await until(`the window shows the target's picture ${when}`, async () => {
    const [target, shown] = [await targetPicture(rig.target), x.picture()];
    [off, light] = [difference(target, shown, SHADES), lit(target)];
    return off < WRONG_MOST;
  }, SOON).catch((error: Error) => {
    throw new Error(`${error.message}: ${(100 * off).toFixed(2)} % of its pixels are off, ${(100 * light).toFixed(2)} % are lit`);
  });
  bench.check(light > LIT_LEAST, `the target's screen has too little on it to tell (${(100 * light).toFixed(2)} %)`);
  bench.tell(`same picture ${when}: ${(100 * off).toFixed(3)} % of the pixels are off by more than ${SHADES} shades`);
  return off;
}

/** Letters on black, in the middle. */
function isSentence({ width, height, data }: Grey): boolean {
  const light = lit({ width, height, data });
  const top = lit({ width, height: 100, data: data.subarray(0, 100 * width) });
  return top === 0 && light > 0 && light < 0.02;
}

async function withoutSignal(bench: Bench, rig: Rig, x: XServer): Promise<void> {
  await rig.hdmi.unplug();
  await until("the window says that there is no signal", () => isSentence(x.picture()), SOON);
  bench.tell("without a signal the window says so");
  await rig.hdmi.plug();
}

/** The X server ends, and another comes under its name, as when a person logs in again. */
async function nextSession(bench: Bench, rig: Rig, x: XServer, size: Grey, desk: WindowDesk): Promise<number> {
  const lab: Lab = rig.pi.lab;
  await x.end(lab);
  await until("the screen waits for an X server", () => desk.phase("screen") === "backoff", SOON);
  return same(bench, rig, await XServer.start(lab, size, x.display), "in the next session");
}

// The sound of another node's target in the page, and the page's microphone at that target.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import type { SoundUi } from "../../devices/web/page/src/sound/state.ts";
import type { AudioState } from "../../devices/web/page/src/wire/AudioState.ts";
import { withConfig } from "../src/config.ts";
import { openFar, pagePi } from "../src/far-page.ts";
import { LabError, until } from "../src/lab.ts";
import { createSharedNetwork } from "../src/network.ts";
import { Node } from "../src/node.ts";
import { Pi } from "../src/pi.ts";
import { scenario, type Bench } from "../src/scenario.ts";
import { fromWav, RATE, shareOfTone, tone, toWav } from "../src/sound.ts";
import { pair, piConfig } from "../src/workstation.ts";

/** The node whose page it is, and the one whose target is heard. */
const [NEAR, FAR] = ["lobby", "office"];
/** Longer than a person wants it: two virtual machines and a browser share two processors. */
const BUFFER_MS = 1000;
const SECONDS = 4;
/** How often a machine may come too late. */
const ATTEMPTS = 6;
const TOOLS = { "/usr/bin/aplay": "/usr/bin/aplay", "/usr/bin/arecord": "/usr/bin/arecord" };
/** The card that the target has of the node's. */
const CARD = "hw:CARD=dKVM";
/** What the target plays, and what the page's microphone hears; so much of what arrives is that, on a machine that has other work too. */
const [PLAYED, SAID] = [997, 613];
const SHARE_LEAST = 0.5;
/** Louder in the page than anything but what is played. */
const LOUD = 0.3;

export default scenario("page-sound", "a tone that another node's target plays comes out of Chromium's page, and another that the page's microphone hears is what that target records; no microphone without the grant, and none that stays open when the page turns to another target", async (bench) => {
  const far = await farPi(bench);
  const near = await pagePi(bench, 0, NEAR);
  await pair({ name: NEAR, pi: near }, { name: FAR, pi: far }, { there: "view", here: "none" });
  const wave = join(bench.lab.work, "microphone.wav");
  writeFileSync(wave, toWav(tone(60, SAID, 1)));
  const browser = await openFar(bench, near.network.address, FAR, ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", `--use-file-for-fake-audio-capture=${wave}`]);
  const { page } = browser;
  await page.getByTestId("open-sound").click();
  await heard(bench, far, page);
  await granted(bench, far, page);
  await spoken(bench, far, page);
  await turned(bench, far, page);
  bench.equal(browser.consoleMessages.filter((line) => line.startsWith("pageerror")), [], "errors on the page");
  await browser.close();
  await Promise.all([far.powerOff(), near.powerOff()]);
  return `a tone of another node's target in the page, and one of the page's microphone at that target; the microphone by the grant alone, and closed when the page turned away`;
});

/** Its own target, with a sound card. */
async function farPi(bench: Bench): Promise<Pi> {
  const text = withConfig(piConfig(FAR, ["audio"]), "audio", `microphone_buffer_ms = ${BUFFER_MS}`);
  const config = `${text}\n[device.gadget.config.profiles.sound]\nfunctions = ["keyboard", "audio"]\n`;
  const pi = await Pi.boot(bench.lab, { index: 1, network: createSharedNetwork(1), usb: "self", hdmi: false, modules: ["snd-usb-audio"], programs: TOOLS, config });
  await new Node(pi).awaitUp(["gadget", "hid", "audio", "peer"]);
  await pi.must("dkvm usb profile sound --yes");
  await until("the target has its sound card", async () => (await pi.must("cat /proc/asound/cards")).includes("[dKVM"));
  return pi;
}

async function heard(bench: Bench, far: Pi, page: Page): Promise<void> {
  await page.getByTestId("sound-delay-400").click();
  bench.equal((await audio(far)).heard, false, "somebody listens before the page was asked to");
  await page.getByTestId("sound-listen").click();
  await until("that node has a listener", async () => (await audio(far)).heard);
  await far.write("/tmp/play.wav", toWav(tone(SECONDS * 2, PLAYED)));
  await untilHeard(bench, "the other node's target in the page", async () => {
    let ended = false;
    const playing = far.sh(`aplay -q -D ${CARD} --buffer-time=400000 /tmp/play.wav`).finally(() => { ended = true; });
    playing.catch(() => {}); // whoever waits for it is told
    await until("the page plays, or the player has ended", async () => (await soundOf(page)).peak > LOUD || ended);
    const samples = (await page.evaluate(`window.dkvm.hear(${SECONDS * RATE}).then((samples) => Array.from(samples))`)) as number[];
    await playing;
    return shareOfTone(Int16Array.from(samples), PLAYED);
  });
  await page.getByTestId("sound-listen").click();
  await until("that node has no listener", async () => !(await audio(far)).heard);
}

/** The page offers its microphone where that node says that it may. */
async function granted(bench: Bench, far: Pi, page: Page): Promise<void> {
  const microphone = page.getByTestId("sound-microphone");
  bench.equal(await microphone.count(), 0, "buttons of the microphone where only `view` is granted");
  await far.must(`dkvm peers allow ${NEAR} view,type`);
  await microphone.waitFor();
}

async function spoken(bench: Bench, far: Pi, page: Page): Promise<void> {
  await page.getByTestId("sound-microphone").click();
  await page.locator('[data-testid="sound-microphone"][data-state="open"]').waitFor();
  await until("that node knows of the microphone", async () => (await audio(far)).microphone !== null);
  await untilHeard(bench, "the page's microphone at the other node's target", async () => {
    // one that comes too late ends early
    await far.sh(`rm -f /tmp/record.wav; arecord -q -D ${CARD} -f S16_LE -c 1 -r ${RATE} -d ${SECONDS} --buffer-time=400000 /tmp/record.wav`);
    return shareOfTone(fromWav((await far.read("/tmp/record.wav")) ?? Buffer.alloc(0)), SAID);
  });
}

/** A microphone is open for one target alone. */
async function turned(bench: Bench, far: Pi, page: Page): Promise<void> {
  await page.getByTestId("drawer-close").click();
  await page.getByTestId("microphone-sign").waitFor();
  await page.getByTestId("open-targets").click();
  await page.getByTestId("tile-self").click();
  await page.getByTestId("toast").filter({ hasText: "The microphone was closed" }).waitFor();
  await until("that node's microphone is closed", async () => (await audio(far)).microphone === null);
  bench.equal(await page.getByTestId("microphone-sign").count(), 0, "signs of an open microphone");
  bench.tell("the page turned to its own target: its microphone is closed");
}

async function audio(pi: Pi): Promise<AudioState> {
  return JSON.parse(await pi.must("dkvm sound --json")) as AudioState;
}

function soundOf(page: Page): Promise<SoundUi> {
  return page.evaluate("window.dkvm.sound") as Promise<SoundUi>;
}

/** A machine that has too much to do comes too late: then it is tried again. Without a click it is in `sound-both-ways` and `desk-sound`. */
async function untilHeard(bench: Bench, what: string, attempt: () => Promise<number>): Promise<void> {
  let share = 0;
  for (let round = 0; round < ATTEMPTS; round++) {
    share = await attempt();
    bench.tell(`${what}: ${(100 * share).toFixed(0)} % of ${SECONDS} s are the tone`);
    if (share >= SHARE_LEAST) return;
  }
  throw new LabError(`${what}: ${(100 * share).toFixed(0)} % of ${SECONDS} s are the tone, ${ATTEMPTS} times too little`);
}

// Sound from the target to a listener and from a microphone to the target, whole: the target is the Pi's own USB host.
import { join } from "node:path";
import { writeFileSync } from "node:fs";
import type { Page } from "playwright-core";
import type { SoundUi } from "../../devices/web/page/src/sound/state.ts";
import { Listener, Speaker } from "../src/listener.ts";
import { LabError, PATIENCE_MS, sleep, until } from "../src/lab.ts";
import { Node } from "../src/node.ts";
import type { Pi } from "../src/pi.ts";
import { scenario, type Bench } from "../src/scenario.ts";
import { clicks, find, fromWav, HERTZ, side, silences, soundIn, testWave, toWav, RATE } from "../src/sound.ts";
import { PASSWORD, Viewer } from "../src/viewer.ts";

/** A profile with sound and little else; a machine with two processors has long waits, which the microphone's buffer bridges. */
const CONFIG = `
[device.gadget.config.profiles.sound]
functions = ["keyboard", "absolute", "relative", "audio"]
`;
const BUFFER = "[device.audio.config]\nmicrophone_buffer_ms = 1000\n";
/** The card that the target has of ours. */
const CARD = "dKVM";
const ALSA_TOOLS = { "/usr/bin/aplay": "/usr/bin/aplay", "/usr/bin/arecord": "/usr/bin/arecord", "/usr/bin/amixer": "/usr/bin/amixer" };
/** How long each piece of sound is, s; DKVM_SOUND_SECONDS for a long run. */
const SECONDS = Number(process.env["DKVM_SOUND_SECONDS"] ?? 4);
/** How often a machine may say that it came too late. */
const ATTEMPTS = 6;
/** A node says at once that it lost something; so much later it is heard of on a busy machine. */
const TOLD_MS = 15_000;
/** Above it the wave is taken for whole: arecord cuts its beginning and end. */
const MOST_OF = 0.8;

export default scenario("sound-both-ways", "a tone and a sweep from the target come out as the same samples, and in Chromium's page without a click; so from microphones, one off by 200 ppm; the audio device killed, another card, a card gone", async (bench) => {
  const rig = await bench.boot({ pi: { usb: "self", hdmi: false, modules: ["snd-usb-audio", "snd-aloop"], programs: ALSA_TOOLS }, target: false });
  const { pi } = rig;
  const node = new Node(pi);
  await node.awaitUp(["gadget", "hid", "audio", "web"]);
  await pi.must(`sed -i 's/^.device.audio.config.$/${BUFFER.trim().replace("\n", "\\n")}/' /etc/dkvm/dkvm.toml && cat >>/etc/dkvm/dkvm.toml <<'END'\n${CONFIG}END\ndkvm reload`);
  const viewer = await Viewer.open(pi.network.address);
  await until("the page is told that there is no sound", () => /profile/.test(viewer.audio?.message ?? ""));
  bench.tell(`without the function: ${viewer.audio?.message}`);
  await pi.must("dkvm usb profile sound --yes");
  await until("the target has its sound card", async () => (await pi.must("cat /proc/asound/cards")).includes(`[${CARD}`));
  await until("the page is told that there is sound", () => viewer.audio?.usb === true && viewer.audio.message === null);
  bench.tell("the target has speakers and a microphone");
  const listener = new Listener(viewer);
  await until("the listener is connected", () => listener.isOpen);
  await exact(bench, pi, viewer, listener);
  await resampled(bench, pi, viewer, listener);
  await killed(bench, pi, node, viewer, listener);
  listener.close();
  await until("nobody listens", () => viewer.audio?.heard === false);
  await spoken(bench, pi, viewer);
  await inTheBrowser(bench, pi, viewer);
  await anotherCard(bench, pi, viewer);
  viewer.close();
  await pi.powerOff();
  return `${SECONDS} s each of tone and sweep (DKVM_SOUND_SECONDS for more): byte for byte at 48 kHz, without a click at 44.1, in Chromium's page, from its microphone, from one 200 ppm off and from a card 200 ppm off`;
});

/** At 48 kHz nothing touches a sample: all that was played comes out the same. */
async function exact(bench: Bench, pi: Pi, viewer: Viewer, listener: Listener): Promise<void> {
  const wave = testWave(SECONDS);
  await untilWhole(bench, "48 kHz", viewer, async () => {
    await play(pi, listener, toWav(wave));
    const heard = listener.samples;
    // A second into the wave: where it starts depends on when the card was opened.
    const begin = RATE * 2;
    const at = find(wave.samples.subarray(begin, begin + RATE), heard);
    if (at < 0) return `a second of what was played is not in the ${heard.length / 2} frames that were heard`;
    const end = wave.samples.length;
    const rest = heard.subarray(at, at + end - begin);
    return find(rest, wave.samples) === begin ? "" : `after ${at / 2} frames what was heard is not what was played`;
  });
  bench.tell(`48 kHz: ${SECONDS - 1} s are the same samples, ${listener.pieces.length} pieces`);
}

/** Another rate, by the target's own choice. */
async function resampled(bench: Bench, pi: Pi, viewer: Viewer, listener: Listener): Promise<void> {
  await untilWhole(bench, "44.1 kHz", viewer, async () => {
    await play(pi, listener, toWav(testWave(SECONDS, { rate: 44_100 })));
    return broken(side(listener.samples, 0), SECONDS);
  });
  bench.tell("44.1 kHz: no click, no silence");
}

/** What is wrong with a tone and sweep of that length. */
function broken(samples: Int16Array, seconds: number): string {
  const sound = soundIn(samples);
  const [found, quiet] = [clicks(sound), silences(sound)];
  if (sound.length < seconds * RATE * MOST_OF) return `only ${(sound.length / RATE).toFixed(2)} s of ${seconds} s were heard`;
  if (found.length > 0) return `clicks at ${found.slice(0, 5).map((at) => (at / RATE).toFixed(4)).join(", ")} s`;
  return quiet.length > 0 ? `silence at ${quiet.slice(0, 5).map((at) => (at / RATE).toFixed(4)).join(", ")} s` : "";
}

function untilWhole(bench: Bench, what: string, viewer: Viewer, attempt: () => Promise<string>): Promise<void> {
  return untilSound(bench, what, async () => faults(viewer), attempt);
}

/** A machine that has too much to do loses sound and says so: then it is tried again. What is lost in silence is a fault at once. */
async function untilSound(bench: Bench, what: string, count: () => Promise<number>, attempt: () => Promise<string>): Promise<void> {
  let told = "";
  for (let round = 0; round < ATTEMPTS; round++) {
    const before = await count();
    const fault = await attempt();
    if (fault === "") return;
    told = `${what}: ${fault}`;
    await until("it says so", async () => (await count()) !== before, { timeout: TOLD_MS, every: 100 })
      .catch((error: Error) => { throw new LabError(`${told}, and the node says nothing of it: ${error.message}`); });
    bench.tell(`${told}; the node says that it came too late: again`);
  }
  throw new LabError(`${told}, ${ATTEMPTS} times`);
}

function faults(viewer: Viewer): number {
  return (viewer.audio?.lost ?? 0) + (viewer.audio?.starved ?? 0) + late;
}

/** Times that the target itself came too late, as its player and its recorder say, and that a piece does not begin where the one before ended. */
let late = 0;

async function alsa(pi: Pi, command: string): Promise<void> {
  const { code, stderr } = await pi.sh(command, 60_000);
  if (/run!!!/.test(stderr)) late++; // which may end it, too
  else if (code !== 0) throw new LabError(`'${command}' ended with ${code}: ${stderr}`);
}

async function play(pi: Pi, listener: Listener, wav: Buffer): Promise<void> {
  await pi.write("/tmp/play.wav", wav);
  listener.again();
  await alsa(pi, `aplay -q -D hw:CARD=${CARD} --buffer-time=400000 /tmp/play.wav`);
  await sleep(300);
  late += listener.gaps;
}

/** Plays what was written, and says whether the player has ended; whoever waits for `playing` hears how. */
function player(pi: Pi): { playing: Promise<void>; ended: () => boolean } {
  let ended = false;
  const playing = alsa(pi, `aplay -q -D hw:CARD=${CARD} --buffer-time=400000 /tmp/play.wav`).finally(() => { ended = true; });
  playing.catch(() => {});
  return { playing, ended: () => ended };
}

/** The device dies while the target plays: the target notices nothing, and is heard again. */
async function killed(bench: Bench, pi: Pi, node: Node, viewer: Viewer, listener: Listener): Promise<void> {
  const counted = async (): Promise<number> => late;
  await untilSound(bench, "the device killed", counted, async () => {
    const before = late;
    await killedOnce(bench, pi, node, viewer, listener);
    return late === before ? "" : "the target's player came too late, or was through too early";
  });
  bench.tell("killed while the target played: the target noticed nothing, and is heard again");
}

async function killedOnce(bench: Bench, pi: Pi, node: Node, viewer: Viewer, listener: Listener): Promise<void> {
  const before = await usb(pi);
  await pi.write("/tmp/play.wav", toWav(testWave(SECONDS * 2)));
  listener.again();
  const { playing, ended } = player(pi);
  await until("it is heard, or the player has ended", () => listener.pieces.length > 20 || ended());
  const { pid, generation } = await node.device("audio");
  await pi.kill(pid!, "KILL");
  await node.awaitUp(["audio"], { after: new Map([["audio", generation]]) });
  listener.again();
  await until("it is heard again, or the player has ended", () => listener.pieces.length > 20 || ended());
  if (listener.pieces.length <= 20) late++; // this player ended before the device was back
  await playing;
  bench.equal(await usb(pi), before, "binding and the target's number of our device, after the audio device was killed");
  await until("the page has the state of its next life", () => viewer.audio?.usb === true);
}

/** The page itself in Chromium: what its loudspeakers would play, and what its microphone hears. */
async function inTheBrowser(bench: Bench, pi: Pi, viewer: Viewer): Promise<void> {
  const wave = join(bench.lab.work, "microphone.wav");
  writeFileSync(wave, toWav(testWave(60, { channels: 1 })));
  const browser = await bench.openBrowser(["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", `--use-file-for-fake-audio-capture=${wave}`]);
  const { page } = browser;
  page.setDefaultTimeout(PATIENCE_MS);
  await page.goto(`https://${pi.network.address}/`);
  await page.getByTestId("login-password").fill(PASSWORD);
  await page.getByTestId("login-submit").click();
  await page.getByTestId("open-sound").click();
  await page.getByTestId("sound-delay-400").click();
  bench.check(viewer.audio?.heard === false, "the page listens before it was asked to");
  await page.getByTestId("sound-listen").click();
  await until("the page listens", () => viewer.audio?.heard === true);
  await played(bench, pi, page);
  await page.getByTestId("sound-listen").click();
  await until("nobody listens", () => viewer.audio?.heard === false);
  await pageSpeaks(bench, pi, viewer, page);
  await browser.close();
}

function soundOf(page: Page): Promise<SoundUi> {
  return page.evaluate("window.dkvm.sound") as Promise<SoundUi>;
}

async function played(bench: Bench, pi: Pi, page: Page): Promise<void> {
  await pi.write("/tmp/play.wav", toWav(testWave(SECONDS * 2)));
  await untilSound(bench, "in the page", async () => (await soundOf(page)).gaps + late, async () => {
    const { playing, ended } = player(pi);
    await until("the page plays, or the player has ended", async () => (await soundOf(page)).peak > 0.3 || ended());
    const heard = await page.evaluate(`window.dkvm.hear(${SECONDS * RATE}).then((samples) => Array.from(samples))`) as number[];
    const tooLate = ended(); // then what was heard may be less than was listened for
    const { waitingMs, ppm } = await soundOf(page);
    await playing;
    const fault = broken(Int16Array.from(heard), SECONDS);
    if (fault !== "" && tooLate) late++;
    if (fault === "") bench.tell(`in Chromium's page: ${SECONDS} s played without a click; ${waitingMs.toFixed(0)} ms wait, clock ${ppm.toFixed(0)} ppm`);
    return fault;
  });
}

async function pageSpeaks(bench: Bench, pi: Pi, viewer: Viewer, page: Page): Promise<void> {
  await page.getByTestId("sound-microphone").click();
  await page.locator('[data-testid="sound-microphone"][data-state="open"]').waitFor();
  await page.getByTestId("microphone-sign").waitFor();
  await page.getByTestId("drawer-close").click();
  bench.check(await page.getByTestId("microphone-sign").isVisible(), "the sign of the open microphone is not there without the drawer");
  await until("the node knows of the microphone", () => viewer.audio?.microphone !== null);
  await untilWhole(bench, "the page's microphone", viewer, async () => {
    await alsa(pi, `arecord -q -D hw:CARD=${CARD} -f S16_LE -c 1 -r ${RATE} -d ${SECONDS} --buffer-time=400000 /tmp/record.wav`);
    return broken(soundIn(fromWav((await pi.read("/tmp/record.wav"))!)), SECONDS - 1);
  });
  await page.close();
  await until("a page that went away has closed its microphone", () => viewer.audio?.microphone === null);
  bench.tell("Chromium's microphone: no click, no silence; closed with its page");
}

/** Another card's sound, its clock 200 ppm off; it disappears while it is heard. */
async function anotherCard(bench: Bench, pi: Pi, viewer: Viewer): Promise<void> {
  const listener = new Listener(viewer);
  await viewer.act({ name: "sound_source", source: "Loopback" });
  await pi.must("amixer -q -D hw:Loopback cset iface=PCM,name='PCM Rate Shift 100000',device=0 100020");
  await pi.write("/tmp/play.wav", toWav(testWave(SECONDS)));
  await untilWhole(bench, "another card", viewer, async () => {
    listener.again();
    await alsa(pi, "aplay -q -D hw:Loopback,1 --buffer-time=400000 /tmp/play.wav");
    await sleep(300);
    late += listener.gaps;
    return broken(side(soundIn(listener.samples), 0), SECONDS);
  });
  await pi.must("echo snd_aloop.0 >/sys/bus/platform/drivers/snd_aloop/unbind");
  const told = await until("the missing card is told", () => viewer.audio?.message ?? undefined);
  bench.check(/Loopback/.test(told), `a card that disappeared is told: ${told}`);
  await viewer.act({ name: "sound_source", source: "gadget" });
  await until("the target's own sound is chosen", () => viewer.audio?.message === null && viewer.audio.usb);
  const refused = await viewer.act({ name: "sound_source", source: "nonsense" }).then(() => "", (error: Error) => error.message);
  bench.check(/there is no sound card nonsense/.test(refused), `a card that is not there is refused: ${refused}`);
  listener.close();
  bench.tell(`another card, 200 ppm off: no click; gone: ${told}`);
}

async function usb(pi: Pi): Promise<string> {
  const { binding } = JSON.parse(await pi.must("dkvm usb --json")) as { binding: number };
  const devnum = await pi.must("cat $(grep -l dKVM /sys/bus/usb/devices/*/product | sed s/product/devnum/)");
  return `${binding} ${devnum.trim()}`;
}

/** A microphone whose clock is off, to the target; a second one is refused. */
async function spoken(bench: Bench, pi: Pi, viewer: Viewer): Promise<void> {
  for (const [rate, ppm] of [[48_000, 200], [44_100, -200]] as const) {
    const wave = testWave(SECONDS * 2, { channels: 1 });
    await untilWhole(bench, `microphone at ${rate} Hz`, viewer, async () => {
      const speaker = new Speaker(viewer, wave.samples, ppm);
      await speaker.open();
      await alsa(pi, `arecord -q -D hw:CARD=${CARD} -f S16_LE -c 1 -r ${rate} -d ${SECONDS} --buffer-time=400000 /tmp/record.wav`);
      speaker.close();
      await until("the microphone is closed", () => viewer.audio?.microphone === null);
      const heard = soundIn(fromWav((await pi.read("/tmp/record.wav"))!));
      return broken(heard, SECONDS - 1);
    });
    bench.tell(`a microphone ${ppm} ppm off, the target records at ${rate} Hz: no click, no silence`);
  }
  const [one, two] = [new Speaker(viewer, testWave(1, { channels: 1 }).samples), new Speaker(viewer, new Int16Array(RATE))];
  await one.open();
  const told = await two.open().then(() => "", (error: Error) => error.message);
  bench.check(/open already/.test(told), `a second microphone is told: ${told}`);
  one.close();
  await until("the microphone is closed", () => viewer.audio?.microphone === null);
  bench.tell(`a second microphone: ${told}; a tone of ${HERTZ} Hz`);
}

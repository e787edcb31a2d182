// Sound without an end: from the target, byte for byte, and from a card whose clock is 200 ppm off. DKVM_SOUND_HOUR=3600 for the hour.
import { Listener } from "../src/listener.ts";
import { sleep, until } from "../src/lab.ts";
import { Node } from "../src/node.ts";
import type { Pi } from "../src/pi.ts";
import { scenario, type Bench } from "../src/scenario.ts";
import { RATE } from "../src/sound.ts";
import { NoClick, SameSamples, toneSecond, type Steady } from "../src/steady.ts";
import { Viewer } from "../src/viewer.ts";

const SECONDS = Number(process.env["DKVM_SOUND_HOUR"] ?? 8);
const CARD = "dKVM";
const ALSA_TOOLS = { "/usr/bin/aplay": "/usr/bin/aplay", "/usr/bin/amixer": "/usr/bin/amixer" };
/** Often enough that little waits, seldom enough that it costs nothing. */
const LOOK_MS = 200;
/** The player's beginning, which is no fault of anybody's. */
const BEGIN_S = 2;
/** The player's, who shares the machine with all else here. */
const BUFFER_US = 2_000_000;
/** Where sound was lost the tone breaks off, and begins anew. */
const BREAKS_OF_ONE = 2;
/** A machine that stands still for this long plays nothing in time; longer and there is nothing to judge. */
const SLACK_S = 60;

export default scenario("sound-hour", "a tone that goes on (DKVM_SOUND_HOUR=3600: for an hour) comes from the target as the same samples, and from a card 200 ppm off without a click; what is lost is told", async (bench) => {
  const { pi } = await bench.boot({ pi: { usb: "self", hdmi: false, modules: ["snd-usb-audio", "snd-aloop"], programs: ALSA_TOOLS }, target: false });
  await new Node(pi).awaitUp(["gadget", "hid", "audio", "web"]);
  await pi.must("cat >>/etc/dkvm/dkvm.toml <<'END'\n[device.gadget.config.profiles.sound]\nfunctions = [\"keyboard\", \"absolute\", \"relative\", \"audio\"]\nEND\ndkvm reload && dkvm usb profile sound --yes");
  const viewer = await Viewer.open(pi.network.address);
  await until("the target has its sound card", async () => (await pi.must("cat /proc/asound/cards")).includes(`[${CARD}`));
  await until("the page is told that there is sound", () => viewer.audio?.usb === true && viewer.audio.message === null);
  const listener = new Listener(viewer);
  await until("the listener is connected", () => listener.isOpen);
  const tone = toneSecond();
  await pi.write("/tmp/tone.raw", Buffer.from(tone.buffer));
  const same = await heard(bench, pi, viewer, listener, `hw:CARD=${CARD}`, new SameSamples());
  await viewer.act({ name: "sound_source", source: "Loopback" });
  await pi.must("amixer -q -D hw:Loopback cset iface=PCM,name='PCM Rate Shift 100000',device=0 100020");
  const off = await heard(bench, pi, viewer, listener, "hw:Loopback,1", new NoClick());
  listener.close();
  viewer.close();
  await pi.powerOff();
  return `from the target ${same}; from a card 200 ppm off ${off}`;
});

/** Plays for as long as is asked for. What is broken has to have been told: by the player, whose machine came too late, or by the node. */
async function heard(bench: Bench, pi: Pi, viewer: Viewer, listener: Listener, card: string, steady: Steady): Promise<string> {
  const told = (): number => (viewer.audio?.lost ?? 0) + (viewer.audio?.starved ?? 0);
  const seconds = SECONDS + BEGIN_S * 2;
  const playing = pi.sh(`i=0; while [ $i -lt ${seconds} ] && cat /tmp/tone.raw; do i=$((i+1)); done | aplay -q -t raw -f S16_LE -c 2 -r ${RATE} -D ${card} --buffer-time=${BUFFER_US} 2>&1`, (seconds + SLACK_S) * 1000);
  listener.again();
  await until("it is heard", () => listener.pieces.some(({ samples }) => samples.some((value) => value !== 0)));
  await sleep(BEGIN_S * 1000);
  listener.again();
  const before = told();
  while (steady.frames < SECONDS * RATE) {
    await sleep(LOOK_MS);
    const pieces = listener.pieces;
    listener.again();
    for (const piece of pieces) steady.take(piece);
    if (pieces.length === 0 && !(await isPlaying(playing))) break;
  }
  const { stdout } = await playing;
  const late = stdout.split("run!!!").length - 1;
  const least = SECONDS * RATE * (late === 0 ? 1 : 0.9);
  bench.check(steady.frames >= least, `only ${(steady.frames / RATE).toFixed(1)} s of ${SECONDS} s were heard: ${late} times the player came too late`);
  const account = told() - before + late;
  bench.check(steady.breaks <= account * BREAKS_OF_ONE, `${steady.breaks} breaks in ${SECONDS} s, of which ${account} were told`);
  bench.tell(`${card}: ${(steady.frames / RATE).toFixed(0)} s, ${steady.breaks} breaks; told: ${account}, ${late} of them by the player`);
  return `${(steady.frames / RATE).toFixed(0)} s with ${steady.breaks} breaks (${account} told)`;
}

async function isPlaying(playing: Promise<unknown>): Promise<boolean> {
  return Promise.race([playing.then(() => false), sleep(0).then(() => true)]);
}

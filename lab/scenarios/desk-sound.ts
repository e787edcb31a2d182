// Sound between a workstation and the target of another node: what the target plays comes out of the workstation's card, and what its
// microphone hears is what the target records. And the workstation's camera.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { camera, CAMERA_PAGE } from "../src/camera.ts";
import { only, withConfig } from "../src/config.ts";
import { LabError, repository, sleep, until } from "../src/lab.ts";
import { createSharedNetwork } from "../src/network.ts";
import { Node } from "../src/node.ts";
import { Pi } from "../src/pi.ts";
import { scenario, type Bench } from "../src/scenario.ts";
import { clicks, fromWav, RATE, side, silences, soundIn, testWave, toWav } from "../src/sound.ts";
import { pair, piConfig } from "../src/workstation.ts";

/** Longer waits than a desk has: both machines are virtual, and share two processors. */
const BUFFER_MS = 600;
const SECONDS = 4;
/** Arecord cuts beginning and end. */
const MOST_OF = 0.8;
/** How often a machine may come too late. */
const ATTEMPTS = 6;
const TOOLS = { "/usr/bin/aplay": "/usr/bin/aplay", "/usr/bin/arecord": "/usr/bin/arecord" };
/** The card that the target has of the node's. */
const TARGETS = "hw:CARD=dKVM";
/** A card whose two devices are joined: what one plays the other records. */
const [OURS, PERSONS] = ["hw:CARD=Loopback,DEV=0", "hw:CARD=Loopback,DEV=1"];

export default scenario("desk-sound", "a tone and a sweep that a target plays come out of the workstation's card without a click, and what its microphone hears the target records; without the grant nothing is heard; its camera is seen, pulled out, in use by others, and not open while nobody looks", async (bench) => {
  const [office, desk] = await Promise.all([officePi(bench), deskPi(bench)]);
  await office.pi.must("dkvm usb profile sound --yes");
  await until("the target has its sound card", async () => (await office.pi.must("cat /proc/asound/cards")).includes("[dKVM"));
  await pair(desk, office, { there: "view,type", here: "view" });
  await spoken(bench, "the target's sound at the workstation", office.pi, TARGETS, desk.pi, PERSONS, 2);
  await desk.pi.must("dkvm start mic");
  await new Node(desk.pi).awaitUp(["mic"]);
  await spoken(bench, "the workstation's microphone at the target", desk.pi, PERSONS, office.pi, TARGETS, 1);
  const said = JSON.parse(await office.pi.must("dkvm sound --json")) as { microphone: unknown };
  bench.check(said.microphone !== null, "the node does not say whose microphone its target hears");
  await camera(bench, desk.pi);
  await Promise.all([office.pi.powerOff(), desk.pi.powerOff()]);
  return `${SECONDS} s each way, without a click; the camera seen, pulled out, in use, free again`;
});

interface Machine {
  name: string;
  pi: Pi;
}

async function officePi(bench: Bench): Promise<Machine> {
  const text = withConfig(piConfig("office", ["audio"]), "audio", `microphone_buffer_ms = ${BUFFER_MS}`);
  const config = `${text}\n[device.gadget.config.profiles.sound]\nfunctions = ["keyboard", "audio"]\n`;
  const pi = await Pi.boot(bench.lab, { index: 0, network: createSharedNetwork(0), usb: "self", hdmi: false, modules: ["snd-usb-audio"], programs: TOOLS, config });
  await new Node(pi).awaitUp(["gadget", "audio", "peer"]);
  return { name: "office", pi };
}

async function deskPi(bench: Bench): Promise<Machine> {
  const text = readFileSync(join(repository, "board/workstation/dkvm.toml"), "utf8");
  const named = withConfig(only(text, ["peer", "speaker"]), "peer", 'name = "desk"');
  const speaker = withConfig(named, "speaker", `source = "office/audio"\ndevice = "${OURS}"\nbuffer_ms = ${BUFFER_MS}`);
  const config = withConfig(speaker, "mic", `target = "office/audio"\ndevice = "${OURS}"`) + CAMERA_PAGE;
  const pi = await Pi.boot(bench.lab, { index: 1, network: createSharedNetwork(1), usb: "none", hdmi: false, modules: ["snd-aloop"], programs: TOOLS, config });
  await new Node(pi).awaitUp(["peer", "speaker"]);
  return { name: "desk", pi };
}

/** Played here, recorded there, whole. A machine that comes too late says so, or is heard to: then it is tried again. */
async function spoken(bench: Bench, what: string, from: Pi, card: string, to: Pi, there: string, channels: 1 | 2): Promise<void> {
  let told = "";
  for (let round = 0; round < ATTEMPTS; round++) {
    const fault = await once(from, card, to, there, channels);
    if (fault === "") {
      bench.tell(`${what}: ${SECONDS} s without a click`);
      return;
    }
    told = `${what}: ${fault}`;
    bench.tell(`${told}: again`);
  }
  throw new LabError(`${told}, ${ATTEMPTS} times`);
}

async function once(from: Pi, card: string, to: Pi, there: string, channels: 1 | 2): Promise<string> {
  await from.write("/tmp/play.wav", toWav(testWave(SECONDS)));
  const recording = to.sh(`arecord -q -D ${there} -f S16_LE -r ${RATE} -c ${channels} -d ${SECONDS + 3} --buffer-time=400000 /tmp/heard.wav`);
  recording.catch(() => {}); // whoever waits for it is told
  await sleep(500);
  const answers = [await from.sh(`aplay -q -D ${card} --buffer-time=400000 /tmp/play.wav`), await recording];
  const failed = answers.find(({ code }) => code !== 0);
  if (failed !== undefined) return `player or recorder ended with ${failed.code}: ${failed.stderr.trim()}`;
  const heard = fromWav((await to.read("/tmp/heard.wav"))!);
  return broken(channels === 2 ? side(heard, 1) : heard);
}

function broken(samples: Int16Array): string {
  const sound = soundIn(samples);
  if (sound.length < SECONDS * RATE * MOST_OF) return `only ${(sound.length / RATE).toFixed(2)} s of ${SECONDS} s were heard`;
  const [found, quiet] = [clicks(sound), silences(sound)];
  if (found.length > 0) return `clicks at ${found.slice(0, 5).map((at) => (at / RATE).toFixed(4)).join(", ")} s`;
  return quiet.length > 0 ? `silence at ${quiet.slice(0, 5).map((at) => (at / RATE).toFixed(4)).join(", ")} s` : "";
}

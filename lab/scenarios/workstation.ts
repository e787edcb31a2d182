// Nobody is locked out of his own keyboard, and nothing is left down at the target, whatever becomes of what stands between them.
import { scenario } from "../src/scenario.ts";
import { KEY } from "../src/keys.ts";
import { until } from "../src/lab.ts";
import { HERE, Person } from "../src/person.ts";
import type { Pi } from "../src/pi.ts";
import { pair, PATIENCE, TargetPi, Workstation } from "../src/workstation.ts";

const KEY_W = 17;

export default scenario("workstation", "A keyboard that is grabbed comes back: held keys, pulled plugs, an input that is killed or hangs; lights are the target's", async (bench) => {
  const [desk, office] = await Promise.all([Workstation.boot(bench.lab, 1), TargetPi.boot(bench.lab, 2, "office")]);
  await pair(desk, office);
  const person = await Person.sits(desk, [office]);
  const here = person.places.get(HERE)!;
  const quiet = async (when: string): Promise<void> => {
    await person.nothingHeld(when);
    await person.check();
  };

  bench.tell("a key that stays down while input moves is up here, and is not the target's");
  const before = here.log.mark();
  desk.keyboard.key(KEY_W, true);
  await desk.hands.done();
  await desk.pi.must("dkvm focus office");
  await desk.await("the keyboard is waited for, and then grabbed", ({ grab }) => grab === "grabbed");
  // Linux knows of the finger again, once nobody here sees it: what counts is what was seen.
  await here.awaitLog("the key is told to be up here", () => here.log.keys(before).find(({ code, value }) => code === KEY_W && value === 0));
  bench.equal(here.log.keys(before).filter(({ code, value }) => code === KEY_W && value === 1).length, 1, "presses of it that are seen here");
  bench.equal((await office.witness.heldKeys()).length, 0, "keys held at the target");
  desk.keyboard.key(KEY_W, false);
  await desk.hands.done();
  person.at = "office";
  person.forget(HERE);
  await person.word();
  await quiet("after a key that was held");

  bench.tell("the lights are the target's while input is there");
  const lit = async (): Promise<string> => (await desk.pi.must("cat /sys/class/leds/*capslock/brightness")).trim();
  await light(office.pi);
  await until("the keyboard here shows the target's Caps Lock", async () => (await lit()) === "1", PATIENCE);
  await person.release();
  bench.equal(await lit(), "0", "Caps Lock of this machine's keyboard, once input is here again");
  await person.hotkey("office");

  for (const [what, signal] of [["killed", "KILL"], ["stopped for ever", "STOP"]] as const) {
    bench.tell(`input is ${what} while a key is held at the target`);
    person.forget("office");
    desk.keyboard.key(KEY.LEFTSHIFT, true);
    await desk.hands.done();
    await until("the target holds it", async () => (await office.witness.heldKeys()).length > 0, PATIENCE);
    await desk.pi.kill((await desk.pi.pidOf(/dkvm-device input/))!, signal);
    await office.witness.awaitNothingHeld(`at the target after input was ${what}`);
    desk.keyboard.key(KEY.LEFTSHIFT, false);
    await desk.await("it is here again", ({ node, grab, devices }) => node === null && grab === "free" && devices.length === 2);
    person.at = HERE;
    person.forget("office");
    person.forget(HERE);
    await person.word();
    await quiet(`after input was ${what}`);
    await desk.awaitTarget("office");
    await person.hotkey("office");
    await person.word();
    await quiet("at the target again");
  }

  bench.tell("the keyboard's plug is pulled while a key is held at the target");
  desk.keyboard.key(KEY.LEFTSHIFT, true);
  desk.keyboard.pull();
  await desk.hands.done();
  await office.witness.awaitNothingHeld("at the target after the plug was pulled");
  person.forget("office");
  await person.takes(await desk.hands.keyboard("Another Keyboard"));
  await desk.await("it is grabbed", ({ grab }) => grab === "grabbed");
  await person.word();
  await person.release();
  await person.word();
  await quiet("with another keyboard");
  return `${person.switches} moves, ${person.characters} characters`;
});

/** Lights Caps Lock of the gadget's keyboard, as the target's desktop would: EV_LED, LED_CAPSL, 1. */
async function light(pi: Pi): Promise<void> {
  const event = await pi.must("awk '/^N:/{name=$0} /^H:/&&/leds/&&name~/dKVM/{for(i=1;i<=NF;i++) if($i~/^event/) print $i}' /proc/bus/input/devices");
  await pi.write("/tmp/led", Buffer.concat([Buffer.alloc(16), Buffer.from([0x11, 0, 1, 0, 1, 0, 0, 0])]));
  await pi.must(`cat /tmp/led > /dev/input/${event.trim()}`);
}

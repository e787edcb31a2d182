// Nobody is locked out of his own keyboard, and nothing is left down at the target, whatever becomes of what stands between them.
import type { DeskState } from "../../devices/web/page/src/wire/DeskState.ts";
import { scenario, type Bench } from "../src/scenario.ts";
import { KEY, typable } from "../src/keys.ts";
import { until } from "../src/lab.ts";
import { HERE, Person } from "../src/person.ts";
import type { Pi } from "../src/pi.ts";
import { desktopText, layouts } from "../src/layouts.ts";
import { withConfig } from "../src/config.ts";
import { pair, piConfig, TargetPi, Workstation } from "../src/workstation.ts";

const KEY_W = 17;

/** Has another layout than this keyboard. */
const ABROAD = "passau";
const LAYOUT = "de";
/** Typed at once: less than waits for a target that is slow to take it. */
const PART = 12;
/** Without a keyboard nothing leads back from a target: patience for as long as it takes to plug another in. */
const CONFIG = `keyboard = "us"
patience_ms = 60000
target.${ABROAD}.translate = true`;

export default scenario("workstation", "A keyboard that is grabbed comes back: held keys, pulled plugs, an input that is killed or hangs; lights are the target's; keys type at a target of another layout what they type here", async (bench) => {
  const config = withConfig(piConfig(ABROAD, ["typist"]), "typist", `layout = "${LAYOUT}"`);
  const [desk, office, abroad] = await Promise.all([Workstation.boot(bench.lab, 1, { input: CONFIG }), TargetPi.boot(bench.lab, 2, "office"), TargetPi.boot(bench.lab, 3, ABROAD, { config })]);
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
  await until("the keyboard here shows the target's Caps Lock", async () => (await lit()) === "1");
  await person.release();
  await until("the keyboard here shows its own Caps Lock again", async () => (await lit()) === "0");
  await person.hotkey("office");

  for (const [what, signal] of [["killed", "KILL"], ["stopped for ever", "STOP"]] as const) {
    bench.tell(`input is ${what} while a key is held at the target`);
    person.forget("office");
    desk.keyboard.key(KEY.LEFTSHIFT, true);
    await desk.hands.done();
    await until("the target holds it", async () => (await office.witness.heldKeys()).length > 0);
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
  await desk.hands.done();
  await until("the target holds it", async () => (await office.witness.heldKeys()).length > 0);
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
  await translates(bench, desk, person, abroad);
  return `${person.switches} moves, ${person.characters} characters`;
});

/** All that a US keyboard types comes out the same as a desktop reads it there, some of it by two keys or with AltGr. */
async function translates(bench: Bench, desk: Workstation, person: Person, target: TargetPi): Promise<void> {
  await pair(desk, target);
  const told = ({ targets }: DeskState): boolean => targets.some(({ node, up, translation }) => node === target.name && up && translation === `keys are translated from us to ${LAYOUT}`);
  await desk.await("its layout is known", told);
  await desk.pi.must(`dkvm focus ${target.name}`);
  await person.settle(target.name);
  const all = typable();
  const layout = layouts().find(({ id }) => id === LAYOUT)!;
  const mark = target.witness.log.mark();
  let text = "";
  let got = "";
  for (let at = 0; at < all.length; at += PART) {
    const part = all.slice(at, at + PART).join("");
    text += part;
    person.keyboard.type(part, 2);
    await desk.hands.done();
    await until("it is there", () => (got = desktopText(layout, target.witness.keysOfGadget(mark))).length >= text.length).catch(() => undefined);
    bench.equal(got, text, `what a desktop with the layout ${LAYOUT} reads`);
  }
  bench.equal((await desk.state()).notice, null, "what the person is told");
  await desk.pi.must("dkvm focus here");
  await target.witness.awaitNothingHeld("after a text in another layout");
  bench.tell(`${text.length} characters of a US keyboard at a target of the layout ${LAYOUT}`);
}

/** Lights Caps Lock of the gadget's keyboard, as the target's desktop would: EV_LED, LED_CAPSL, 1. */
async function light(pi: Pi): Promise<void> {
  const event = await pi.must("awk '/^N:/{name=$0} /^H:/&&/leds/&&name~/dKVM/{for(i=1;i<=NF;i++) if($i~/^event/) print $i}' /proc/bus/input/devices");
  await pi.write("/tmp/led", Buffer.concat([Buffer.alloc(16), Buffer.from([0x11, 0, 1, 0, 1, 0, 0, 0])]));
  await pi.must(`cat /tmp/led > /dev/input/${event.trim()}`);
}

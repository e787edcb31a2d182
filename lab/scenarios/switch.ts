// One person, one keyboard, one mouse, and the targets of two Pis: every character arrives where its typist looks, whichever way the
// focus went there, and whoever died meanwhile.
import { KEY } from "../src/keys.ts";
import { until } from "../src/lab.ts";
import { Node } from "../src/node.ts";
import { HERE, Person } from "../src/person.ts";
import type { Pi } from "../src/pi.ts";
import { scenario, type Bench } from "../src/scenario.ts";
import { pair, piConfig, TargetPi, Workstation } from "../src/workstation.ts";

/** 1000 for the real thing. */
const SWITCHES = Number(process.env["DKVM_SWITCHES"] ?? 36);
/** Switches from one death to the next. */
const LIFE = 10;
/** Switches from one comparison to the next. */
const CHECK = 5;

const CONFIG = `screen = [1000, 600]
targets = ["left", "right"]
layout = [{ edge = "left", node = "left" }, { edge = "right", node = "right" }]`;

/** Types at a Pi what somebody else would, for so long. */
const OTHER = "somebody else works here and has much to say ".repeat(100);

export default scenario("switch", "one workstation and the targets of two Pis, by hotkey and by edge: every character at the right one, none lost, none doubled, whatever dies", async (bench) => {
  const left = await TargetPi.boot(bench.lab, 0, "left");
  const right = await TargetPi.boot(bench.lab, 1, "right", { config: piConfig("right", ["typist"]) });
  const desk = await Workstation.boot(bench.lab, 2, { input: CONFIG });
  await Promise.all([pair(desk, left), pair(desk, right)]);
  const person = await Person.sits(desk, [left, right]);
  bench.tell("three machines are linked");
  await turns(bench, person);
  await vanishes(bench, person);
  await busy(bench, person, right);
  const deaths = await dying(bench, person, [left, right]);
  await person.nothingHeld("at the end");
  return `${person.switches} switches, ${person.characters} characters at their places, ${deaths} deaths`;
});

/** Every way from each place to each other, over and over. */
async function turns(bench: Bench, person: Person): Promise<void> {
  const ways = [
    () => person.hotkey("left"), () => person.hotkey("right"), () => person.hotkey("left"), () => person.release(),
    () => person.push(1, "right"), () => person.push(-1, HERE), () => person.push(-1, "left"), () => person.hotkey("right"),
    () => person.push(-1, HERE), () => person.hotkey("right"), () => person.hotkey("left"), () => person.push(1, HERE),
  ];
  while (person.switches < SWITCHES) {
    await ways[person.switches % ways.length]!();
    await person.word();
    if (person.switches % CHECK === 0) await person.check();
    if (person.switches % 100 === 0) bench.tell(`${person.switches} switches`);
  }
  await person.check();
  bench.tell(`${person.switches} switches, ${person.characters} characters`);
}

/** A keyboard that is pulled while a key is held: the key is released at the target, and the next keyboard goes on. */
async function vanishes(bench: Bench, person: Person): Promise<void> {
  await person.insists("left");
  await person.settle("left");
  const place = person.places.get("left")!;
  const mark = place.log.mark();
  person.keyboard.key(KEY.LEFTSHIFT, true);
  await until("shift is down at left", () => place.log.keys(mark).some(({ code, value }) => code === KEY.LEFTSHIFT && value === 1));
  person.keyboard.pull();
  await place.awaitNothingHeld("after its keyboard was pulled");
  await person.takes(await person.desk.hands.keyboard("Another Keyboard"));
  await person.word();
  await person.check();
  bench.tell("a keyboard vanished with a key held");
}

/** Who works there is not pushed away by the first press of the hotkey; the second one within two seconds does it. */
async function busy(bench: Bench, person: Person, other: TargetPi): Promise<void> {
  await person.release();
  await other.pi.write("/tmp/text", OTHER);
  const typing = other.pi.sh("dkvm type --pace 10 --file /tmp/text");
  await person.desk.await("somebody is seen at work at right", ({ targets }) => targets.some(({ node, busy, by }) => node === other.name && busy && by === "typist"));
  person.keyboard.chord(KEY.LEFTCTRL, KEY.LEFTALT, 3);
  const { node, notice } = await person.desk.await("it is told who works there", (state) => state.notice !== null);
  bench.equal(node, null, "where input goes after the first press");
  bench.check(/at work at right/.test(notice ?? ""), `who works there is told: ${notice}`);
  await person.insists(other.name, true);
  bench.check((await typing).code !== 0, "who worked at right typed all of it, so that nobody was pushed away");
  await person.nothingHeld("after the focus was stolen");
  person.forget(other.name);
  await person.word();
  await person.check();
  bench.tell(`somebody else was told of, and then pushed away: ${notice}`);
}

/** A death between two words, and the next word arrives. */
async function dying(bench: Bench, person: Person, targets: readonly TargetPi[]): Promise<number> {
  const { desk } = person;
  const [left, right] = [targets[0]!.pi, targets[1]!.pi];
  // by turns while left and while right is worked
  const victims: [Pi, string][] = [[desk.pi, "input"], [right, "hid"], [left, "peer"], [desk.pi, "peer"], [left, "kernel"], [right, "peer"], [left, "hid"], [desk.pi, "kernel"]];
  const deaths = Math.max(victims.length, Math.floor(SWITCHES / LIFE));
  for (let death = 0; death < deaths; death++) {
    const target = targets[death % targets.length]!.name;
    await person.insists(target);
    await person.word();
    await person.check();
    const [pi, name] = victims[death % victims.length]!;
    const up = kill(pi, name);
    if (name === "hid") person.types("while it is dead ", 5);
    await up;
    await person.findOut();
    await person.word();
    await person.check();
  }
  bench.tell(`${deaths} deaths`);
  return deaths;
}

async function kill(pi: Pi, name: string): Promise<void> {
  const node = new Node(pi);
  const before = new Map((await node.devices()).map((device) => [device.name, device]));
  const pid = name === "kernel" ? await node.kernelPid() : before.get(name)!.pid!;
  await pi.kill(pid, "KILL");
  const after = name === "kernel" ? new Map<string, number>() : new Map([[name, before.get(name)!.generation]]);
  if (name === "kernel") await until("another kernel runs", async () => (await node.kernelPid().catch(() => pid)) !== pid || undefined);
  const devices = [...before.values()].filter(({ phase }) => phase === "running" || phase === "degraded").map((device) => device.name);
  await node.awaitUp(devices, { after });
}

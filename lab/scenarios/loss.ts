// A network that loses a fifth, brings the rest late and out of order, and is cut: no key is stuck or lost, what is held stays held
// while its holder can be heard, and the pointer ends where it would have ended.
import { KEY } from "../src/keys.ts";
import { mend, spoil } from "../src/bad-network.ts";
import { LabError, sleep, until } from "../src/lab.ts";
import { rejoin, splitOff } from "../src/network.ts";
import { Person } from "../src/person.ts";
import { scenario, type Bench } from "../src/scenario.ts";
import { pair, TargetPi, Workstation } from "../src/workstation.ts";

/** Rounds; 20 for the real thing. */
const ROUNDS = Number(process.env["DKVM_ROUNDS"] ?? 2);
const BAD = { lossPercent: 20, jitterMs: 50 };
const HOLD_MS = 3000;
/** Every one of them is shorter than what `input` waits for before it is here again, but the last. */
const CUTS_MS = [100, 200, 700, 1500, 5000];
/** hid releases what is held when it has heard nothing for half a second: a cut well below it is not felt. */
const UNFELT_MS = 250;
const FELT_MS = 1000;
/** So much later than a felt cut began is its release seen on a busy machine; with the cut itself below the 6 s after which a link is taken for dead. */
const SEEN_MS = 4000;
/** A machine that stands for half a second ends a hold, and rightly: so often a hold, or a cut that nobody is to feel, is tried. */
const TRIES = 3;
const TEXT = "the quick brown fox jumps over the lazy dog 0123456789 ";
const INDEX = 0;
const EV_ABS = 3;

export default scenario("loss", "a fifth of all packets lost, 50 ms of jitter, cuts of 0.1 to 5 s: no key stuck or lost, holds hold, the pointer ends at the same point", async (bench) => {
  const office = await TargetPi.boot(bench.lab, INDEX, "office");
  const desk = await Workstation.boot(bench.lab, 1);
  await pair(desk, office);
  const person = await Person.sits(desk, [office]);
  const wanted = await motion(person, office);
  bench.tell(`on a good network the pointer ends at ${wanted}`);
  for (const pi of [desk.pi, office.pi]) await spoil(pi, BAD);
  for (let round = 0; round < ROUNDS; round++) {
    await typing(person);
    await hold(bench, person, office);
    bench.equal(await motion(person, office), wanted, "where the pointer ends");
    bench.tell(`round ${round + 1}: ${TEXT.length} characters, a hold of ${HOLD_MS} ms, a way of the mouse`);
  }
  for (const pi of [desk.pi, office.pi]) await mend(pi);
  for (const milliseconds of CUTS_MS) {
    for (let left = TRIES - 1; !(await cut(bench, person, office, milliseconds, left)) && left > 0; left--);
  }
  await person.nothingHeld("at the end");
  return `${person.characters} characters, ${ROUNDS} holds of ${HOLD_MS} ms, the pointer at ${wanted}; cuts of ${CUTS_MS.join(", ")} ms`;
});

/** Wherever input is, it is at the target then. */
async function goes(person: Person, office: TargetPi): Promise<void> {
  if ((await person.findOut()) !== office.name) await person.hotkey(office.name);
}

async function typing(person: Person): Promise<void> {
  person.types(TEXT, 4);
  await person.desk.hands.done();
  await person.check();
  await person.nothingHeld("after typing");
}

/** What happened to a key since a mark: 1 pressed, 0 released; repeats are the target's own. */
function edges(office: TargetPi, mark: number, code: number): number[] {
  return office.witness.log.keys(mark).filter((event) => event.code === code && event.value !== 2).map(({ value }) => value);
}

async function hold(bench: Bench, person: Person, office: TargetPi): Promise<void> {
  for (let left = TRIES - 1; ; left--) {
    const [during, all] = await heldOnce(person, office);
    if (String(during) === "1" && String(all) === "1,0") return;
    bench.check(left > 0, `the target saw ${during.join("")} of a key that is held, and ${all.join("")} of all of it: 1 and 10 are wanted`);
    bench.tell(`the target saw ${during.join("")} of a key that is held, and ${all.join("")} of all of it: again`);
  }
}

/** What the target saw of a key while it was held, and of all of it. */
async function heldOnce(person: Person, office: TargetPi): Promise<[number[], number[]]> {
  const mark = office.witness.log.mark();
  person.keyboard.key(KEY.LEFTSHIFT, true);
  await until("the key is down at the target", () => edges(office, mark, KEY.LEFTSHIFT).length > 0);
  await sleep(HOLD_MS);
  const during = edges(office, mark, KEY.LEFTSHIFT);
  person.keyboard.key(KEY.LEFTSHIFT, false);
  await person.nothingHeld("after a long hold");
  await until("the target tells of the release", () => edges(office, mark, KEY.LEFTSHIFT).at(-1) === 0);
  return [during, edges(office, mark, KEY.LEFTSHIFT)];
}

/** From a corner along a way; where the pointer ends at the target. */
async function motion(person: Person, office: TargetPi): Promise<string> {
  await goes(person, office);
  const { mouse, hands } = person.desk;
  mouse.drag(-5000, -5000, 50, 2);
  for (let turn = 0; turn < 20; turn++) mouse.drag(30 + 5 * turn, 40 - 3 * turn, 10, 2);
  await hands.done();
  return rest(office);
}

/** The pointer's place, once it does not change any more. */
async function rest(office: TargetPi): Promise<string> {
  const { log } = office.witness;
  let count = -1;
  await until("the pointer rests", async () => {
    const before = count;
    count = log.events.length;
    await sleep(700);
    return before === log.events.length;
  });
  const last = (code: number): number | undefined => log.events.filter((event) => event.type === EV_ABS && event.code === code).at(-1)?.value;
  if (last(0) === undefined) throw new LabError("the target has seen no pointer");
  return `${last(0)}, ${last(1)}`;
}

/** The link is cut while a key is held. Whether that went as it should; where no try is left it has to, but for a cut that became too long. */
async function cut(bench: Bench, person: Person, office: TargetPi, milliseconds: number, left: number): Promise<boolean> {
  await goes(person, office);
  await person.settle(office.name);
  const mark = office.witness.log.mark();
  person.keyboard.key(KEY.LEFTALT, true);
  await until("the key is down at the target", () => edges(office, mark, KEY.LEFTALT).length > 0);
  const began = performance.now();
  splitOff(INDEX);
  await sleep(milliseconds);
  if (milliseconds >= FELT_MS) {
    await until(`the release of a held key in a cut of ${milliseconds} ms`, () => edges(office, mark, KEY.LEFTALT).length > 1, { timeout: SEEN_MS });
    bench.equal(edges(office, mark, KEY.LEFTALT), [1, 0], `what the target saw of a held key in a cut of ${milliseconds} ms`);
  }
  rejoin(INDEX);
  const took = performance.now() - began;
  let holds = true;
  if (milliseconds <= UNFELT_MS) {
    await sleep(300);
    const seen = edges(office, mark, KEY.LEFTALT);
    holds = String(seen) === "1";
    if (left === 0 && took <= UNFELT_MS) bench.equal(seen, [1], `what the target saw of a held key over a cut of ${milliseconds} ms`);
  }
  person.keyboard.key(KEY.LEFTALT, false);
  await person.desk.hands.done();
  await person.nothingHeld(`after a cut of ${milliseconds} ms`);
  await goes(person, office);
  await person.word();
  await person.check();
  bench.tell(`a cut of ${milliseconds} ms, which took ${took.toFixed(0)}: held key ${edges(office, mark, KEY.LEFTALT).join("")}`);
  return holds;
}

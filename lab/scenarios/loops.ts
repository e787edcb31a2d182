// Rings of nodes that are workstations and targets at once, each working the next: what is typed at one arrives at the next, once,
// and nowhere else. Each sees its own gadget as a keyboard of its own, which is where a loop would begin.
import { KEY } from "../src/keys.ts";
import { sleep } from "../src/lab.ts";
import { scenario, type Bench } from "../src/scenario.ts";
import { pair, ringConfig, TargetPi, Workstation } from "../src/workstation.ts";

const RINGS = [3, 4];
/** Several times as long as a held state is repeated by. */
const QUIET_MS = 700;
const WORDS = Number(process.env["DKVM_WORDS"] ?? 5);

interface Member {
  target: TargetPi;
  desk: Workstation;
}

export default scenario("loops", "rings of three and four nodes, both ways round, each with input and hid: what is typed at one arrives at the next, once, and nowhere else", async (bench) => {
  const members: Member[] = await Promise.all(Array.from({ length: Math.max(...RINGS) }, (_, index) => boot(bench, index)));
  let characters = 0;
  for (const size of RINGS) {
    const ring = members.slice(0, size);
    await link(ring);
    for (const direction of [1, -1]) characters += await round(bench, ring, direction);
  }
  return `rings of ${RINGS.join(" and ")}, both ways: ${characters} characters, each once`;
});

async function boot(bench: Bench, index: number): Promise<Member> {
  const name = `node${index}`;
  const target = await TargetPi.boot(bench.lab, index, name, { config: ringConfig(name) });
  return { target, desk: await Workstation.at(name, target.pi, target.node) };
}

/** Each with its neighbours, once. */
async function link(ring: Member[]): Promise<void> {
  for (const [index, member] of ring.entries()) {
    const next = ring[(index + 1) % ring.length]!;
    await pair(member.target, next.target, { here: "view,type" });
  }
}

/** When nobody types nothing happens: what went round would go on. */
async function still(bench: Bench, ring: Member[]): Promise<void> {
  const counts = (): number[] => ring.map(({ target }) => target.witness.log.mark());
  await Promise.all(ring.map(({ target }) => target.witness.awaitNothingHeld("when nobody types")));
  const before = counts();
  await sleep(QUIET_MS);
  bench.equal(counts(), before, "events at the members of the ring, before and after nobody typed");
}

/** Each works the next at the same time. */
async function round(bench: Bench, ring: Member[], direction: number): Promise<number> {
  const next = (index: number): Member => ring[(index + direction + ring.length) % ring.length]!;
  await Promise.all(ring.map(async ({ desk }, index) => {
    const { name } = next(index).target;
    await desk.awaitTarget(name);
    await desk.pi.must(`dkvm focus ${name} --steal`);
    await desk.await(`input is ${name}`, ({ node, grab }) => node === name && grab === "grabbed");
  }));
  const marks = ring.map(({ target }) => target.witness.log.mark());
  let text = "";
  for (let word = 0; word < WORDS; word++) {
    text += `${word} round `;
    for (const [index, { desk }] of ring.entries()) desk.keyboard.type(`${index}${word} round `, 3);
    await Promise.all(ring.map(({ desk }) => desk.hands.done()));
  }
  await Promise.all(ring.map(async ({ target }, index) => {
    const from = ring.findIndex((_, other) => next(other) === ring[index]);
    const wanted = Array.from({ length: WORDS }, (_, word) => `${from}${word} round `).join("");
    await target.witness.awaitTyped(wanted, marks[index]);
  }));
  await still(bench, ring);
  for (const { desk } of ring) {
    desk.keyboard.chord(KEY.LEFTCTRL, KEY.RIGHTCTRL);
    await desk.await("input is here", ({ node, grab }) => node === null && grab === "free");
  }
  bench.tell(`a ring of ${ring.length}, ${direction > 0 ? "forward" : "backward"}`);
  return ring.length * text.length;
}

// Several targets and one keyboard: what is held at one is let go of before the next is worked.

import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { FarHid } from "../../dev/far.ts";
import { Lanes } from "../../src/input/lanes.ts";
import { OWN } from "../../src/model/hash.ts";
import type { InputState } from "../../src/wire/InputState.ts";
import { FakeBrowser } from "./fakes.ts";

const A = 4;
const B = 5;

let browser: FakeBrowser;
let lanes: Lanes;
let sent: Array<{ node: string; state: InputState }>;
let parted: number;

beforeEach(() => {
  browser = new FakeBrowser();
  sent = [];
  parted = 0;
  lanes = new Lanes(42, (node, state) => sent.push({ node, state }) > 0, () => (parted += 1));
  lanes.resume();
});
afterEach(() => browser.leave());

function take(inForce: number): void {
  lanes.engine.take(inForce);
  lanes.sender.pump();
}

function press(usage: number, down = true): void {
  lanes.engine.key(usage, down);
  lanes.sender.pump();
}

/** What `node` took so far is acknowledged. */
function acknowledge(node: string): void {
  const state = sent.findLast((one) => one.node === node)!.state;
  lanes.acked(node, { holder: 42, seq: state.seq, steps: state.first + state.steps.length, focus: state.focus, lost: 0 });
}

test("a held key goes up at the target that is left, and nothing is said to the other", () => {
  take(0);
  press(A);
  lanes.turn("office");
  const { node, state } = sent.at(-1)!;
  assert.equal(node, OWN);
  assert.deepEqual([state.keys, state.steps.at(-1)], [[], { kind: "key", usage: A, down: false }]);
  assert.deepEqual([lanes.node, lanes.parting, parted], ["office", true, 0]);
  acknowledge(OWN);
  assert.deepEqual([lanes.parting, parted], [false, 1]);
  assert.deepEqual(sent.filter((one) => one.node === "office"), []);
});

test("a target that does not answer is told again, for a second at most, and never later", () => {
  take(0);
  press(A);
  lanes.turn("office");
  const before = sent.length;
  browser.pass(500);
  assert.ok(sent.length > before, "said again");
  browser.pass(500);
  assert.deepEqual([lanes.parting, parted], [false, 1]);
  const after = sent.length;
  browser.pass(5_000);
  assert.equal(sent.length, after);
});

test("who holds nothing leaves at once", () => {
  lanes.turn("office");
  assert.deepEqual([lanes.parting, sent], [false, []]);
  take(9);
  acknowledge("office");
  lanes.turn(OWN);
  assert.equal(lanes.parting, false);
});

test("the steps of each target are counted by themselves, and none of their numbers comes twice", () => {
  const office = new FarHid();
  const hear = (): void => {
    for (const { node, state } of sent.splice(0)) {
      const { ack } = node === "office" ? office.input(state) : { ack: null };
      if (ack !== null && node === lanes.node) lanes.engine.acked(ack);
      else if (ack !== null) lanes.acked(node, ack);
    }
  };
  for (const usage of [A, B]) {
    lanes.turn("office");
    take(office.focus);
    press(usage);
    press(usage, false);
    hear();
    lanes.turn(OWN);
    hear();
    take(0);
    press(usage);
    lanes.engine.abandon(); // it was taken away here
  }
  const steps = new Map(office.inputs.flatMap(({ first, steps }) => steps.map((step, index) => [first + index, JSON.stringify(step)])));
  assert.deepEqual([...steps.values()].map((step) => (JSON.parse(step) as { usage: number }).usage), [A, A, B, B]);
  assert.deepEqual([...steps.keys()].sort((a, b) => a - b), [0, 1, 2, 3]);
});

test("back before it had let go: the same target goes on, and nothing of it is dropped", () => {
  take(0);
  press(A);
  lanes.turn("office");
  lanes.turn(OWN);
  assert.equal(lanes.parting, false);
  browser.pass(2_000);
  assert.equal(lanes.engine.pending, 2, "press and release are still said");
  assert.equal(sent.at(-1)?.node, OWN);
});

test("without a link nothing is sent, and after it the target that is worked hears all", () => {
  lanes.turn("office");
  take(9);
  press(A);
  lanes.pause();
  const before = sent.length;
  browser.pass(1_000);
  assert.equal(sent.length, before);
  lanes.resume();
  browser.pass(1);
  assert.deepEqual([sent.length > before, sent.at(-1)?.node, sent.at(-1)?.state.keys], [true, "office", [A]]);
});

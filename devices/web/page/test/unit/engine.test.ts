import assert from "node:assert/strict";
import { test } from "node:test";
import { Engine, MOTION_MS, randomHolder } from "../../src/input/engine.ts";
import type { HidState } from "../../src/wire/HidState.ts";
import type { InputAck } from "../../src/wire/InputAck.ts";
import type { InputState } from "../../src/wire/InputState.ts";
import { MAX_STEPS, REFRESH_MS } from "../../src/wire/constants.ts";

const HOLDER = 42;
const A = 0x04;
const B = 0x05;

function holding(): Engine {
  const engine = new Engine(HOLDER);
  engine.take(7);
  engine.next(0);
  return engine;
}

function sent(engine: Engine, now: number): InputState {
  const state = engine.next(now);
  assert.ok(state, "something is due");
  return state;
}

const ack = (change: Partial<InputAck>): InputAck => ({ holder: HOLDER, seq: 1, steps: 0, focus: 8, lost: 0, ...change });

const hid = (focus: number, holder: number): HidState => ({
  keyboard: "ok",
  absolute: "ok",
  relative: "ok",
  leds: { num: false, caps: false, scroll: false, compose: false, kana: false },
  focus,
  holder,
});

test("a holder is below 2^53 and never nobody", () => {
  assert.equal(randomHolder((bytes) => bytes.fill(0xffffffff)), Number.MAX_SAFE_INTEGER);
  assert.equal(randomHolder((bytes) => bytes.fill(0)), 1);
});

test("nothing is said before the focus is taken", () => {
  const engine = new Engine(HOLDER);
  assert.equal(engine.key(A, true), "ignored");
  engine.point({ x: 1, y: 1 });
  assert.equal(engine.deadline(), null);
  assert.equal(engine.next(1000), null);
});

test("taking speaks at once under the next epoch", () => {
  const engine = new Engine(HOLDER);
  engine.take(7);
  const state = sent(engine, 0);
  assert.equal(state.focus, 8);
  assert.deepEqual([state.holder, state.first, state.steps, state.keys], [HOLDER, 0, [], []]);
});

test("no epoch is the last one", () => {
  const engine = new Engine(HOLDER);
  engine.take(0xffff_ffff);
  assert.equal(sent(engine, 0).focus, 0);
  const last = new Engine(HOLDER);
  last.take(0xffff_fffe);
  assert.equal(last.focus, 0xffff_ffff);
  assert.equal(last.told(hid(0, 7)), true, "taken by the next epoch");
  const high = new Engine(HOLDER);
  high.take(0xffff_fffe);
  assert.equal(high.acked(ack({ focus: 0 })), true);
  const low = new Engine(HOLDER);
  low.take(0);
  assert.equal(low.told(hid(0xffff_ffff, 7)), false, "an epoch of long ago");
});

test("a key goes out at once, with the motion before it", () => {
  const engine = holding();
  engine.point({ x: 10, y: 20 });
  assert.equal(engine.key(A, true), "taken");
  const state = sent(engine, 0);
  assert.deepEqual(state.steps, [{ kind: "key", usage: A, down: true }]);
  assert.deepEqual(state.keys, [A]);
  assert.deepEqual(state.at, { x: 10, y: 20 });
});

test("a repeat of a held key and a second release are nothing", () => {
  const engine = holding();
  engine.key(A, true);
  assert.equal(engine.key(A, true), "ignored");
  engine.key(A, false);
  assert.equal(engine.key(A, false), "ignored");
  assert.equal(sent(engine, 0).steps.length, 2);
});

test("motion waits for its turn, and only the last place counts", () => {
  const engine = holding();
  engine.point({ x: 1, y: 1 });
  engine.point({ x: 2, y: 2 });
  assert.equal(engine.next(MOTION_MS - 1), null);
  assert.deepEqual(sent(engine, MOTION_MS).at, { x: 2, y: 2 });
  assert.equal(engine.next(MOTION_MS * 2), null, "nothing new, nothing held");
});

test("relative motion adds up and wraps", () => {
  const engine = holding();
  engine.move(0x7fffffff, -3);
  engine.move(1, -3, 2, -1);
  assert.deepEqual(sent(engine, MOTION_MS).motion, { x: -0x80000000, y: -6, wheel: 2, pan: -1, fine_wheel: 0, fine_pan: 0 });
});

test("media keys and fingers are steps, and are held until they are let go", () => {
  const engine = holding();
  engine.consumer(0xe9, true);
  engine.system(0x82, true);
  engine.touch(1, true, { x: 5, y: 6 });
  engine.drag(1, { x: 7, y: 8 });
  engine.drag(2, { x: 9, y: 9 });
  const state = sent(engine, 0);
  assert.deepEqual(state.extra, { consumer: [0xe9], system: [0x82], touches: [{ contact: 1, at: { x: 7, y: 8 } }] });
  assert.deepEqual(state.steps.map((step) => step.kind), ["consumer", "system", "touch"]);
  assert.equal(engine.consumer(0xe9, true), "ignored");
  engine.releaseAll();
  const after = sent(engine, REFRESH_MS);
  assert.equal(after.extra, undefined);
  assert.equal(after.steps.length, 6);
});

test("what is held is renewed in time, and no longer than it is held", () => {
  const engine = holding();
  engine.key(A, true);
  sent(engine, 0);
  engine.acked(ack({ steps: 1 }));
  assert.equal(engine.deadline(), REFRESH_MS);
  assert.equal(engine.next(REFRESH_MS - 1), null);
  assert.deepEqual(sent(engine, REFRESH_MS).keys, [A]);
  engine.key(A, false);
  sent(engine, REFRESH_MS);
  engine.acked(ack({ steps: 2 }));
  assert.equal(engine.deadline(), null);
});

test("steps are sent again until they are acknowledged", () => {
  const engine = holding();
  engine.key(A, true);
  engine.key(A, false);
  sent(engine, 0);
  const again = sent(engine, REFRESH_MS);
  assert.deepEqual([again.first, again.steps.length], [0, 2]);
  engine.acked(ack({ steps: 1 }));
  engine.key(B, true);
  const rest = sent(engine, REFRESH_MS);
  assert.deepEqual([rest.first, rest.steps.length], [1, 2]);
  assert.ok(rest.seq > again.seq);
});

test("an acknowledgement of more than was sent does no harm", () => {
  const engine = holding();
  engine.key(A, true);
  engine.acked(ack({ steps: 900 }));
  engine.key(B, true);
  const state = sent(engine, 0);
  assert.deepEqual([state.first, state.steps.length], [1, 1]);
});

test("acknowledgements of others and of the past change nothing", () => {
  const engine = holding();
  engine.key(A, true);
  engine.acked(ack({ holder: 1, steps: 1, focus: 99 }));
  engine.acked(ack({ steps: 0 }));
  assert.deepEqual([engine.pending, engine.holding], [1, true]);
});

test("a reconnect says everything again at once", () => {
  const engine = holding();
  engine.key(A, true);
  sent(engine, 0);
  assert.equal(engine.next(1), null);
  engine.again();
  const state = sent(engine, 1);
  assert.deepEqual([state.steps.length, state.keys, state.holder], [1, [A], HOLDER]);
});

test("a target that takes nothing fills the window: then keys are refused, releases are not", () => {
  const engine = holding();
  for (let pressed = 0; pressed < MAX_STEPS / 2; pressed++) {
    engine.key(A, true);
    if (pressed < MAX_STEPS / 2 - 1) engine.key(A, false);
  }
  engine.key(B, true);
  assert.ok(engine.full);
  assert.equal(engine.key(0x06, true), "full");
  assert.equal(engine.button(0, true), "full");
  engine.key(A, false);
  const state = sent(engine, 0);
  assert.deepEqual([state.steps.length, state.keys], [MAX_STEPS, [B]]);
});

test("a button tells where it was", () => {
  const engine = holding();
  engine.point({ x: 5, y: 6 });
  engine.button(2, true);
  const state = sent(engine, 0);
  assert.deepEqual(state.steps, [{ kind: "button", button: 2, down: true, at: { x: 5, y: 6 } }]);
  assert.equal(state.buttons, 4);
});

test("letting go releases everything, last pressed first, and keeps the focus", () => {
  const engine = holding();
  engine.key(A, true);
  engine.key(B, true);
  engine.button(0, true);
  engine.button(3, true);
  engine.releaseAll();
  const state = sent(engine, 0);
  assert.deepEqual([state.keys, state.buttons], [[], 0]);
  assert.deepEqual(state.steps.slice(4, 6).map((step) => step.kind === "key" && step.usage), [B, A]);
  assert.ok(engine.holding);
});

for (const [name, lose] of [
  ["an acknowledgement", (engine: Engine) => engine.acked(ack({ focus: 9 }))],
  ["the state of hid", (engine: Engine) => engine.told(hid(9, 77))],
  ["another holder under the same epoch", (engine: Engine) => engine.told(hid(8, 77))],
] as const) {
  test(`a focus lost by ${name} drops what was not written, and its numbers are never used again`, () => {
    const engine = holding();
    engine.key(A, true);
    sent(engine, 0);
    assert.equal(lose(engine), true);
    assert.deepEqual([engine.holding, engine.pending, engine.held.size], [false, 0, 0]);
    assert.equal(engine.next(1000), null);
    engine.take(9);
    engine.key(B, true);
    const state = sent(engine, 1000);
    assert.deepEqual([state.focus, state.first, state.keys], [10, 1, [B]]);
  });
}

test("a state of hid that is older than our taking, or ours, or a restarted hid's, loses nothing", () => {
  const engine = holding();
  for (const state of [hid(7, 77), hid(8, HOLDER), hid(8, 0), hid(0, 0)]) assert.equal(engine.told(state), false);
  assert.ok(engine.holding);
});

test("steps that were given up are counted", () => {
  const engine = holding();
  engine.acked(ack({ lost: 3 }));
  assert.equal(engine.lost, 3);
});

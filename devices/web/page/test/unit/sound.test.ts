import { test } from "node:test";
import assert from "node:assert/strict";
import { Drift } from "../../src/sound/drift.ts";
import { Player } from "../../src/sound/player.ts";
import { Converter } from "../../src/sound/sinc.ts";

const RATE = 48_000;
const PIECE = 960;
const BLOCK = 128;
const LOUD = 16_000;

/** A piece of a sine of 997 Hz on both sides. */
function piece(position: number): Int16Array {
  const samples = new Int16Array(PIECE * 2);
  for (let at = 0; at < PIECE; at++) samples[2 * at] = samples[2 * at + 1] = Math.round(Math.sin((2 * Math.PI * 997 * (position + at)) / RATE) * LOUD);
  return samples;
}

/** Plays for so long a target whose clock is off; each piece comes up to `late` ms late. Gives what was played. */
function play(player: Player, seconds: number, ppm: number, late: (n: number) => number = () => 0): Float32Array {
  const played = new Float32Array(seconds * RATE);
  const [left, right] = [new Float32Array(BLOCK), new Float32Array(BLOCK)];
  let n = 0;
  for (let at = 0; at + BLOCK <= played.length; at += BLOCK) {
    const now = at / RATE;
    while ((n * PIECE) / (RATE * (1 + ppm / 1e6)) + late(n) / 1000 <= now) player.push(1, n * PIECE, piece(n++ * PIECE));
    player.pull(left, right);
    played.set(left, at);
  }
  return played;
}

/** The worst place at which it is no sine of that frequency. */
function worst(samples: Float32Array, hertz: number): number {
  const c = 2 * Math.cos((2 * Math.PI * hertz) / RATE);
  let most = 0;
  for (let at = 1; at + 1 < samples.length; at++) most = Math.max(most, Math.abs(samples[at - 1]! + samples[at + 1]! - c * samples[at]!));
  return most * 32768;
}

const uneven = (n: number): number => ((n * 7919) % 31) / 2;

// In two minutes 2000 ppm are 240 ms, three times what waits: without the correction it runs out, or four times as much waits.
test("a clock that is off by 2000 ppm costs no sample, either way", () => {
  for (const ppm of [2000, -2000, 0]) {
    const player = new Player(RATE, 80);
    const played = play(player, 120, ppm, uneven);
    assert.equal(player.stats.gaps, 0, `${ppm} ppm`);
    assert.ok(player.stats.waitingMs > 40 && player.stats.waitingMs < 160, `${ppm} ppm: ${player.stats.waitingMs} ms wait`);
    assert.ok(Math.abs(player.stats.ppm - ppm) < 1000, `${ppm} ppm: ${player.stats.ppm} are found`);
    assert.ok(worst(played.subarray(RATE), 997 * (1 + ppm / 1e6)) < 20, `${ppm} ppm: ${worst(played.subarray(RATE), 997)}`);
  }
});

test("what the network needs stays, when the same delay is said once more", () => {
  const player = new Player(RATE, 80);
  const [left, right] = [new Float32Array(480), new Float32Array(480)];
  const come = (from: number, to: number): void => {
    for (let n = from; n < to; n++) player.push(1, n * PIECE, piece(n * PIECE));
  };
  come(0, 5);
  for (let block = 0; block < 12; block++) player.pull(left, right);
  player.delay(80);
  come(5, 10); // late: from now on 120 ms wait
  player.delay(80);
  player.pull(left, right);
  assert.ok(left.every((value) => value === 0), "100 ms are not enough any more");
  player.delay(40);
  player.pull(left, right);
  assert.ok(left.some((value) => value !== 0), "another choice holds at once");
});

test("a microphone at another rate is brought to ours", () => {
  for (const from of [44_100, 96_000, 16_000]) {
    const [converter, given, block] = [new Converter(from, RATE), [] as number[], new Float32Array(BLOCK)];
    for (let at = 0; at + BLOCK <= from; at += BLOCK) {
      converter.take(block.map((_, n) => (Math.sin((2 * Math.PI * 997 * (at + n)) / from) * LOUD) / 32768), (value) => given.push(value));
    }
    assert.ok(given.length > RATE - 500 && given.length <= RATE, `${from}: ${given.length}`);
    assert.ok(worst(Float32Array.from(given).subarray(RATE / 10), 997) < 20, `${from}: ${worst(Float32Array.from(given).subarray(RATE / 10), 997)}`);
  }
});

test("an hour at 200 ppm: what waits stays where it should", () => {
  const [drift, target, seconds] = [new Drift(RATE), 3840, BLOCK / RATE];
  let [waiting, n, least, most] = [target, 0, Infinity, 0];
  for (let at = 0; at < 3600; at += seconds) {
    while ((n * PIECE) / (RATE * 1.0002) + uneven(n) / 1000 <= at) [waiting, n] = [waiting + PIECE, n + 1];
    if (at > 60) [least, most] = [Math.min(least, waiting), Math.max(most, waiting)];
    waiting -= BLOCK * drift.update(waiting, target, seconds);
  }
  assert.ok(least > 1000 && most < 8000, `${least} to ${most} frames`);
});

test("what is lost on the way is counted once, and a new beginning is no gap", () => {
  const player = new Player(RATE, 40);
  player.push(1, 0, piece(0));
  player.push(1, 2 * PIECE, piece(2 * PIECE));
  assert.equal(player.stats.gaps, 1);
  player.push(2, 7 * PIECE, piece(0));
  assert.equal(player.stats.gaps, 1);
});

test("one that ran out waits for more, and longer from then on; one whose target stopped does not", () => {
  const player = new Player(RATE, 40);
  const [left, right] = [new Float32Array(480), new Float32Array(480)];
  player.push(1, 0, piece(0));
  player.push(1, PIECE, piece(PIECE));
  for (let block = 0; block < 10; block++) player.pull(left, right);
  assert.deepEqual([player.stats.gaps, left.every((value) => value === 0)], [0, true]);
  player.push(2, 2 * PIECE, piece(0));
  assert.equal(player.stats.gaps, 0);
  for (let n = 3; n < 6; n++) player.push(2, n * PIECE, piece(n * PIECE));
  for (let block = 0; block < 20; block++) player.pull(left, right);
  player.push(2, 6 * PIECE, piece(0));
  assert.equal(player.stats.gaps, 1);
});

test("what comes late all at once is not played late", () => {
  const player = new Player(RATE, 80);
  for (let n = 0; n < 60; n++) player.push(1, n * PIECE, piece(n * PIECE));
  assert.ok(player.stats.waitingMs <= 480 && player.stats.gaps > 0, `${player.stats.waitingMs} ms`);
});

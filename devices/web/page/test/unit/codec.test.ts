// Which codec is taken, and the bytes that decide on it.

import assert from "node:assert/strict";
import { test } from "node:test";
import * as states from "../../dev/states.ts";
import { chooseCodec, codecName, type CodecFacts } from "../../src/video/codec.ts";
import { parseHead, parseUnitHead } from "../../src/video/head.ts";
import { Meter } from "../../src/video/meter.ts";

const facts = (change: Partial<CodecFacts> = {}): CodecFacts => ({ choice: "auto", decodes: true, failure: null, devices: [states.device("h264")], h264: states.h264(), away: false, ...change });

test("H.264 where it works, and words where it does not", () => {
  assert.deepEqual(chooseCodec(facts()), { codec: "h264", why: null });
  assert.deepEqual(chooseCodec(facts({ choice: "jpeg" })), { codec: "jpeg", why: null });
  const without: Array<[Partial<CodecFacts>, RegExp]> = [
    [{ decodes: false }, /does not decode/],
    [{ failure: "Unsupported." }, /failed: Unsupported/],
    [{ h264: states.h264({ detail: "the source compresses by itself" }) }, /by itself/],
    [{ h264: null, devices: [] }, /has no H.264 encoder/],
    [{ h264: null, devices: [states.device("h264", { phase: "failed" })] }, /is not running/],
    [{ h264: null, devices: [states.device("h264", { desired: "held" })] }, /is not running/],
    [{ h264: null, away: true }, /is not running/],
  ];
  for (const [change, words] of without) {
    for (const choice of ["auto", "h264"] as const) {
      const { codec, why } = chooseCodec(facts({ ...change, choice }));
      assert.equal(codec, "jpeg");
      assert.match(why ?? "", words);
    }
  }
});

test("an encoder that restarts is waited for", () => {
  for (const phase of ["backoff", "starting", "preparing"] as const) assert.equal(chooseCodec(facts({ h264: null, devices: [states.device("h264", { phase })] })).codec, "h264");
});

test("the codec's name is in the parameters of a key frame, wherever they are", () => {
  const sps = [0, 0, 0, 1, 0x67, 0x42, 0xc0, 0x1f, 9, 9];
  assert.equal(codecName(Uint8Array.from(sps)), "avc1.42c01f");
  assert.equal(codecName(Uint8Array.from([0, 0, 0, 1, 0x09, 0x10, ...sps])), "avc1.42c01f");
  assert.equal(codecName(Uint8Array.from([0, 0, 0, 1, 0x65, 1, 2, 3, 4])), null);
  for (let length = 0; length < 8; length++) assert.equal(codecName(Uint8Array.from(sps.slice(0, length))), null);
});

/** A seeded generator, so that a run can be had again. */
function generator(seed: number): () => number {
  let state = seed;
  return () => (state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9 | 0) >>> 0;
}

test("no bytes bring the reading of heads and parameters down", () => {
  const random = generator(7);
  for (let round = 0; round < 5000; round++) {
    const bytes = Uint8Array.from({ length: random() % 80 }, () => (random() % 3 === 0 ? random() : random() % 2));
    const head = parseUnitHead(bytes.buffer);
    assert.ok(head === null || (bytes.length > 36 && head.width > 0 && head.height > 0));
    assert.ok(head === null || parseHead(bytes.buffer) !== null);
    assert.match(codecName(bytes) ?? "avc1.000000", /^avc1\.[0-9a-f]{6}$/);
  }
});

test("a unit's head is a picture's and the flags", () => {
  const message = new ArrayBuffer(40);
  const view = new DataView(message);
  view.setBigUint64(0, 5n, true);
  view.setUint32(24, 1280, true);
  view.setUint32(28, 720, true);
  assert.deepEqual(parseUnitHead(message), { sequence: 5, capturedNs: 0, sentNs: 0, width: 1280, height: 720, key: false });
  view.setUint32(32, 1, true);
  assert.equal(parseUnitHead(message)?.key, true);
  assert.equal(parseUnitHead(message.slice(0, 36)), null, "without a frame it is none");
});

test("bytes are those of the last second", () => {
  const meter = new Meter();
  for (let at = 0; at < 3000; at += 100) meter.received(at, 10);
  assert.equal(meter.bytes(2900), 100);
  assert.equal(meter.bytes(4000), 0);
});

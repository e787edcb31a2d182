// The configuration in words, and what differs between two texts.

import assert from "node:assert/strict";
import { test } from "node:test";
import * as states from "../../dev/states.ts";
import { boundWords, changeWords, endedWords, forceWords, freshlyEnded, lineRange, mistakeWords, trialWords } from "../../src/model/config.ts";
import { hunks, lineDiff } from "../../src/model/diff.ts";
import { emptyModel } from "../../src/model/model.ts";
import { forgetNode, reduce } from "../../src/model/reduce.ts";

const trial = { number: 5, who: "root", waiting: [], left_ms: 42_000, unconfirmed: true };

test("a trial counts down from when the node told it", () => {
  const state = states.config({ trial });
  assert.equal(trialWords(state, 0), "Configuration 5 is on trial, and taken back in 42 s.");
  assert.equal(trialWords(state, 41_500), "Configuration 5 is on trial, and taken back in 1 s.");
  assert.equal(trialWords(state, 99_000), "Configuration 5 is on trial, and taken back in 0 s.");
  assert.match(trialWords(states.config({ trial: { ...trial, waiting: ["web", "hid"], left_ms: null } }), 0), /waits for web, hid/);
  assert.equal(trialWords(states.config(), 0), "");
});

test("each end is a sentence, and told once", () => {
  const ended = { number: 5, outcome: "taken_back", why: ["web does not come up: exit code 78"] } as const;
  assert.equal(endedWords({ ...ended, why: [...ended.why] }), "Configuration 5 is taken back: web does not come up: exit code 78.");
  assert.equal(endedWords({ number: null, outcome: "kept", why: [] }), "The file was read again.");
  const now = states.config({ last: { number: 5, outcome: "kept", why: [] } });
  assert.equal(freshlyEnded(null, now), null);
  assert.equal(freshlyEnded(states.config(), now), null);
  assert.equal(freshlyEnded(states.config({ trial }), now), now.last);
});

test("where it comes from, whom it touches, what is wrong", () => {
  assert.equal(forceWords(states.config()), "4, the owner's");
  assert.equal(forceWords(states.config({ number: null, origin: "image" })), "the image's own");
  assert.equal(changeWords({ started: ["a"], stopped: [], restarted: ["b", "c"] }), "It starts a; restarts b, c.");
  assert.equal(changeWords({ started: [], stopped: [], restarted: [] }), "No device is touched.");
  assert.equal(mistakeWords({ line: 12, key: "device.hid.after", message: "there is no device" }), "line 12: device.hid.after: there is no device");
  assert.equal(mistakeWords({ line: null, key: "", message: "is longer than 256 KiB" }), "is longer than 256 KiB");
  assert.deepEqual([lineRange("ab\ncd\nef", 2), lineRange("ab\ncd\nef", 3)], [[3, 5], [6, 8]]);
});

test("a text is measured as it is sent", () => {
  assert.equal(boundWords("x".repeat(60_000)), null);
  assert.match(boundWords("x".repeat(62_000)) ?? "", /too long for a page/);
  assert.match(boundWords("ü".repeat(31_000)) ?? "", /too long for a page/, "two bytes each");
  assert.match(boundWords("\n".repeat(31_000)) ?? "", /too long for a page/, "two bytes each, quoted");
  assert.match(boundWords("\u0001".repeat(11_000)) ?? "", /too long for a page/, "six bytes each, quoted");
});

test("a difference is the fewest lines, with a few around them", () => {
  const before = "a\nb\nc\nd\ne\nf\ng\nh\n";
  const lines = lineDiff(before, before.replace("b", "B").replace("g\n", ""));
  assert.deepEqual(lines.filter(({ kind }) => kind !== "same"), [{ kind: "gone", text: "b" }, { kind: "new", text: "B" }, { kind: "gone", text: "g" }]);
  assert.deepEqual(hunks(lineDiff("1\n2\n3\n4\n5\n6\n7\n8", "1\n2\n3\n4\n5\n6\n7\n9")).map((line) => line?.text ?? "⋯"), ["⋯", "6", "7", "8", "9"]);
  assert.deepEqual(lineDiff("", "a").map(({ kind }) => kind), ["gone", "new"]);
  const long = Array.from({ length: 3000 }, (_, at) => `${at}`).join("\n");
  assert.equal(lineDiff(long, long.replaceAll("1", "x")).length > 3000, true);
});

test("both texts are in a difference, whatever they are", () => {
  for (let seed = 1; seed < 200; seed++) {
    let state = seed;
    const text = (): string => Array.from({ length: 12 }, () => "abc"[(state = (state * 1103515245 + 12345) & 0x7fffffff) % 3]).join("\n");
    const [before, after] = [text(), text()];
    const lines = lineDiff(before, after);
    assert.equal(lines.filter(({ kind }) => kind !== "new").map((line) => line.text).join("\n"), before);
    assert.equal(lines.filter(({ kind }) => kind !== "gone").map((line) => line.text).join("\n"), after);
  }
});

test("the model knows it until the link is gone", () => {
  const model = reduce(emptyModel(1), { type: "config", ...states.config() }, 7);
  assert.deepEqual([model.config?.number, model.configAt], [4, 7]);
  assert.equal(forgetNode(model).config, null);
});

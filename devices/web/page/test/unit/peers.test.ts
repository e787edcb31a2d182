// Words of other nodes, and what a person has to answer.

import assert from "node:assert/strict";
import { test } from "node:test";
import * as states from "../../dev/states.ts";
import { emptyModel } from "../../src/model/model.ts";
import { callers, fingerprintOf, GRANTS, grantWords, grouped, linkTone, linkWords, open, pairingWords, spaced, toggled } from "../../src/model/peers.ts";
import { forgetNode, reduce } from "../../src/model/reduce.ts";
import type { PairingStep } from "../../src/wire/PairingStep.ts";
import type { ToPage } from "../../src/wire/ToPage.ts";

test("nodes are told, and forgotten with the link", () => {
  const told: ToPage = { type: "peers", state: states.peers() };
  const model = reduce(emptyModel(1), told, 0);
  assert.equal(model.peers?.peers[0]?.node, "office");
  assert.equal(forgetNode(model).peers, null);
});

test("a link has its words", () => {
  assert.equal(linkWords(states.peer("a")), "linked, 0.8 ms there and back");
  assert.equal(linkWords(states.peer("a", { rtt_us: 48_400 })), "linked, 48 ms there and back");
  assert.equal(linkWords(states.peer("a", { link: "connecting" })), "being reached");
  assert.equal(linkTone(states.peer("a", { link: "refused" })), "bad");
});

test("grants are switched one by one and stay in order", () => {
  assert.deepEqual(toggled(["type"], "view"), ["view", "type"]);
  assert.deepEqual(toggled(["view", "type"], "view"), ["type"]);
  assert.equal(grantWords(["power", "view"]), "view, power");
  assert.equal(grantWords([]), "nothing");
  assert.equal(GRANTS.length, 5);
});

test("only those who called and wait for an answer are told of over the picture", () => {
  const steps: PairingStep[] = ["calling", "compare", "waiting", "done", "failed"];
  const pairings = steps.flatMap((step, id) => [true, false].map((incoming) => states.pairing({ id, step, incoming })));
  const peers = states.peers({ pairings });
  assert.deepEqual(callers(peers).map(({ step, incoming }) => [step, incoming]), [["compare", true]]);
  assert.deepEqual(callers(null), []);
  assert.ok(open(peers).every(({ step }) => step !== "done"));
  assert.ok(steps.every((step) => pairingWords(states.pairing({ step })) !== ""));
  assert.equal(pairingWords(states.pairing({ step: "failed", detail: "nobody answered" })), "nobody answered");
});

test("codes and fingerprints are cut as people read them", () => {
  assert.equal(spaced("482913"), "482 913");
  assert.equal(spaced(""), "");
  assert.equal(grouped("a1b2c3d4"), "a1b2 c3d4");
  const key = "a1b2c3d4".repeat(8);
  assert.equal(fingerprintOf(` ${grouped(key).toUpperCase()}\n`), key);
  assert.equal(fingerprintOf(key.replace(/(..)(?=.)/g, "$1:")), key);
  for (const none of ["", key.slice(1), `${key}0`, key.replace("a", "g")]) assert.equal(fingerprintOf(none), "");
});

// A text typed on the target, as the page sees it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { healthy } from "../../dev/mock.ts";
import * as states from "../../dev/states.ts";
import { emptyModel, type Model } from "../../src/model/model.ts";
import { forgetNode, reduce } from "../../src/model/reduce.ts";
import { bannerOf, heldByAnother } from "../../src/model/status.ts";
import { boundWords, endWords, freshEnd, isTyping, layoutOf } from "../../src/model/typing.ts";
import type { Typed } from "../../src/wire/Typed.ts";
import type { ToPage } from "../../src/wire/ToPage.ts";
import { MAX_TEXT } from "../../src/wire/constants.ts";

const HELLO: ToPage = { type: "hello", kernel: states.kernel(), viewers: 1 };
const told = (...messages: ToPage[]): Model => [HELLO, ...healthy(), ...messages].reduce((model, message) => reduce(model, message, 0), emptyModel(42));
const typing: ToPage = { type: "typist", state: states.typist({ typing: { done: 3, total: 9 } }) };
const ended: Typed = { number: 1, ending: "focus_taken", message: "typing ended, because another took the keyboard", typing: { done: 3, total: 9 } };

test("keys that no hand presses are told, with the way to stop them", () => {
  const model = told(typing);
  assert.deepEqual([isTyping(model), bannerOf(model)?.id, bannerOf(model)?.remedy?.kind], [true, "typing", "stop-typing"]);
  assert.match(bannerOf(model)?.text ?? "", /3 of 9/);
  assert.equal(bannerOf(told()), null);
  assert.equal(forgetNode(model).typist, null);
});

test("the typist holds the focus while it types, and is nobody after", () => {
  const held: ToPage = { type: "hid", state: states.hid({ holder: 4242 }) };
  assert.equal(heldByAnother(told(typing, held)), true);
  assert.equal(heldByAnother(told(held, { type: "viewers", count: 3 })), false);
});

test("an end is told once, and not to who comes later", () => {
  const [before, after] = [states.typist({ typing: { done: 3, total: 9 } }), states.typist({ last: ended })];
  assert.equal(freshEnd(before, after), ended);
  assert.deepEqual([freshEnd(after, after), freshEnd(null, after), freshEnd(before, null)], [null, null, null]);
  assert.equal(endWords(ended), "Typing ended, because another took the keyboard. 3 of 9 characters were typed.");
  assert.equal(endWords({ ...ended, ending: "done", message: "the text was typed" }), "The text was typed.");
});

test("the layout chosen last, while there is one", () => {
  assert.deepEqual([layoutOf(states.typist(), "de"), layoutOf(states.typist(), "gone"), layoutOf(states.typist(), "")], ["de", "us", "us"]);
});

test("a text that is too long is not sent", () => {
  assert.equal(boundWords("a".repeat(MAX_TEXT)), null);
  assert.match(boundWords("ä".repeat(MAX_TEXT / 2 + 1)) ?? "", /at most 24576/);
  assert.match(boundWords("\u0001".repeat(MAX_TEXT / 2)) ?? "", /in parts/); // quoted, it is six times as long
});

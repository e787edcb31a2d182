// Pieces of the serial console and the way of what is typed.

import assert from "node:assert/strict";
import { test } from "node:test";
import { parsePiece, place } from "../../src/serial/piece.ts";
import { firstPart, SerialWriter } from "../../src/serial/writer.ts";
import type { WireError } from "../../src/wire/WireError.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

test("a piece is placed once, and what is missing is counted", () => {
  const at = { log: 7, next: 10 };
  const placed = (log: number, offset: number, text: string) => {
    const { fresh, missed, bytes: news, at: next } = place(at, { log, offset, data: bytes(text) });
    return [fresh, missed, new TextDecoder().decode(news), next.next];
  };
  assert.deepEqual(placed(7, 10, "hello"), [false, 0, "hello", 15]);
  assert.deepEqual(placed(7, 8, "hello"), [false, 0, "llo", 13]);
  assert.deepEqual(placed(7, 2, "hello"), [false, 0, "", 10]);
  assert.deepEqual(placed(7, 12, "hello"), [false, 2, "hello", 17]);
  assert.deepEqual(placed(8, 0, "hello"), [true, 0, "hello", 5]);
  assert.equal(place({ log: 0, next: 0 }, { log: 7, offset: 99, data: bytes("x") }).missed, 0);
});

test("a message that is too short is none", () => {
  assert.equal(parsePiece(new ArrayBuffer(11), 12), null);
  assert.equal(parsePiece(new ArrayBuffer(12), 12)?.data.length, 0);
});

test("no character is cut in two", () => {
  assert.equal(firstPart("äöü", 4), "äö");
  assert.equal(firstPart("äöü", 5), "äö");
  assert.equal(firstPart("😀x", 4), "😀");
  assert.equal(firstPart("", 4), "");
});

test("what is typed goes out in order, again to a slow target, and not to one that refuses", async () => {
  const sent: string[] = [];
  const answers: Array<WireError | null> = [{ code: "exhausted", message: "slow", retryable: true, context: "" }, null, null, { code: "unavailable", message: "deaf", retryable: true, context: "" }];
  const refusals: string[] = [];
  const writer = new SerialWriter({ send: async (text) => (sent.push(text), answers.shift() ?? null), wait: async () => undefined, refused: ({ message }) => void refusals.push(message) }, 4);
  writer.type("abc");
  writer.type("defg");
  writer.type("hij");
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(sent, ["abc", "abcd", "efgh", "ij"].slice(0, sent.length));
  assert.deepEqual(refusals, ["deaf"]);
});

test("what waits is not sent once it is stopped", async () => {
  const sent: string[] = [];
  const slow: WireError = { code: "exhausted", message: "slow", retryable: true, context: "" };
  const writer: SerialWriter = new SerialWriter({ send: async (text) => (sent.push(text), sent.length > 9 ? null : slow), wait: async () => writer.stop(), refused: () => undefined }, 4);
  writer.type("a long paste");
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(sent, ["a lo"]);
});

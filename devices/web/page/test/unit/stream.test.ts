// The socket of pictures: what ends it, what begins it anew, and when.

import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { VideoStream } from "../../src/video/stream.ts";
import { FakeBrowser, FakeDecoder } from "./fakes.ts";

let browser: FakeBrowser;
let given: string[];
let stream: VideoStream;
let refusals: Array<string | null>;

beforeEach(() => {
  browser = new FakeBrowser();
  given = [];
  refusals = [];
  stream = new VideoStream((codec) => codec, { show: () => undefined, received: () => undefined, undecodable: (why) => given.push(why), refused: (why) => refusals.push(why), unseen: () => given.push("unseen") });
  stream.start("h264");
});
afterEach(() => browser.leave());

test("a decoder that the browser takes away is made anew, as often as it happens", () => {
  for (let round = 1; round < 6; round++) {
    browser.watch();
    browser.pass(12_000);
    FakeDecoder.last.fail("QuotaExceededError");
    assert.equal(browser.sockets, round);
    browser.pass(250);
    assert.equal(browser.sockets, round + 1, "another socket, which begins with a key frame");
  }
  assert.deepEqual(given, []);
});

test("one that never shows anything is given up", () => {
  browser.receive();
  FakeDecoder.last.fail("EncodingError");
  browser.pass(250);
  browser.receive();
  assert.deepEqual(given, []);
  FakeDecoder.last.fail("EncodingError");
  assert.deepEqual(given, ["EncodingError it is"]);
});

test("one that says nothing is given up as well", () => {
  browser.receive();
  browser.pass(3_000);
  browser.pass(250);
  browser.receive();
  browser.pass(3_000);
  assert.deepEqual(given, ["it shows nothing"]);
});

test("one that shows a picture and fails at once is not tried for ever", () => {
  for (let round = 0; round < 2; round++) {
    browser.watch();
    FakeDecoder.last.fail("EncodingError");
    browser.pass(250);
  }
  assert.deepEqual(given, ["EncodingError it is"]);
});

test("what the browser says it cannot do is not tried again", () => {
  browser.watch();
  browser.pass(60_000);
  FakeDecoder.last.fail("NotSupportedError");
  assert.deepEqual(given, ["NotSupportedError it is"]);
});

test("while nobody looks there is time", () => {
  browser.watch();
  browser.document.hidden = true;
  FakeDecoder.last.fail("QuotaExceededError");
  browser.pass(60_000);
  assert.deepEqual([given, browser.sockets], [["unseen"], 1]);
});

test("who was refused waits for his turn, whatever asks meanwhile", () => {
  for (let round = 0; round < 8; round++) {
    browser.socket.lose();
    browser.pass(5_000);
  }
  const { sockets } = browser;
  browser.socket.lose();
  for (let second = 0; second < 4; second++) {
    stream.start("h264");
    browser.pass(1_000);
  }
  assert.equal(browser.sockets, sockets);
  browser.pass(1_000);
  assert.equal(browser.sockets, sockets + 1);
  browser.socket.lose();
  stream.start("jpeg");
  assert.deepEqual([browser.sockets, browser.socket.url], [sockets + 2, "jpeg"], "another codec is asked for at once");
  browser.socket.lose();
  stream.stop();
  stream.start("jpeg");
  assert.equal(browser.sockets, sockets + 3, "and so is one after nobody watched");
});

test("why the node closed it is told, until a picture comes again; a broken link has no words", () => {
  browser.socket.lose();
  browser.pass(250);
  assert.deepEqual(refusals, []);
  browser.socket.lose("office is not linked");
  assert.deepEqual(refusals, ["office is not linked"]);
  browser.pass(500);
  browser.watch();
  assert.deepEqual(refusals.at(-1), null);
});

// What was decoded is closed and its credit given back, even when it cannot be shown.

import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { JpegDecoder } from "../../src/video/decoder.ts";
import { VideoStream } from "../../src/video/stream.ts";
import { VIDEO_HEAD_LEN } from "../../src/wire/constants.ts";
import { FakeBrowser, FakeDecoder } from "./fakes.ts";

let browser: FakeBrowser;
beforeEach(() => {
  browser = new FakeBrowser();
});
afterEach(() => browser.leave());

const refuse = (): never => {
  throw new Error("no canvas");
};
/** What waits for a promise gets its turn. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("H.264", async () => {
  const stream = new VideoStream((codec) => codec, { show: refuse, received: () => undefined, undecodable: () => undefined, refused: () => undefined, unseen: () => undefined });
  stream.start("h264");
  browser.receive();
  browser.receive();
  const frames = [1, 2].map(() => FakeDecoder.last.take());
  for (const frame of frames) assert.throws(() => FakeDecoder.last.show(frame), /no canvas/);
  await turn();
  assert.deepEqual([frames.map(({ closed }) => closed), browser.socket.sent], [[true, true], 2]);
});

test("JPEG", async () => {
  const bitmap = { width: 8, height: 8, closed: false, close: () => void (bitmap.closed = true) };
  Object.assign(globalThis, { createImageBitmap: () => Promise.resolve(bitmap) });
  const message = new ArrayBuffer(VIDEO_HEAD_LEN + 8);
  const view = new DataView(message);
  for (const at of [24, 28]) view.setUint32(at, 8, true);
  await assert.rejects(new JpegDecoder(refuse).receive(message, 0), /no canvas/);
  assert.equal(bitmap.closed, true);
});

test("the credit of a JPEG comes back as well", async () => {
  const told: unknown[] = [];
  Object.assign(globalThis, { createImageBitmap: () => Promise.resolve({ width: 8, height: 8, close: () => undefined }), reportError: (error: unknown) => told.push(error) });
  const stream = new VideoStream((codec) => codec, { show: refuse, received: () => undefined, undecodable: () => undefined, refused: () => undefined, unseen: () => undefined });
  stream.start("jpeg");
  browser.receive();
  await turn();
  assert.equal(browser.socket.sent, 1);
  assert.match(String(told[0]), /no canvas/, "told to the browser's console");
});

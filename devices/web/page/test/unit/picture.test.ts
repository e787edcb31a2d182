// When the picture is asked for, and in which codec, while devices come and go and tabs are hidden.

import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { target } from "../../dev/far.ts";
import * as states from "../../dev/states.ts";
import { emptyModel, type Model } from "../../src/model/model.ts";
import { DEFAULTS } from "../../src/model/settings.ts";
import { Store } from "../../src/model/store.ts";
import { Picture } from "../../src/video/picture.ts";
import { FakeBrowser, FakeDecoder } from "./fakes.ts";

let browser: FakeBrowser;
let model: Store<Model>;
let picture: Picture;

beforeEach(() => {
  browser = new FakeBrowser();
  model = new Store<Model>({ ...emptyModel(1), link: { kind: "open" }, devices: [states.device("h264")] });
  picture = new Picture({ model, settings: new Store(DEFAULTS), screen: { draw: () => undefined }, url: (codec) => codec });
});
afterEach(() => browser.leave());

const hide = (): void => {
  browser.document.hidden = true;
  picture.unwatch();
};
const look = (): void => {
  browser.document.hidden = false;
  picture.watch();
};

test("an encoder that is away is waited for, and not again by each look at the tab", () => {
  picture.greeted();
  browser.pass(100);
  assert.equal(browser.socket.url, "h264");
  browser.pass(5_000);
  assert.equal(browser.socket.url, "jpeg");
  look();
  assert.deepEqual([browser.socket.url, browser.sockets], ["jpeg", 2], "what works is left as it is");
  hide();
  look();
  assert.deepEqual([browser.socket.url, browser.sockets], ["jpeg", 3]);
  model.patch({ h264: states.h264() });
  picture.h264Told();
  assert.equal(browser.socket.url, "h264");
});

test("it is found to be away while nobody looks, too", () => {
  browser.document.hidden = true;
  picture.greeted();
  browser.pass(100);
  hide();
  browser.pass(5_000);
  assert.equal(browser.sockets, 0);
  look();
  assert.equal(browser.socket.url, "jpeg");
});

test("after each hello of the node it is waited for anew", () => {
  picture.greeted();
  browser.pass(100);
  browser.pass(5_000);
  assert.equal(browser.socket.url, "jpeg");
  picture.disconnected();
  browser.pass(60_000);
  picture.greeted();
  browser.pass(100);
  assert.equal(browser.socket.url, "h264");
});

test("another target is another stream at once, and nothing shown before counts", () => {
  model.patch({ h264: states.h264() });
  picture.greeted();
  browser.pass(100);
  browser.watch();
  assert.equal(picture.frames, 1);
  model.patch({ chosen: "office", peers: states.peers(), targets: { office: target("office", { h264: states.h264() }) } });
  picture.turned();
  assert.deepEqual([picture.frames, model.value.picture.frames, browser.sockets, browser.socket.url], [0, 0, 2, "h264"]);
  browser.watch();
  assert.equal(model.value.picture.frames, 1);
  browser.pass(1_000);
  assert.equal(model.value.picture.latencyMs, null, "two nodes have two clocks");
});

test("a node that tells nothing of H.264 gives JPEG at once, and H.264 when it tells of it", () => {
  model.patch({ h264: states.h264(), chosen: "office", peers: states.peers(), targets: { office: target("office") } });
  picture.greeted();
  browser.pass(100);
  assert.deepEqual([browser.socket.url, browser.sockets], ["jpeg", 1]);
  model.patch({ targets: { office: target("office", { h264: states.h264() }) } });
  picture.h264Told();
  assert.equal(browser.socket.url, "h264");
});

test("a picture that cannot be had is not asked for again and again, and at once when it can", () => {
  model.patch({ chosen: "office", peers: states.peers(), targets: { office: target("office") } });
  picture.greeted();
  browser.pass(100);
  assert.equal(browser.sockets, 1);
  model.patch({ peers: states.peers({ peers: [states.peer("office", { link: "connecting", granted: [] })] }) });
  picture.tune();
  browser.socket.lose();
  browser.pass(60_000);
  assert.equal(browser.sockets, 1);
  model.patch({ peers: states.peers() });
  picture.tune();
  assert.equal(browser.sockets, 2);
});

test("a decoder that fails at one target says nothing of another", () => {
  model.patch({ h264: states.h264() });
  picture.greeted();
  browser.pass(100);
  for (let tries = 0; tries < 2; tries += 1) {
    browser.receive();
    FakeDecoder.last.fail("EncodingError");
    browser.pass(1_000);
  }
  assert.equal(browser.socket.url, "jpeg");
  model.patch({ chosen: "office", peers: states.peers(), targets: { office: target("office", { h264: states.h264() }) } });
  picture.turned();
  assert.equal(browser.socket.url, "h264");
  browser.receive();
  FakeDecoder.last.fail("EncodingError");
  browser.pass(1_000);
  assert.equal(browser.socket.url, "h264", "its first failure is a first one");
});

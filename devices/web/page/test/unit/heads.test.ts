// Heads of one desk: the address that keeps them, their places, and which point of the desk a point of the window is.

import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { target } from "../../dev/far.ts";
import { healthy } from "../../dev/mock.ts";
import * as states from "../../dev/states.ts";
import { besideIn, hashOf, OWN, targetIn } from "../../src/model/hash.ts";
import { headOf, nameOf, offerOf, placeOf } from "../../src/model/heads.ts";
import { emptyModel, NO_PICTURE, type Model } from "../../src/model/model.ts";
import { reduce } from "../../src/model/reduce.ts";
import { DEFAULTS } from "../../src/model/settings.ts";
import { coverOf } from "../../src/model/status.ts";
import { Store } from "../../src/model/store.ts";
import { worked } from "../../src/model/targets.ts";
import { layOut, onDesk, toDesk } from "../../src/video/desk.ts";
import { place, toTarget, type Size, type View } from "../../src/video/layout.ts";
import { Picture } from "../../src/video/picture.ts";
import { ABSOLUTE_MAX } from "../../src/wire/constants.ts";
import type { ToPage } from "../../src/wire/ToPage.ts";
import { FakeBrowser } from "./fakes.ts";

const HELLO: ToPage = { type: "hello", kernel: states.kernel(), viewers: 1 };

function model(change: Partial<Model> = {}): Model {
  const told = [HELLO, ...healthy()].reduce((known, message) => reduce(known, message, 0), emptyModel(42));
  return { ...told, ...change };
}

// -- the address

test("the address keeps what is shown beside, whatever nodes are called", () => {
  for (const [node, beside] of [["office", ["lab"]], [OWN, ["büro 2", "a&b=c"]], ["50%", [OWN, "lab"]], [OWN, []]] as const) {
    const hash = hashOf(node, beside);
    assert.deepEqual([targetIn(hash), besideIn(hash)], [node, beside], hash);
  }
  assert.equal(hashOf("office", ["lab"]), "#target=office&beside=lab");
  assert.equal(hashOf(OWN, ["lab"]), "#beside=lab");
  assert.equal(hashOf("office", [OWN]), "#target=office&beside=");
});

test("each is there once, the first is not beside itself, and three are all", () => {
  assert.deepEqual(besideIn("#target=office&beside=lab&beside=office&beside=lab&beside="), ["lab", OWN]);
  assert.deepEqual(besideIn("#beside=&beside=a"), ["a"]);
  assert.deepEqual(besideIn("#beside=a&beside=b&beside=c"), ["a", "b"]);
  for (const hash of ["", "#", "#target=office", "#beside", "#something"]) assert.deepEqual(besideIn(hash), [], hash);
});

// -- places

const WINDOW: Omit<View, "source"> = { window: { width: 1000, height: 1000 }, scale: "fit", render: "smooth", density: 1 };
const SIZES: readonly Size[] = [{ width: 1600, height: 900 }, { width: 800, height: 600 }, { width: 1600, height: 1200 }];

test("beside each other: one scale, tops aligned, in order, in the middle of the window", () => {
  const { spots } = layOut(SIZES, WINDOW, null, false);
  assert.deepEqual(spots.map(({ rect }) => rect), [
    { left: 0, top: 350, width: 400, height: 225 },
    { left: 400, top: 350, width: 200, height: 150 },
    { left: 600, top: 350, width: 400, height: 300 },
  ]);
});

test("one alone lies where it lay, and each point of it is what it was", () => {
  for (const change of [{}, { scale: "fill" }, { scale: "actual", density: 2 }, { render: "crisp", density: 1.5 }] as const) {
    const [source] = SIZES;
    const view = { ...WINDOW, ...change };
    const pointer = { x: 130, y: 700 };
    const { spots, whole } = layOut([source!], view, pointer, true);
    const rect = place({ ...view, source: source! }, pointer);
    assert.deepEqual([spots[0]?.rect, whole.width], [rect, rect.width]);
    for (const point of [pointer, { x: -5, y: 2000 }, { x: 333.3, y: 499.9 }]) assert.deepEqual(toDesk(spots, point), toTarget(rect, point));
  }
});

const desk = (stacked: boolean) => {
  const { spots } = layOut(SIZES, WINDOW, null, stacked);
  /** A point of a head, in parts of it. */
  const on = (head: number, across: number, down: number): { x: number; y: number } => {
    const { left, top, width, height } = spots[head]!.rect;
    return { x: left + across * width, y: top + down * height };
  };
  const pixels = (point: { x: number; y: number }): number[] => {
    const { x, y } = toDesk(spots, point);
    return [Math.round((x * 4000) / ABSOLUTE_MAX), Math.round((y * 1200) / ABSOLUTE_MAX)];
  };
  return { spots, on, pixels };
};

for (const stacked of [false, true]) {
  test(`a point of any picture is one of the row's, as wide as all and as high as the highest: ${stacked ? "below" : "beside"} each other`, () => {
    const { on, pixels } = desk(stacked);
    assert.deepEqual(pixels(on(0, 0.5, 0.5)), [800, 450]);
    assert.deepEqual(pixels(on(1, 0.5, 0.5)), [2000, 300]);
    assert.deepEqual(pixels(on(2, 0.25, 0.75)), [2800, 900]);
    assert.deepEqual(pixels(on(0, 0, 0)), [0, 0]);
    assert.deepEqual(toDesk(desk(stacked).spots, on(2, 1, 1)), { x: ABSOLUTE_MAX, y: ABSOLUTE_MAX });
  });
}

test("below each other: by one scale, each in the middle", () => {
  const { spots } = layOut(SIZES.slice(0, 2), { ...WINDOW, window: { width: 400, height: 1000 } }, null, true);
  assert.deepEqual(spots.map(({ rect }) => rect), [
    { left: 0, top: 313, width: 400, height: 225 },
    { left: 100, top: 538, width: 200, height: 150 },
  ]);
});

test("beside the pictures the pointer rests on the nearest edge, and a press is nobody's", () => {
  const { spots, pixels } = desk(false);
  assert.deepEqual(pixels({ x: 500, y: 600 }), [2000, 600], "below a picture that is shorter");
  assert.deepEqual(pixels({ x: 500, y: 20 }), [2000, 0]);
  assert.deepEqual([onDesk(spots, { x: 500, y: 600 }), onDesk(spots, { x: 500, y: 400 }), onDesk(spots, { x: 700, y: 600 })], [false, true, true]);
});

// -- what is known of one

test("a head is what its node tells, with a picture of its own", () => {
  const head = headOf(model({ chosen: "attic", beside: ["office"] }), "office", NO_PICTURE);
  assert.equal(coverOf(worked(head), 0)?.id, "far-first-frame");
  assert.equal(coverOf(worked({ ...head, picture: { ...NO_PICTURE, frames: 1 } }), 0), null);
  assert.deepEqual([nameOf(head), nameOf(headOf(head, OWN, NO_PICTURE))], ["office", "rack3-db1"]);
});

test("without a picture its place is as large as its node says", () => {
  const office = headOf(model(), "office", NO_PICTURE);
  const dark = { ...office, targets: { office: target("office", { video: states.video({ signal: "none", mode: { width: 1024, height: 768, millihertz: 60_000 } }) }) } };
  const shown = { ...NO_PICTURE, frames: 3 };
  assert.deepEqual(placeOf(office), { width: 800, height: 600 });
  assert.equal(placeOf({ ...office, picture: shown }), null, "the picture says it");
  assert.deepEqual(placeOf({ ...office, picture: { ...shown, refusal: "no room" } }), { width: 800, height: 600 });
  assert.deepEqual(placeOf({ ...dark, picture: shown }), { width: 1024, height: 768 });
  assert.equal(placeOf({ ...office, targets: {} }), null);
  assert.equal(placeOf({ ...office, targets: { office: target("office", { video: states.video({ mode: { width: 0, height: 0, millihertz: 0 } }) }) } }), null);
});

test("beside is offered what may be viewed and is not shown, as long as there is room", () => {
  const offers = (change: Partial<Model>): unknown[] => [OWN, "office", "lab-bench"].map((node) => offerOf(model(change), node));
  assert.deepEqual(offers({}), [null, "show", null], "lab-bench refuses the link");
  assert.deepEqual(offers({ chosen: "office" }), ["show", null, null]);
  assert.deepEqual(offers({ beside: ["office"] }), [null, "take", null]);
  assert.deepEqual(offers({ beside: ["lab-bench", "attic"] }), [null, null, "take"], "what is there can be taken away in any case");
});

// -- its stream

let browser: FakeBrowser;
beforeEach(() => {
  browser = new FakeBrowser();
});
afterEach(() => browser.leave());

test("a picture that is taken away asks for nothing any more", () => {
  const told = new Store<Model>(model({ chosen: "office", targets: { office: target("office", { h264: states.h264() }) } }));
  const picture = new Picture({ model: told, settings: new Store(DEFAULTS), screen: { draw: () => undefined }, url: (codec) => codec });
  picture.turned();
  picture.watch();
  assert.deepEqual([browser.sockets, browser.socket.readyState], [1, 1]);
  picture.close();
  assert.equal(browser.socket.readyState, 3);
  browser.socket.lose();
  told.patch({ peers: states.peers() });
  picture.tune();
  browser.pass(60_000);
  assert.equal(browser.sockets, 1);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { Touch, type Gesture } from "../../src/input/touch.ts";
import { Fingers } from "../../src/input/fingers.ts";
import { Wheel } from "../../src/input/wheel.ts";
import { inside, place, toTarget, zoom, type View } from "../../src/video/layout.ts";
import { ABSOLUTE_MAX } from "../../src/wire/constants.ts";

const view = (change: Partial<View> = {}): View => ({
  window: { width: 1000, height: 1000 },
  source: { width: 1600, height: 900 },
  scale: "fit",
  render: "smooth",
  density: 1,
  ...change,
});

test("fit: the whole picture, letterboxed, every corner exact", () => {
  const rect = place(view(), null);
  assert.deepEqual([rect.left, rect.width, rect.height], [0, 1000, 562.5]);
  assert.deepEqual(toTarget(rect, { x: 0, y: rect.top }), { x: 0, y: 0 });
  assert.deepEqual(toTarget(rect, { x: 1000, y: rect.top + rect.height }), { x: ABSOLUTE_MAX, y: ABSOLUTE_MAX });
  assert.deepEqual(toTarget(rect, { x: 500, y: rect.top + rect.height / 2 }), { x: 16384, y: 16384 });
});

test("in the margin the pointer stays on the nearest edge", () => {
  const rect = place(view(), null);
  assert.deepEqual(toTarget(rect, { x: 500, y: 3 }), { x: 16384, y: 0 });
  assert.equal(inside(rect, { x: 500, y: 3 }), false);
  assert.equal(inside(rect, { x: 500, y: 500 }), true);
});

test("each pixel of the target can be pointed at, at any density and scale", () => {
  for (const density of [1, 1.25, 2, 3]) {
    for (const source of [{ width: 1920, height: 1080 }, { width: 640, height: 480 }]) {
      const rect = place(view({ source, density, window: { width: 1440, height: 900 } }), null);
      for (const pixel of [0, 1, source.width >> 1, source.width - 1]) {
        const x = rect.left + ((pixel + 0.5) * rect.width) / source.width;
        const at = toTarget(rect, { x, y: rect.top }).x;
        assert.equal(Math.floor((at * source.width) / (ABSOLUTE_MAX + 1)), pixel);
      }
    }
  }
});

test("crisp: whole multiples of device pixels, and smaller pictures than the window shrink smoothly", () => {
  const small = { width: 300, height: 200 };
  assert.equal(zoom(view({ source: small, render: "crisp" })), 3);
  assert.equal(zoom(view({ source: small, render: "crisp", density: 2 })), 3);
  assert.equal(zoom(view({ source: small, render: "crisp", density: 1.5 })), 5 / 1.5);
  assert.equal(zoom(view({ render: "crisp" })), 0.625);
});

test("1 : 1 is one device pixel per pixel", () => {
  assert.equal(place(view({ scale: "actual", density: 2 }), null).width, 800);
});

test("what is larger than the window follows the pointer, so each corner can be reached", () => {
  const wide = view({ scale: "fill" });
  const under = (x: number): number => toTarget(place(wide, { x, y: 500 }), { x, y: 500 }).x;
  assert.deepEqual([under(0), under(1000)], [0, ABSOLUTE_MAX]);
  const pixel = ABSOLUTE_MAX / place(wide, null).width;
  assert.ok(Math.abs(under(500) - ABSOLUTE_MAX / 2) <= pixel);
});

test("a wheel's click is one notch, whatever the browser calls it", () => {
  for (const event of [{ deltaX: 0, deltaY: 100, deltaMode: 0 }, { deltaX: 0, deltaY: 53, deltaMode: 0 }, { deltaX: 0, deltaY: 120, deltaMode: 0 }, { deltaX: 0, deltaY: 3, deltaMode: 1 }]) {
    assert.deepEqual(new Wheel().scroll(event), { wheel: -1, pan: 0 });
  }
});

test("a trackpad's small steps add up, and turning round starts anew", () => {
  const wheel = new Wheel();
  const turn = (deltaY: number): number => wheel.scroll({ deltaX: 0, deltaY, deltaMode: 0 }).wheel;
  assert.deepEqual([turn(-40), turn(-40), turn(-40), turn(10), turn(-85)], [0, 0, 1, 0, 1]);
  assert.deepEqual(wheel.scroll({ deltaX: 250, deltaY: 0, deltaMode: 0 }), { wheel: 0, pan: 2 });
});

test("in 120ths, a wheel's click is a notch and a trackpad's pixels are what they are", () => {
  const turn = (deltaY: number, wheelDeltaY?: number, wheel = new Wheel()): number => wheel.turn({ deltaX: 0, deltaY, deltaMode: 0, ...(wheelDeltaY === undefined ? {} : { wheelDeltaY }) }).wheel;
  assert.deepEqual([turn(100, -120), turn(53, -120), turn(-240, 240), turn(53)], [-120, -120, 240, -120]);
  assert.deepEqual([turn(5, -15), turn(60, -180), turn(-12.5, 37)], [-6, -72, 15]);
  const wheel = new Wheel();
  assert.deepEqual([turn(0.5, -1, wheel), turn(0.5, -1, wheel)], [0, -1], "less than a part is kept");
  assert.deepEqual(wheel.turn({ deltaX: 3, deltaY: 0, deltaMode: 1 }), { wheel: 0, pan: 120 });
});

test("a finger keeps its contact, and a free one is used again", () => {
  const fingers = new Fingers();
  assert.deepEqual([fingers.down(70), fingers.down(71), fingers.up(70), fingers.down(72), fingers.of(71)], [0, 1, 0, 0, 1]);
  assert.deepEqual([73, 74, 75, 76].map((id) => fingers.down(id)), [2, 3, 4, undefined]);
  assert.equal(fingers.up(76), undefined);
});

const told = (gestures: Gesture[]): string => gestures.map((one) => (one.kind === "button" ? `${one.down ? "+" : "-"}${one.button}` : one.kind)).join(" ");
const at = (x: number, y = 50): { x: number; y: number } => ({ x, y });

test("a tap is a left click", () => {
  const touch = new Touch();
  assert.equal(told(touch.down(1, at(50), 0)), "point");
  assert.equal(told(touch.move(1, at(53))), "");
  assert.equal(told(touch.up(1, 90)), "+0 -0");
});

test("a long press is a right click, once", () => {
  const touch = new Touch();
  touch.down(1, at(50), 0);
  assert.equal(touch.deadline(), 500);
  assert.equal(told(touch.tick(499)), "");
  assert.equal(told(touch.tick(500)), "+1 -1");
  assert.equal(touch.deadline(), null);
  assert.equal(told(touch.up(1, 700)), "");
});

test("a finger that moves points, and does not click", () => {
  const touch = new Touch();
  touch.down(1, at(50), 0);
  assert.equal(told(touch.move(1, at(80))), "point");
  assert.equal(touch.deadline(), null);
  assert.equal(told(touch.up(1, 100)), "");
});

test("tap and drag holds the left button", () => {
  const touch = new Touch();
  touch.down(1, at(50), 0);
  touch.up(1, 80);
  assert.equal(told(touch.down(2, at(50), 200)), "point +0");
  assert.equal(told(touch.move(2, at(90))), "point");
  assert.equal(told(touch.up(2, 400)), "-0");
});

test("two fingers are a wheel, and never a click", () => {
  const touch = new Touch();
  touch.down(1, at(50, 100), 0);
  touch.down(2, at(90, 100), 30);
  const gestures = [...touch.move(1, at(50, 60)), ...touch.move(2, at(90, 60))];
  assert.equal(told(gestures), "scroll scroll");
  assert.equal(gestures.reduce((sum, one) => sum + (one.kind === "scroll" ? one.deltaY : 0), 0), 100);
  assert.equal(told([...touch.up(1, 100), ...touch.up(2, 120)]), "");
});

test("a cancelled drag lets go", () => {
  const touch = new Touch();
  touch.down(1, at(50), 0);
  touch.up(1, 80);
  touch.down(2, at(50), 200);
  assert.equal(told(touch.cancel()), "-0");
});

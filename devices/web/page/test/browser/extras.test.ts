// What a target has beside six keys and the notches of a wheel: media keys, fingers, the jiggler. Nothing of it where the target has none.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Browser } from "playwright-core";
import type { Mock } from "../../dev/mock.ts";
import type { Step } from "../../src/wire/Step.ts";
import { becomes, launch, visiting, watching, working, type Visit } from "./harness.ts";

let browser: Browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

const FULL = ["pan", "fine", "consumer", "system", "keys", "touch"];

function full(mock: Mock): void {
  mock.extras = { extras: FULL };
  mock.tellHid();
}

async function settled({ page }: Visit): Promise<void> {
  await page.waitForFunction(() => window.dkvm?.pendingSteps === 0);
}

function steps(mock: Mock): Step[] {
  const all = new Map<number, Step>();
  for (const state of mock.inputs) state.steps.forEach((step, index) => all.set(state.first + index, step));
  return [...all.entries()].sort(([a], [b]) => a - b).map(([, step]) => step);
}

test("a media key is told as such, its button in the drawer taps it, and a system key's asks first", () =>
  visiting(browser, full, async (here) => {
    await working(here);
    const { page, mock } = here;
    await page.keyboard.press("AudioVolumeUp");
    await page.getByTestId("open-keyboard").click();
    await page.getByTestId("special-play-pause").click();
    await page.getByTestId("special-power-off").click();
    await page.getByTestId("special-power-off-cancel").click();
    await page.getByTestId("special-sleep").click();
    await here.shot("extras");
    await page.getByTestId("special-sleep-confirm").click();
    await settled(here);
    const told = steps(mock).map((step) => (step.kind === "consumer" || step.kind === "system" ? `${step.down ? "+" : "-"}${step.kind} ${step.usage.toString(16)}` : step.kind));
    assert.deepEqual(told, ["+consumer e9", "-consumer e9", "+consumer cd", "-consumer cd", "+system 82", "-system 82"]);
  }));

test("the wheel counts 120ths of a notch", () =>
  visiting(browser, full, async (here) => {
    await working(here);
    await here.page.mouse.wheel(0, 15);
    await here.page.mouse.wheel(0, 300);
    await becomes(true, () => (here.mock.inputs.at(-1)?.motion.fine_wheel ?? 0) <= -138);
    assert.equal(here.mock.inputs.at(-1)?.motion.wheel, 0);
  }));

test("a target that has none of it is offered none of it", () =>
  visiting(browser, () => undefined, async (here) => {
    await working(here);
    await here.page.keyboard.press("AudioVolumeUp");
    await settled(here);
    assert.deepEqual(steps(here.mock).map((step) => step.kind), ["key", "key"]);
    await here.page.getByTestId("open-keyboard").click();
    assert.equal(await here.page.getByTestId("special-sleep").count(), 0);
    assert.equal(await here.page.getByTestId("touch-screen").count(), 0);
  }));

test("the jiggler is switched in the drawer, with a sign in the bar while it is on", () =>
  visiting(browser, () => undefined, async (here) => {
    await watching(here);
    const { page, mock } = here;
    await page.getByTestId("open-keyboard").click();
    assert.equal(await page.getByTestId("jiggling").count(), 0);
    await page.getByTestId("jiggle-on").click();
    mock.extras = { jiggle: 60 };
    mock.tellHid();
    await page.getByTestId("jiggling").waitFor();
    await page.getByTestId("jiggle-off").click();
    await becomes([60, 0], () => mock.actions.flatMap((action) => (action.name === "jiggle" ? [action.every_s] : [])));
  }));

test("fingers are fingers on the target's screen where that is chosen", () =>
  visiting(browser, full, async (here) => {
    const { page, mock } = here;
    await page.addInitScript(() => localStorage.setItem("dkvm.settings", JSON.stringify({ touch: "screen" })));
    await page.reload();
    await working(here);
    const box = await page.getByTestId("screen").boundingBox();
    assert.ok(box);
    await page.evaluate(({ x, y }) => {
      const stage = document.elementFromPoint(x, y)!;
      const finger = (type: string, pointerId: number, clientX: number): boolean => stage.dispatchEvent(new PointerEvent(type, { pointerId, pointerType: "touch", clientX, clientY: y, bubbles: true, cancelable: true, button: 0 }));
      finger("pointerdown", 11, x);
      finger("pointerdown", 12, x + 50);
      finger("pointermove", 12, x + 80);
      finger("pointerup", 11, x);
      finger("pointerup", 12, x + 80);
    }, { x: box.x + box.width / 4, y: box.y + box.height / 2 });
    await settled(here);
    const told = steps(mock).map((step) => (step.kind === "touch" ? `${step.down ? "+" : "-"}${step.contact}` : step.kind));
    assert.deepEqual(told, ["+0", "+1", "-0", "-1"]);
  }));

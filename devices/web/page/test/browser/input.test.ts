// What a person does, and what arrives at the node.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import type { Mock } from "../../dev/mock.ts";
import * as states from "../../dev/states.ts";
import type { Step } from "../../src/wire/Step.ts";
import { ABSOLUTE_MAX } from "../../src/wire/constants.ts";
import { becomes, launch, visiting, watching, working, type Visit } from "./harness.ts";

let browser: Browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

const nothing = (): void => undefined;

/** All steps that came, in order and each once. */
function steps(mock: Mock): Step[] {
  const all = new Map<number, Step>();
  for (const state of mock.inputs) state.steps.forEach((step, index) => all.set(state.first + index, step));
  return [...all.entries()].sort(([a], [b]) => a - b).map(([, step]) => step);
}

function named(step: Exclude<Step, { kind: "key" }>): number {
  if (step.kind === "button") return step.button;
  return step.kind === "touch" ? step.contact : step.usage;
}

function keys(mock: Mock): string {
  return steps(mock).map((step) => (step.kind === "key" ? `${step.down ? "+" : "-"}${step.usage.toString(16)}` : `${step.down ? "+" : "-"}${step.kind}${named(step)}`)).join(" ");
}

async function settled({ page }: Visit): Promise<void> {
  await page.waitForFunction(() => window.dkvm?.pendingSteps === 0);
}

const engaged = (page: Page): Promise<boolean | undefined> => page.evaluate(() => window.dkvm?.focus.engaged);

test("typing arrives as physical keys, in order, each once", () =>
  visiting(browser, nothing, async (here) => {
    await working(here);
    for (const key of ["Shift+KeyH", "KeyI", "Shift+Digit1", "F5", "Control+KeyW"]) await here.page.keyboard.press(key);
    await settled(here);
    assert.equal(keys(here.mock), "+e1 +b -b -e1 +c -c +e1 +1e -1e -e1 +3e -3e +e0 +1a -1a -e0");
  }));

test("the click that takes the focus is not the target's; the next one is, where it was", () =>
  visiting(browser, nothing, async (here) => {
    await working(here);
    assert.equal(keys(here.mock), "");
    const box = await here.page.getByTestId("screen").boundingBox();
    assert.ok(box);
    await here.page.mouse.click(box.x + box.width / 4, box.y + box.height / 2);
    await settled(here);
    assert.equal(keys(here.mock), "+button0 -button0");
    const [down] = steps(here.mock);
    assert.ok(down?.kind === "button" && down.at);
    assert.ok(Math.abs(down.at.x - ABSOLUTE_MAX / 4) < 30 && Math.abs(down.at.y - ABSOLUTE_MAX / 2) < 30, JSON.stringify(down.at));
  }));

test("in the margin the pointer rests on the edge and a press is nobody's", () =>
  visiting(browser, nothing, async (here) => {
    await working(here);
    await here.page.mouse.move(300, 797);
    await here.page.mouse.click(300, 797);
    await here.page.keyboard.press("a");
    await settled(here);
    assert.equal(keys(here.mock), "+4 -4");
    assert.equal(here.mock.inputs.at(-1)?.at?.y, ABSOLUTE_MAX);
  }, { viewport: { width: 900, height: 800 } }));

test("the wheel counts notches", () =>
  visiting(browser, nothing, async (here) => {
    await working(here);
    await here.page.mouse.wheel(0, 300);
    await becomes(-3, () => here.mock.inputs.at(-1)?.motion.wheel);
  }));

test("what is held is renewed, and released when the window loses the keyboard", () =>
  visiting(browser, nothing, async (here) => {
    await working(here);
    await here.page.keyboard.down("a");
    await settled(here);
    const before = here.mock.inputs.length;
    await becomes(true, () => here.mock.inputs.length >= before + 3);
    assert.ok(here.mock.inputs.slice(before).every((state) => state.keys.includes(4)));
    await here.page.evaluate(() => window.dispatchEvent(new Event("blur")));
    await settled(here);
    assert.equal(keys(here.mock), "+4 -4");
    assert.deepEqual(here.mock.inputs.at(-1)?.keys, []);
  }));

test("without a signal the keyboard is taken all the same, and who has it keeps it when the signal goes: a key may wake the target", () =>
  visiting(browser, nothing, async (here) => {
    const { page, mock } = here;
    const dark = page.locator('[data-testid="state"][data-state="no-signal"]');
    mock.tell({ type: "video", state: states.video({ signal: "none" }) });
    await dark.getByTestId("state-action").click();
    await page.waitForFunction(() => window.dkvm?.focus.engaged === true);
    await page.keyboard.press("a");
    await settled(here);
    mock.tell({ type: "video", state: states.video() });
    await dark.waitFor({ state: "detached" });
    mock.tell({ type: "video", state: states.video({ signal: "none" }) });
    await dark.waitFor();
    await page.keyboard.press("b");
    await settled(here);
    assert.equal(keys(mock), "+4 -4 +5 -5");
    assert.equal(await engaged(page), true);
  }));

test("the chord lets go, and the keyboard is the browser's again", () =>
  visiting(browser, nothing, async (here) => {
    await working(here);
    for (const key of ["Control", "Alt", "Shift"]) await here.page.keyboard.down(key);
    assert.equal(await engaged(here.page), true);
    for (const key of ["Shift", "Alt", "Control"]) await here.page.keyboard.up(key);
    assert.equal(await engaged(here.page), false);
    await here.page.keyboard.press("a");
    await settled(here);
    assert.equal(keys(here.mock), "+e0 +e2 +e1 -e1 -e2 -e0");
    assert.deepEqual(here.mock.inputs.at(-1)?.keys, []);
  }));

test("steps that were not confirmed are sent again after a reconnect, by the same holder", () =>
  visiting(browser, nothing, async (here) => {
    await working(here);
    here.mock.world.acknowledges = false;
    await here.page.keyboard.press("a");
    await here.page.keyboard.press("b");
    const holder = here.mock.inputs[0]?.holder;
    await here.mock.stop();
    await here.page.waitForFunction(() => window.dkvm?.connected === false);
    here.mock.inputs.length = 0;
    here.mock.world.acknowledges = true;
    await here.mock.start();
    await settled(here);
    assert.equal(keys(here.mock), "+4 -4 +5 -5");
    assert.ok(here.mock.inputs.every((state) => state.holder === holder));
    await watching(here);
  }));

test("a focus taken by another page stops the typing, and can be taken back", () =>
  visiting(browser, (mock) => void (mock.world.viewers = 2), async (here) => {
    await working(here);
    await here.page.keyboard.down("a");
    here.mock.steal();
    await here.page.getByTestId("focus-hint").filter({ hasText: "took" }).waitFor();
    await here.page.keyboard.press("b");
    assert.ok(!keys(here.mock).includes("5"));
    await here.page.getByTestId("screen").click({ position: { x: 100, y: 300 } });
    assert.equal(await engaged(here.page), false, "a click does not take it from another page");
    await here.page.getByTestId("take-focus").click();
    await here.page.waitForFunction(() => window.dkvm?.focus.engaged === true);
    await here.page.keyboard.press("c");
    await settled(here);
    assert.ok(keys(here.mock).endsWith("+6 -6"));
  }));

test("combinations that no page can catch, from the drawer", () =>
  visiting(browser, nothing, async (here) => {
    await working(here);
    await here.page.mouse.move(640, 1);
    await here.page.getByTestId("open-keyboard").click();
    await here.page.getByTestId("combo-ctrl-alt-del").click();
    await here.page.getByTestId("console-f2").click();
    await settled(here);
    assert.equal(keys(here.mock), "+e0 +e2 +4c -4c -e2 -e0 +e0 +e2 +3b -3b -e2 -e0");
  }));

test("sticky modifiers and on-screen keys", () =>
  visiting(browser, nothing, async (here) => {
    await watching(here);
    await here.page.getByTestId("open-keyboard").click();
    await here.page.getByTestId("mod-ctrl").click();
    assert.equal(await here.page.getByTestId("mod-ctrl").getAttribute("data-grip"), "once");
    await here.page.getByTestId("key-c").click();
    await settled(here);
    assert.equal(keys(here.mock), "+e0 +6 -6 -e0");
    assert.equal(await here.page.getByTestId("mod-ctrl").getAttribute("data-grip"), "off");
  }));

test("drawers work by keyboard alone", () =>
  visiting(browser, nothing, async (here) => {
    await watching(here);
    await here.page.getByTestId("open-video").focus();
    await here.page.keyboard.press("Enter");
    await here.page.getByTestId("drawer-video").waitFor();
    await here.page.getByTestId("scale-fill").focus();
    await here.page.keyboard.press("Space");
    await here.page.keyboard.press("Escape");
    await here.page.getByTestId("drawer-video").waitFor({ state: "detached" });
    assert.equal(await here.page.evaluate(() => document.activeElement?.getAttribute("data-testid")), "open-video");
    assert.equal(keys(here.mock), "", "none of it was the target's");
  }));

test("mode, quality and a restart are asked for as they were chosen", () =>
  visiting(browser, nothing, async (here) => {
    await watching(here);
    const { page, mock } = here;
    await page.getByTestId("open-video").click();
    await page.getByTestId("mode-size").selectOption("1920×1080");
    await page.getByTestId("max-rate").selectOption("15");
    await page.getByTestId("quality").fill("55");
    await becomes(3, () => mock.actions.length);
    await page.getByTestId("chip-hid").click();
    await page.getByTestId("restart").click();
    await page.getByTestId("restart-confirm").click();
    await becomes(5, () => mock.actions.length);
    assert.deepEqual(mock.actions, [
      { name: "set_mode", width: 1920, height: 1080, millihertz: 60000 },
      { name: "set_encode", quality: 80, max_rate: 15 },
      { name: "set_encode", quality: 55, max_rate: 0 },
      { name: "deaths", device: "hid" },
      { name: "restart", device: "hid" },
    ]);
  }));

test("first visit: a password, then the picture", () =>
  visiting(browser, (mock) => Object.assign(mock.world, { session: "setup", password: "" }), async (here) => {
    await here.page.getByTestId("setup-password").fill("open sesame");
    await here.page.getByTestId("setup-submit").click();
    await watching(here);
    assert.equal(here.mock.world.password, "open sesame");
  }));

test("the login lets in, log-out lets out", () =>
  visiting(browser, (mock) => void (mock.world.session = "login"), async (here) => {
    await here.page.getByTestId("login-password").fill("correct horse");
    await here.page.getByTestId("login-submit").click();
    await watching(here);
    await here.page.getByTestId("open-system").click();
    await here.page.getByTestId("logout").click();
    await here.page.getByTestId("login-password").waitFor();
  }));

test("the picture can be saved as a PNG of its own size", () =>
  visiting(browser, nothing, async (here) => {
    await watching(here);
    const saved = here.page.waitForEvent("download");
    await here.page.getByTestId("screenshot").click();
    const download = await saved;
    assert.match(download.suggestedFilename(), /^rack3-db1-\d{8}-\d{6}\.png$/);
    const chunks: Buffer[] = [];
    for await (const chunk of await download.createReadStream()) chunks.push(chunk as Buffer);
    const png = Buffer.concat(chunks);
    assert.deepEqual([png.readUInt32BE(16), png.readUInt32BE(20)], [1280, 720]);
  }));

test("the picture changes its size while it is watched", () =>
  visiting(browser, nothing, async (here) => {
    await watching(here);
    here.mock.world.size = [640, 480];
    await here.page.waitForFunction(() => document.querySelector("canvas")?.width === 640);
    const box = await here.page.getByTestId("screen").boundingBox();
    assert.ok(box && Math.abs(box.width / box.height - 4 / 3) < 0.01);
  }));

test("a tap on a phone clicks there", () =>
  visiting(browser, nothing, async (here) => {
    await watching(here);
    const { page } = here;
    const box = await page.getByTestId("screen").boundingBox();
    assert.ok(box);
    await page.touchscreen.tap(box.x + 20, box.y + 20); // takes the focus
    await page.waitForFunction(() => window.dkvm?.focus.engaged === true);
    await page.touchscreen.tap(box.x + box.width / 2, box.y + box.height / 2);
    await settled(here);
    assert.equal(keys(here.mock), "+button0 -button0");
    const [down] = steps(here.mock);
    assert.ok(down?.kind === "button" && down.at && Math.abs(down.at.x - ABSOLUTE_MAX / 2) < 100);
  }, { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 }));

test("a mouse or pen that the system takes away lets go of its buttons", () =>
  visiting(browser, nothing, async (here) => {
    const { page, mock } = here;
    await working(here);
    const box = await page.getByTestId("screen").boundingBox();
    assert.ok(box);
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    await page.mouse.down();
    await page.evaluate(({ x, y }) => document.elementFromPoint(x, y)!.dispatchEvent(new PointerEvent("pointercancel", { pointerType: "mouse", bubbles: true })), { x: box.x + box.width / 2, y: box.y + box.height / 2 });
    await becomes("+button0 -button0", () => keys(mock));
    await page.mouse.up(); // is nobody's any more
    await settled(here);
    assert.equal(keys(mock), "+button0 -button0");
  }));

test("the relative pointer is locked, counts, and is let go with the lock", () =>
  visiting(browser, nothing, async (here) => {
    const { page, mock } = here;
    await watching(here);
    await page.getByTestId("open-keyboard").click();
    await page.getByTestId("pointer-relative").click();
    await page.getByTestId("drawer-close").click();
    await page.getByTestId("screen").click({ position: { x: 300, y: 300 } });
    await page.waitForFunction(() => window.dkvm?.focus.engaged === true);
    await page.mouse.move(400, 330);
    await page.mouse.move(460, 350);
    await page.mouse.down();
    await page.mouse.up();
    await settled(here);
    const last = mock.inputs.at(-1);
    assert.equal(last?.at, null);
    assert.ok(last && last.motion.x > 0 && last.motion.y > 0, JSON.stringify(last?.motion));
    assert.equal(keys(mock), "+button0 -button0");
    await page.evaluate(() => document.exitPointerLock());
    await page.waitForFunction(() => window.dkvm?.focus.engaged === false);
  }));

test("full screen and back", () =>
  visiting(browser, nothing, async (here) => {
    await watching(here);
    await here.page.getByTestId("full-screen").click();
    await here.page.waitForFunction(() => document.fullscreenElement !== null);
    await here.page.getByTestId("full-screen").click();
    await here.page.waitForFunction(() => document.fullscreenElement === null);
  }));

test("each shown frame is a credit", () =>
  visiting(browser, nothing, async (here) => {
    await here.page.waitForFunction(() => (window.dkvm?.frames ?? 0) > 6);
    assert.ok(here.mock.credits >= 5);
    assert.ok((await here.page.evaluate(() => window.dkvm?.lastSequence ?? 0)) > 5);
  }));

// A text for the target: checked, typed, cancelled.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Browser, BrowserContextOptions } from "playwright-core";
import type { Mock } from "../../dev/mock.ts";
import * as states from "../../dev/states.ts";
import { becomes, launch, visiting, watching, working, type Visit } from "./harness.ts";

const PHONE: BrowserContextOptions = { viewport: { width: 360, height: 740 }, hasTouch: true, deviceScaleFactor: 2 };

let browser: Browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

const unchanged = (): void => undefined;

async function see(name: string, prepare: (mock: Mock) => void, then: (visit: Visit) => Promise<void>, options: BrowserContextOptions = {}): Promise<void> {
  await visiting(browser, prepare, async (here) => {
    await watching(here);
    await here.page.getByTestId("open-keyboard").click();
    await then(here);
    await here.page.waitForTimeout(250); // animations end; the picture is for a person
    await here.shot(name);
    const overflow = await here.page.evaluate(() => Math.max(...[document.documentElement, document.querySelector(".drawer-body")].map((box) => (box ? box.scrollWidth - box.clientWidth : 0))));
    assert.ok(overflow <= 0, `${overflow} px too wide`);
  }, options);
}

const sent = (mock: Mock): unknown[] => mock.actions.filter(({ name }) => name === "type_text" || name === "type_cancel");

for (const [name, options] of [["paste", {}], ["paste-phone", PHONE]] as const) {
  test(`what cannot be typed is told, and nothing is sent (${name})`, () =>
    see(name, (mock) => void (mock.world.untypable = "the layout English (US) cannot type 1 character of the text: U+00E9 “é” (line 1, column 4); nothing was typed"), async ({ page, mock }) => {
      assert.equal(await page.getByTestId("paste-send").isDisabled(), true);
      await page.getByTestId("paste-text").fill("café");
      await page.getByTestId("paste-problem").filter({ hasText: "The layout English (US) cannot type" }).waitFor();
      assert.equal(await page.getByTestId("paste-send").isDisabled(), true);
      await page.getByTestId("paste-text").press("Control+Enter");
      assert.deepEqual(sent(mock), []);
      mock.world.untypable = "";
      await page.getByTestId("paste-layout").selectOption("de"); // another layout is asked about anew
      await page.getByTestId("paste-problem").waitFor({ state: "detached" });
      mock.world.untypable = "the layout German cannot type it";
      await page.getByTestId("paste-text").fill("caffè");
      await page.getByTestId("paste-problem").waitFor();
    }, options));
}

test("a text is typed in the layout chosen, which is remembered", () =>
  visiting(browser, unchanged, async (here) => {
    const { page, mock, shot } = here;
    await working(here);
    await page.getByTestId("open-keyboard").click();
    await page.getByTestId("paste-text").fill("Grüße\n");
    await page.getByTestId("paste-layout").selectOption("de");
    await page.getByTestId("paste-pace-steady").click();
    await page.locator("[data-testid=paste-send]:enabled").click();
    await becomes([{ name: "type_text", text: "Grüße\n", layout: "de", pace_ms: 30 }], () => sent(mock));
    mock.tell({ type: "typist", state: states.typist({ typing: { done: 2, total: 6 } }) });
    await page.getByTestId("typing-words").filter({ hasText: "2 of 6 characters" }).waitFor();
    await page.getByTestId("banner").filter({ hasText: "A text is being typed" }).waitFor();
    await shot("typing");
    await page.getByTestId("typing-cancel").click();
    const last = { number: 1, ending: "cancelled", message: "typing was cancelled", typing: { done: 3, total: 6 } } as const;
    mock.tell({ type: "typist", state: states.typist({ last }) });
    await page.getByTestId("toast").filter({ hasText: "Typing was cancelled. 3 of 6 characters were typed." }).waitFor();
    await becomes({ name: "type_cancel" }, () => sent(mock).at(-1));
    assert.equal(await page.getByTestId("paste-text").inputValue(), "");
    assert.equal(await page.getByTestId("paste-layout").inputValue(), "de");
    await page.reload();
    await watching(here);
    await page.getByTestId("open-keyboard").click();
    assert.equal(await page.getByTestId("paste-layout").inputValue(), "de");
  }));

test("without the device it says so", () =>
  see("paste-absent", (mock) => mock.tell({ type: "typist", state: null }, { type: "device", ...states.device("typist", { desired: "down", phase: "stopped" }) }), async ({ page }) => {
    await page.getByText("The typist device is stopped").waitFor();
  }));

test("Ctrl+Shift+V at the picture has the clipboard typed, and holds nothing at the target", () =>
  visiting(browser, () => undefined, async (here) => {
    const { page, mock } = here;
    await working(here);
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await page.evaluate(() => navigator.clipboard.writeText("Grüße\n"));
    await page.keyboard.press("Control+Shift+KeyV");
    await page.waitForFunction(() => window.dkvm?.focus.engaged === false);
    await until(() => mock.actions.some(({ name }) => name === "type_text"));
    assert.deepEqual(mock.actions.filter(({ name }) => name === "type_text"), [{ name: "type_text", text: "Grüße\n", layout: "us", pace_ms: null }]);
    assert.deepEqual(mock.inputs.at(-1)?.keys, []);
  }));

test("a clipboard without a text is told", () =>
  visiting(browser, () => undefined, async (here) => {
    const { page, mock } = here;
    await working(here);
    await page.evaluate(() => document.dispatchEvent(new ClipboardEvent("paste", { clipboardData: new DataTransfer(), cancelable: true })));
    await page.getByText("there is no text in the clipboard").waitFor();
    assert.deepEqual(mock.actions.filter(({ name }) => name === "type_text"), []);
  }));

async function until(holds: () => boolean): Promise<void> {
  for (let tries = 0; tries < 600 && !holds(); tries += 1) await new Promise((resolve) => setTimeout(resolve, 50));
}

// USB to the target: profiles, and what is asked before one is chosen.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Browser, BrowserContextOptions } from "playwright-core";
import type { Mock } from "../../dev/mock.ts";
import * as states from "../../dev/states.ts";
import { becomes, launch, visiting, watching, type Visit } from "./harness.ts";

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
    await here.page.getByTestId("tab-system").click();
    await here.page.getByTestId("profiles").scrollIntoViewIfNeeded();
    await then(here);
    await here.page.waitForTimeout(250); // animations end; the picture is for a person
    await here.shot(name);
    const overflow = await here.page.evaluate(() => Math.max(...[document.documentElement, document.querySelector(".drawer-body")].map((box) => (box ? box.scrollWidth - box.clientWidth : 0))));
    assert.ok(overflow <= 0, `${overflow} px too wide`);
  }, options);
}

const asked = (mock: Mock): unknown[] => mock.actions.filter(({ name }) => name === "profile" || name === "plug");

test("another profile is asked for, and told", () =>
  see("usb-profile", unchanged, async ({ page, mock, shot }) => {
    await page.getByTestId("choose-install").click();
    await page.getByText(/the keyboard is unplugged for a second/).waitFor();
    await shot("usb-profile-asks");
    assert.deepEqual(asked(mock), []);
    await page.getByTestId("choose-install-confirm").click();
    await page.getByTestId("toast").filter({ hasText: "The target gets the USB profile install." }).waitFor();
    assert.deepEqual(asked(mock), [{ name: "profile", profile: "install" }]);
    mock.tell({ type: "gadget", ...states.gadget({ profile: "install", binding: 2 }) });
    await page.getByTestId("profile-install").getByText("chosen").waitFor();
    await page.getByTestId("choose-bios").waitFor();
  }));

test("what does not fit says why, and cannot be chosen", () =>
  see("usb-unfit", unchanged, async ({ page }) => {
    await page.getByTestId("profile-everything-unfit").getByText(/needs 6 endpoints.*leave out serial/).waitFor();
    assert.equal(await page.getByTestId("choose-everything").count(), 0);
  }));

test("USB is unplugged and plugged", () =>
  see("usb-unplugged", unchanged, async ({ page, mock }) => {
    await page.getByTestId("unplug").click();
    await page.getByText(/as if the cable were pulled/).waitFor();
    await page.getByTestId("unplug-confirm").click();
    mock.tell({ type: "gadget", ...states.gadget({ state: "unplugged", speed: "" }) });
    await page.getByTestId("plug").click();
    await becomes([{ name: "plug", plugged: false }, { name: "plug", plugged: true }], () => asked(mock));
  }));

test("profiles on a phone", () => see("phone-usb", unchanged, async () => undefined, PHONE));

// The working page and its drawers, in both themes and from phone to 4K: nothing overflows, and a person looks.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Browser, BrowserContextOptions } from "playwright-core";
import type { Mock } from "../../dev/mock.ts";
import * as states from "../../dev/states.ts";
import { launch, visiting, watching, working, type Visit } from "./harness.ts";

let browser: Browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

function limping(mock: Mock): void {
  mock.tell({ type: "device", ...states.device("capture", { generation: 3, deaths: 2, phase: "degraded", detail: "2 % of the frames are dropped: no free slot." }) });
}

async function look(name: string, options: BrowserContextOptions, then: (visit: Visit) => Promise<void>): Promise<void> {
  const see = async (here: Visit): Promise<void> => {
    await then(here);
    await here.page.waitForTimeout(300); // animations end; the picture is for a person
    await here.shot(name);
    const overflow = await here.page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    assert.ok(overflow <= 0, `${overflow} px too wide`);
  };
  await visiting(browser, limping, see, options);
}

const open = (drawer: string) => async (here: Visit): Promise<void> => {
  await watching(here);
  await here.page.getByTestId("open-keyboard").click(); // a phone's bar has room for some; the tabs lead to all
  await here.page.getByTestId(`tab-${drawer}`).click();
};

test("picture", () => look("picture", {}, watching));
test("picture, light", () => look("picture-light", { colorScheme: "light" }, watching));
test("working", () => look("working", {}, working));
for (const drawer of ["keyboard", "video", "media", "sound", "power", "network", "nodes", "system"]) {
  test(`${drawer} drawer`, () => look(`drawer-${drawer}`, {}, open(drawer)));
  test(`${drawer} drawer, light`, () => look(`drawer-${drawer}-light`, { colorScheme: "light" }, open(drawer)));
  test(`${drawer} drawer on a phone`, () => look(`phone-${drawer}`, { viewport: { width: 360, height: 740 }, hasTouch: true, deviceScaleFactor: 2 }, open(drawer)));
}

test("record of a device", () =>
  look("device-record", {}, async (here) => {
    await watching(here);
    await here.page.getByTestId("chip-capture").click();
    await here.page.getByTestId("death").first().click();
  }));

test("phone", () => look("phone", { viewport: { width: 360, height: 740 }, hasTouch: true, deviceScaleFactor: 2 }, watching));
test("phone, no signal", () =>
  look("phone-no-signal", { viewport: { width: 360, height: 740 }, hasTouch: true, deviceScaleFactor: 2 }, async (here) => {
    await watching(here);
    here.mock.world.picture = false;
    here.mock.tell({ type: "video", state: states.video({ signal: "none" }) });
    await here.page.getByTestId("state-message").waitFor();
  }));
test("4K", () => look("uhd", { viewport: { width: 3840, height: 2160 } }, watching));

// All targets as tiles: seen at once, live, and worked by keyboard alone.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Browser } from "playwright-core";
import { target } from "../../dev/far.ts";
import type { Mock } from "../../dev/mock.ts";
import * as states from "../../dev/states.ts";
import { keys, nothing, PHONE, see, settled, taken, UHD } from "./away.ts";
import { launch, visiting, watching, working, type Visit } from "./harness.ts";

let browser: Browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

/** A desk with many targets, in all the states that there are. */
function many(mock: Mock): void {
  const peers = ["attic", "backup", "cellar", "office", "rack1-a", "rack1-b", "rack2-with-a-rather-long-name"].map((node) => states.peer(node));
  mock.world.thumbs = ["", "office", "rack1-a", "rack2-with-a-rather-long-name"];
  const more = [states.peer("lab-bench", { link: "refused", detail: "it has forgotten this node: pair both again", granted: [] }), states.peer("reception", { granted: ["type"] })];
  mock.tell({ type: "peers", state: states.peers({ peers: [...peers, ...more] }) });
  mock.tell({ type: "target", ...target("attic", { video: states.video({ signal: "none" }), power: states.power({ power_led: false }) }) });
  mock.tell({ type: "target", ...target("cellar", { video: null, gadget: states.gadget({ state: "not_attached" }) }) });
  mock.tell({ type: "target", ...target("rack1-a", { hid: states.hid({ holder: 7, by: "desk/input", busy: true }) }) });
  mock.tell({ type: "target", ...target("rack1-b", { power: null }) }, { type: "target", ...target("rack2-with-a-rather-long-name", { hid: states.hid({ holder: 7, by: "web", busy: true }) }) });
}

const live = (page: Visit["page"], node: string): Promise<void> => page.locator(`[data-testid="tile-${node}"][data-live="true"]`).waitFor();

test("all targets as tiles, live while somebody looks", () =>
  see(browser, "overview", many, async ({ page, mock }) => {
    await watching({ page } as Visit);
    assert.equal(mock.lookers.size, 0);
    await page.getByTestId("open-targets").click();
    for (const node of ["self", "office", "rack1-a", "rack2-with-a-rather-long-name"]) await live(page, node);
    assert.equal(await page.locator("[data-tile]").count(), 10);
    await page.getByTestId("tile-attic").getByText("No signal").waitFor();
    await page.getByTestId("tile-reception").getByText("does not grant “view”").waitFor();
    await page.getByTestId("tile-lab-bench").getByText("It has forgotten this node").waitFor();
    await page.getByTestId("tile-rack1-a").getByText("desk types").waitFor();
    assert.match((await page.getByTestId("tile-office").getAttribute("aria-label")) ?? "", /^office: 800×600, 60 Hz, USB in use, power on$/);
    assert.equal(mock.lookers.size, 1);
    await page.getByTestId("overview-close").click();
    await page.getByTestId("overview").waitFor({ state: "detached" });
    while (mock.lookers.size > 0) await page.waitForTimeout(20);
    await page.getByTestId("open-targets").click();
    await live(page, "office");
  }));

test("all targets, light", () => see(browser, "overview-light", many, openAll, { colorScheme: "light" }));
test("all targets on a phone", () => see(browser, "phone-overview", many, openAll, PHONE));
test("all targets on 4K", () => see(browser, "uhd-overview", many, openAll, UHD));
test("nobody else yet", () =>
  see(browser, "overview-alone", (mock) => mock.tell({ type: "peers", state: states.peers({ peers: [] }) }), async ({ page }) => {
    await page.getByTestId("open-targets").click();
    await page.getByTestId("overview-alone").waitFor();
    await live(page, "self");
  }));

async function openAll(here: Visit): Promise<void> {
  await watching(here);
  await here.page.getByTestId("open-targets").click();
  await live(here.page, "office");
}

test("a picture that comes or goes moves nothing", () =>
  visiting(browser, (mock) => void (mock.world.thumbs = []), async ({ page, mock }) => {
    await page.getByTestId("open-targets").click();
    const tile = page.getByTestId("tile-office");
    await tile.getByText("on its way").waitFor();
    const place = await tile.boundingBox();
    while (mock.lookers.size === 0) await page.waitForTimeout(20);
    mock.small("office", 3);
    await live(page, "office");
    assert.deepEqual(await tile.boundingBox(), place);
    mock.small("office", null);
    await tile.getByText("on its way").waitFor();
    assert.deepEqual(await tile.boundingBox(), place);
  }));

test("by keyboard alone: the chord, the arrows, Enter, and what is typed then arrives there and only there", () =>
  see(browser, "far-typing", nothing, async (here) => {
    const { page, mock } = here;
    await working(here);
    for (const key of ["ShiftLeft", "ShiftRight"]) await page.keyboard.down(key);
    for (const key of ["ShiftRight", "ShiftLeft"]) await page.keyboard.up(key);
    await page.getByTestId("overview").waitFor();
    assert.equal(await page.evaluate(() => window.dkvm?.focus.engaged), false);
    await page.waitForFunction(() => document.activeElement?.getAttribute("data-testid") === "tile-self");
    await page.keyboard.press("End");
    await page.keyboard.press("Enter");
    await page.getByTestId("overview").waitFor({ state: "detached" });
    await page.getByTestId("target").getByText("office").waitFor();
    await taken(here);
    const before = mock.inputs.length;
    for (const key of ["KeyH", "KeyI"]) await page.keyboard.press(key);
    await settled(here);
    assert.equal(keys(mock.far("office").inputs), "+b -b +c -c");
    assert.equal(mock.inputs.length, before, "nothing for this node's own target");
  }));

test("Escape leads back to what was there, and the chord opens and closes while nobody types", () =>
  visiting(browser, nothing, async (here) => {
    const { page } = here;
    await watching(here);
    const chord = async (): Promise<void> => {
      for (const key of ["ShiftLeft", "ShiftRight"]) await page.keyboard.down(key);
      for (const key of ["ShiftLeft", "ShiftRight"]) await page.keyboard.up(key);
    };
    await page.getByTestId("open-targets").focus();
    await chord();
    await page.getByTestId("overview").waitFor();
    await page.keyboard.press("Escape");
    await page.getByTestId("overview").waitFor({ state: "detached" });
    assert.equal(await page.evaluate(() => document.activeElement?.getAttribute("data-testid")), "open-targets");
    await chord();
    await page.getByTestId("overview").waitFor();
    await chord();
    await page.getByTestId("overview").waitFor({ state: "detached" });
    assert.equal(await page.evaluate(() => window.dkvm?.target), "");
  }));

test("the arrows go from row to row", () =>
  visiting(browser, many, async ({ page }) => {
    await page.getByTestId("open-targets").click();
    const focused = (): Promise<string | null | undefined> => page.evaluate(() => document.activeElement?.getAttribute("data-testid"));
    await page.waitForFunction(() => document.activeElement?.getAttribute("data-testid") === "tile-self");
    const ids = await page.locator("[data-tile]").evaluateAll((tiles) => tiles.map((tile) => tile.getAttribute("data-testid")));
    await page.keyboard.press("ArrowRight");
    assert.equal(await focused(), ids[1]);
    await page.keyboard.press("ArrowDown");
    assert.equal(await focused(), ids[5], "four in a row at 1280 px");
    await page.keyboard.press("ArrowUp");
    await page.keyboard.press("ArrowLeft");
    assert.equal(await focused(), ids[0]);
    await page.keyboard.press("ArrowLeft");
    assert.equal(await focused(), ids[0]);
  }));

test("the bar holds all of it, and devices that are not well are seen", () =>
  visiting(browser, (mock) => mock.tell({ type: "device", ...states.device("usbnet", { phase: "degraded", detail: "no lease yet" }) }, { type: "device", ...states.device("web", { phase: "failed" }) }), async (here) => {
    const { page } = here;
    for (const width of [1280, 1024, 700, 360]) {
      await page.setViewportSize({ width, height: 740 });
      for (const name of ["open-targets", "open-keyboard", "open-system", "full-screen", ...(width > 600 ? ["chip-usbnet", "chip-web"] : [])]) {
        const box = await page.getByTestId(name).boundingBox();
        assert.ok(box && box.x >= 0 && box.x + box.width <= width, `${name} at ${width} px: ${JSON.stringify(box)}`);
      }
      const chips = await page.locator(".chips").boundingBox();
      const bad = await page.getByTestId("chip-web").boundingBox();
      assert.ok(chips && bad && bad.x >= chips.x - 1 && bad.x + bad.width <= chips.x + chips.width + 1, `a failed device is hidden at ${width} px`);
      await here.shot(`bar-${width}`);
    }
  }));

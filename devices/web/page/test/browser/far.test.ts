// Another node's target in this page: shown, worked, and what a person meets on the way to it.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Browser } from "playwright-core";
import * as states from "../../dev/states.ts";
import type { ToPage } from "../../src/wire/ToPage.ts";
import { away, keys, linked, nothing, PHONE, see, settled, taken, told, UHD } from "./away.ts";
import { becomes, launch, visiting, watching, working, type Visit } from "./harness.ts";

let browser: Browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

const state = ({ page }: Visit, id: string): Promise<void> => page.locator(`[data-testid="state"][data-state="${id}"]`).waitFor();
const banner = ({ page }: Visit, id: string): Promise<void> => page.locator(`[data-testid="banner"][data-state="${id}"]`).waitFor();

test("another node's target is shown as that, and one step leads back", () =>
  see(browser, "far", nothing, async (here) => {
    const { page, mock } = here;
    await away(here);
    await page.getByTestId("resolution").getByText("800×600").waitFor();
    assert.equal(await page.title(), "office · rack3-db1 · dKVM");
    assert.equal(await page.getByTestId("node").textContent(), "rack3-db1");
    assert.equal(await page.getByTestId("latency").textContent(), "–");
    assert.equal(await page.getByTestId("chip-capture").count(), 0, "this node's devices are not office's");
    assert.deepEqual([...new Set(mock.farOpened)], ["/api/video office"]);
    await here.shot("far-first");
    await page.getByTestId("target-back").click();
    await page.getByTestId("resolution").getByText("1280×720").waitFor();
    assert.equal(await page.getByTestId("target").count(), 0);
    assert.equal(page.url().includes("#"), false);
    await page.goBack();
    await page.getByTestId("target").waitFor();
    await page.waitForFunction(() => (window.dkvm?.frames ?? 0) > 1);
  }));

test("another node's target on a phone, light, and on 4K", async () => {
  await see(browser, "phone-far", nothing, away, PHONE);
  await see(browser, "far-light", nothing, away, { colorScheme: "light" });
  await see(browser, "uhd-far", nothing, away, UHD);
});

test("a reload keeps the target that is shown", () =>
  visiting(browser, nothing, async (here) => {
    await away(here);
    await here.page.reload();
    await here.page.getByTestId("target").getByText("office").waitFor();
    await here.page.getByTestId("resolution").getByText("800×600").waitFor();
    await taken(here);
    await here.page.keyboard.press("KeyA");
    await settled(here);
    assert.equal(keys(here.mock.far("office").inputs), "+4 -4");
  }));

test("what is held goes up at the one before the other is worked", () =>
  visiting(browser, nothing, async (here) => {
    const { page, mock } = here;
    await working(here);
    await page.keyboard.down("KeyA");
    await settled(here);
    await page.evaluate("history.pushState(null, '', '#target=office'); dispatchEvent(new PopStateEvent('popstate'))");
    await page.getByTestId("target").waitFor();
    await page.waitForFunction(() => (window.dkvm?.frames ?? 0) > 0);
    await page.getByTestId("take-focus").click();
    await page.waitForFunction(() => window.dkvm?.focus.engaged === true);
    await page.keyboard.press("KeyB");
    await settled(here);
    assert.equal(keys(mock.inputs), "+4 -4");
    assert.equal(keys(mock.far("office").inputs), "+5 -5");
    const there = mock.order.findIndex((said) => said.startsWith("office"));
    assert.equal(mock.order[there - 1], "here: ", "released here before anything is said there");
    assert.equal(mock.order.slice(there).some((said) => said.startsWith("here")), false);
    assert.ok(mock.far("office").inputs.every((state) => !state.keys.includes(4)));
  }));

test("view only: the picture without a keyboard, in a sentence", () =>
  see(browser, "far-view-only", (mock) => mock.tell(linked({ granted: ["view"] })), async (here) => {
    const { page, mock } = here;
    await away(here);
    await page.waitForFunction(() => (window.dkvm?.frames ?? 0) > 1);
    await banner(here, "far-view-only");
    await page.getByTestId("screen").click({ position: { x: 200, y: 300 } });
    await page.getByTestId("open-keyboard").click();
    await page.getByTestId("combo-ctrl-alt-del").click();
    assert.equal(await page.getByTestId("focus-hint").count(), 0);
    assert.ok(await page.getByTestId("focus-holder").isDisabled());
    assert.deepEqual(mock.far("office").inputs, []);
    assert.deepEqual(mock.inputs, []);
    assert.equal(await page.getByTestId("state-action").getAttribute("href"), "https://192.0.2.31/");
    await page.getByTestId("drawer-close").click();
  }));

test("a right that is taken back lets go at once", () =>
  visiting(browser, nothing, async (here) => {
    await away(here);
    await taken(here);
    await here.page.keyboard.down("KeyA");
    await settled(here);
    here.mock.tell(linked({ granted: ["view"] }));
    await banner(here, "far-view-only");
    await here.page.waitForFunction(() => window.dkvm?.focus.holding === false);
    await becomes([], () => here.mock.far("office").inputs.at(-1)?.keys);
  }));

const covers = [
  ["far-unlinked", linked({ link: "connecting", granted: [], detail: "no answer from 192.0.2.31:23586" })],
  ["far-refused", linked({ link: "refused", granted: [], detail: "it has forgotten this node: pair both again" })],
  ["far-not-granted", linked({ granted: ["type"] })],
  ["far-unpaired", { type: "peers", state: states.peers({ peers: [] }) }],
  ["far-no-peer", { type: "peers", state: null }],
  ["far-none", told({ video: states.video({ signal: "none" }) })],
  ["far-no-capture", told({ video: null })],
] satisfies Array<[string, ToPage]>;
for (const [id, message] of covers) {
  test(`in place of the picture: ${id}`, () =>
    see(browser, `state-${id}`, nothing, async (here) => {
      await away(here);
      await here.page.waitForFunction(() => (window.dkvm?.frames ?? 0) > 1);
      here.mock.tell(message);
      await state(here, id);
      assert.equal(await here.page.getByTestId("state-action").count(), 1);
    }));
}

test("a link that breaks leads back in one step", () =>
  visiting(browser, nothing, async (here) => {
    await away(here);
    here.mock.tell(linked({ link: "connecting", granted: [] }));
    await state(here, "far-unlinked");
    await here.page.getByTestId("state-action").click();
    await here.page.waitForFunction(() => window.dkvm?.target === "" && window.dkvm.frames > 1);
    assert.equal(await here.page.getByTestId("state").count(), 0);
  }));

test("why this node gives no picture of it is told", () =>
  see(browser, "state-far-refused-picture", (mock) => void (mock.world.farRefusal = "eight other nodes are watched already: close one of these pages"), async (here) => {
    await away(here);
    await state(here, "far-refused-picture");
    await here.page.getByText("Eight other nodes are watched already").waitFor();
  }));

const banners = [
  ["far-stalled", linked({ link: "stalled" })],
  ["far-no-hid", told({ hid: null })],
  ["far-usb-suspended", told({ gadget: states.gadget({ state: "suspended" }) })],
] satisfies Array<[string, ToPage]>;
for (const [id, message] of banners) {
  test(`above the picture: ${id}`, () =>
    see(browser, `banner-${id}`, nothing, async (here) => {
      await away(here);
      await here.page.waitForFunction(() => (window.dkvm?.frames ?? 0) > 1);
      here.mock.tell(message);
      await banner(here, id);
    }));
}

test("somebody else at work there is asked about, and who takes it is told", () =>
  see(browser, "far-taken", (mock) => mock.tell(told({ hid: states.hid({ focus: 9, holder: 7, by: "web", busy: true }) })), async (here) => {
    const { page, mock } = here;
    await away(here);
    await page.waitForFunction(() => (window.dkvm?.frames ?? 0) > 1);
    await page.getByTestId("focus-hint").getByText("Somebody at office's page is typing here.").waitFor();
    await page.getByTestId("screen").click({ position: { x: 200, y: 300 } });
    assert.deepEqual(mock.far("office").inputs, []);
    await page.getByTestId("take-focus").click();
    await page.waitForFunction(() => window.dkvm?.focus.engaged === true);
    while (mock.far("office").inputs.length === 0) await page.waitForTimeout(20);
    mock.tell(told({ hid: states.hid({ focus: 12, holder: 7, by: "desk/input", busy: true }) }));
    await page.getByTestId("focus-hint").getByText("desk took keyboard and mouse.").waitFor();
    assert.equal(await page.evaluate(() => window.dkvm?.focus.engaged), false);
  }));

test("what is typed while the target is away waits a moment, and arrives once when it is back", () =>
  visiting(browser, nothing, async (here) => {
    const { page, mock } = here;
    await away(here);
    await taken(here);
    await page.keyboard.press("KeyA");
    await settled(here);
    const { focus, holder } = mock.far("office");
    mock.gone("office");
    await state(here, "far-untold");
    await page.keyboard.press("KeyB");
    const before = mock.far("office").inputs.length;
    await page.waitForTimeout(300);
    assert.equal(mock.far("office").inputs.length, before, "nothing is said to nobody");
    mock.tell(told({ hid: states.hid({ focus, holder, by: "rack3-db1/web", busy: true }) }));
    await settled(here);
    assert.equal(keys(mock.far("office").inputs), "+4 -4 +5 -5");
  }));

test("after a break of this node's own link the same target goes on", () =>
  visiting(browser, nothing, async (here) => {
    const { page, mock } = here;
    await away(here);
    await taken(here);
    await page.keyboard.press("KeyA");
    await settled(here);
    const { focus, holder } = mock.far("office");
    mock.tell(told({ hid: states.hid({ focus, holder, by: "rack3-db1/web" }) }));
    await mock.stop();
    await page.waitForFunction(() => window.dkvm?.connected === false);
    await page.keyboard.press("KeyB");
    await mock.start();
    await page.waitForFunction(() => window.dkvm?.connected === true);
    await settled(here);
    assert.equal(keys(mock.far("office").inputs), "+4 -4 +5 -5");
    assert.equal(keys(mock.inputs), "");
  }));

test("the order in which the node tells all anew costs nothing that was typed", () =>
  visiting(browser, nothing, async (here) => {
    const { page, mock } = here;
    await away(here);
    await taken(here);
    await page.keyboard.press("KeyA");
    await settled(here);
    const { focus, holder } = mock.far("office");
    const peers = mock.world.say.filter(({ type }) => type === "peers");
    mock.tell(told({ hid: states.hid({ focus, holder, by: "rack3-db1/web" }) }));
    mock.world.say = [...mock.world.say.filter(({ type }) => type !== "peers"), ...peers];
    await mock.stop();
    await page.waitForFunction(() => window.dkvm?.connected === false);
    await page.keyboard.press("KeyB");
    await mock.start();
    await settled(here);
    assert.equal(keys(mock.far("office").inputs), "+4 -4 +5 -5");
  }));

test("a link between the nodes that is made anew keeps the focus and what was typed", () =>
  visiting(browser, nothing, async (here) => {
    const { page, mock } = here;
    await away(here);
    await taken(here);
    await page.keyboard.press("KeyA");
    await settled(here);
    const { focus, holder } = mock.far("office");
    mock.tell(linked({ link: "connecting", granted: [] }));
    mock.gone("office");
    await state(here, "far-unlinked");
    await page.keyboard.press("KeyB");
    assert.notEqual(await page.getByTestId("focus-holder").textContent(), "View only");
    mock.tell(linked({}), told({ hid: states.hid({ focus, holder, by: "rack3-db1/web" }) }));
    await settled(here);
    assert.equal(keys(mock.far("office").inputs), "+4 -4 +5 -5");
  }));

for (const [how, broken] of [["this node's own link", true], ["the link to it", false]] as const) {
  test(`who takes it over after ${how} was away, and somebody else was there, is heard at once`, () =>
    visiting(browser, nothing, async (here) => {
      const { page, mock } = here;
      await away(here);
      await taken(here);
      const others = told({ hid: states.hid({ focus: 20, holder: 7, by: "web", busy: true }) });
      if (broken) {
        await mock.stop();
        await page.waitForFunction(() => window.dkvm?.connected === false);
        mock.tell(others);
        await mock.start();
      } else {
        mock.gone("office");
        mock.tell(others);
      }
      mock.far("office").focus = 20;
      await page.getByTestId("focus-hint").getByText("Somebody at office's page took keyboard and mouse.").waitFor();
      const before = mock.far("office").inputs.length;
      await page.getByTestId("take-focus").click();
      await page.keyboard.press("KeyC");
      await settled(here);
      assert.ok(mock.far("office").inputs.length > before);
      assert.equal(mock.far("office").focus, 21);
    }));
}

test("a target that may not be heard any more is not asked for its sound again and again", () =>
  visiting(browser, nothing, async (here) => {
    const { page, mock } = here;
    await away(here);
    await page.getByTestId("open-sound").click();
    await page.getByTestId("sound-listen").click();
    await page.waitForFunction(() => (window.dkvm?.sound.peak ?? 0) > 0.3);
    const asked = (): number => mock.farOpened.filter((path) => path === "/api/sound office").length;
    mock.world.deaf = "office does not let this node view its target";
    mock.tell(linked({ granted: ["type"] }));
    mock.cutSound();
    await page.getByTestId("sound-problem").getByText("Office does not let this node").waitFor();
    const before = asked();
    await page.waitForTimeout(1_500);
    assert.equal(asked(), before);
    mock.world.deaf = "";
    mock.tell(linked({}));
    await page.waitForFunction(() => window.dkvm?.sound.problem === null && window.dkvm.sound.peak > 0.3);
    assert.equal(asked(), before + 1);
    await page.getByTestId("sound-listen").click();
    await page.waitForFunction(() => window.dkvm?.sound.listening === "off");
  }));

for (const drawer of ["media", "power", "console"]) {
  test(`the drawer ${drawer} does not act on another target than the one that is shown`, () =>
    see(browser, `far-drawer-${drawer}`, nothing, async (here) => {
      const { page } = here;
      await away(here);
      await page.getByTestId("open-keyboard").click();
      await page.getByTestId(`tab-${drawer}`).click();
      const link = page.getByTestId("elsewhere").getByRole("link");
      assert.equal(await link.getAttribute("href"), "https://192.0.2.31/");
      assert.equal(await page.locator(".drawer-body button, .drawer-body input, .drawer-body select").count(), 0);
    }));
}

test("drawers of this node say whose they are", () =>
  see(browser, "far-drawer-system", nothing, async (here) => {
    const { page } = here;
    await away(here);
    for (const drawer of ["network", "nodes", "system"]) {
      if (drawer === "network") await page.getByTestId("open-network").click();
      else await page.getByTestId(`tab-${drawer}`).click();
      await page.getByTestId("elsewhere").getByText("All of this is of rack3-db1 and its own target, not of office.").waitFor();
    }
  }));

test("keyboard and video drawers act on the target that is shown, or not at all", () =>
  see(browser, "far-drawer-keyboard", nothing, async (here) => {
    const { page, mock } = here;
    await away(here);
    await page.getByTestId("open-video").click();
    for (const own of ["mode-size", "mode-rate", "quality", "max-rate", "h264-max-rate"]) assert.equal(await page.getByTestId(own).count(), 0, own);
    await here.shot("far-drawer-video");
    await page.getByTestId("open-keyboard").click();
    assert.equal(await page.getByTestId("paste-text").count(), 0);
    assert.equal(await page.getByTestId("jiggle-on").count(), 0);
    await page.getByTestId("combo-ctrl-alt-del").click();
    while (keys(mock.far("office").inputs) === "") await page.waitForTimeout(20);
    await settled(here);
    assert.equal(keys(mock.far("office").inputs), "+e0 +e2 +4c -4c -e2 -e0");
    assert.deepEqual(mock.inputs, []);
    assert.deepEqual(mock.actions, []);
  }));

test("a text that is pasted at another node's target is not typed at this one's", () =>
  visiting(browser, nothing, async (here) => {
    await away(here);
    await taken(here);
    await here.page.evaluate("(() => { const data = new DataTransfer(); data.setData('text/plain', 'secret'); document.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true })); })()");
    await here.page.getByTestId("toast").getByText("from that node's own page").waitFor();
    assert.deepEqual(here.mock.actions, []);
  }));

test("what is heard is what the shown target plays", () =>
  visiting(browser, nothing, async (here) => {
    const { page, mock } = here;
    await watching(here);
    await page.getByTestId("open-sound").click();
    await page.getByTestId("sound-listen").click();
    await page.waitForFunction(() => (window.dkvm?.sound.peak ?? 0) > 0.3);
    await away(here);
    while (!mock.farOpened.includes("/api/sound office")) await page.waitForTimeout(20);
    await page.waitForFunction(() => window.dkvm?.sound.listening === "on");
    await page.getByTestId("target-back").click();
    while (mock.opened.filter((path) => path === "/api/sound").length < 3) await page.waitForTimeout(20);
  }));

// Several targets beside each other, as the heads of one desk: each in its place, and the first one worked over all of them.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Browser, BrowserContextOptions } from "playwright-core";
import { target } from "../../dev/far.ts";
import type { Mock } from "../../dev/mock.ts";
import * as states from "../../dev/states.ts";
import type { InputState } from "../../src/wire/InputState.ts";
import type { PeerInfo } from "../../src/wire/PeerInfo.ts";
import type { Position } from "../../src/wire/Position.ts";
import { ABSOLUTE_MAX } from "../../src/wire/constants.ts";
import { PHONE, see, settled } from "./away.ts";
import { becomes, launch, visiting, watching, type Visit } from "./harness.ts";

let browser: Browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

const paired = (lab: Partial<PeerInfo> = {}): Parameters<Mock["tell"]>[0] => ({ type: "peers", state: states.peers({ peers: ["attic", "office"].map((node) => states.peer(node)).concat(states.peer("lab", lab)) }) });

/** This node's target has 1280 × 720 pixels, office's 800 × 600, lab's 640 × 480. */
function desk(mock: Mock): void {
  mock.world.farSizes = { lab: [640, 480] };
  mock.tell(paired(), { type: "target", ...target("lab", { video: states.video({ mode: { width: 640, height: 480, millihertz: 60_000 } }) }) });
  mock.tell({ type: "target", ...target("attic") });
}

/** The page at another address. */
async function go({ page }: Visit, hash: string): Promise<void> {
  await page.evaluate((wanted) => void (location.hash = wanted), hash);
}

/** Further frames of all that is shown. */
async function moving({ page }: Visit, ...nodes: string[]): Promise<void> {
  await page.waitForFunction((wanted) => window.dkvm?.beside.map(({ node }) => node).join() === wanted, nodes.join());
  const frames = (): Promise<number[]> => page.evaluate(() => [window.dkvm?.frames ?? 0, ...(window.dkvm?.beside ?? []).map((head) => head.frames)]);
  const from = await frames();
  await page.waitForFunction((before) => [window.dkvm?.frames ?? 0, ...(window.dkvm?.beside ?? []).map((head) => head.frames)].every((count, at) => count > (before[at] ?? 0) + 1), from);
}

async function boxOf({ page }: Visit, testid: string): Promise<{ x: number; y: number; width: number; height: number }> {
  const box = await page.getByTestId(testid).boundingBox();
  assert.ok(box, testid);
  return box;
}

const near = (is: number, wanted: number, within: number, what: string): void => assert.ok(Math.abs(is - wanted) <= within, `${what}: ${is}, not ${wanted}`);

/** Where the buttons of a mouse went down. */
function presses(inputs: readonly InputState[]): Array<Position | null> {
  const all = new Map(inputs.flatMap(({ first, steps }) => steps.map((step, index) => [first + index, step])));
  return [...all.values()].flatMap((step) => (step.kind === "button" && step.down ? [step.at] : []));
}

/** In pixels of the desk. */
function at(press: Position | null | undefined, width: number, height: number): readonly [number, number] {
  assert.ok(press);
  return [(press.x * width) / ABSOLUTE_MAX, (press.y * height) / ABSOLUTE_MAX];
}

async function engaged({ page }: Visit): Promise<void> {
  await page.waitForFunction(() => window.dkvm?.focus.engaged === true);
}

test("a target is put beside what is shown, at the same scale, and the address keeps it", () =>
  see(browser, "heads", desk, async (here) => {
    const { page } = here;
    await watching(here);
    await page.getByTestId("open-targets").click();
    await page.getByTestId("show-beside-office").waitFor();
    assert.equal(await page.getByTestId("show-beside-self").count(), 0, "it is shown already");
    await page.getByTestId("show-beside-office").click();
    await page.getByTestId("overview").waitFor({ state: "detached" });
    await moving(here, "office");
    assert.equal(new URL(page.url()).hash, "#beside=office");
    const [first, second] = [await boxOf(here, "screen"), await boxOf(here, "screen-office")];
    near(second.x, first.x + first.width, 1, "left");
    near(second.y, first.y, 0.1, "top");
    near(second.width / 800, first.width / 1280, 0.001, "scale");
    near(second.height / 600, first.height / 720, 0.001, "scale");
    near(first.width + second.width, 1280, 1, "both fill the window");
    near((await boxOf(here, "head-office")).x, second.x, 1, "what floats over it");
  }));

test("a click on the second picture is the first node's, at that place of the whole desk", () =>
  visiting(browser, desk, async (here) => {
    const { page, mock } = here;
    await go(here, "target=office&beside=lab");
    await moving(here, "lab");
    const box = await boxOf(here, "screen-lab");
    const middle = [box.x + box.width / 2, box.y + box.height / 2] as const;
    await page.mouse.click(...middle); // takes the focus
    await engaged(here);
    await page.mouse.click(...middle);
    await page.mouse.click(box.x + box.width / 2, box.y + box.height + 40); // below the shorter picture there is nothing
    await page.keyboard.press("a");
    await settled(here);
    const clicks = presses(mock.far("office").inputs);
    assert.equal(clicks.length, 1);
    const [x, y] = at(clicks[0], 800 + 640, 600);
    near(x, 800 + 320, 3, "x");
    near(y, 240, 3, "y");
    assert.deepEqual([mock.inputs, mock.far("lab").inputs], [[], []]);
  }));

test("the relative pointer is locked from any picture", () =>
  visiting(browser, desk, async (here) => {
    const { page, mock } = here;
    await page.addInitScript(() => localStorage.setItem("dkvm.settings", JSON.stringify({ pointer: "relative" })));
    await page.reload();
    await go(here, "beside=office");
    await moving(here, "office");
    await page.getByTestId("screen-office").click();
    await engaged(here);
    await page.mouse.move(1100, 430);
    await page.mouse.move(1160, 450);
    await becomes(true, () => (mock.inputs.at(-1)?.motion.x ?? 0) > 0);
    assert.equal(mock.inputs.at(-1)?.at, null);
  }));

test("back, forward and a reload bring the heads back, and another target is shown alone", () =>
  visiting(browser, desk, async (here) => {
    const { page, mock } = here;
    await watching(here);
    await go(here, "beside=office&beside=lab");
    await moving(here, "office", "lab");
    await page.goBack();
    await moving(here);
    assert.equal(await page.locator("#stage canvas").count(), 1);
    await becomes(0, () => mock.viewersOf("office") + mock.viewersOf("lab"));
    await page.goForward();
    await moving(here, "office", "lab");
    await page.reload();
    await moving(here, "office", "lab");
    await page.getByTestId("open-targets").click();
    await page.getByTestId("take-beside-lab").waitFor();
    assert.equal(await page.locator('[data-testid^="show-beside"]').count(), 0, "three in all");
    await page.getByTestId("tile-attic").click();
    await page.waitForFunction(() => window.dkvm?.target === "attic");
    await moving(here);
    assert.equal(new URL(page.url()).hash, "#target=attic");
  }));

test("one that cannot be had says so in its place, and the others go on", () =>
  see(browser, "heads-refused", (mock) => {
    desk(mock);
    mock.world.farRefusals = { lab: "eight other nodes are watched already: close one of these pages" };
  }, async (here) => {
    const { page, mock } = here;
    await go(here, "beside=lab&beside=office");
    await page.getByTestId("head-lab").getByText("Eight other nodes are watched already").waitFor();
    await page.waitForFunction(() => (window.dkvm?.frames ?? 0) > 3 && (window.dkvm?.beside[1]?.frames ?? 0) > 3);
    const [place, office] = [await boxOf(here, "head-lab"), await boxOf(here, "screen-office")];
    near(place.width / place.height, 640 / 480, 0.01, "it has its place");
    near(office.x, place.x + place.width, 1, "and the next is beside it");
    await here.shot("heads-refused-place");
    mock.world.farRefusals = {};
    await moving(here, "lab", "office");
    await page.getByTestId("head-lab").getByTestId("state").waitFor({ state: "detached" });
  }));

test("a link that is lost stops one head, and it comes back by itself", () =>
  visiting(browser, desk, async (here) => {
    const { page, mock } = here;
    await go(here, "target=office&beside=lab");
    await moving(here, "lab");
    const box = await boxOf(here, "screen-lab");
    mock.tell(paired({ link: "connecting", granted: [] }));
    mock.gone("lab");
    await page.getByTestId("head-lab").locator('[data-state="far-unlinked"]').waitFor();
    await becomes(0, () => mock.viewersOf("lab"));
    assert.deepEqual(await boxOf(here, "screen-lab"), box);
    const before = await page.evaluate(() => window.dkvm?.frames ?? 0);
    await page.waitForFunction((count) => (window.dkvm?.frames ?? 0) > count + 2, before);
    assert.equal(await page.getByTestId("head-office").getByTestId("state").count(), 0);
    mock.tell(paired(), { type: "target", ...target("lab") });
    await moving(here, "lab");
  }));

test("the first one without a signal is a place too, and has the keyboard", () =>
  see(browser, "heads-first-dark", desk, async (here) => {
    const { page, mock } = here;
    await go(here, "beside=office");
    await moving(here, "office");
    mock.tell({ type: "video", state: states.video({ signal: "none" }) });
    await page.getByTestId("head-self").locator('[data-state="no-signal"]').getByTestId("state-action").click();
    await engaged(here);
    await page.keyboard.press("a");
    await settled(here);
    await becomes(true, () => mock.inputs.some(({ steps }) => steps.some((step) => step.kind === "key" && step.usage === 4)));
    assert.equal(await page.getByTestId("head-office").getByTestId("state").count(), 0);
    await page.getByTestId("away-office").waitFor({ state: "hidden" });
  }));

test("a head is taken away at its picture and among all targets, by keyboard too", () =>
  see(browser, "heads-overview", desk, async (here) => {
    const { page, mock } = here;
    await go(here, "beside=office&beside=lab");
    await moving(here, "office", "lab");
    await page.getByRole("button", { name: "Take office away" }).focus();
    await page.keyboard.press("Enter");
    await moving(here, "lab");
    await becomes(0, () => mock.viewersOf("office"));
    assert.equal(new URL(page.url()).hash, "#beside=lab");
    await page.getByTestId("open-targets").click();
    await page.waitForFunction(() => document.activeElement?.getAttribute("data-testid") === "tile-self");
    await page.getByTestId("tile-lab").focus();
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.getByTestId("show-beside-lab").waitFor();
    await page.getByTestId("overview").waitFor();
    await becomes(0, () => mock.viewersOf("lab"));
    assert.equal(new URL(page.url()).hash, "");
    await page.getByTestId("show-beside-lab").click();
    await moving(here, "lab");
    await page.getByTestId("open-targets").click();
    await page.getByTestId("take-beside-lab").waitFor();
  }));

test("nobody who looks costs nobody a picture", () =>
  visiting(browser, desk, async (here) => {
    const { page, mock } = here;
    const look = (hidden: boolean): Promise<void> =>
      page.evaluate((away) => {
        Object.defineProperty(document, "hidden", { configurable: true, get: () => away });
        document.dispatchEvent(new Event("visibilitychange"));
      }, hidden);
    await go(here, "beside=office&beside=lab");
    await moving(here, "office", "lab");
    await look(true);
    await becomes([0, 0, 0], () => ["", "office", "lab"].map((node) => mock.viewersOf(node)));
    await look(false);
    await moving(here, "office", "lab");
  }));

test("the node's own link is told once, and all come back with it", () =>
  visiting(browser, desk, async (here) => {
    const { page, mock } = here;
    await go(here, "beside=office");
    await moving(here, "office");
    await mock.stop();
    await page.locator('[data-testid="state"][data-state="link-lost"]').waitFor();
    assert.equal(await page.getByTestId("state").count(), 1);
    await mock.start();
    await moving(here, "office");
    await page.getByTestId("state").waitFor({ state: "detached" });
  }));

const TOUCH: BrowserContextOptions = { ...PHONE, isMobile: true };
test("on a phone they are below each other, and the desk is a row all the same", () =>
  see(browser, "phone-heads", desk, async (here) => {
    const { page, mock } = here;
    await go(here, "target=office&beside=lab");
    await moving(here, "lab");
    const [first, second] = [await boxOf(here, "screen"), await boxOf(here, "screen-lab")];
    near(second.y, first.y + first.height, 1, "below it");
    near(second.width / 640, first.width / 800, 0.001, "scale");
    near((await boxOf(here, "head-lab")).y, second.y, 1, "what floats over it");
    const middle = [second.x + second.width / 2, second.y + second.height / 2] as const;
    await page.touchscreen.tap(...middle); // takes the focus
    await engaged(here);
    await page.touchscreen.tap(...middle);
    await settled(here);
    const [x, y] = at(presses(mock.far("office").inputs)[0], 800 + 640, 600);
    near(x, 800 + 320, 5, "x");
    near(y, 240, 5, "y");
    await page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur());
    await page.getByTestId("away-lab").waitFor();
  }, TOUCH));

test("on a phone one that shows nothing has room for its words, and can be taken away", () =>
  see(browser, "phone-heads-refused", (mock) => {
    desk(mock);
    mock.world.farRefusals = { lab: "eight other nodes are watched already: close one of these pages" };
  }, async (here) => {
    const { page } = here;
    await go(here, "beside=lab&beside=office");
    await page.getByTestId("head-lab").getByText("Eight other nodes are watched already").waitFor();
    const [words, place] = [await page.getByTestId("head-lab").locator(".cover-box").boundingBox(), await boxOf(here, "head-lab")];
    assert.ok(words && words.y >= place.y && words.y + words.height <= place.y + place.height, JSON.stringify([words, place]));
    await here.shot("phone-heads-refused-place");
    await page.getByTestId("away-lab").click();
    await moving(here, "office");
  }, PHONE));

for (const [name, options] of [["heads-light", { colorScheme: "light" }], ["uhd-heads", { viewport: { width: 3840, height: 2160 } }]] satisfies Array<[string, BrowserContextOptions]>) {
  test(`three of them, looked at by a person: ${name}`, () =>
    see(browser, name, desk, async (here) => {
      await go(here, "beside=office&beside=lab");
      await moving(here, "office", "lab");
      const [screen, place] = [await boxOf(here, "screen-lab"), await boxOf(here, "head-lab")];
      for (const side of ["x", "y", "width", "height"] as const) near(place[side], screen[side], 1.5, side);
    }, options));
}

// Each state that a person can meet: its words are there, and a screenshot is left to be looked at.

import { after, before, test } from "node:test";
import type { Browser } from "playwright-core";
import type { Mock } from "../../dev/mock.ts";
import * as states from "../../dev/states.ts";
import { launch, visiting, watching, working, type Visit } from "./harness.ts";

let browser: Browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

async function see(name: string, expected: RegExp, prepare: (mock: Mock) => void, then: (visit: Visit) => Promise<void> = async () => undefined, testid = "state-message"): Promise<void> {
  await visiting(browser, prepare, async (here) => {
    await then(here);
    const message = here.page.getByTestId(testid).filter({ hasText: expected });
    await message.waitFor();
    await here.page.waitForTimeout(250); // animations end; the picture is for a person
    await here.shot(name);
  });
}

test("first visit", () => see("setup", /Choose a password/, (mock) => void (mock.world.session = "setup")));
test("login", () => see("login", /Log in/, (mock) => void (mock.world.session = "login")));

test("wrong password", () =>
  see("login-wrong", /password is wrong/i, (mock) => void (mock.world.session = "login"), async ({ page }) => {
    await page.getByTestId("login-password").fill("wrong");
    await page.getByTestId("login-submit").click();
  }, "login-error"));

test("too many tries", () =>
  see("login-wait", /Too many wrong passwords.*Try again in \d+ s/, (mock) => Object.assign(mock.world, { session: "login", retryAfter: 30 }), async ({ page }) => {
    await page.getByTestId("login-password").fill("wrong");
    await page.getByTestId("login-submit").click();
  }, "login-error"));

const signals = [
  ["none", /No signal/],
  ["unstable", /unstable/],
  ["out_of_range", /out of range/],
  ["absent", /No capture device/],
] as const;
for (const [signal, words] of signals) {
  test(`signal ${signal}`, () =>
    see(`signal-${signal}`, words, (mock) => {
      mock.world.picture = false;
      mock.tell({ type: "video", state: states.video({ signal }) });
    }));
}

test("first frame not there yet", () => see("first-frame", /first picture/, (mock) => void (mock.world.picture = false)));

test("capture restarting keeps the last frame", () =>
  see("capture-restarting", /capture device restarts/i, () => undefined, async (here) => {
    await watching(here);
    here.mock.tell({ type: "video", state: null }, { type: "device", ...states.device("capture", { phase: "backoff", generation: 2, deaths: 1 }) });
  }));

test("encoder failed", () =>
  see("encode-failed", /encoder has failed/i, () => undefined, async (here) => {
    await watching(here);
    here.mock.tell({ type: "encode", state: null }, { type: "device", ...states.device("encode", { phase: "failed", deaths: 8, detail: "8 failures in 120 s: out of memory." }) });
  }));

const usb = [
  ["not_attached", /not connected/],
  ["suspended", /sleeps/],
  ["unplugged", /unplugged by software/],
  ["enumerating", /setting up USB/],
  ["no_udc", /No USB device port/],
] as const;
for (const [state, words] of usb) {
  test(`usb ${state}`, () => see(`usb-${state}`, words, (mock) => mock.tell({ type: "gadget", ...states.gadget({ state }) }), watching, "banner-message"));
}

test("hid stalled", () => see("hid-stalled", /does not take keys/, (mock) => mock.tell({ type: "hid", state: states.hid({ keyboard: "stalled" }) }), watching, "banner-message"));

test("hid restarting", () =>
  see("hid-restarting", /Keyboard and mouse restart/, () => undefined, async (here) => {
    await working(here);
    here.mock.tell({ type: "hid", state: null }, { type: "device", ...states.device("hid", { phase: "starting", generation: 2, deaths: 1 }) });
  }, "banner-message"));

test("link lost", () =>
  see("link-lost", /link to rack3-db1 is lost/, () => undefined, async (here) => {
    await watching(here);
    await here.mock.stop();
  }));

test("node restarting", () =>
  see("node-restarting", /Rack3-db1 restarts/, () => undefined, async (here) => {
    await watching(here);
    here.mock.goodbye();
    await here.mock.stop();
  }));

test("session expired", () =>
  see("session-expired", /session has ended/, () => undefined, async (here) => {
    await watching(here);
    here.mock.world.session = "login";
    here.mock.goodbye();
  }));

test("another page has the focus", () =>
  see("another-page", /Another page has keyboard and mouse/, (mock) => {
    mock.world.viewers = 2;
    mock.steal();
  }, watching, "focus-hint"));

test("a workstation has the focus", () =>
  see("desk-types", /desk is typing here/, (mock) => {
    mock.extras = { by: "desk/input", busy: true };
    mock.steal();
  }, watching, "focus-hint"));

test("a workstation took the focus", () =>
  see("desk-took", /desk took keyboard and mouse/, () => undefined, async (here) => {
    await working(here);
    here.mock.extras = { by: "desk/input" };
    here.mock.steal();
  }, "focus-hint"));

test("another page took the focus", () =>
  see("another-took", /Another page took keyboard and mouse/, (mock) => void (mock.world.viewers = 2), async (here) => {
    await working(here);
    here.mock.steal();
  }, "focus-hint"));

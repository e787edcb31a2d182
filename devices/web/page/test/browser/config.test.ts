// The configuration in the system drawer: edited, checked, applied, kept or taken back, and its history.

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

async function system(then: (visit: Visit) => Promise<void>, prepare: (mock: Mock) => void = () => undefined, options: BrowserContextOptions = {}): Promise<void> {
  await visiting(browser, prepare, async (here) => {
    await watching(here);
    await here.page.getByTestId("open-keyboard").click();
    await here.page.getByTestId("tab-system").click();
    await then(here);
    await fits(here);
  }, options);
}

/** Nothing is wider than the page. */
async function fits({ page }: Visit): Promise<void> {
  const overflow = await page.evaluate(() => Math.max(...[document.documentElement, document.querySelector(".drawer-body")].map((box) => (box ? box.scrollWidth - box.clientWidth : 0))));
  assert.ok(overflow <= 0, `${overflow} px too wide`);
}

const asked = (mock: Mock): string[] => mock.actions.map(({ name }) => name).filter((name) => name.startsWith("config_"));

async function edit({ page }: Visit, from: string, to: string): Promise<void> {
  await page.getByTestId("config-edit").click();
  const text = await page.getByTestId("config-text").inputValue();
  assert.equal(text, states.CONFIG_TEXT);
  await page.getByTestId("config-text").fill(text.replace(from, to));
}

test("a mistake is told and leads to its line", () =>
  system(async (here) => {
    const { page, shot } = here;
    await edit(here, 'user = "dkvm-web"', 'user = "dkvm-web"\nnicer = 1');
    await page.getByTestId("config-apply").click();
    await page.getByText(/^line 7: device\.web\.nicer: is no key/).click();
    const selected = await page.getByTestId("config-text").evaluate((area) => {
      const { value, selectionStart, selectionEnd } = area as HTMLTextAreaElement;
      return value.slice(selectionStart, selectionEnd);
    });
    assert.equal(selected, "nicer = 1");
    await shot("config-mistake");
    assert.deepEqual(asked(here.mock), ["config_read", "config_check"]);
  }));

test("a change shows what differs, counts down, and is kept", () =>
  system(async (here) => {
    const { page, mock, shot } = here;
    await edit(here, ":443", ":8443");
    await page.getByTestId("config-comment").fill("another port");
    await page.getByTestId("config-apply").click();
    await page.getByTestId("config-diff").waitFor();
    assert.match(await page.getByTestId("config-diff").innerText(), /-listen = "\[::\]:443"\s+\+listen = "\[::\]:8443"/);
    await fits(here);
    await shot("config-diff");
    await page.getByTestId("config-apply-confirm").click();
    await page.getByText(/Configuration 5 is on trial, and taken back in 5\d s/).waitFor();
    await shot("config-trial");
    await page.getByTestId("drawer-close").click();
    await page.getByTestId("config-keep").click();
    await page.getByText("Configuration 5 is kept.").waitFor();
    await page.getByTestId("config-trial").waitFor({ state: "detached" });
    assert.deepEqual(mock.actions.find(({ name }) => name === "config_apply"), { name: "config_apply", text: states.CONFIG_TEXT.replace(":443", ":8443"), base: states.DIGEST, confirm_s: 60, comment: "another port" });
    assert.deepEqual(mock.actions.at(-1), { name: "config_confirm", number: 5 });
  }));

test("somebody else's change is told, and the text stays", () =>
  system(
    async (here) => {
      const { page } = here;
      await edit(here, ":443", ":8443");
      await page.getByTestId("config-apply").click();
      await page.getByTestId("config-apply-confirm").click();
      assert.match(await page.getByTestId("config-refusal").innerText(), /was changed since/);
      assert.match(await page.getByTestId("config-text").inputValue(), /8443/);
    },
    (mock) => (mock.world.overtaken = "the configuration was changed since this one was made from it"),
  ));

test("what was typed stays over a break of the link and another drawer", () =>
  system(async (here) => {
    const { page, mock } = here;
    await edit(here, ":443", ":8443");
    await page.getByTestId("config-comment").fill("another port");
    await mock.stop();
    await page.getByTestId("config-force").waitFor({ state: "detached" });
    assert.match(await page.getByTestId("config-text").inputValue(), /8443/);
    await mock.start();
    await page.getByTestId("config-force").waitFor();
    await page.getByTestId("tab-power").click();
    await page.getByTestId("tab-system").click();
    assert.equal(await page.getByTestId("config-text").inputValue(), states.CONFIG_TEXT.replace(":443", ":8443"));
    assert.equal(await page.getByTestId("config-comment").inputValue(), "another port");
    await page.getByTestId("config-apply").click();
    await page.getByTestId("config-apply-confirm").click();
    await page.getByTestId("config-text").waitFor({ state: "detached" });
    assert.deepEqual(mock.actions.at(-1), { name: "config_apply", text: states.CONFIG_TEXT.replace(":443", ":8443"), base: states.DIGEST, confirm_s: 60, comment: "another port" });
  }));

test("one of the history is shown and applied again, on a phone too", () =>
  system(
    async (here) => {
      const { page, mock, shot } = here;
      await page.getByTestId("config-history").click();
      await page.getByTestId("config-show-3").click();
      await page.getByTestId("config-diff").waitFor();
      await page.getByTestId("config-shown").scrollIntoViewIfNeeded();
      await fits(here);
      await shot("config-history-phone");
      await page.getByTestId("config-restore").click();
      await page.getByTestId("config-restore-confirm").click();
      await page.getByTestId("config-edit").waitFor();
      await becomes({ name: "config_rollback", number: 3, confirm_s: 60 }, () => mock.actions.at(-1));
    },
    undefined,
    PHONE,
  ));

test("the one on trial alone is taken back", () =>
  system(async ({ page, mock }) => {
    mock.tell({ type: "config", ...states.config({ trial: { number: 6, who: "root", waiting: [], left_ms: 59_000, unconfirmed: true } }) });
    await page.getByTestId("config-back").click();
    await page.getByTestId("config-trial").waitFor({ state: "detached" });
    assert.deepEqual(mock.actions.at(-1), { name: "config_rollback", number: null, confirm_s: 0, trial: 6 });
  }));

test("one that took itself back says why", () =>
  system(async ({ page, mock, shot }) => {
    mock.tell({ type: "config", ...states.config({ trial: { number: 6, who: "root", waiting: ["web"], left_ms: null, unconfirmed: false } }) });
    await page.getByText("Configuration 6 is on trial: waits for web.").waitFor();
    assert.equal(await page.getByTestId("config-keep").count(), 0);
    assert.equal(await page.getByTestId("config-edit").isDisabled(), true);
    mock.tell({ type: "config", ...states.config({ last: { number: 6, outcome: "taken_back", why: ["web does not come up: exit code 78"] } }) });
    await page.getByTestId("config-last").waitFor();
    assert.equal(await page.getByTestId("config-last").innerText(), "Configuration 6 is taken back: web does not come up: exit code 78.");
    await shot("config-taken-back");
  }));

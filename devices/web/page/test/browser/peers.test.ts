// Other nodes: pairing as both sides see it, grants as switches, forgetting, by fingerprint; and nothing before the login.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Browser } from "playwright-core";
import type { Mock } from "../../dev/mock.ts";
import * as states from "../../dev/states.ts";
import { becomes, launch, visiting, watching, type Visit } from "./harness.ts";

let browser: Browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

async function see(name: string, then: (visit: Visit) => Promise<void>): Promise<void> {
  await visiting(browser, () => undefined, async (here) => {
    await watching(here);
    await here.page.getByTestId("open-keyboard").click();
    await here.page.getByTestId("tab-nodes").click();
    await then(here);
    await here.shot(name);
  });
}

const asked = (mock: Mock): unknown[] => mock.actions.filter(({ name }) => name === "peers");

test("what a node may is switched, and forgetting asks first", () =>
  see("nodes", async ({ page, mock, shot }) => {
    await page.getByTestId("peer-office").getByText("linked, 0.8 ms there and back").waitFor();
    await page.getByTestId("peer-lab-bench").getByText("It has forgotten this node").waitFor();
    assert.equal(await page.getByTestId("peer-office-type").getAttribute("aria-checked"), "true");
    await page.getByTestId("peer-office-power").click();
    await becomes({ name: "peers", what: "allow", node: "office", grants: ["view", "type", "power"] }, () => asked(mock).at(-1));
    await page.getByTestId("forget-office").click();
    await page.getByText("office is cut off at once").waitFor();
    await shot("nodes-forget");
    assert.equal(asked(mock).length, 1, "nothing is forgotten yet");
    await page.getByTestId("forget-office-confirm").click();
    await page.getByTestId("toast").filter({ hasText: "office is forgotten." }).waitFor();
    await becomes({ name: "peers", what: "forget", node: "office" }, () => asked(mock).at(-1));
  }));

test("this node calls another: the code is compared, and then it may what was chosen", () =>
  see("nodes-paired", async ({ page, mock, shot }) => {
    await page.getByTestId("pair-attic").click();
    await becomes({ name: "peers", what: "pair", node: "192.0.2.44:23586", grants: [] }, () => asked(mock).at(-1));
    const pairing = (change: Parameters<typeof states.pairing>[0]): void => mock.tell({ type: "peers", state: states.peers({ pairings: [states.pairing({ incoming: false, ...change })] }) });
    pairing({ step: "calling", code: "" });
    await page.getByTestId("pairing").getByText("It is being reached.").waitFor();
    assert.equal(await page.getByTestId("pairing-code").count(), 0);
    pairing({});
    await page.getByTestId("pairing-code").getByText("482 913").waitFor();
    await shot("nodes-compare");
    await page.getByTestId("pairing-view").click();
    await page.getByTestId("pairing-same").click();
    await becomes({ name: "peers", what: "answer", id: 3, verdict: { kind: "same", grants: ["view"] } }, () => asked(mock).at(-1));
    pairing({ step: "waiting" });
    await page.getByTestId("pairing").getByText("Somebody has to say there").waitFor();
    assert.equal(await page.getByTestId("pairing-same").count(), 0);
    pairing({ step: "done" });
    await page.getByTestId("pairing").waitFor({ state: "detached" });
  }));

test("what the call named is switched on already, and what is switched is all that holds", () =>
  see("nodes-named", async ({ page, mock }) => {
    mock.tell({ type: "peers", state: states.peers({ pairings: [states.pairing({ incoming: false, grants: ["view", "power"] })] }) });
    await page.getByTestId("pairing-power").click();
    assert.equal(await page.getByTestId("pairing-view").getAttribute("aria-checked"), "true");
    await page.getByTestId("pairing-view").click();
    await page.getByTestId("pairing-same").click();
    await becomes({ name: "peers", what: "answer", id: 3, verdict: { kind: "same", grants: [] } }, () => asked(mock).at(-1));
  }));

test("a node that is not seen is paired by its address", () =>
  see("nodes-address", async ({ page, mock }) => {
    assert.equal(await page.getByTestId("pair-with-go").isDisabled(), true);
    await page.getByTestId("pair-with").fill(" 192.0.2.9 ");
    await page.getByTestId("pair-with").press("Enter");
    await becomes({ name: "peers", what: "pair", node: "192.0.2.9", grants: [] }, () => asked(mock).at(-1));
  }));

test("one with a known fingerprint needs no code", () =>
  see("nodes-authorise", async ({ page, mock }) => {
    const key = "0f".repeat(32);
    await page.getByTestId("authorise").click();
    await page.getByTestId("authorise-node").fill("cellar");
    await page.getByTestId("authorise-fingerprint").fill(key.slice(1));
    assert.equal(await page.getByTestId("authorise-go").isDisabled(), true);
    await page.getByTestId("authorise-fingerprint").fill(key.toUpperCase());
    await page.getByTestId("authorise-view").click();
    await page.getByTestId("authorise-go").click();
    await becomes({ name: "peers", what: "authorise", node: "cellar", fingerprint: key, address: "", grants: ["view"] }, () => asked(mock).at(-1));
    await page.getByTestId("toast").filter({ hasText: "cellar is paired" }).waitFor();
  }));

test("whoever calls this node is told of over the picture, and is refused or let in", () =>
  visiting(browser, () => undefined, async (here) => {
    const { page, mock, shot } = here;
    await watching(here);
    mock.tell({ type: "peers", state: states.peers({ pairings: [states.pairing()] }) });
    await page.getByTestId("pairing-bar").getByText("attic wants to be paired").waitFor();
    await page.getByTestId("pairing-bar").getByText("482 913").waitFor();
    await shot("pairing-bar");
    await page.getByTestId("pairing-open").click();
    await page.getByTestId("pairing-bar").waitFor({ state: "detached" });
    await page.getByTestId("pairing-refuse").click();
    await becomes({ name: "peers", what: "answer", id: 3, verdict: { kind: "refuse" } }, () => asked(mock).at(-1));
    mock.tell({ type: "peers", state: states.peers({ pairings: [states.pairing({ step: "failed", detail: "refused here" })] }) });
    await page.getByTestId("pairing").getByText("Refused here.").waitFor();
  }));

test("before the login nothing of it is seen", () =>
  visiting(browser, (mock) => {
    mock.world.session = "login";
    mock.tell({ type: "peers", state: states.peers({ pairings: [states.pairing()] }) });
  }, async ({ page }) => {
    await page.getByTestId("login-password").waitFor();
    assert.equal(await page.getByTestId("pairing-bar").count(), 0);
    assert.equal(await page.getByText("482 913").count(), 0);
  }));

test("a node without the device says so", () =>
  see("nodes-absent", async ({ page, mock }) => {
    mock.tell({ type: "peers", state: null });
    await page.getByTestId("drawer-nodes").getByText("docs/peers.md").or(page.getByTestId("drawer-nodes").locator(".hint")).first().waitFor();
    assert.equal(await page.getByTestId("own-fingerprint").count(), 0);
  }));

// The network to the target: what is shown, and what is asked before it is opened.

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
    await here.page.getByTestId("tab-network").click();
    await here.page.getByTestId("usbnet").scrollIntoViewIfNeeded();
    await then(here);
    await here.shot(name);
  });
}

const asked = (mock: Mock): unknown[] => mock.actions.filter(({ name }) => name === "usbnet_set");

test("the way out is opened only after it was said to whom", () =>
  see("usbnet", async ({ page, mock, shot }) => {
    await page.getByTestId("usbnet-lease").getByText("172.31.7.2, db1").waitFor();
    await page.getByTestId("nat-on").click();
    await page.getByText(/all that .* reaches: its network/).waitFor();
    await shot("usbnet-asks");
    assert.deepEqual(asked(mock), []);
    await page.getByTestId("nat-on-confirm").click();
    await page.getByTestId("toast").filter({ hasText: "The target reaches the node's network." }).waitFor();
    assert.deepEqual(asked(mock), [{ name: "usbnet_set", nat: true, isolate: null }]);
    mock.tell({ type: "usbnet", state: states.usbnet({ nat: true, uplink: "eth0" }) });
    await page.getByTestId("nat-off").click();
    await becomes({ name: "usbnet_set", nat: false, isolate: null }, () => asked(mock).at(-1));
  }));

test("the node's ports are closed at once, and a problem is a sentence", () =>
  see("usbnet-closed", async ({ page, mock }) => {
    await page.getByTestId("isolate").click();
    await becomes([{ name: "usbnet_set", nat: null, isolate: true }], () => asked(mock));
    mock.tell({ type: "usbnet", state: states.usbnet({ isolate: true, problem: "nothing gives addresses" }) });
    await page.getByTestId("usbnet-problem").getByText("Nothing gives addresses.").waitFor();
  }));

// Macros in the keyboard drawer: run, edit, a refusal with its line, export and import.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import type { Browser } from "playwright-core";
import type { Mock } from "../../dev/mock.ts";
import { launch, visiting, watching, type Visit } from "./harness.ts";

let browser: Browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

async function keyboard(then: (visit: Visit) => Promise<void>): Promise<void> {
  await visiting(browser, () => undefined, async (here) => {
    await watching(here);
    await here.page.getByTestId("open-keyboard").click();
    await then(here);
  });
}

const macros = (mock: Mock): unknown[] => mock.actions.filter(({ name }) => name.startsWith("macro_"));

test("a macro is run in the target's layout, and edited with what is wrong told", () =>
  keyboard(async ({ page, mock, shot }) => {
    await page.getByTestId("macro-run-log in").click();
    await page.getByTestId("macro-edit-log in").click();
    assert.match(await page.getByTestId("macro-text").inputValue(), /wait 500ms/);
    mock.world.untypable = 'line 2: there is no key "Foo"';
    await page.getByTestId("macro-text").fill("Enter\nFoo");
    await page.getByTestId("macro-save").click();
    assert.equal(await page.getByTestId("macro-problem").innerText(), 'Line 2: there is no key "Foo".');
    await shot("macro-problem");
    mock.world.untypable = "";
    await page.getByTestId("macro-name").fill("enter");
    await page.getByTestId("macro-text").fill("Enter");
    await page.getByTestId("macro-save").click();
    await page.getByTestId("macro-text").waitFor({ state: "detached" });
    assert.deepEqual(macros(mock), [
      { name: "macro_run", which: "log in", layout: "us" },
      { name: "macro_put", which: "log in", text: "Enter\nFoo" },
      { name: "macro_put", which: "enter", text: "Enter" },
      { name: "macro_remove", which: "log in" },
    ]);
  }));

test("macros leave and come as a text", () =>
  keyboard(async ({ page, mock }) => {
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByTestId("macro-export").click()]);
    const text = await readFile(await download.path(), "utf8");
    assert.equal(text, "[log in]\nCtrl+Alt+F2\nwait 500ms\ntext root\nEnter\n");
    await page.getByTestId("macro-file").setInputFiles({ name: "macros.txt", mimeType: "text/plain", buffer: Buffer.from(text) });
    await page.getByText("One macro is kept.").waitFor();
    await page.getByTestId("macro-file").setInputFiles({ name: "macros.txt", mimeType: "text/plain", buffer: Buffer.from("[log in]\nTab\n") });
    await page.getByText("There is a macro log in already").waitFor();
    await page.getByTestId("macro-import-cancel").click();
    assert.deepEqual(macros(mock), [{ name: "macro_put", which: "log in", text: "Ctrl+Alt+F2\nwait 500ms\ntext root\nEnter" }]);
  }));

test("another macro of the same name is lost only after a question", () =>
  keyboard(async ({ page, mock, shot }) => {
    await page.getByTestId("macro-new").click();
    await page.getByTestId("macro-name").fill("log in");
    await page.getByTestId("macro-text").fill("Tab");
    await page.getByTestId("macro-save").click();
    await page.getByText("There is a macro log in already").waitFor();
    await shot("macro-overwrite");
    assert.deepEqual(macros(mock), []);
    await page.getByTestId("macro-save-confirm").click();
    await page.getByTestId("macro-text").waitFor({ state: "detached" });
    assert.deepEqual(macros(mock), [{ name: "macro_put", which: "log in", text: "Tab" }]);
  }));

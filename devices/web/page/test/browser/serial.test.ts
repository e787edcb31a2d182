// The serial console: what the target said and says, what is typed, a link that breaks, and colours under the strict policy.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import type { Mock } from "../../dev/mock.ts";
import * as states from "../../dev/states.ts";
import { launch, visiting, watching, type Visit } from "./harness.ts";

/** Attributes, status, place, modes, settings, colours, focus. */
const ASKED = "\x1b[c\x1b[0c\x1b[>c\x1b[5n\x1b[6n\x1b[?6n\x1b[4$p\x1b[?25$p\x1bP$qm\x1b\\\x1b]4;1;?\x07\x1b]10;?\x07\x1b]11;?\x1b\\\x1b]12;?\x07\x1b[?1004h";

let browser: Browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

async function consoleOf(prepare: (mock: Mock) => void, then: (visit: Visit) => Promise<void>): Promise<void> {
  await visiting(browser, prepare, async (here) => {
    await watching(here);
    await here.page.getByTestId("open-console").click();
    await then(here);
  });
}

function shows(page: Page, text: string): Promise<void> {
  return page.getByTestId("console-screen").locator(".xterm-rows").getByText(text).first().waitFor();
}

function typed(mock: Mock): string {
  return mock.actions.map((action) => (action.name === "serial_write" ? action.text : "")).join("");
}

async function until(what: string, holds: () => boolean): Promise<void> {
  for (let tries = 0; tries < 600 && !holds(); tries += 1) await new Promise((resolve) => setTimeout(resolve, 50));
  assert.ok(holds(), what);
}

test("what was said before is shown, and what is said now, in colours", () =>
  consoleOf((mock) => mock.speak("Debian GNU/Linux 12\r\nlogin: "), async ({ page, mock, shot }) => {
    await shows(page, "Debian GNU/Linux 12");
    mock.speak("\x1b[38;2;10;200;30mgreen as grass\x1b[0m \x1b[31mred\x1b[0m\r\n");
    await shows(page, "green as grass");
    const colour = await page.getByText("green as grass").first().evaluate((element) => getComputedStyle(element).color);
    assert.equal(colour, "rgb(10, 200, 30)");
    const red = await page.locator(".xterm-rows").getByText("red", { exact: true }).evaluate((element) => getComputedStyle(element).color);
    assert.notEqual(red, await page.locator(".xterm-rows").evaluate((element) => getComputedStyle(element).color));
    await shot("console");
  }));

test("keys and pastes go to the target in order, Escape too, and Ctrl+] leaves", () =>
  consoleOf((mock) => mock.speak("$ "), async ({ page, mock }) => {
    await shows(page, "$");
    await page.keyboard.type("ls -l");
    await page.keyboard.press("Escape");
    await page.keyboard.press("Control+C");
    await until("the keys arrive", () => typed(mock).length >= 7);
    assert.equal(typed(mock), "ls -l\x1b\x03");
    const text = "ä".repeat(5000);
    await page.evaluate((pasted) => {
      const data = new DataTransfer();
      data.setData("text/plain", pasted);
      document.querySelector(".xterm-helper-textarea")?.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
    }, text);
    await until("the paste arrives", () => typed(mock).length >= 5007);
    assert.equal(typed(mock).slice(7), text);
    assert.ok(mock.actions.every((action) => action.name !== "serial_write" || Buffer.byteLength(action.text) <= 4096));
    await page.keyboard.press("Control+BracketRight");
    await page.waitForFunction(() => document.activeElement?.getAttribute("data-testid") === "console-clear");
    await page.keyboard.press("Escape");
    await page.getByTestId("drawer-console").waitFor({ state: "detached" });
  }));

test("what the target asks a terminal is answered by nobody, colours are set all the same", () =>
  consoleOf((mock) => mock.speak(`${ASKED}login: `), async ({ page, mock }) => {
    await shows(page, "login:");
    mock.speak(`\x1b]4;1;#0a141e;2;?\x07\x1b]4;1;#0a141e\x07\x1b[31mdark\x1b[0m ${ASKED}`);
    await shows(page, "dark");
    const dark = await page.getByText("dark", { exact: true }).evaluate((element) => getComputedStyle(element).color);
    assert.equal(dark, "rgb(10, 20, 30)");
    await page.keyboard.type("x");
    await until("the key arrives", () => typed(mock) !== "");
    assert.equal(typed(mock), "x");
  }));

test("a link that breaks loses nothing and shows nothing twice", () =>
  consoleOf((mock) => mock.speak("one "), async ({ page, mock }) => {
    await shows(page, "one");
    mock.cutSerial();
    mock.speak("two ");
    await shows(page, "one two");
    assert.deepEqual(mock.readFrom, [0, 4]);
    assert.deepEqual(await page.evaluate(() => window.dkvm?.serial?.bytes), 8);
  }));

test("a target without the port is offered the profile that has it", () =>
  consoleOf((mock) => {
    mock.tell({ type: "serial", state: states.serial({ problem: "the USB profile that is bound has no serial port" }) });
    const gadget = states.gadget();
    mock.tell({ type: "gadget", ...gadget, profiles: [...gadget.profiles, { name: "console", functions: ["keyboard", "absolute", "relative", "storage", "serial"], unfit: null }] });
  }, async ({ page, mock, shot }) => {
    await page.getByText("The USB profile that is bound has no serial port.").waitFor();
    await shot("console-no-port");
    await page.getByTestId("console-profile").click();
    await page.getByTestId("console-profile-confirm").click();
    await page.getByText(/has a serial port now/).waitFor();
    assert.deepEqual(mock.actions.filter(({ name }) => name === "profile"), [{ name: "profile", profile: "console" }]);
  }));

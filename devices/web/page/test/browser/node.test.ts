// The node itself: power, image and network in each state that a person can meet, and an update on its way.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import type { Mock } from "../../dev/mock.ts";
import * as states from "../../dev/states.ts";
import type { UpdateState } from "../../src/wire/UpdateState.ts";
import { becomes, launch, visiting, watching, type Visit } from "./harness.ts";

const PHONE: BrowserContextOptions = { viewport: { width: 360, height: 740 }, hasTouch: true, deviceScaleFactor: 2 };
const LIGHT: BrowserContextOptions = { colorScheme: "light" };
const ACTIONS = ["power_press", "wake", "update_try", "update_abort", "update_rollback", "factory_reset", "node_power"];

let browser: Browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

const unchanged = (): void => undefined;

async function drawer(page: Page, name: string): Promise<void> {
  await page.getByTestId("open-keyboard").click();
  await page.getByTestId(`tab-${name}`).click();
}

/** Opens a drawer, does something, and leaves a picture for a person; nothing is wider than the page. */
async function see(name: string, tab: string, prepare: (mock: Mock) => void, then: (visit: Visit) => Promise<void> = async () => undefined, options: BrowserContextOptions = {}): Promise<void> {
  await visiting(browser, prepare, async (here) => {
    await watching(here);
    await drawer(here.page, tab);
    await then(here);
    await here.page.waitForTimeout(250); // animations end; the picture is for a person
    await here.shot(name);
    const overflow = await here.page.evaluate(() => Math.max(...[document.documentElement, document.querySelector(".drawer-body")].map((box) => (box ? box.scrollWidth - box.clientWidth : 0))));
    assert.ok(overflow <= 0, `${overflow} px too wide`);
  }, options);
}

/** What pages asked of the node itself. */
function asked(mock: Mock): unknown[] {
  return mock.actions.filter(({ name }) => ACTIONS.includes(name));
}

const updating = (state: UpdateState) => (mock: Mock): void => mock.tell({ type: "update", state });

async function showImage({ page }: Visit): Promise<void> {
  await page.getByTestId("image").scrollIntoViewIfNeeded();
}

// -- power

test("a press of the power button asks first, then tells", () =>
  see("power-asks", "power", unchanged, async ({ page, mock, shot }) => {
    await page.getByTestId("press-power").click();
    await page.getByText(/is on, and most systems shut down/).waitFor();
    await shot("power-press");
    await page.getByTestId("press-power-cancel").click();
    await page.keyboard.down("Enter"); // the button has the focus back
    await page.getByTestId("press-power-confirm").waitFor();
    await page.keyboard.down("Enter"); // held, it repeats: that is no answer
    await page.keyboard.up("Enter");
    await page.keyboard.press("Escape");
    await page.getByTestId("press-power-confirm").waitFor({ state: "detached" });
    assert.deepEqual(asked(mock), []);
    await page.keyboard.press("Enter");
    await page.getByTestId("press-power-confirm").waitFor();
    await page.keyboard.press("Enter"); // the answer has the focus
    await page.getByTestId("toast").filter({ hasText: "The power button was pressed." }).waitFor();
    assert.deepEqual(asked(mock), [{ name: "power_press", button: "power", hold_ms: null }]);
    await page.getByTestId("press-reset").click();
    await page.getByText(/starts anew at once/).waitFor();
  }));

test("cutting the power holds the button, and the LED tells how it went", () =>
  see("power-cut", "power", unchanged, async ({ page, mock }) => {
    assert.equal(await page.getByTestId("power-led").getAttribute("data-lit"), "true");
    await page.getByTestId("cut-power").click();
    await page.getByText(/What nobody saved is lost/).waitFor();
    await page.getByTestId("cut-power-confirm").click();
    await page.getByText("The power button is held down.").waitFor();
    await page.locator('[data-testid="power-led"][data-lit="false"]').waitFor();
    await page.getByTestId("toast").filter({ hasText: "held for 6 s: the target is off" }).waitFor();
    assert.deepEqual(asked(mock), [{ name: "power_press", button: "power", hold_ms: 6000 }]);
  }));

test("a button that is held down is told, and nothing else is pressed meanwhile", () =>
  see("power-held", "power", (mock) => mock.tell({ type: "power", state: states.power({ pressed: "power", disk_led: true }) }), async ({ page }) => {
    await page.getByText("The power button is held down.").waitFor();
    assert.equal(await page.getByTestId("press-reset").isDisabled(), true);
  }));

test("nothing wired is a sentence that names the page of the manual", () =>
  see("power-unwired", "power", (mock) => mock.tell({ type: "power", state: states.power({ buttons: [], power_led: null, disk_led: null, wake: [] }) }), async ({ page }) => {
    await page.getByText(/docs\/power\.md/).waitFor();
  }));

test("no power device is a sentence", () =>
  see("power-none", "power", (mock) => mock.tell({ type: "power", state: null }, { type: "device", ...states.device("power", { phase: "failed", detail: "gpiochip0 line 17 is used by another program: see gpioinfo" }) }), async ({ page }) => {
    await page.getByTestId("drawer-power").getByText(/line 17 is used by another program/).waitFor();
  }));

test("Wake-on-LAN by name and by address", () =>
  see("power-wake", "power", unchanged, async ({ page, mock }) => {
    await page.getByTestId("wake-backup-server").click();
    await page.getByTestId("wake-mac").fill("not a mac");
    assert.equal(await page.getByTestId("wake-submit").isDisabled(), true);
    await page.getByText(/six pairs/).waitFor();
    await page.getByTestId("wake-mac").fill("02-00-5E-10-00-AA");
    await page.getByTestId("wake-submit").click();
    await page.getByTestId("toast").filter({ hasText: "02:00:5e:10:00:aa" }).waitFor();
    assert.deepEqual(asked(mock), [{ name: "wake", target: "backup-server" }, { name: "wake", target: "02:00:5e:10:00:aa" }]);
  }));

// -- image

const stages: Array<[string, UpdateState, RegExp]> = [
  ["idle", states.update(), /Choose an update/],
  ["receiving", states.update({ stage: "receiving", version: "0.2.0", bytes: 9_000_000, size: 31_000_000 }), /Choose the same file again to go on/],
  ["verifying", states.update({ stage: "verifying", version: "0.2.0" }), /reads back what it wrote/],
  ["staged", states.update({ stage: "staged", version: "0.2.0" }), /whole and checked/],
  ["restarting", states.update({ stage: "restarting" }), /comes back by itself/],
  ["trial", states.trial(), /goes back by itself in \d+ s/],
];
for (const [stage, state, words] of stages) {
  const there = async (here: Visit): Promise<void> => {
    await here.page.getByText(words).waitFor();
    await showImage(here);
  };
  test(`image ${stage}`, () => see(`image-${stage}`, "system", updating(state), there));
  test(`image ${stage}, light`, () => see(`image-${stage}-light`, "system", updating(state), there, LIGHT));
  test(`image ${stage} on a phone`, () => see(`phone-image-${stage}`, "system", updating(state), there, PHONE));
}

test("a machine without a card says so", () => see("image-none", "system", updating(states.update({ stage: "none" }, { slots: [], running: null, committed: null })), async ({ page }) => page.getByText(/does not run from a card/).waitFor()));

test("what becomes of it is asked, and says what it does", () =>
  see("image-rollback", "system", unchanged, async (here) => {
    const { page, mock } = here;
    await page.getByTestId("update-rollback").click();
    await page.getByText(/Pi restarts into 0\.0\.9/).waitFor();
    await showImage(here);
    await here.shot("image-rollback-asks");
    await page.getByTestId("update-rollback-confirm").click();
    await page.getByTestId("update-restarting").waitFor();
    assert.deepEqual(asked(mock), [{ name: "update_rollback" }]);
  }));

test("a factory reset wants the node's name", () =>
  see("factory-reset", "system", unchanged, async ({ page, mock }) => {
    await page.getByTestId("factory-reset").click();
    const typed = page.getByTestId("factory-reset-typed");
    await typed.fill("rack3");
    await typed.press("Enter");
    assert.equal(await page.getByTestId("factory-reset-confirm").isDisabled(), true);
    assert.deepEqual(asked(mock), []);
    await typed.fill("rack3-db1");
    await typed.scrollIntoViewIfNeeded();
    await typed.press("Enter");
    await page.getByTestId("toast").filter({ hasText: "forgets everything" }).waitFor();
    assert.deepEqual(asked(mock), [{ name: "factory_reset" }]);
  }));

test("restart and switch off", () =>
  see("node-power", "system", unchanged, async ({ page, mock }) => {
    await page.getByTestId("node-restart").click();
    await page.getByTestId("node-restart-confirm").click();
    await page.getByTestId("node-off").click();
    await page.getByTestId("node-off-confirm").click();
    await page.getByTestId("toast").filter({ hasText: "shuts down" }).waitFor();
    assert.deepEqual(asked(mock), [{ name: "node_power", power: "restart" }, { name: "node_power", power: "off" }]);
    await page.getByTestId("factory-reset").click();
    await page.getByTestId("factory-reset-typed").scrollIntoViewIfNeeded();
  }));

// -- an update on its way

const BUNDLE = Buffer.from(Array.from({ length: 3_000_000 }, (_, index) => (index * 7) % 251));
const file = { name: "dkvm-rpi4-0.2.0.dkvm", mimeType: "application/octet-stream", buffer: BUNDLE };

test("a file goes in part by part and is offered for a restart", () =>
  see("image-sent", "system", (mock) => void (mock.world.partMs = 250), async (here) => {
    const { page, mock } = here;
    await page.getByTestId("update-file").setInputFiles(file);
    await page.getByTestId("update-sending-words").filter({ hasText: /of 2\.9 MB, .*\/s, .* left/ }).waitFor();
    await showImage(here);
    await here.shot("image-sending");
    await page.getByTestId("update-try").click();
    assert.ok(mock.bundle.bytes.equals(BUNDLE), "byte for byte");
    await page.getByTestId("update-try-confirm").click();
    await page.getByTestId("update-restarting").waitFor();
    assert.deepEqual(asked(mock), [{ name: "update_try" }]);
    await page.getByText(/drop it here/).waitFor({ state: "detached" });
  }));

test("a node that goes away in between costs nothing but time", () =>
  see("image-again", "system", (mock) => void (mock.world.partMs = 400), async (here) => {
    const { page, mock } = here;
    await page.getByTestId("update-file").setInputFiles(file);
    await page.waitForFunction(() => (document.querySelector("progress")?.value ?? 0) > 500_000);
    await mock.stop();
    await page.getByTestId("update-sending-words").filter({ hasText: "The link to the node is broken. Trying again." }).waitFor();
    await showImage(here);
    await here.shot("image-waiting");
    await mock.start();
    await page.getByTestId("update-staged").waitFor();
    assert.ok(mock.bundle.bytes.equals(BUNDLE), "byte for byte");
  }));

test("after a reload the same file goes on where it stopped", () =>
  see("image-resumed", "system", (mock) => void (mock.world.partMs = 600), async ({ page, mock }) => {
    page.on("dialog", (dialog) => void dialog.accept());
    await page.getByTestId("update-file").setInputFiles(file);
    await page.waitForFunction(() => (document.querySelector("progress")?.value ?? 0) > 1_000_000);
    await page.reload();
    await drawer(page, "system");
    await page.getByTestId("update-receiving").waitFor();
    const before = mock.bundle.length;
    assert.ok(before >= 1_000_000 && before < BUNDLE.length);
    await page.getByTestId("update-file").setInputFiles(file);
    await page.getByTestId("update-staged").waitFor();
    assert.ok(mock.bundle.bytes.equals(BUNDLE), "byte for byte");
  }));

test("cancelling asks the node to forget it", () =>
  see("image-cancelled", "system", (mock) => void (mock.world.partMs = 400), async ({ page, mock }) => {
    await page.getByTestId("update-file").setInputFiles(file);
    await page.waitForFunction(() => (document.querySelector("progress")?.value ?? 0) > 100_000);
    await page.getByTestId("update-cancel").click();
    await page.getByTestId("update-drop").waitFor();
    await becomes([{ name: "update_abort" }], () => asked(mock));
  }));

test("a refused bundle is told in the node's words", () =>
  see("image-refused", "system", (mock) => void (mock.world.refusal = "this bundle is for the board zero2w, and this is a rpi4: choose the one for rpi4"), async (here) => {
    await here.page.getByTestId("update-file").setInputFiles(file);
    await here.page.getByTestId("update-problem").filter({ hasText: "for the board zero2w" }).waitFor();
    await showImage(here);
    assert.equal(here.mock.bundle.length, 0);
  }));

test("a file can be dropped", () =>
  see("image-dropped", "system", unchanged, async ({ page, mock }) => {
    const data = await page.evaluateHandle(() => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([new Uint8Array(50_000).fill(7)], "small.dkvm"));
      return transfer;
    });
    await page.getByTestId("update-drop").dispatchEvent("drop", { dataTransfer: data });
    await page.getByTestId("update-staged").waitFor();
    assert.ok(mock.bundle.bytes.equals(Buffer.alloc(50_000, 7)));
  }));

test("after the restart the page is back by itself and says how it ended", () =>
  see("image-ended", "system", updating(states.update({ stage: "staged", version: "0.2.0" })), async (here) => {
    const { page, mock } = here;
    mock.goodbye();
    await mock.stop();
    await page.getByTestId("state").waitFor();
    mock.world.kernel = states.kernel({ boot: "b2", image: { board: "rpi4", version: "0.2.0", slot: "b", committed: "a", persistent: true } });
    updating(states.trial())(mock);
    await mock.start();
    await page.getByTestId("update-trial").waitFor();
    const last = { version: "0.2.0", committed: true, reason: "all checks passed in 9 s" };
    updating(states.update({ stage: "idle" }, { running: "b", committed: "b", last }))(mock);
    await page.getByTestId("toast").filter({ hasText: "0.2.0 passed its checks and is kept. All checks passed in 9 s." }).waitFor();
    await showImage(here);
  }));

test("an update that did not hold is told until it was read", () =>
  see("image-went-back", "system", updating(states.update({ stage: "idle" }, { last: { version: "0.2.0", committed: false, reason: "hid did not answer for 90 s" } })), async (here) => {
    await here.page.getByTestId("news").filter({ hasText: /did not hold.*hid did not answer/i }).waitFor();
    await showImage(here);
  }));

// -- network

test("a network that lacks something says what", () =>
  see("network-bad", "network", (mock) => mock.tell({ type: "network", state: states.network({ mdns: "", time_synced: false, interfaces: [{ name: "wlan0", kind: "wireless", carrier: false, addresses: [], ssid: null, detail: "the Wi-Fi “workshop” refuses the password: correct it in dkvm.txt on the card" }, { name: "eth0", kind: "wired", carrier: false, addresses: [], ssid: null, detail: null }] }) }), async ({ page }) => {
    await page.getByText(/refuses the password/).waitFor();
    await page.getByText("no cable").waitFor();
  }));
test("no network device is a sentence", () => see("network-none", "network", (mock) => mock.tell({ type: "network", state: null }, { type: "device_gone", name: "network" }), async ({ page }) => page.getByText(/no network device/).waitFor()));

// -- notices

const NOTICES = ["dkvm.txt, line 7: “wifi_contry” is no key and was ignored; did you mean wifi_country?", "the owner's configuration is not valid (line 12: unknown key), so the image's own is used"];

test("notices are read once, and kept under System", () =>
  see("notices", "system", (mock) => void (mock.world.kernel = states.kernel({ notices: NOTICES })), async ({ page, shot }) => {
    await page.getByTestId("news").filter({ hasText: "wifi_contry" }).waitFor();
    await shot("notices-open");
    await page.getByTestId("news-dismiss").click();
    await page.getByTestId("news").waitFor({ state: "detached" });
    await page.reload();
    await page.waitForFunction(() => (window.dkvm?.frames ?? 0) > 1);
    assert.equal(await page.getByTestId("news").count(), 0, "put away for this tab");
    await drawer(page, "system");
    const kept = page.getByTestId("node-notices").filter({ hasText: "The owner's configuration is not valid" });
    await kept.scrollIntoViewIfNeeded();
  }));

test("notices on a phone leave the picture", () => see("phone-notices", "keyboard", (mock) => void (mock.world.kernel = states.kernel({ notices: NOTICES })), async ({ page }) => void (await page.getByTestId("drawer-close").click()), PHONE));

test("a node that keeps nothing says so", () =>
  see("not-kept", "network", (mock) => void (mock.world.kernel = states.kernel({ image: { board: "rpi4", version: "0.1.0", slot: "a", committed: "a", persistent: false }, notices: ["the data partition does not mount (bad superblock): what was kept is not there; see docs/recovery.md"] })), async ({ page }) => page.getByTestId("news").filter({ hasText: "Nothing is kept" }).waitFor(), LIGHT));

for (const [name, options] of [["safe-mode", {}], ["phone-safe-mode", PHONE]] as const) {
  test(`${name} says why and what to do`, () =>
    visiting(browser, (mock) => {
      mock.world.kernel = states.kernel({ safe_mode: true });
      mock.world.picture = false;
      mock.world.say = mock.world.say.filter(({ type }) => !["gadget", "hid", "video", "encode"].includes(type));
      for (const device of ["gadget", "hid", "capture", "encode"]) mock.tell({ type: "device", ...states.device(device, { phase: "stopped", desired: "held", pid: null, uptime_ms: 0 }) });
    }, async ({ page, shot }) => {
      await page.getByTestId("state-message").filter({ hasText: "Safe mode" }).waitFor();
      await page.waitForTimeout(250);
      await shot(name);
      assert.equal(await page.getByTestId("banner").count(), 0, "one thing is told, not five");
      await page.getByTestId("state-action").click();
      await page.getByTestId("drawer-system").waitFor();
    }, options));
}

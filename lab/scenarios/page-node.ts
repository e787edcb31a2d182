// What a person at the page does to the target's power and to the node itself, done by Chromium on real lines and a real card; and to
// the target of another node.
import type { Page } from "playwright-core";
import { ABSOLUTE_MAX } from "../../devices/web/page/src/wire/constants.ts";
import type { Browser } from "../src/browser.ts";
import { run, sleep, until } from "../src/lab.ts";
import { createSharedNetwork } from "../src/network.ts";
import { Node } from "../src/node.ts";
import { difference, lit, pagePicture, targetPicture } from "../src/picture.ts";
import type { Pi, PiOptions } from "../src/pi.ts";
import type { Rig } from "../src/rig.ts";
import { scenario, type Bench } from "../src/scenario.ts";
import { configuration, Workshop } from "../src/update-images.ts";
import { PASSWORD } from "../src/viewer.ts";
import { pair, piConfig, TargetPi } from "../src/workstation.ts";

/** A restart of the Pi, its health check and what the browser takes beside a busy lab, ms. */
const PATIENCE_MS = 180_000;
/** As the page holds it, ms. */
const CUT_MS = 6000;

/** Nobody waits for the minutes of a real trial here; the order of things is the same. */
const TRIAL = { settleMs: 3000, deadlineMs: 90_000 };
const NEW = "0.2.0";

/** The node whose page it is, and the other one. */
const [NEAR, FAR] = ["lobby", "office"];
/** What is typed at the other one's target; between, the page looks at its own. */
const WORDS = ["far away 123", "and again 45"];
/** Pixels that differ by more shades are wrong; so many may, once the picture rests: as in `h264`. */
const [SHADES, WRONG_MOST] = [40, 0.0005];
/** Less on the target's screen is too little to tell, as there. */
const LIT_LEAST = 0.003;

/** evdev's numbers, and how far from its place a click may be, in parts of the desk. */
const [EV_ABS, ABS_X, ABS_Y, BTN_LEFT] = [3, 0, 1, 0x110];
const NEAR_ENOUGH = 0.01;

const PANEL = `
[device.nodes]
command = ["dkvm-device", "service"]
user = "root"
capabilities = ["MKNOD", "SYS_MODULE"]
config = { program = ["/usr/libexec/dkvm/nodes"] }

[device.power]
command = ["dkvm-device", "power"]
user = "dkvm-power"
groups = ["gpio"]
network = true
config = { press_ms = 2000, power_button = { line = "PANEL_POWER" }, reset_button = { line = "PANEL_RESET" }, power_led = { line = "PANEL_PLED" }, disk_led = { line = "PANEL_HDD" } }

[device.web]
command = ["dkvm-device", "web"]
user = "dkvm-web"
network = true
calls = ["control", "power"]
config = { listen = "[::]:443" }

[[route]]
topic = "power.state"
from = "power"
to = ["web"]
`;

export default scenario("page-node", "Chromium presses the target's buttons, brings an update over a death of the web device, sees it tried and kept, and resets the node; from its page it sees and works the target of another node, also as a second screen beside its own", async (bench) => {
  const off = await elsewhere(bench);
  const held = await power(bench);
  const size = await image(bench);
  return `${WORDS.length} times typed at the other node's target and never at this one's, at most ${(100 * off).toFixed(3)} % of the far one's pixels off; short press, reset, ${held.toFixed(0)} ms of a ${CUT_MS} ms hold; an update of ${(size / 2 ** 20).toFixed(1)} MiB refused, sent over a SIGKILL, tried, kept; a factory reset`;
});

/** First visit. */
async function enter(bench: Bench, { network }: Pi): Promise<Browser> {
  const browser = await bench.openBrowser();
  browser.page.setDefaultTimeout(PATIENCE_MS);
  await browser.page.goto(`https://${network.address}/`);
  await browser.page.getByTestId("setup-password").fill(PASSWORD);
  await browser.page.getByTestId("setup-submit").click();
  return browser;
}

async function drawer(page: Page, name: string): Promise<void> {
  if (!(await page.getByTestId(`tab-${name}`).isVisible())) await page.getByTestId("open-system").click();
  await page.getByTestId(`tab-${name}`).click();
}

// -- another node's target

async function elsewhere(bench: Bench): Promise<number> {
  [0, 1].forEach(createSharedNetwork);
  const rig = await bench.boot({ pi: { index: 1, config: piConfig(FAR, ["capture", "encode", "h264"]) } });
  const near = await TargetPi.boot(bench.lab, 0, NEAR, { config: piConfig(NEAR, ["web"]) });
  await new Node(rig.pi).awaitUp(["capture", "encode", "h264", "hid", "peer"]);
  await rig.target.awaitInput(/dKVM/);
  await near.node.awaitUp(["web"]);
  await pair(near, { name: FAR, pi: rig.pi });
  const browser = await enter(bench, near.pi);
  const { page } = browser;
  await page.getByTestId("open-targets").click();
  await page.locator(`[data-testid="tile-${FAR}"][data-live="true"]`).waitFor();
  await browser.picture("targets");
  bench.tell("two paired nodes; the other one's target is a tile with its picture");

  const off = await shown(page, rig, FAR);
  await browser.picture("far");
  const nearMark = near.witness.log.mark();
  for (const [turn, words] of WORDS.entries()) {
    if (turn > 0) await choose(page, "");
    await choose(page, FAR);
    const mark = rig.target.log.mark();
    await hold(page);
    await page.keyboard.type(words);
    await rig.target.awaitTyped(words, mark);
    await rig.target.awaitNothingHeld("when all is typed");
    bench.tell(`typed at ${FAR}: ${JSON.stringify(words)}`);
  }
  bench.equal(near.witness.keysOfGadget(nearMark), [], `what the target of ${NEAR} got meanwhile`);
  const besideOff = await heads(bench, browser, rig, near);
  bench.equal(browser.consoleMessages.filter((line) => line.startsWith("pageerror")), [], "errors on the page");
  await browser.close();
  await Promise.all([rig.target.powerOff(), rig.pi.powerOff(), near.pi.powerOff()]);
  return Math.max(off, besideOff);
}

/** Both nodes as one machine with two screens: the other one's picture to the right of this one's, a click into it is a click of this one's mouse. */
async function heads(bench: Bench, browser: Browser, rig: Rig, near: TargetPi): Promise<number> {
  const { page } = browser;
  await choose(page, "");
  await page.getByTestId("open-targets").click();
  await page.getByTestId(`show-beside-${FAR}`).click();
  const canvas = page.getByTestId(`screen-${FAR}`);
  await canvas.waitFor();
  const off = await alike(page, rig, `screen-${FAR}`);
  await browser.picture("heads");

  const { log } = near.witness;
  const [since, farSince] = [log.mark(), rig.target.log.mark()];
  await hold(page, `screen-${FAR}`);
  await canvas.click();
  await until(`the target of ${NEAR} has the click`, () => near.witness.keysOfGadget(since).length >= 2, { every: 50 });
  const found = [ABS_X, ABS_Y].map((axis) => log.motions(since).filter(({ type, code }) => type === EV_ABS && code === axis).at(-1)?.value ?? 0);
  const [first, second] = [await size(page, "screen"), await size(page, `screen-${FAR}`)];
  const place = [(first.width + second.width / 2) / (first.width + second.width), second.height / 2 / Math.max(first.height, second.height)];
  bench.check(place.every((part, axis) => Math.abs(found[axis]! / ABSOLUTE_MAX - part) < NEAR_ENOUGH), `the click is at ${found.join(", ")} of ${ABSOLUTE_MAX}, not at the parts ${place.join(", ")} of the desk`);
  bench.equal(near.witness.keysOfGadget(since), [{ code: BTN_LEFT, value: 1 }, { code: BTN_LEFT, value: 0 }], `what the target of ${NEAR} got`);
  bench.equal(rig.target.log.keys(farSince), [], `what the target of ${FAR} got of a click at its picture`);

  await chord(page, "ControlLeft", "AltLeft", "ShiftLeft");
  await page.getByTestId(`away-${FAR}`).click();
  await canvas.waitFor({ state: "detached" });
  bench.tell("the other node's picture beside this one's: a click into it is this one's, on the right of its desk");
  return off;
}

async function size(page: Page, canvas: string): Promise<{ width: number; height: number }> {
  return (await page.evaluate(`(({ width, height }) => ({ width, height }))(document.querySelector('[data-testid="${canvas}"]'))`)) as { width: number; height: number };
}

/** By its tile; this node's own is nameless. */
async function choose(page: Page, node: string): Promise<void> {
  const tile = page.getByTestId(node === "" ? "tile-self" : `tile-${node}`);
  if (await page.evaluate("Boolean(window.dkvm?.focus.engaged)")) await chord(page, "ShiftLeft", "ShiftRight");
  else if (!(await tile.isVisible())) await page.getByTestId("open-targets").click();
  await tile.click();
  await until(`the page works ${node || "its own node"}`, async () => (await page.evaluate("window.dkvm?.target")) === node, { every: 50 });
}

/** Keys go to the target, and the bar is away: two keys together lead to the overview. */
async function chord(page: Page, ...keys: string[]): Promise<void> {
  for (const key of keys) await page.keyboard.down(key);
  for (const key of keys) await page.keyboard.up(key);
}

/** A click takes the focus. */
async function hold(page: Page, canvas = "screen"): Promise<void> {
  await page.getByTestId(canvas).click();
  await until("the page has the focus", () => page.evaluate("Boolean(window.dkvm?.focus.holding)"), { every: 50 });
  await sleep(200); // the press that takes the focus is not the target's, but where the pointer is reaches it first
}

/** The share of the pixels of what the page shows of another node that are not what its target draws. */
async function shown(page: Page, rig: Rig, node: string): Promise<number> {
  await choose(page, node);
  await rig.target.sh("printf 'some text, and colours \\033[31mred\\033[32mgreen\\033[0m\\n' >/dev/tty0");
  return alike(page, rig, "screen");
}

/** How much of a canvas is not what the target draws, when that is little. */
async function alike(page: Page, rig: Rig, canvas: string): Promise<number> {
  let off = 1;
  await until("the page shows what the other node's target draws", async () => {
    const target = await targetPicture(rig.target);
    off = difference(target, await pagePicture(page, canvas), SHADES);
    return off < WRONG_MOST && lit(target) > LIT_LEAST;
  }, { every: 200 });
  return off;
}

// -- the front panel

async function power(bench: Bench): Promise<number> {
  const rig = await bench.boot({ pi: { config: PANEL, usb: "none", hdmi: false }, target: false });
  const { pi } = rig;
  await pi.must(`
    modprobe gpio-sim
    mountpoint -q /sys/kernel/config || mount -t configfs configfs /sys/kernel/config
    cd /sys/kernel/config/gpio-sim && mkdir panel panel/bank0 && cd panel/bank0 && echo 8 >num_lines
    i=0; for name in PANEL_POWER PANEL_RESET PANEL_PLED PANEL_HDD; do mkdir line$i; echo $name >line$i/name; i=$((i + 1)); done
    echo 1 >../live`);
  const lines = await pi.must("cd /sys/kernel/config/gpio-sim/panel && echo /sys/devices/platform/$(cat dev_name)/$(cat bank0/chip_name)");
  const light = (line: number, lit: boolean): Promise<void> => pi.write(`${lines}/sim_gpio${line}/pull`, lit ? "pull-down" : "pull-up");
  const node = new Node(pi);
  await node.awaitUp(["power", "web"]);
  await until("power has its lines", async () => (await node.device("power")).phase === "running", { every: 100 });
  await light(2, true); // after that, for it sets the line's own resistor
  const browser = await enter(bench, pi);
  const { page } = browser;
  await drawer(page, "power");
  await page.locator('[data-testid="power-led"][data-lit="true"]').waitFor();

  const toast = (text: string): Promise<void> => page.getByTestId("toast").filter({ hasText: text }).waitFor();
  const short = await watch(pi, `${lines}/sim_gpio0/value`, async () => {
    await page.getByTestId("press-power").click();
    await page.getByTestId("press-power-confirm").click();
    await toast("The power button was pressed.");
  });
  bench.equal(short.levels, [0, 1, 0], "levels of the power line at a short press");
  const reset = await watch(pi, `${lines}/sim_gpio1/value`, async () => {
    await page.getByTestId("press-reset").click();
    await page.getByTestId("press-reset-confirm").click();
    await toast("The reset button was pressed.");
  });
  bench.equal(reset.levels, [0, 1, 0], "levels of the reset line");
  bench.tell("short press and reset");

  const cut = await watch(pi, `${lines}/sim_gpio0/value`, async () => {
    await page.getByTestId("cut-power").click();
    await page.getByTestId("cut-power-confirm").click();
    await light(2, false); // a target that obeys: it is off when its LED has been dark for 3 of the 6 s
    await page.getByText("The power button is held down.").waitFor();
    bench.equal(await page.getByTestId("press-reset").isDisabled(), true, "no second button while one is held");
    await toast("held for 6 s: the target is off");
  });
  bench.equal(cut.levels, [0, 1, 0], "levels of the power line when the power is cut");
  bench.check(cut.held > CUT_MS * 0.9, `the button was held for ${cut.held.toFixed(0)} ms, not ${CUT_MS}`);
  await browser.picture("power");
  bench.equal(browser.consoleMessages.filter((line) => line.startsWith("pageerror")), [], "errors on the page");
  await browser.close();
  await pi.powerOff();
  bench.tell("power cut by a hold; the page saw the LED go out");
  return cut.held;
}

/** The levels of a line, one after the other, while something happens; how long the button was down at most. */
async function watch(pi: Pi, path: string, work: () => Promise<void>): Promise<{ levels: number[]; held: number }> {
  const level = async (): Promise<number> => Number(await pi.readText(path));
  let before = performance.now();
  const levels = [await level()];
  let [done, from, held] = [false, 0, 0];
  const ended = work().finally(() => (done = true));
  ended.catch(() => {});
  while (!done) {
    const asked = performance.now();
    const now = await level();
    if (now !== levels.at(-1)) {
      levels.push(now);
      // since the look before it was not down: a look may come late
      if (now === 1) from = before;
      else held = performance.now() - from;
    }
    before = asked;
    await sleep(5);
  }
  await ended;
  return { levels, held };
}

// -- the image

async function image(bench: Bench): Promise<number> {
  const [workshop, stranger] = [new Workshop(bench.lab), new Workshop(bench.lab, "stranger")];
  const options: PiOptions = { index: 1, card: { version: "0.1.0" }, usb: "self", hdmi: false, config: configuration(TRIAL), files: { "/etc/dkvm/update.pub": workshop.publicKey } };
  const rig = await bench.boot({ pi: options, target: false });
  const { pi } = rig;
  await new Node(pi).awaitUp(["gadget", "hid", "web", "update"]);
  const images = workshop.images(options, pi.network, NEW);
  const good = workshop.bundle(images, { version: NEW });
  const foreign = workshop.bundle(images, { version: NEW, key: stranger.key });
  const browser = await enter(bench, pi);
  const { page } = browser;
  await drawer(page, "system");
  await page.getByTestId("image-running").filter({ hasText: "0.1.0, slot A" }).waitFor();

  await page.getByTestId("update-file").setInputFiles(foreign);
  await page.getByTestId("update-problem").filter({ hasText: /sign/i }).waitFor();
  bench.tell(`a foreign key is refused: ${await page.getByTestId("update-problem").textContent()}`);

  await send(bench, page, pi, good);
  await browser.picture("staged");
  await tried(bench, page, pi);
  await browser.picture("kept");
  await forgets(bench, page, pi);
  bench.equal(browser.consoleMessages.filter((line) => line.startsWith("pageerror")), [], "errors on the page");
  await browser.close();
  return Number(run("stat", "-c", "%s", good));
}

/** The web device dies when a third is there; the page goes on by itself. */
async function send(bench: Bench, page: Page, pi: Pi, path: string): Promise<void> {
  const node = new Node(pi);
  await page.getByTestId("update-file").setInputFiles(path);
  await until("a third is there", () => page.evaluate("(() => { const bar = document.querySelector('progress'); return bar !== null && bar.value > bar.max / 3; })()"), { timeout: PATIENCE_MS, every: 20 });
  const { pid, generation } = await node.device("web");
  await pi.kill(pid ?? 0, "KILL");
  await page.getByTestId("update-staged").waitFor();
  await node.awaitUp(["web"], { after: new Map([["web", generation]]) });
  bench.tell("sent over a death of the web device: read back and staged");
}

async function tried(bench: Bench, page: Page, pi: Pi): Promise<void> {
  const { boots } = pi;
  await page.getByTestId("update-try").click();
  await page.getByTestId("update-try-confirm").click();
  await pi.awaitRestart(boots, PATIENCE_MS);
  // Sessions live in memory: the page asks for the password by itself when the node is back.
  await page.getByTestId("login-password").fill(PASSWORD);
  await page.getByTestId("login-submit").click();
  await page.getByTestId("bar").waitFor();
  await drawer(page, "system");
  await page.getByTestId("image-running").filter({ hasText: "0.2.0, slot B" }).waitFor();
  await page.getByTestId("update-last").filter({ hasText: "0.2.0 passed its checks and is kept" }).waitFor();
  await page.locator('[data-testid="image"][data-stage="idle"]').waitFor();
  bench.equal(pi.boots, boots + 1, "starts of the Pi for one update");
  bench.tell("tried and kept; the page came back by itself and says so");
}

async function forgets(bench: Bench, page: Page, pi: Pi): Promise<void> {
  const { boots } = pi;
  await page.getByTestId("factory-reset").click();
  await page.getByTestId("factory-reset-typed").fill((await page.getByTestId("node").textContent()) ?? "");
  await page.getByTestId("factory-reset-confirm").click();
  await pi.awaitRestart(boots, PATIENCE_MS);
  await page.getByTestId("setup-password").waitFor();
  await until("the new image is still the one that runs", async () => (await pi.readText("/etc/dkvm/release")).includes("0.2.0"));
  bench.tell("factory reset: the first visit again");
}

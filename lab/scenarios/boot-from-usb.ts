// A PC without a disk is brought up from an ISO that a person uploads at the page.
import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { basename } from "node:path";
import type { Page } from "playwright-core";
import type { Browser } from "../src/browser.ts";
import { ISO_MARK, makeIso } from "../src/iso.ts";
import { LabError, until } from "../src/lab.ts";
import { DEVICES, Node } from "../src/node.ts";
import { scenario, type Bench } from "../src/scenario.ts";
import type { Rig } from "../src/rig.ts";
import { Target } from "../src/target.ts";
import { PASSWORD } from "../src/viewer.ts";

/** SeaBIOS drives one interface of a device: the firmware of the lab's PC needs the drives alone. Others take `install`. */
const PROFILE = `
[device.gadget.config]
profiles = { drives = { functions = ["storage"] } }
`;
const NAME = "dkvm lab ä.iso";
/** Two processors for an emulated PC, a Pi and a browser. */
const PATIENCE_MS = 240_000;

export default scenario("boot-from-usb", "a PC without a disk starts Linux from an ISO that Chromium uploads to the Pi, over a reload of the page; the picture shows it", async (bench) => {
  const rig = await bench.boot({ pi: { card: { size: "1G" } }, target: false });
  const node = new Node(rig.pi);
  await node.awaitUp([...DEVICES, "storage"]);
  const iso = makeIso(bench.lab, NAME, { files: { "/etc/from-iso": "yes\n" } });
  const size = statSync(iso).size;
  bench.tell(`an ISO of ${(size / 2 ** 20).toFixed(1)} MiB`);
  const browser = await enter(bench, rig);
  const { page } = browser;
  await page.getByTestId("open-media").click();
  const seconds = await upload(bench, page, iso);
  await drives(bench, rig, page);
  await page.locator(`[data-testid="image-line"][data-name="${NAME}"] .image-head`).click();
  await page.getByTestId("attach").click();
  await page.locator(`[data-testid="drive-0"][data-image="${NAME}"]`).waitFor();
  bench.tell("it is in drive 0, as a CD-ROM");
  const target = new Target(bench.lab, rig.pi.network, { system: "usb", memory: "512M" });
  const booted = await boot(bench, rig, target, browser);
  await browser.close();
  await Promise.all([target.powerOff(), rig.pi.powerOff()]);
  return `${(size / 2 ** 20).toFixed(0)} MiB uploaded by Chromium in ${seconds.toFixed(1)} s, reload included; SeaBIOS to Linux in ${booted.toFixed(0)} s`;
});

/** First visit. */
async function enter(bench: Bench, rig: Rig): Promise<Browser> {
  const browser = await bench.openBrowser();
  browser.page.setDefaultTimeout(PATIENCE_MS);
  browser.page.on("dialog", (dialog) => void dialog.accept());
  await browser.page.goto(`https://${rig.pi.network.address}/`);
  await browser.page.getByTestId("setup-password").fill(PASSWORD);
  await browser.page.getByTestId("setup-submit").click();
  return browser;
}

/** Half of it, a reload, and the same file again: it goes on. */
async function upload(bench: Bench, page: Page, iso: string): Promise<number> {
  const began = performance.now();
  await page.getByTestId("media-file").setInputFiles(iso);
  const sending = page.getByTestId("media-sending");
  await until("some of it is there", async () => Number(await sending.getAttribute("data-offset")) > 4 * 2 ** 20, { timeout: PATIENCE_MS, every: 20 });
  await page.reload();
  await page.getByTestId("open-media").click();
  const there = Number(await page.getByTestId("media-incoming").getAttribute("data-offset"));
  bench.check(there > 0, "after the reload the page does not show the upload that was broken off");
  bench.tell(`reloaded with ${(there / 2 ** 20).toFixed(1)} MiB there`);
  await page.getByTestId("media-file").setInputFiles(iso);
  await page.locator(`[data-testid="image-line"][data-name="${basename(iso)}"] .image-head`).click();
  const shown = await page.getByTestId("image-hash").innerText();
  const hash = createHash("sha256").update(readFileSync(iso)).digest("hex");
  bench.check(shown.includes(hash), `the page shows ${shown}, not the file's SHA-256 ${hash}`);
  await page.locator(`[data-testid="image-line"] .image-head`).click();
  return (performance.now() - began) / 1000;
}

/** The page says why there are no drives; the owner's own profile has them. */
async function drives(bench: Bench, rig: Rig, page: Page): Promise<void> {
  await page.getByTestId("media-profile").waitFor();
  await rig.pi.must(`cd /var/lib/dkvm && mkdir -p config && { cat /etc/dkvm/dkvm.toml; printf '%s' '${PROFILE}'; } >config/dkvm.toml && dkvm reload`);
  // the gadget device is started anew with what has changed: until it is there, `dkvm usb` says that it is not running
  await until("the profile is there", async () => (await rig.pi.sh("dkvm usb")).stdout.includes("drives"), { every: 200 });
  await rig.pi.must("dkvm usb profile drives --yes");
  await page.getByTestId("drive-0").waitFor();
  bench.tell("the target has drives");
}

/** The firmware finds the CD-ROM, GRUB starts Linux, and the page's picture is what the PC shows. */
async function boot(bench: Bench, rig: Rig, target: Target, browser: Browser): Promise<number> {
  await target.start();
  await rig.usb.awaitStatus("joined", 60_000);
  const began = performance.now();
  await target.go();
  await target.awaitSerial(/GRUB of the ISO/, PATIENCE_MS);
  bench.tell("GRUB of the ISO runs");
  await until("the ISO's Linux is up", () => target.log.up, { timeout: PATIENCE_MS, every: 50 });
  const seconds = (performance.now() - began) / 1000;
  const { text } = await target.sh("cat /proc/cmdline /etc/from-iso");
  bench.check(text.includes(ISO_MARK) && text.includes("yes"), `another Linux runs: ${text}`);
  const lit = (): Promise<number> => litPixels(browser.page);
  await until("the page shows its console", async () => (await lit()) > 200, { every: 200 });
  const before = await lit();
  await target.sh("for n in 1 2 3 4 5 6 7 8; do echo started from USB, seen by dKVM >/dev/tty1; done");
  await until("the page shows what it writes", async () => (await lit()) > before + 500, { every: 200 })
    .catch(() => { throw new LabError(`the page's picture does not change with the PC's console (${before} bright pixels)`); });
  await browser.picture("booted");
  bench.equal(browser.consoleMessages.filter((line) => line.startsWith("pageerror")), [], "errors on the page");
  return seconds;
}

/** How many pixels of the page's picture are bright. */
function litPixels(page: Page): Promise<number> {
  return page.evaluate(`(() => {
    const canvas = document.querySelector('[data-testid="screen"]');
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    let lit = 0;
    for (let i = 1; i < data.length; i += 4) if (data[i] > 96) lit++;
    return lit;
  })()`) as Promise<number>;
}

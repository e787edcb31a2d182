// The target's serial console, by USB: worked at the page, kept over the death of its device, and not lost with the link.
import { randomBytes } from "node:crypto";
import type { Page } from "playwright-core";
import type { Browser } from "../src/browser.ts";
import { LabError, PATIENCE_MS, until } from "../src/lab.ts";
import { Node } from "../src/node.ts";
import type { Rig } from "../src/rig.ts";
import { scenario, type Bench } from "../src/scenario.ts";
import { PASSWORD } from "../src/viewer.ts";

const SAID = randomBytes(100 * 1024);
/** Answers a login as a system does, and gives a shell. */
const LOGIN = `#!/bin/sh\necho "welcome $2"\nexport PS1='serial# '\nexec /bin/sh\n`;
/** What is kept of it, at most. */
const KEPT = 256 * 1024;

export default scenario("serial-console", "the target's getty is worked at the page in Chromium; 100 KiB come byte for byte; the death of the device and a cut link lose nothing that is kept", async (bench) => {
  const rig = await bench.boot({ pi: { hdmi: false }, target: { files: { "/said": SAID, "/login.sh": LOGIN } } });
  const node = new Node(rig.pi);
  await node.awaitUp(["gadget", "hid", "web", "serial"]);
  const browser = await enter(rig, bench);
  await port(bench, rig, browser.page);
  await login(bench, rig, browser.page);
  await exact(bench, rig, browser.page);
  await killed(bench, rig, node, browser.page);
  await nodesAgain(bench, rig, node, browser.page);
  await cut(bench, rig, browser.page);
  await replugged(bench, rig, browser.page);
  await commandLine(bench, rig);
  bench.equal(browser.consoleMessages.filter((line) => /pageerror|Content Security Policy/.test(line)), [], "errors on the page");
  await browser.close();
  await Promise.all([rig.target.powerOff(), rig.pi.powerOff()]);
  return "login and echo at the page, 100 KiB byte-exact, nothing kept was lost by a SIGKILL of the device, a cut link or a replug";
});

async function enter(rig: Rig, bench: Bench): Promise<Browser> {
  const browser = await bench.openBrowser();
  browser.page.setDefaultTimeout(PATIENCE_MS);
  await browser.page.goto(`https://${rig.pi.network.address}/`);
  await browser.page.getByTestId("setup-password").fill(PASSWORD);
  await browser.page.getByTestId("setup-submit").click();
  return browser;
}

/** The page says what is missing, and has it. */
async function port(bench: Bench, rig: Rig, page: Page): Promise<void> {
  await page.getByTestId("open-console").click();
  await page.getByText(/has no serial port: choose/).waitFor();
  await page.getByTestId("console-profile").click();
  await page.getByTestId("console-profile-confirm").click();
  await rig.target.sh("chmod 755 /login.sh; modprobe cdc_acm");
  await until("the target has the port", async () => (await rig.target.sh("test -c /dev/ttyACM0")).code === 0);
  await page.getByTestId("console-problem").waitFor({ state: "detached" });
  bench.tell("the page had the profile console chosen; the target has ttyACM0");
}

async function login(bench: Bench, rig: Rig, page: Page): Promise<void> {
  await rig.target.sh("(while true; do setsid getty -l /login.sh 115200 ttyACM0 vt100 </dev/null >/dev/null 2>&1; sleep 1; done) >/dev/null 2>&1 & echo $! >/tmp/gettys");
  await shows(page, /target login:/);
  await page.getByTestId("console-screen").click();
  await page.keyboard.type("root\r");
  await shows(page, /welcome root/);
  await page.keyboard.type("echo he''llo there\r");
  await shows(page, /^hello there/);
  bench.tell("getty's login and a shell, at the page");
}

function shows(page: Page, text: RegExp): Promise<void> {
  const rows = page.getByTestId("console-screen").locator(".xterm-rows");
  return rows.locator("> div").filter({ hasText: text }).first().waitFor()
    .catch(async () => { throw new LabError(`the terminal does not show ${text}, but ${JSON.stringify((await rows.innerText()).trim())}`); });
}

async function kept(rig: Rig): Promise<Buffer> {
  await rig.pi.must("dkvm serial history >/tmp/history");
  const bytes = await rig.pi.read("/tmp/history");
  if (!bytes) throw new LabError("the history cannot be read");
  return bytes;
}

/** All that is kept is on the page, byte for byte: as FNV-1a of it. */
async function pageHas(page: Page, rig: Rig, what: string): Promise<Buffer> {
  const history = await kept(rig);
  let sum = 0x811c9dc5;
  for (const byte of history) sum = Math.imul(sum ^ byte, 0x01000193) >>> 0;
  const wanted = JSON.stringify({ bytes: history.length, sum });
  const found = (): Promise<string> => page.evaluate("JSON.stringify(window.dkvm.serial)") as Promise<string>;
  await until(`the page has what is kept ${what}`, async () => (await found()) === wanted)
    .catch(async (error: Error) => { throw new LabError(`${error.message}: it has ${await found()}, not ${wanted}`); });
  return history;
}

/** The target says bytes of every value; they are kept and on the page as they were. */
async function exact(bench: Bench, rig: Rig, page: Page): Promise<void> {
  const before = await pageHas(page, rig, "at first");
  const began = performance.now();
  const { code } = await rig.target.sh("stty -F /dev/ttyACM0 raw -echo; cat /said >/dev/ttyACM0", 60_000);
  bench.equal(code, 0, "the target's cat");
  await until("all of it is kept", async () => (await said(rig)) >= before.length + SAID.length);
  const seconds = (performance.now() - began) / 1000;
  const after = await pageHas(page, rig, "after 100 KiB");
  bench.check(after.subarray(before.length).equals(SAID), "what is kept is not what the target said");
  await rig.target.sh("printf '\\033c' >/dev/ttyACM0"); // the terminal as new
  bench.tell(`100 KiB in ${seconds.toFixed(1)} s, byte for byte, on the page too`);
}

async function said(rig: Rig): Promise<number> {
  return (JSON.parse(await rig.pi.must("dkvm serial status --json")) as { said: number }).said;
}

/** What was kept is kept; what is said after is heard. */
async function killed(bench: Bench, rig: Rig, node: Node, page: Page): Promise<void> {
  const before = await kept(rig);
  const disconnects = rig.target.log.usbDisconnects();
  for (let death = 1; death <= 3; death += 1) {
    await die(rig, node, "serial");
    await until("the port is open", () => isOpen(rig));
    await rig.target.sh(`echo after death ${death} >/dev/ttyACM0`);
    await shows(page, new RegExp(`after death ${death}`));
  }
  const after = await pageHas(page, rig, "after the deaths");
  bench.check(after.subarray(0, before.length).equals(before), "what was kept before is another after the deaths");
  bench.equal(rig.target.log.usbDisconnects(), disconnects, "USB disconnects");
  bench.tell("the device killed three times: all that was kept is there, the page goes on, the target saw nothing");
}

async function die(rig: Rig, node: Node, name: string): Promise<void> {
  const { pid, generation } = await node.device(name);
  await rig.pi.kill(pid!, "KILL");
  await node.awaitUp([name], { after: new Map([[name, generation]]) });
}

async function problem(rig: Rig): Promise<string | null> {
  return (JSON.parse(await rig.pi.must("dkvm serial status --json")) as { problem: string | null }).problem;
}

async function isOpen(rig: Rig): Promise<boolean> {
  return (await problem(rig)) === null;
}

/** A new life of `nodes` gives away what is there already by /etc/mdev.conf: the port stays the serial device's. */
async function nodesAgain(bench: Bench, rig: Rig, node: Node, page: Page): Promise<void> {
  await rig.pi.must("chmod 600 /dev/ttyGS0"); // mdev sets it again, by which its look at /dev/ttyGS0 is seen
  await die(rig, node, "nodes");
  await until("mdev has been at the port", async () => (await rig.pi.must("stat -c %a /dev/ttyGS0")).trim() === "660");
  await die(rig, node, "serial");
  await until("the port is open after a new life of nodes", () => isOpen(rig))
    .catch(async (error: Error) => { throw new LabError(`${error.message}: ${await rig.pi.must("ls -l /dev/ttyGS0")}`); });
  await rig.target.sh("echo after another scan of mdev >/dev/ttyACM0");
  await shows(page, /after another scan of mdev/);
  bench.tell("nodes and then serial killed: the port is serial's still");
}

/** The page misses what is said meanwhile, and gets it when the link is back. */
async function cut(bench: Bench, rig: Rig, page: Page): Promise<void> {
  await rig.pi.must("ip link set vec0 down");
  await page.locator('body[data-link="lost"]').waitFor();
  await rig.target.sh("echo while the link was cut >/dev/ttyACM0");
  await rig.pi.must("ip link set vec0 up");
  await shows(page, /while the link was cut/);
  const bytes = await pageHas(page, rig, "after the cut");
  bench.check(bytes.length < KEPT, "the test said more than is kept");
  bench.tell("link cut and back: nothing lost, nothing twice");
}

/** The port is gone and comes back; the page's terminal stays. */
async function replugged(bench: Bench, rig: Rig, page: Page): Promise<void> {
  await rig.target.sh("kill $(cat /tmp/gettys)"); // a new one would read what is for others; the shell ends with the port
  const ports = (): number => rig.target.log.kernel.filter(({ text }) => /ttyACM\d+: USB ACM device/.test(text)).length;
  const before = ports();
  await rig.pi.must("dkvm usb replug");
  await rig.target.awaitLog("the target makes the port anew", () => ports() > before || undefined); // until then it has the old one
  await until("the target has the port again", async () => (await rig.target.sh("test -c /dev/ttyACM0 && stty -F /dev/ttyACM0 raw -echo && echo plugged again >/dev/ttyACM0")).code === 0);
  await shows(page, /plugged again/);
  bench.tell("replugged: the port is open again by itself");
}

/** `dkvm serial` writes what it is given; the profile without the port ends it with a reason, and the gadget is not held up. */
async function commandLine(bench: Bench, rig: Rig): Promise<void> {
  await rig.target.sh("(head -c 5 /dev/ttyACM0 >/tmp/heard) >/dev/null 2>&1 &");
  await rig.pi.must("printf 'by c\\n' | dkvm serial");
  await until("the target heard it", async () => (await rig.target.sh("grep -q 'by c' /tmp/heard")).code === 0);
  await rig.pi.must("dkvm usb profile bios --yes");
  let said: string | null = null;
  await until("without the function the device says so", async () => /no serial port/.test((said = await problem(rig)) ?? ""))
    .catch((error: Error) => { throw new LabError(`${error.message}: it says ${said}`); });
  bench.tell("dkvm serial writes; back to the profile bios");
}

// The main job: a person at a browser works a PC that has nothing installed.
import { writeFileSync } from "node:fs";
import type { Page } from "playwright-core";
import type { Browser } from "../src/browser.ts";
import { sleep, until } from "../src/lab.ts";
import { DEVICES, Node } from "../src/node.ts";
import { scenario, type Bench } from "../src/scenario.ts";
import type { Rig, RigOptions } from "../src/rig.ts";
import type { TargetOptions } from "../src/target.ts";
import { PASSWORD } from "../src/viewer.ts";

const TEXT = "dkvm types this 0123456789";
const BTN_LEFT = 272;
const ABS_X = 0;
const ABS_Y = 1;
/** evdev's range of the absolute mouse. */
const ABSOLUTE_MAX = 32767;

type Machines = Pick<RigOptions, "pi"> & { target?: TargetOptions };

export default scenario("type-in-browser", "Chromium logs in, types and clicks; the target gets just that and the page shows it: in a PC's firmware and in an OS", (bench) => typeInBrowser(bench));

/** `machines`: of what kind they are. */
export async function typeInBrowser(bench: Bench, machines: Machines = {}): Promise<string> {
  const inFirmware = await typeAtPrompt(bench, machines);
  const inSystem = await typeInLinux(bench, machines);
  return `${inFirmware} at the boot sector's prompt, ${inSystem} in Linux`;
}

async function typeAtPrompt(bench: Bench, { pi = {}, target = {} }: Machines): Promise<string> {
  const rig = await bench.boot({ pi, target: { ...target, system: "prompt" } });
  const browser = await enter(bench, rig);
  const before = await litPixelsOnPage(browser.page);
  for (const character of "hello") {
    await browser.page.keyboard.press(`Key${character.toUpperCase()}`);
    // a BIOS takes keys slowly: the echo is the sign that it is ready for the next
    await until(`the prompt echoes '${character}'`, () => rig.target.serial().trimEnd().endsWith(character));
  }
  bench.equal(/> (.*)/.exec(rig.target.serial())?.[1]?.trim(), "hello", "what the prompt got");
  await until("the page shows more letters", async () => (await litPixelsOnPage(browser.page)) > before + 50, { every: 100 });
  await browser.picture("prompt");
  bench.tell("typed at the boot sector's prompt");
  await browser.close();
  await Promise.all([rig.target.powerOff(), rig.pi.powerOff()]);
  return "5 keys";
}

async function typeInLinux(bench: Bench, { pi = {}, target = {} }: Machines): Promise<string> {
  const rig = await bench.boot({ pi: { ...pi, index: 1 }, target });
  await rig.target.awaitInput(/dKVM/, 60_000);
  const browser = await enter(bench, rig);
  const { page } = browser;
  const before = await litPixelsOnPage(page);

  const mark = rig.target.log.mark();
  for (const character of TEXT) await page.keyboard.press(codeOf(character));
  await rig.target.awaitTyped(TEXT, mark);
  // the text is complete when its last key goes down; that comes up a little later
  await until("the target holds no key", async () => (await rig.target.heldKeys()).length === 0, { every: 50 });
  await until("the page shows the typed text", async () => (await litPixelsOnPage(page)) > before + 200, { every: 100 });
  await browser.picture("linux");
  bench.tell(`typed ${JSON.stringify(TEXT)}`);

  await click(bench, rig, page);
  const modifiers = rig.target.log.mark();
  await page.keyboard.press("Shift+KeyA");
  await rig.target.awaitTyped("A", modifiers);
  bench.equal(rig.target.log.usbDisconnects(), 0, "USB disconnects");
  const errors = browser.consoleMessages.filter((line) => line.startsWith("pageerror"));
  bench.equal(errors, [], "errors on the page");
  await browser.close();
  await Promise.all([rig.target.powerOff(), rig.pi.powerOff()]);
  return `${TEXT.length} keys and a click`;
}

/** First visit: the password is set, the picture is there, a click takes the focus. */
async function enter(bench: Bench, rig: Rig): Promise<Browser> {
  await new Node(rig.pi).awaitUp(DEVICES);
  const browser = await bench.openBrowser();
  const { page } = browser;
  await page.goto(`https://${rig.pi.network.address}/`);
  await page.getByTestId("setup-password").fill(PASSWORD);
  await page.getByTestId("setup-submit").click();
  await until("the page shows frames", () => page.evaluate("window.dkvm?.frames > 0"), { every: 50 });
  await page.getByTestId("screen").click();
  await until("the page has the focus", () => page.evaluate("Boolean(window.dkvm?.focus.holding)"), { every: 50 });
  bench.tell("logged in, picture on the page, focus taken");
  await sleep(200); // the click itself reaches the target before the marks are set
  return browser;
}

/** A click in the middle of a quarter of the picture arrives there, to a pixel of the page. */
async function click(bench: Bench, rig: Rig, page: Page): Promise<void> {
  const box = await page.getByTestId("screen").boundingBox();
  bench.check(box, "the screen has no place on the page");
  const mark = rig.target.log.mark();
  await page.mouse.click(box!.x + box!.width / 4, box!.y + box!.height * 0.75);
  await rig.target.awaitLog("the click comes and goes", () => rig.target.log.keys(mark).filter(({ code }) => code === BTN_LEFT).length >= 2 || undefined);
  const last = (code: number): number => rig.target.log.motions(mark).filter((event) => event.type === 3 && event.code === code).at(-1)?.value ?? -1;
  const [x, y] = [last(ABS_X) / ABSOLUTE_MAX, last(ABS_Y) / ABSOLUTE_MAX];
  bench.check(Math.abs(x - 0.25) < 0.01 && Math.abs(y - 0.75) < 0.01, `the click arrived at ${x.toFixed(3)}, ${y.toFixed(3)} of the screen in place of 0.25, 0.75`);
  writeFileSync(rig.pi.lab.log("click.txt"), `${x} ${y}\n`);
  bench.tell("clicked");
}

function codeOf(character: string): string {
  if (character === " ") return "Space";
  return /\d/.test(character) ? `Digit${character}` : `Key${character.toUpperCase()}`;
}

/** How many pixels of the page's picture are bright: text is, the background is not. */
function litPixelsOnPage(page: Page): Promise<number> {
  return page.evaluate(`(() => {
    const canvas = document.querySelector('[data-testid="screen"]');
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    let lit = 0;
    for (let i = 1; i < data.length; i += 4) if (data[i] > 96) lit++;
    return lit;
  })()`) as Promise<number>;
}

// Sound in a real browser: heard only when asked for, without a gap; a microphone with a sign wherever one is.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Browser, BrowserContextOptions } from "playwright-core";
import type { Mock } from "../../dev/mock.ts";
import * as states from "../../dev/states.ts";
import type { SoundUi } from "../../src/sound/state.ts";
import { becomes, launch, visiting, watching, type Visit } from "./harness.ts";

const PHONE: BrowserContextOptions = { viewport: { width: 360, height: 740 }, hasTouch: true, deviceScaleFactor: 2 };

let browser: Browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

const unchanged = (): void => undefined;

async function see(name: string, prepare: (mock: Mock) => void, then: (visit: Visit) => Promise<void>, options: BrowserContextOptions = {}): Promise<void> {
  await visiting(browser, prepare, async (here) => {
    await watching(here);
    await here.page.getByTestId("open-keyboard").click();
    await here.page.getByTestId("tab-sound").click();
    await then(here);
    await here.page.waitForTimeout(250); // animations end; the picture is for a person
    await here.shot(name);
    const overflow = await here.page.evaluate(() => Math.max(...[document.documentElement, document.querySelector(".drawer-body")].map((box) => (box ? box.scrollWidth - box.clientWidth : 0))));
    assert.ok(overflow <= 0, `${overflow} px too wide`);
  }, options);
}

const heard = ({ page }: Visit): Promise<SoundUi> => page.evaluate("window.dkvm.sound") as Promise<SoundUi>;

test("nothing is heard before it is asked for, and then what the target plays", () =>
  see("sound", unchanged, async (here) => {
    const { page } = here;
    assert.equal((await heard(here)).listening, "off");
    await page.getByTestId("sound-listen").click();
    await page.waitForFunction(() => (window.dkvm?.sound.peak ?? 0) > 0.3);
    await page.getByTestId("sound-figures").waitFor();
    const samples = (await page.evaluate("window.dkvm.hear(4800).then((samples) => Array.from(samples))")) as number[];
    assert.equal(samples.length, 4800);
    assert.ok(Math.max(...samples) > 15_000);
    await page.getByTestId("sound-mute").click();
    await page.getByText("Muted").waitFor();
    await page.getByTestId("sound-listen").click();
    await page.waitForFunction(() => window.dkvm?.sound.listening === "off");
  }));

test("on a phone", () => see("phone-sound", unchanged, async ({ page }) => page.getByTestId("sound-source").waitFor(), PHONE));

test("a target without a sound card is told, and asked about", () =>
  see("sound-absent", (mock) => mock.tell({ type: "audio", state: states.audio({ usb: false, playing: 0, message: "the target has no sound card of this node" }) }), async ({ page }) => {
    await page.getByTestId("sound-message").waitFor();
    assert.ok(await page.getByTestId("sound-microphone").isDisabled());
  }));

test("another card is asked for", () =>
  see("sound-source", unchanged, async ({ page, mock }) => {
    await page.getByTestId("sound-source").selectOption("MS2109");
    await becomes(["MS2109"], () => mock.actions.flatMap((action) => (action.name === "sound_source" ? [action.source] : [])));
  }));

test("without a microphone a person is told, and no sign is shown", () =>
  see("sound-no-microphone", unchanged, async ({ page }) => {
    await page.getByTestId("sound-microphone").click();
    await page.getByTestId("sound-problem").waitFor();
    assert.equal(await page.getByTestId("microphone-sign").count(), 0);
  }));

/** A microphone that the browser asks about: `allow(n)` is the person's answer to its nth question, `tracks` what was opened. */
const ASKS = `(() => {
  const questions = [];
  window.tracks = [];
  window.allow = (n) => questions[n]();
  window.asked = () => questions.length;
  navigator.mediaDevices.getUserMedia = () => new Promise((resolve) => questions.push(() => {
    const context = new AudioContext();
    const tone = context.createOscillator();
    const { stream } = tone.connect(context.createMediaStreamDestination());
    tone.start();
    window.tracks.push(...stream.getTracks());
    resolve(stream);
  }));
})()`;
async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 600; tries += 1) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.fail(what);
}

const tracks = ({ page }: Visit): Promise<string> => page.evaluate("window.tracks.map((track) => track.readyState).join()") as Promise<string>;
const press = ({ page }: Visit): Promise<void> => page.getByTestId("sound-microphone").click();
const stands = ({ page }: Visit, how: SoundUi["microphone"]): Promise<unknown> => page.waitForFunction((wanted) => window.dkvm?.sound.microphone === wanted, how);

/** The person's answer to the browser's nth question, once that is asked. */
async function allow({ page }: Visit, n: number): Promise<void> {
  await page.waitForFunction(`window.asked() > ${n}`);
  await page.evaluate(`window.allow(${n})`);
}

async function opened(here: Visit): Promise<void> {
  await here.page.evaluate(ASKS);
  await press(here);
  await stands(here, "asking");
  await allow(here, 0);
  await stands(here, "open");
}

test("a microphone that cannot be used is let go of", () =>
  see("sound-microphone-broken", unchanged, async (here) => {
    await here.page.evaluate(ASKS);
    await here.page.evaluate("AudioWorklet.prototype.addModule = () => Promise.reject(new Error('no'))");
    await press(here);
    await allow(here, 0);
    await here.page.getByTestId("sound-problem").waitFor();
    assert.equal(await tracks(here), "ended");
    assert.equal(await here.page.getByTestId("microphone-sign").count(), 0);
  }));

test("one that was closed while the browser asked is not opened by the answer, and two are never open", () =>
  see("sound-microphone-asked", unchanged, async (here) => {
    await here.page.evaluate(ASKS);
    await press(here);
    await press(here);
    await stands(here, "off");
    await press(here);
    await allow(here, 1);
    await stands(here, "open");
    await allow(here, 0);
    await until("the late one is let go of", async () => (await tracks(here)).endsWith("ended"));
    assert.equal(await tracks(here), "live,ended");
    await here.page.getByTestId("microphone-sign").click();
    await stands(here, "off");
    assert.equal(await tracks(here), "ended,ended");
    assert.deepEqual(here.mock.opened.filter((path) => path === "/api/microphone").length, 1);
  }));

test("listening that was stopped while it began does not begin, and two never play", () =>
  see("sound-stopped", unchanged, async (here) => {
    const { page, mock } = here;
    await page.evaluate(`(() => {
      const [real, add] = [AudioContext, AudioWorklet.prototype.addModule];
      [window.contexts, window.begin] = [[], []];
      window.AudioContext = class extends real { constructor(options) { super(options); window.contexts.push(this); } };
      AudioWorklet.prototype.addModule = function (script) { return new Promise((resolve) => window.begin.push(() => resolve(add.call(this, script)))); };
    })()`);
    const begun = (): Promise<number> => page.evaluate("window.begin.length") as Promise<number>;
    const listen = page.getByTestId("sound-listen");
    await listen.click();
    await until("the first begins", async () => (await begun()) === 1);
    await listen.click();
    assert.equal((await heard(here)).listening, "off");
    await listen.click();
    await until("the second begins", async () => (await begun()) === 2);
    await page.evaluate("window.begin.forEach((begin) => begin())");
    await page.waitForFunction(() => (window.dkvm?.sound.peak ?? 0) > 0.3);
    const states = (): Promise<string> => page.evaluate("window.contexts.map((context) => context.state).join()") as Promise<string>;
    await until("the first is let go of", async () => (await states()) === "closed,running");
    assert.equal(mock.opened.filter((path) => path === "/api/sound").length, 1);
  }));

test("sound both ways comes back with the link, over sockets of its own", () =>
  see("sound-again", unchanged, async (here) => {
    const { page, mock } = here;
    await opened(here);
    await page.getByTestId("sound-listen").click();
    await page.waitForFunction(() => (window.dkvm?.sound.peak ?? 0) > 0.3);
    mock.goodbye();
    const count = (path: string): number => mock.opened.filter((one) => one === path).length;
    await until("both are there again", () => count("/api/sound") === 2 && count("/api/microphone") === 2);
    await stands(here, "open");
    assert.equal(await tracks(here), "live");
  }));

test("another target closes the microphone: nobody speaks where it was not opened", () =>
  see("sound-another-target", unchanged, async (here) => {
    await opened(here);
    const toast = here.page.getByTestId("toast").filter({ hasText: "The microphone was closed" }).waitFor();
    await here.page.evaluate("history.pushState(null, '', '#target=office'); dispatchEvent(new PopStateEvent('popstate'))");
    await toast;
    await stands(here, "off");
    assert.equal(await tracks(here), "ended");
    assert.deepEqual(here.mock.farOpened.filter((path) => path.startsWith("/api/microphone")), []);
    await press(here);
    await allow(here, 1);
    await stands(here, "open");
    assert.deepEqual(here.mock.farOpened.filter((path) => path.startsWith("/api/microphone")), ["/api/microphone office"]);
  }));

test("with the session end microphone and loudspeakers", () =>
  visiting(browser, unchanged, async (here) => {
    const { page, mock } = here;
    await watching(here);
    await page.getByTestId("open-keyboard").click();
    await page.getByTestId("tab-sound").click();
    await opened(here);
    await page.getByTestId("sound-listen").click();
    await page.waitForFunction(() => window.dkvm?.sound.listening === "on");
    mock.world.session = "login";
    mock.goodbye();
    await page.getByTestId("login-password").waitFor();
    assert.equal(await tracks(here), "ended");
    const { microphone, listening } = await heard(here);
    assert.deepEqual([microphone, listening], ["off", "off"]);
  }));

test("a browser that takes a microphone at the system's rate only is heard too", () =>
  see("sound-microphone-rate", unchanged, async (here) => {
    await here.page.evaluate(`(() => {
      const [real, one] = [AudioContext.prototype.createMediaStreamSource, AudioContext];
      window.rates = [];
      window.AudioContext = class extends one { constructor(options) { super(options.sampleRate ? options : { ...options, sampleRate: 44100 }); window.rates.push(options.sampleRate ?? 0); } };
      one.prototype.createMediaStreamSource = function (stream) {
        if (this.sampleRate === 48000) throw new DOMException("another rate", "NotSupportedError");
        return real.call(this, stream);
      };
    })()`);
    await here.page.evaluate(ASKS.replace("new AudioContext()", "new AudioContext({ sampleRate: 44100 })"));
    await press(here);
    await allow(here, 0);
    await stands(here, "open");
    await until("a second is heard", () => here.mock.spoken >= 96_000);
    assert.deepEqual(await here.page.evaluate("window.rates"), [44_100, 48_000, 0]);
    assert.ok((await heard(here)).microphonePeak > 0.5);
  }));

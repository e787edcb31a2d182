// Which codec the page asks for, and what it does when the browser cannot decode it.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Browser } from "playwright-core";
import type { Mock } from "../../dev/mock.ts";
import * as states from "../../dev/states.ts";
import { launch, visiting, watching } from "./harness.ts";

let browser: Browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

const withEncoder = (mock: Mock): void => mock.tell({ type: "device", ...states.device("h264") }, { type: "h264", state: states.h264() });

// A link that stood still on a busy machine is made anew and asks again for what it had: so how often JPEG was asked for says nothing.
const asked = (mock: Mock): number => mock.codecs.filter((codec) => codec === "h264").length;

test("a stream that does not decode becomes JPEG by itself, and the drawer says why", () =>
  visiting(browser, withEncoder, async (here) => {
    await watching(here);
    assert.deepEqual([asked(here.mock), here.mock.codecs.at(-1)], [2, "jpeg"], "twice: a decoder may be lost without being wrong");
    await here.page.getByTestId("open-video").click();
    await here.page.getByText(/JPEG, .* a second: this browser's decoder failed/).waitFor();
    await here.shot("codec-fallback");
    await here.page.getByTestId("codec-h264").click();
    await here.page.waitForFunction(() => (window.dkvm?.codec ?? "") === "jpeg");
    while (asked(here.mock) < 4 || here.mock.codecs.at(-1) !== "jpeg") await here.page.waitForTimeout(20);
    assert.equal(asked(here.mock), 4, "who chooses it again has it tried again");
  }));

test("JPEG by choice, kept over a reload", () =>
  visiting(browser, withEncoder, async (here) => {
    await watching(here);
    await here.page.getByTestId("open-video").click();
    await here.page.getByTestId("codec-jpeg").click();
    const before = asked(here.mock);
    await here.page.reload();
    await watching(here);
    assert.equal(here.mock.codecs.at(-1), "jpeg");
    assert.equal(asked(here.mock), before);
  }));

test("a node without the encoder is never asked for H.264", () =>
  visiting(browser, () => undefined, async (here) => {
    await watching(here);
    assert.deepEqual([asked(here.mock), here.mock.codecs.at(-1)], [0, "jpeg"]);
  }));

test("a source that gives JPEGs is shown as it is, and the drawer says so", () =>
  visiting(browser, (mock) => mock.tell({ type: "h264", state: states.h264({ detail: "the source compresses by itself" }) }), async (here) => {
    await watching(here);
    assert.deepEqual([asked(here.mock), here.mock.codecs.at(-1)], [0, "jpeg"]);
    await here.page.getByTestId("open-video").click();
    await here.page.getByText(/a second: the source compresses by itself/).waitFor();
  }));

// An image by its URL: asked for, under way, refused, done.

import { after, before, test } from "node:test";
import type { Browser } from "playwright-core";
import * as states from "../../dev/states.ts";
import { becomes, launch, visiting, watching } from "./harness.ts";

let browser: Browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

test("an image is fetched with progress, and how it ended is told", () =>
  visiting(browser, () => undefined, async (here) => {
    const { page, mock } = here;
    await watching(here);
    await page.getByTestId("open-media").click();
    await page.getByTestId("fetch-url").fill("https://server/debian.iso");
    await page.getByTestId("fetch-hash").fill(" " + "ab".repeat(32));
    await page.getByTestId("fetch-start").click();
    const at = { url: "https://server/debian.iso", image: "debian.iso", size: 4_000_000, offset: 1_000_000, rate: 500_000, detail: null };
    mock.tell({ type: "fetch", state: states.fetching({ fetching: at }) });
    await page.getByText("977 kB of 3.8 MB, 488 kB/s, 6 s left").waitFor();
    mock.tell({ type: "fetch", state: states.fetching({ fetching: { ...at, detail: "the connection broke; it is tried again" } }) });
    await page.getByText("977 kB of 3.8 MB. The connection broke; it is tried again.").waitFor();
    await here.shot("fetching");
    await page.reload();
    await page.getByTestId("open-media").click();
    await page.getByTestId("fetch-cancel").click();
    mock.tell({ type: "fetch", state: states.fetching({ last: { number: 1, image: "debian.iso", sha256: null, message: "debian.iso was not fetched: it was cancelled" } }) });
    await page.getByText("Debian.iso was not fetched: it was cancelled.").or(page.getByText("debian.iso was not fetched: it was cancelled.")).waitFor();
    const asked = [{ name: "fetch_start", url: "https://server/debian.iso", image: null, sha256: "ab".repeat(32) }, { name: "fetch_cancel" }];
    await becomes<unknown>(asked, () => mock.actions.filter(({ name }) => name.startsWith("fetch_")));
  }));

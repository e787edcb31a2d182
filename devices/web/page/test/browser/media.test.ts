// The media drawer: an upload, what is in a drive, and a drive that the target has locked.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import type { Mock } from "../../dev/mock.ts";
import * as states from "../../dev/states.ts";
import { becomes, launch, visiting, watching, type Visit } from "./harness.ts";

let browser: Browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

const nothing = (mock: Mock): void => void mock.world;

async function media(prepare: (mock: Mock) => void, then: (visit: Visit) => Promise<void>): Promise<void> {
  await visiting(browser, prepare, async (here) => {
    await watching(here);
    await here.page.getByTestId("open-media").click();
    await then(here);
    const overflow = await here.page.evaluate(() => Math.max(...[document.documentElement, document.querySelector(".drawer-body")].map((box) => (box ? box.scrollWidth - box.clientWidth : 0))));
    assert.ok(overflow <= 0, `${overflow} px too wide`);
  });
}

function stored(mock: Mock): unknown[] {
  return mock.actions.filter(({ name }) => name.startsWith("storage_") || name === "profile");
}

async function choose(page: Page, size: number): Promise<Buffer> {
  const bytes = Buffer.from(Uint8Array.from({ length: size }, (_, index) => index % 251));
  await page.getByTestId("media-file").setInputFiles({ name: "my ä.iso", mimeType: "application/octet-stream", buffer: bytes });
  return bytes;
}

test("an image is uploaded with progress, byte for byte, and shown with its hash", () =>
  media((mock) => void (mock.world.partMs = 2000), async ({ page, mock, shot }) => {
    const bytes = await choose(page, 9_000_000);
    await page.getByText(/MB of 8.6 MB, .*\/s/).waitFor();
    await shot("media-sending");
    await page.locator('[data-testid="image-line"][data-name="my ä.iso"]').click();
    await page.getByTestId("image-hash").waitFor();
    assert.equal(mock.imageName, "my ä.iso");
    assert.ok(mock.image.bytes.equals(bytes));
  }));

test("an upload that is cancelled is forgotten by the node", () =>
  media((mock) => void (mock.world.partMs = 600), async ({ page, mock }) => {
    await choose(page, 9_000_000);
    await page.getByText(/MB of 8.6 MB/).waitFor();
    await page.getByTestId("media-cancel").click();
    await page.getByTestId("media-file").waitFor({ state: "attached" });
    await becomes([{ name: "storage_abort", id: "4c" }], () => stored(mock));
  }));

test("a refusal is told, and another file can be chosen", () =>
  media((mock) => void (mock.world.refusal = "my ä.iso is empty (0 bytes): choose the image itself"), async ({ page }) => {
    await choose(page, 10);
    assert.match(await page.getByTestId("media-problem").innerText(), /0 bytes/);
    await page.getByTestId("media-file").waitFor({ state: "attached" });
  }));

test("an image is put in as what it is, and ejecting a locked drive asks", () =>
  media((mock) => void (mock.world.locked = "the target has locked drive 0"), async ({ page, mock, shot }) => {
    await page.getByTestId("image-line").nth(1).click();
    await page.getByTestId("attach").click();
    await page.getByTestId("eject-0").click();
    await page.getByTestId("force-0").click();
    await page.getByText("The target has locked drive 0.").waitFor();
    await shot("media-locked");
    await page.getByTestId("force-0-confirm").click();
    await page.getByText("It was ejected by force.").waitFor();
    assert.deepEqual(stored(mock), [
      { name: "storage_attach", lun: 1, image: "files.img", medium: "disk", access: "writable" },
      { name: "storage_eject", lun: 0, force: false },
      { name: "storage_eject", lun: 0, force: true },
    ]);
  }));

test("an image is renamed, and deleting asks", () =>
  media(nothing, async ({ page, mock }) => {
    await page.getByTestId("image-line").nth(1).click();
    await page.getByTestId("image-name").fill("other.img");
    await page.getByTestId("image-rename").click();
    await page.getByTestId("image-delete").click();
    await page.getByTestId("image-delete-confirm").click();
    await page.getByText("files.img was deleted.").waitFor();
    assert.deepEqual(stored(mock), [
      { name: "storage_rename", image: "files.img", to: "other.img" },
      { name: "storage_delete", image: "files.img" },
    ]);
  }));

test("without drives the page says why and offers the profile that has them", () =>
  media((mock) => mock.tell({ type: "storage", state: states.storage({ luns: [], reason: "the USB profile that is bound has no mass storage" }) }), async ({ page, mock, shot }) => {
    await page.getByText("The USB profile that is bound has no mass storage.").waitFor();
    await shot("media-no-drives");
    await page.getByTestId("media-profile").click();
    await page.getByTestId("media-profile-confirm").click();
    await page.getByText(/has drives now/).waitFor();
    assert.deepEqual(stored(mock), [{ name: "profile", profile: "install" }]);
  }));

test("an upload that was broken off waits for its file", () =>
  media((mock) => mock.tell({ type: "storage", state: states.storage({ incoming: [{ id: "4c", name: "big.iso", size: 3_000_000, offset: 1_000_000, verifying: false }] }) }), async ({ page, shot }) => {
    await page.getByText(/977 kB of 2.9 MB. Choose the same file again/).waitFor();
    await shot("media-incoming");
  }));

test("a file is dropped onto a FAT drive, listed, and deleted when that is meant", () =>
  media((mock) => void (mock.world.partMs = 300), async ({ page, mock, shot }) => {
    await page.getByTestId("image-line").nth(1).click();
    await page.locator('[data-testid="file-line"][data-name="notes.txt"]').waitFor();
    await shot("media-files");
    const buffer = Buffer.from(Uint8Array.from({ length: 3_000_000 }, (_, index) => index % 251));
    await page.getByTestId("file-file").setInputFiles({ name: "my ä.txt", mimeType: "text/plain", buffer });
    await page.getByTestId("file-sending").waitFor();
    const line = page.locator('[data-testid="file-line"][data-name="my ä.txt"]');
    await line.waitFor();
    assert.ok(mock.image.bytes.equals(buffer));
    await page.getByTestId("media-incoming").waitFor({ state: "detached" });
    await line.getByTestId("file-delete").click();
    await page.getByTestId("file-delete-confirm").click();
    await page.getByText("my ä.txt was deleted.").waitFor();
    await line.waitFor({ state: "detached" });
    assert.deepEqual(stored(mock), [{ name: "storage_file_remove", image: "files.img", path: "my ä.txt", take_out: false }]);
  }));

test("a drive that the target has takes files only when it may be taken out", () => {
  const luns = states.storage().luns.map((lun) => ({ ...lun, image: lun.index === 1 ? "files.img" : null }));
  return media((mock) => mock.tell({ type: "storage", state: states.storage({ luns }) }), async ({ page, shot }) => {
    await page.getByTestId("image-line").nth(1).click();
    await page.getByText(/The target has this drive/).waitFor();
    assert.equal(await page.getByTestId("file-file").count(), 0);
    await page.getByTestId("files-take-out").check();
    await page.getByTestId("file-file").waitFor({ state: "attached" });
    await shot("media-files-in-target");
  });
});

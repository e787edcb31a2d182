// Chromium against the mock.

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { chromium, type Browser, type BrowserContextOptions, type Page } from "playwright-core";
import { Mock } from "../../dev/mock.ts";

const FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

/** A page that does not show something by then never will, ms. */
const PATIENCE_MS = 90_000;

/** Where the screenshots of the states are put, to be looked at by a person. */
export const SHOTS = process.env["DKVM_SHOTS"] ?? path.join(tmpdir(), "dkvm-page-shots");

export async function launch(): Promise<Browser> {
  return chromium.launch({ executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium", args: FLAGS });
}

export interface Visit {
  readonly mock: Mock;
  readonly page: Page;
  /** Errors that the page threw or the browser logged, policy violations among them. */
  readonly faults: string[];
  shot(name: string): Promise<void>;
  leave(): Promise<void>;
}

/** A fresh mock and a fresh page; `prepare` sets the mock's world first. The page must throw nothing. */
export async function visiting(browser: Browser, prepare: (mock: Mock) => void, then: (visit: Visit) => Promise<void>, options: BrowserContextOptions = {}): Promise<void> {
  const here = await visit(browser, prepare, options);
  try {
    await then(here);
    assert.deepEqual(here.faults, []);
  } finally {
    await here.leave();
  }
}

async function visit(browser: Browser, prepare: (mock: Mock) => void, options: BrowserContextOptions): Promise<Visit> {
  const mock = new Mock(path.resolve("dist"));
  prepare(mock);
  const address = await mock.start();
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, colorScheme: "dark", ...options });
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  const faults: string[] = [];
  page.on("pageerror", (error) => faults.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error" && !/ERR_|status of 4|WebSocket/.test(message.text())) faults.push(message.text());
  });
  await page.goto(address);
  const leave = async (): Promise<void> => {
    await context.close();
    await mock.stop();
  };
  const shot = async (name: string): Promise<void> => {
    mkdirSync(SHOTS, { recursive: true });
    await page.screenshot({ path: path.join(SHOTS, `${name}.png`) });
  };
  return { mock, page, faults, shot, leave };
}

/** Waits until a value is as expected. What a page sends is still on its way when the click that sends it is done: it is not to be looked at at once. */
export async function becomes<T>(expected: T, value: () => T | Promise<T>): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  while (!isDeepStrictEqual(await value(), expected) && performance.now() < end) await pause(20);
  assert.deepEqual(await value(), expected);
}

/** The page with a picture in it. */
export async function watching({ page }: Visit): Promise<void> {
  await page.waitForFunction(() => (window.dkvm?.frames ?? 0) > 1);
}

/** The page with keyboard and mouse. */
export async function working(visit: Visit): Promise<void> {
  await watching(visit);
  await visit.page.getByTestId("screen").click({ position: { x: 200, y: 300 } });
  await visit.page.waitForFunction(() => window.dkvm?.focus.engaged === true);
}

// What tests of several targets share: other nodes' states, the way to a target, what arrived there.

import assert from "node:assert/strict";
import type { Browser, BrowserContextOptions } from "playwright-core";
import { target } from "../../dev/far.ts";
import type { Mock } from "../../dev/mock.ts";
import * as states from "../../dev/states.ts";
import type { InputState } from "../../src/wire/InputState.ts";
import type { ToPage } from "../../src/wire/ToPage.ts";
import { visiting, watching, type Visit } from "./harness.ts";

export const PHONE: BrowserContextOptions = { viewport: { width: 360, height: 740 }, hasTouch: true, deviceScaleFactor: 2 };
export const UHD: BrowserContextOptions = { viewport: { width: 3840, height: 2160 } };

export const nothing = (): void => undefined;
export const told = (change: Parameters<typeof target>[1]): ToPage => ({ type: "target", ...target("office", change) });
export const linked = (change: Parameters<typeof states.peer>[1]): ToPage => ({ type: "peers", state: states.peers({ peers: [states.peer("office", change)] }) });

/** The target of another node, with its picture. */
export async function away(here: Visit, node = "office"): Promise<void> {
  await watching(here);
  await here.page.getByTestId("open-targets").click();
  await here.page.getByTestId(`tile-${node}`).click();
  await here.page.waitForFunction((wanted) => window.dkvm?.target === wanted, node);
}

export async function see(browser: Browser, name: string, prepare: (mock: Mock) => void, then: (visit: Visit) => Promise<void>, options: BrowserContextOptions = {}): Promise<void> {
  await visiting(browser, prepare, async (here) => {
    await then(here);
    await here.page.waitForTimeout(250); // animations end; the picture is for a person
    await here.shot(name);
    const overflow = await here.page.evaluate(() => Math.max(...[...document.querySelectorAll("html, .bar, .overview, .drawer-body")].map((box) => box.scrollWidth - box.clientWidth)));
    assert.ok(overflow <= 0, `${overflow} px too wide`);
  }, options);
}

export function keys(inputs: readonly InputState[]): string {
  const all = new Map(inputs.flatMap(({ first, steps }) => steps.map((step, index) => [first + index, step])));
  return [...all.entries()].sort(([a], [b]) => a - b).flatMap(([, step]) => (step.kind === "key" ? [`${step.down ? "+" : "-"}${step.usage.toString(16)}`] : [])).join(" ");
}

export async function settled({ page }: Visit): Promise<void> {
  await page.waitForFunction(() => window.dkvm?.pendingSteps === 0);
}

/** Takes the target that is shown. */
export async function taken({ page }: Visit): Promise<void> {
  await page.waitForFunction(() => (window.dkvm?.frames ?? 0) > 1);
  await page.getByTestId("screen").click({ position: { x: 200, y: 300 } });
  await page.waitForFunction(() => window.dkvm?.focus.engaged === true);
}

// A node without a target of its own: what its page shows is those of others.
import { BAD_NETWORK } from "./bad-network.ts";
import type { Browser } from "./browser.ts";
import { only, withConfig } from "./config.ts";
import { PATIENCE_MS, until } from "./lab.ts";
import { createSharedNetwork } from "./network.ts";
import { Node } from "./node.ts";
import { imageConfig } from "./pi-image.ts";
import { Pi } from "./pi.ts";
import type { Bench } from "./scenario.ts";
import { PASSWORD } from "./viewer.ts";

export async function pagePi({ lab }: Bench, index: number, name: string): Promise<Pi> {
  const config = withConfig(only(imageConfig(), ["nodes", "peer", "network", "web"]), "peer", `name = "${name}"`);
  const pi = await Pi.boot(lab, { index, network: createSharedNetwork(index), usb: "none", hdmi: false, config, ...BAD_NETWORK });
  await new Node(pi).awaitUp(["peer", "web"]);
  return pi;
}

/** The first visit to the page at this address, with another node's target; `args` are more switches of Chromium's. */
export async function openFar(bench: Bench, address: string, node: string, args: string[] = []): Promise<Browser> {
  const browser = await bench.openBrowser(args);
  const { page } = browser;
  page.setDefaultTimeout(PATIENCE_MS);
  await page.goto(`https://${address}/#target=${node}`);
  await page.getByTestId("setup-password").fill(PASSWORD);
  await page.getByTestId("setup-submit").click();
  await until(`the page has the target of ${node}`, () => page.evaluate(`window.dkvm?.target === "${node}" && window.dkvm.connected`), { every: 50 });
  return browser;
}

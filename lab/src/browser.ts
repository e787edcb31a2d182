// Debian's Chromium, without a window, on the lab's network.
import { join } from "node:path";
import { chromium, type BrowserContext, type Page } from "playwright-core";
import { existsSync } from "node:fs";
import { LabError, PATIENCE_MS, type Lab } from "./lab.ts";

const CHROMIUM = "/usr/bin/chromium";

export class Browser {
  readonly consoleMessages: string[] = [];
  #pictures = 0;

  private constructor(readonly lab: Lab, readonly context: BrowserContext, readonly page: Page) {
    page.on("console", (message) => this.consoleMessages.push(`${message.type()}: ${message.text()}`));
    page.on("pageerror", (error) => this.consoleMessages.push(`pageerror: ${error.message}`));
  }

  /** `args` are more switches of Chromium's. */
  static async open(lab: Lab, args: string[] = []): Promise<Browser> {
    if (!existsSync(CHROMIUM)) throw new LabError(`${CHROMIUM} is missing: run 'lab/setup.sh'`);
    const profile = lab.path(`chromium-${process.hrtime.bigint()}`);
    const context = await chromium.launchPersistentContext(profile, {
      executablePath: CHROMIUM,
      timeout: PATIENCE_MS,
      headless: true,
      ignoreHTTPSErrors: true,
      viewport: { width: 1280, height: 800 },
      // no sandbox: it is the lab's namespaces that hold it in
      args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", ...args],
    });
    context.setDefaultTimeout(PATIENCE_MS);
    return new Browser(lab, context, context.pages()[0] ?? (await context.newPage()));
  }

  /** Keeps a picture of the page among the logs, which are kept on failure. */
  async picture(name = "page"): Promise<Buffer> {
    return this.page.screenshot({ path: join(this.lab.work, "logs", `${name}-${this.#pictures++}.png`) });
  }

  close(): Promise<void> {
    return this.context.close();
  }
}

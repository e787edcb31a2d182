// What a scenario is, and what it is given.
import { Browser } from "./browser.ts";
import { LabError, type Lab } from "./lab.ts";
import { Rig, type RigOptions } from "./rig.ts";
import type { Row } from "./table.ts";

export interface Scenario {
  name: string;
  /** One line: what must hold. */
  description: string;
  /** Runs it; returns its figure, such as "200 kills, 0 keys lost". Throws when it does not hold. */
  run(bench: Bench): Promise<string>;
}

export function scenario(name: string, description: string, run: Scenario["run"]): Scenario {
  return { name, description, run };
}

/** What lies on the table: machines to boot, a browser to open, and somebody to tell. */
export class Bench {
  readonly #started = performance.now();
  readonly #browsers: Browser[] = [];
  /** What a benchmark has measured. */
  readonly rows: Row[] = [];

  constructor(readonly lab: Lab) {}

  /** A row of the benchmarks' table. */
  row(row: Row): void {
    this.rows.push(row);
  }

  /** Boots a Pi and the target PC that it is wired to. */
  boot(options: RigOptions = {}): Promise<Rig> {
    return Rig.boot(this.lab, options);
  }

  async openBrowser(args: string[] = []): Promise<Browser> {
    const browser = await Browser.open(this.lab, args);
    this.#browsers.push(browser);
    return browser;
  }

  /** One line to the person who waits. */
  tell(text: string): void {
    const seconds = ((performance.now() - this.#started) / 1000).toFixed(1).padStart(6);
    console.log(`${seconds} s  ${text}`);
  }

  /** States what must be so; the sentence says what is wrong when it is not. */
  check(condition: unknown, sentence: string): void {
    if (!condition) throw new LabError(sentence);
  }

  equal<T>(actual: T, wanted: T, what: string): void {
    const [a, w] = [JSON.stringify(actual), JSON.stringify(wanted)];
    if (a !== w) throw new LabError(`${what}: ${a} in place of ${w}`);
  }

  /** What each open browser shows at the end, among the logs. */
  async lastPictures(): Promise<void> {
    await Promise.all(this.#browsers.map((browser) => browser.picture("last").catch(() => {})));
  }

  async close(): Promise<void> {
    await Promise.all(this.#browsers.map((browser) => browser.close().catch(() => {})));
  }
}

/** The value below which the given share (0.5: median, 0.99) of the samples lies. */
export function quantile(samples: number[], share: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN;
}

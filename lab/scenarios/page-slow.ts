// A page behind a slow link of its own, which watches another node's target: the encoder there hears of it and makes coarser pictures, so
// that the page is shown all of them, and soon. Whoever watches at that node loses none.
import type { Page } from "playwright-core";
import type WebSocket from "ws";
import { narrow, widen } from "../src/bad-network.ts";
import { openFar, pagePi } from "../src/far-page.ts";
import { LabError, PATIENCE_MS, sleep, until } from "../src/lab.ts";
import { createSharedNetwork } from "../src/network.ts";
import { Node } from "../src/node.ts";
import { alike } from "../src/picture.ts";
import type { Pi } from "../src/pi.ts";
import type { Rig } from "../src/rig.ts";
import { scenario, type Bench } from "../src/scenario.ts";
import { Viewer } from "../src/viewer.ts";
import { pair, piConfig } from "../src/workstation.ts";

/** The node whose page it is, and the one whose target is watched. */
const [NEAR, FAR] = ["lobby", "office"];
/** Of the bytes of the moving picture the slow link carries this, which coarser ones fit, or far too little for the coarsest. */
const [SLOW, FAR_TOO_SLOW] = [0.6, 0.25];
/** The quantiser of what moves on a fast link, `h264`'s own; coarser by so much it has half of the bytes. */
const [FINE, COARSER] = [24, 6];
/** A page is shown at least so many of the pictures that are made. Where the encoder does not hear of its link: half of them and fewer. */
const SHOWN_LEAST = 0.8;
/** The picture that it shows is older than the newest by less than this part of the time for which it is looked at. */
const LATE_MOST = 0.5;
/** Who watches at that node gets at least so many of the pictures that he gets alone; were they held up for the page, it would be less than half. */
const SHARE_LEAST = 0.67;
/** One look: so often, with so much time between. */
const [TIMES, EVERY_MS] = [15, 200];

export default scenario("page-slow", "a page behind a slow link, which watches another node's target, gets coarser pictures, and all of them, and soon; who watches at that node loses none; on a fast link they are fine again", async (bench) => {
  [0, 1].forEach(createSharedNetwork);
  const rig = await bench.boot({ pi: { index: 1, config: piConfig(FAR, ["capture", "encode", "h264", "web"]) } });
  const near = await pagePi(bench, 0, NEAR);
  await new Node(rig.pi).awaitUp(["capture", "encode", "h264", "peer", "web"]);
  await pair({ name: NEAR, pi: near }, { name: FAR, pi: rig.pi }, { there: "view", here: "none" });
  // By the wires: what is slow there is not slow between the nodes.
  const browser = await openFar(bench, near.network.wireAddress, FAR);
  await until("the page shows H.264", () => browser.page.evaluate("window.dkvm.codec === 'h264' && window.dkvm.frames > 0"), { every: 50 });
  const watch = new Watch(browser.page, await Viewer.open(rig.pi.network.address));
  const stop = await move(rig);
  const figure = await slowAndFast(bench, near, watch);
  await stop();
  const off = await alike(browser.page, rig.target);
  bench.equal(browser.consoleMessages.filter((line) => line.startsWith("pageerror")), [], "errors on the page");
  watch.close();
  await browser.close();
  await Promise.all([rig.target.powerOff(), rig.pi.powerOff(), near.powerOff()]);
  return `${figure}; ${(100 * off).toFixed(3)} % of the pixels off when it rests`;
});

/** A line more on the target's screen, which is full of them, ten times a second; what ends that. */
async function move({ target }: Rig): Promise<() => Promise<void>> {
  const numbers = [7919, 6101, 5003, 4001, 3001, 2003].map((prime) => `$((i * ${prime} % 10007))`).join(" ");
  const line = `echo "line $i of a text that moves, ${numbers}" >/dev/tty0; i=$((i + 1))`;
  await target.sh(`touch /tmp/moves; i=0; while [ $i -lt 60 ]; do ${line}; done; (while [ -e /tmp/moves ]; do ${line}; usleep 100000; done) >/dev/null 2>&1 &`);
  return async () => void (await target.sh("rm /tmp/moves"));
}

async function slowAndFast(bench: Bench, near: Pi, watch: Watch): Promise<string> {
  const fast = await awaitLook(watch, "the page shows what moves", (look) => look.coarsest >= FINE && flows(look));
  bench.tell(`fast: ${told(fast)}`);
  await narrow(near, fast.kilobits * SLOW);
  await awaitLook(watch, "the encoder makes coarser pictures for a page behind a slow link at another node", ({ coarsest }) => coarsest >= fast.coarsest + COARSER);
  const slow = await awaitLook(watch, "the page behind a slow link is shown all pictures, and soon", flows);
  bench.tell(`slow: ${told(slow)}`);

  await narrow(near, fast.kilobits * FAR_TOO_SLOW);
  await watch.look();
  const share = ({ made, passed }: Look): number => (made / passed) / (fast.made / fast.passed);
  const least = await awaitLook(watch, "who watches at that node gets as many pictures as without the slow page", (look) => share(look) >= SHARE_LEAST);
  bench.tell(`far too slow: ${told(least)}`);

  await widen(near);
  const again = await awaitLook(watch, "the pictures are as fine as before when the link is fast again", (look) => look.coarsest <= fast.coarsest && flows(look));
  bench.tell(`fast again: ${told(again)}`);
  return `${SLOW * 100} % of the link: quantiser ${slow.coarsest} in place of ${fast.coarsest}, ${slow.shown} of ${slow.made} pictures shown; ${FAR_TOO_SLOW * 100} %: ${(100 * share(least)).toFixed(0)} % of the pictures for who watches there; fine again`;
}

/** What was seen in one look. */
interface Look {
  /** Frames of the source, pictures that somebody at that node got, and pictures that the page showed. */
  passed: number;
  made: number;
  shown: number;
  /** Frames of the source by which the page was behind, at worst. */
  late: number;
  /** The coarsest quantiser, and what the pictures took, kilobits a second. */
  coarsest: number;
  kilobits: number;
}

function flows({ passed, made, shown, late }: Look): boolean {
  return made > 0 && shown >= made * SHOWN_LEAST && late < passed * LATE_MOST;
}

function told({ passed, made, shown, late, coarsest, kilobits }: Look): string {
  return `${shown} of ${made} pictures shown, at most ${late} of ${passed} frames late; quantiser ${coarsest}, ${kilobits.toFixed(0)} kbit/s`;
}

async function awaitLook(watch: Watch, what: string, wanted: (look: Look) => boolean): Promise<Look> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const look = await watch.look();
    if (wanted(look)) return look;
    if (performance.now() > deadline) throw new LabError(`looked for ${PATIENCE_MS / 1000} s in vain: ${what}: ${told(look)}`);
  }
}

/** The page, and somebody who watches at that node itself, over a fast link. */
class Watch {
  readonly #socket: WebSocket;
  #pictures = 0;
  #bytes = 0;
  /** The source's number of the newest. */
  #newest = 0;

  constructor(readonly page: Page, readonly viewer: Viewer) {
    this.#socket = viewer.socket("/api/video", { codec: "h264" });
    this.#socket.on("error", () => {});
    this.#socket.on("message", (data: Buffer) => {
      this.#pictures++;
      this.#bytes += data.length;
      this.#newest = Number(data.readBigUInt64LE(0));
      this.#socket.send(Buffer.alloc(0));
    });
  }

  async look(): Promise<Look> {
    const [since, pictures, bytes, newest, { frames }] = [performance.now(), this.#pictures, this.#bytes, this.#newest, await this.#shown()];
    let [late, coarsest, shown] = [0, 0, frames];
    for (let time = 0; time < TIMES; time++) {
      await sleep(EVERY_MS);
      const before = this.#newest;
      const now = await this.#shown();
      late = Math.max(late, before - now.lastSequence);
      coarsest = Math.max(coarsest, this.viewer.h264?.quantiser ?? 0);
      shown = now.frames;
    }
    const kilobits = ((this.#bytes - bytes) * 8) / (performance.now() - since);
    return { passed: this.#newest - newest, made: this.#pictures - pictures, shown: shown - frames, late, coarsest, kilobits };
  }

  async #shown(): Promise<{ frames: number; lastSequence: number }> {
    return (await this.page.evaluate("(({ frames, lastSequence }) => ({ frames, lastSequence }))(window.dkvm)")) as { frames: number; lastSequence: number };
  }

  close(): void {
    this.#socket.terminate();
    this.viewer.close();
  }
}

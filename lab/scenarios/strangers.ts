// Two paired nodes with sessions between them, and everybody who has no business there: none gets in, all are counted, and the
// sessions notice nothing.
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { LabError, PATIENCE_MS, until } from "../src/lab.ts";
import { createSharedNetwork } from "../src/network.ts";
import { Node } from "../src/node.ts";
import { binaryDirectory } from "../src/pi-image.ts";
import { Pi } from "../src/pi.ts";
import { quantile, scenario, type Bench } from "../src/scenario.ts";
import type { PeerInfo } from "../../devices/web/page/src/wire/PeerInfo.ts";
import type { PeerState } from "../../devices/web/page/src/wire/PeerState.ts";
import type { Refused } from "../../devices/web/page/src/wire/Refused.ts";

const PORT = 23586;
const SLOW = 300;
const NOISE = 2000;
/** What a node reads at all it has counted within, ms. */
const READ_MS = 5000;
const start = promisify(execFile);

export default scenario("strangers", "unpaired, revoked, wrong key, other version, replayed handshake, noise, slow handshakes by the hundred: refused and counted, and the sessions of the paired nodes notice nothing", async (bench) => {
  const [desk, office] = await Promise.all([boot(bench, 0), boot(bench, 1)]);
  await pair(bench, desk, office);
  const quiet = (await peers(office)).refused.garbage;
  const sessions = await Sessions.start(desk);
  bench.equal((await peers(office)).refused.garbage, quiet, "what no paired node adds to: garbage");
  const others = new Strangers(bench, office);
  await others.unpaired();
  await others.otherVersion();
  await others.revoked();
  await others.replayed();
  await others.noise();
  await wrongKey(bench, desk, office);
  await others.slow();
  const told = await sessions.end();
  await relink(bench, desk, office);
  const { strangers, versions, garbage } = (await peers(office)).refused;
  return `${told}; refused: ${strangers} strangers, ${versions} versions, ${garbage} that were no handshake`;
});

async function boot(bench: Bench, index: number): Promise<Pi> {
  const pi = await Pi.boot(bench.lab, { index, network: createSharedNetwork(index), usb: "none", hdmi: false });
  await new Node(pi).awaitUp(["peer"]);
  return pi;
}

async function peers(pi: Pi): Promise<PeerState> {
  return JSON.parse(await pi.must("dkvm peers --json")) as PeerState;
}

async function link(pi: Pi, node: string): Promise<PeerInfo | undefined> {
  return (await peers(pi)).peers.find((peer) => peer.node === node);
}

function awaitLink(pi: Pi, node: string, state: PeerInfo["link"]): Promise<PeerInfo> {
  return until(`the link to ${node} is ${state}`, async () => {
    const found = await link(pi, node);
    return found?.link === state ? found : undefined;
  });
}

async function pair(bench: Bench, desk: Pi, office: Pi): Promise<void> {
  const [here, there] = await Promise.all([peers(desk), peers(office)]);
  await office.must(`dkvm peers authorise desk ${here.fingerprint} --grants view`);
  await desk.must(`dkvm peers authorise office ${there.fingerprint} --address ${office.network.address}`);
  const { granted } = await awaitLink(desk, "office", "up");
  bench.equal(granted, ["view"], "what desk may do at office");
  await awaitLink(office, "desk", "up");
  bench.tell("two nodes are paired");
}

/** One that stays, and one command after the other. */
class Sessions {
  #failed: string[] = [];
  #ended = false;
  #milliseconds: number[] = [];

  private constructor(readonly desk: Pi, readonly pid: string) {}

  static async start(desk: Pi): Promise<Sessions> {
    const pid = await desk.must("dkvm --node office logs -f > /tmp/logs 2>&1 & echo $!");
    const sessions = new Sessions(desk, pid);
    void sessions.#run();
    await until("the first commands at office are answered", () => sessions.#milliseconds.length >= 3 || sessions.#failed.length > 0);
    return sessions;
  }

  async #run(): Promise<void> {
    while (!this.#ended) {
      const begun = performance.now();
      const answer = await this.desk.sh("dkvm --node office ps --json").catch((error: Error) => ({ code: 1, stdout: "", stderr: error.message }));
      this.#milliseconds.push(performance.now() - begun);
      if (answer.code !== 0 || !answer.stdout.includes("peer")) this.#failed.push(answer.stderr || answer.stdout);
    }
  }

  /** How many commands were answered, none failing. */
  async end(): Promise<string> {
    this.#ended = true;
    const lives = await this.desk.sh(`kill ${this.pid}`);
    if (lives.code !== 0) throw new LabError(`the session that stayed open has ended: ${await this.desk.readText("/tmp/logs")}`);
    const [first] = this.#failed;
    if (first !== undefined) throw new LabError(`${this.#failed.length} commands at office failed, the first: ${first.trim()}`);
    return `${this.#milliseconds.length} commands at another node, none failed, median ${quantile(this.#milliseconds, 0.5).toFixed(0)} ms`;
  }
}

/** Outside both Pis, with keys of its own. */
class Strangers {
  readonly #program = join(binaryDirectory(), "examples/stranger");
  readonly #address: string;

  constructor(readonly bench: Bench, readonly office: Pi) {
    if (!existsSync(this.#program)) throw new LabError(`${this.#program} is not built: run 'make build'`);
    this.#address = `${office.network.address}:${PORT}`;
  }

  #key(name: string): string {
    return this.bench.lab.path(`key-${name}`);
  }

  async #do(...args: string[]): Promise<string> {
    return (await start(this.#program, args)).stdout.trim();
  }

  /** Waits until office has counted so many more. */
  async #counted(what: keyof Refused, before: Refused, most: number, timeout = PATIENCE_MS): Promise<void> {
    const counted = await until(`office has counted ${most} more ${what}`, async () => {
      const now = (await peers(this.office)).refused[what] - before[what];
      return now >= most ? now : undefined;
    }, { timeout });
    this.bench.tell(`${counted} ${what} counted`);
  }

  async #refused(): Promise<Refused> {
    return (await peers(this.office)).refused;
  }

  async #areOut(outcome: string, count: number): Promise<void> {
    const lines = outcome.split("\n");
    this.bench.equal(lines.length, count, "calls");
    const let_in = lines.filter((line) => !/^(closed|refused): /.test(line));
    this.bench.equal(let_in, [], "strangers that were let in");
  }

  async unpaired(): Promise<void> {
    const before = await this.#refused();
    await this.#areOut(await this.#do("call", this.#key("unpaired"), "dkvm/1", this.#address, "10"), 10);
    await this.#counted("strangers", before, 10);
  }

  async otherVersion(): Promise<void> {
    const before = await this.#refused();
    const outcome = await this.#do("call", this.#key("unpaired"), "dkvm/2", this.#address, "5");
    this.bench.check(outcome.includes("another version of the link"), `another version is told otherwise: ${outcome}`);
    await this.#counted("versions", before, 5);
    await this.office.awaitConsole(/speaks dkvm\/2, and this node speaks dkvm\/1: update the older/);
  }

  async revoked(): Promise<void> {
    const fingerprint = await this.#do("fingerprint", this.#key("revoked"));
    await this.office.must(`dkvm peers authorise attic ${fingerprint} --grants all`);
    const held = this.#do("hold", this.#key("revoked"), this.#address);
    await awaitLink(this.office, "attic", "up");
    await this.office.must("dkvm peers forget attic --yes");
    const outcome = await held;
    this.bench.check(/^linked\nended: .*forgotten there/.test(outcome), `a node that is forgotten is told: ${outcome}`);
    const before = await this.#refused();
    await this.#areOut(await this.#do("call", this.#key("revoked"), "dkvm/1", this.#address, "5"), 5);
    await this.#counted("strangers", before, 5);
  }

  /** By a key that is paired, so that the first time it goes through. */
  async replayed(): Promise<void> {
    const fingerprint = await this.#do("fingerprint", this.#key("replayed"));
    await this.office.must(`dkvm peers authorise cellar ${fingerprint} --grants all`);
    const before = await this.#refused();
    const outcome = await this.#do("replay", this.#key("replayed"), this.#address);
    this.bench.tell(outcome);
    // Its first packet begins a handshake that nobody can go on with: it is counted when its time is over.
    await this.#counted("garbage", before, 1);
    const cellar = await link(this.office, "cellar");
    this.bench.check(cellar !== undefined && cellar.link !== "up", "a handshake that was played again made a link");
    await this.office.must("dkvm peers forget cellar --yes");
  }

  async noise(): Promise<void> {
    const before = await this.#refused();
    // Linux drops what comes faster than the node reads, and most of it where the Pi gets no processor meanwhile: then it comes again.
    await until("the node has had its noise", async () => {
      await this.#do("noise", this.#address, String(NOISE));
      return this.#counted("garbage", before, NOISE / 4, READ_MS).then(() => true, () => undefined);
    });
  }

  async slow(): Promise<void> {
    const before = await this.#refused();
    await this.#do("slow", this.#address, String(SLOW));
    // Each displaces the one before it, as they come from one address; the last ones time out.
    await this.#counted("garbage", before, SLOW / 2);
  }
}

/** Whoever answers at a paired node's address has to be that node. */
async function wrongKey(bench: Bench, desk: Pi, office: Pi): Promise<void> {
  const other = "ab".repeat(32);
  await desk.must(`dkvm peers authorise imposter ${other} --address ${office.network.address}`);
  const { detail } = await awaitLink(desk, "imposter", "refused");
  bench.check(detail?.includes("another key"), `a wrong key is told otherwise: ${detail}`);
  await desk.must("dkvm peers forget imposter --yes");
  bench.tell("a wrong key is refused by the caller");
}

/** While handshakes that go nowhere are under way, a paired node that has lost its link gets through. */
async function relink(bench: Bench, desk: Pi, office: Pi): Promise<void> {
  const program = join(binaryDirectory(), "examples/stranger");
  const slow = start(program, ["slow", `${office.network.address}:${PORT}`, String(SLOW / 3)]);
  const pid = await desk.pidOf(/dkvm-device peer/);
  bench.check(pid !== undefined, "desk has no peer device");
  await desk.kill(pid!);
  await until("desk is linked again", async () => (await desk.sh("dkvm --node office ps")).code === 0);
  bench.tell("a paired node that was killed is linked again in between");
  await slow;
}

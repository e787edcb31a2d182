// A Pi is set up from another node alone: by `dkvm --node`, over the peer link. What breaks the link, and what the power cuts,
// takes itself back, and the node is worked again from there.
import { LabError, until } from "../src/lab.ts";
import { createSharedNetwork } from "../src/network.ts";
import { Node } from "../src/node.ts";
import { Pi } from "../src/pi.ts";
import { scenario, type Bench } from "../src/scenario.ts";
import type { ConfigHistory } from "../../devices/web/page/src/wire/ConfigHistory.ts";
import type { ConfigState } from "../../devices/web/page/src/wire/ConfigState.ts";
import type { ConfigText } from "../../devices/web/page/src/wire/ConfigText.ts";

const FAR = "far";

export default scenario("configure-from-peer", "a fresh Pi is set up from another node alone; a configuration that cuts the link, and a power cut, are taken back, and the link is there again", async (bench) => {
  [0, 1].forEach(createSharedNetwork);
  const rig = await bench.boot({ pi: { hdmi: false, usb: "none" }, target: false });
  await new Node(rig.pi).awaitUp(["peer"]);
  // Its card alone says whose it is.
  const settings = `[owner]\npeer = "${await fingerprint(rig.pi)}"\n`;
  const far = await Pi.boot(rig.pi.lab, { index: 1, card: { settings }, hdmi: false, usb: "none" });
  await new Node(far).awaitUp(["peer", "typist"]);
  const desk = new Desk(bench, rig.pi, far);
  await pair(desk);
  await setUp(desk);
  await cutsItself(desk);
  await powerCut(desk);
  const { entries } = await desk.ask<ConfigHistory>("config history");
  await Promise.all([rig.pi.powerOff(), far.powerOff()]);
  return `${entries.length} configurations in the history, ${entries.filter(({ outcome }) => outcome === "taken_back").length} of them taken back`;
});

/** The near node's command, which is all that is used. */
class Desk {
  constructor(readonly bench: Bench, readonly near: Pi, readonly far: Pi) {}

  /** What a command says of the far node. */
  async ask<T>(command: string): Promise<T> {
    return JSON.parse(await this.near.must(`dkvm --node ${FAR} ${command} --json`)) as T;
  }

  read(): Promise<ConfigText> {
    return this.ask<ConfigText>("config get");
  }

  async apply(text: string, more = ""): Promise<{ code: number; stdout: string; stderr: string }> {
    await this.near.write("/tmp/far.toml", text);
    return this.near.sh(`dkvm --node ${FAR} config apply /tmp/far.toml ${more}`, 150_000);
  }

  /** The far node, once it is there again. */
  state(): Promise<ConfigState> {
    return until("the far node answers", () => this.ask<ConfigState>("config").catch(() => undefined));
  }
}

const fingerprint = async (pi: Pi): Promise<string> => (JSON.parse(await pi.must("dkvm peers --json")) as { fingerprint: string }).fingerprint;
const inLayout = (text: string, layout: string): string => text.replace(/^\[device\.typist\.config\]\n(layout = .*\n)?/m, `[device.typist.config]\nlayout = "${layout}"\n`);
const withoutPeer = (text: string): string => text.replace(/^\[device\.peer\]\n/m, "[device.peer]\nenabled = false\n");

/** Nothing is done at the Pi itself, but that its fingerprint is read from its screen. */
async function pair({ bench, near, far }: Desk): Promise<void> {
  await near.must(`dkvm peers authorise ${FAR} ${await fingerprint(far)} --address ${far.network.address}`);
  await until("the link", async () => (await near.sh(`dkvm --node ${FAR} info`)).code === 0 || undefined);
  bench.tell("paired");
}

async function setUp(desk: Desk): Promise<void> {
  const text = inLayout((await desk.read()).text, "de");
  const answer = await desk.apply(text, "--comment 'set up from afar'");
  if (answer.code !== 0) throw new LabError(`the far node was not set up: ${answer.stderr}`);
  desk.bench.check((await desk.read()).text === text, "what is in force there is not what was applied");
  const { entries } = await desk.ask<ConfigHistory>("config history");
  desk.bench.equal([entries.at(-1)?.outcome, entries.at(-1)?.comment], ["kept", "set up from afar"], "the last of its history");
  const wrong = await desk.apply(inLayout(text, "klingon"));
  desk.bench.check(wrong.code === 1 && wrong.stderr.includes("klingon"), `one that does not come up is answered: ${wrong.stderr}`);
  desk.bench.tell("set up, and a wrong one was refused in the device's own words");
}

/** The device that carries the link is held: nobody can confirm that from here. */
async function cutsItself(desk: Desk): Promise<void> {
  const before = await desk.read();
  const ended = (await desk.state()).last?.number;
  // it may hear yet that it is on trial, or not any more
  const answer = await desk.apply(withoutPeer(before.text), "--confirm 3");
  desk.bench.check(answer.code === 0 || /nobody confirmed|taken back/.test(answer.stderr), `one that cuts the link is answered: ${answer.code} ${answer.stderr}`);
  const { last, digest } = await until("it has ended and the link is back", async () => {
    const now = await desk.ask<ConfigState>("config").catch(() => undefined);
    return now?.trial === null && now.last?.number !== ended ? now : undefined;
  });
  desk.bench.equal([last?.outcome, digest], ["taken_back", before.digest], "how it ended, and the text in force then");
  desk.bench.tell("one that cut the link was taken back, and the link is there");
}

async function powerCut(desk: Desk): Promise<void> {
  const before = await desk.read();
  const answer = await desk.apply(inLayout(before.text, "fr"), "--confirm 60");
  desk.bench.equal(answer.code, 0, "the exit code of one that is left on trial");
  await desk.far.powerCut();
  await desk.far.powerOn();
  const { digest, trial, last } = await desk.state();
  desk.bench.equal([digest, trial, last?.outcome], [before.digest, null, "taken_back"], "what the far node says after the cut");
}

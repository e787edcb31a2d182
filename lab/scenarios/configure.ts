// A configuration that takes itself back: what does not come up, is not confirmed or is cut off by a kill or a cut of power is
// undone, what is confirmed stays, and who is not concerned notices nothing.
import { checkData } from "../src/image-check.ts";
import { LabError, until } from "../src/lab.ts";
import { Node } from "../src/node.ts";
import type { Pi } from "../src/pi.ts";
import type { Rig } from "../src/rig.ts";
import { scenario, type Bench } from "../src/scenario.ts";
import { usageOfCharacter, Viewer } from "../src/viewer.ts";
import type { ConfigHistory } from "../../devices/web/page/src/wire/ConfigHistory.ts";
import type { ConfigState } from "../../devices/web/page/src/wire/ConfigState.ts";
import type { ConfigText } from "../../devices/web/page/src/wire/ConfigText.ts";

const DEVICES = ["gadget", "hid", "typist", "web"];
const OWNERS = "/var/lib/dkvm/config/dkvm.toml";
const PORT = 8443;

export default scenario("configure", "a configuration is applied with the fewest restarts, and taken back when a device does not come up, when nobody confirms it, and over a kill of the kernel or a cut of power", async (bench) => {
  const rig = await bench.boot({ pi: { hdmi: false, card: true }, target: { system: "linux" } });
  const desk = new Desk(bench, rig);
  await desk.node.awaitUp(DEVICES);
  await rig.target.awaitInput(/dKVM/);
  await holdsOn(desk);
  await mistakes(desk);
  await doesNotComeUp(desk);
  await unconfirmed(desk);
  await movedPort(desk);
  await rig.target.powerOff();
  await rig.usb.unplug();
  await killed(desk);
  const cuts = await powerCuts(desk);
  const history = await desk.history();
  await rig.pi.powerOff();
  return `${history.entries.length} configurations in the history, ${history.entries.filter(({ outcome }) => outcome === "taken_back").length} of them taken back; ${cuts}`;
});

/** The node, worked by its own command. */
class Desk {
  readonly node: Node;

  constructor(readonly bench: Bench, readonly rig: Rig) {
    this.node = new Node(rig.pi);
  }

  get pi(): Pi {
    return this.rig.pi;
  }

  async read(): Promise<ConfigText> {
    return JSON.parse(await this.pi.must("dkvm config get --json")) as ConfigText;
  }

  async state(): Promise<ConfigState> {
    return JSON.parse(await this.pi.must("dkvm config --json")) as ConfigState;
  }

  async history(): Promise<ConfigHistory> {
    return JSON.parse(await this.pi.must("dkvm config history --json")) as ConfigHistory;
  }

  async apply(text: string, more = ""): Promise<{ code: number; stdout: string; stderr: string }> {
    await this.pi.write("/tmp/new.toml", text);
    return this.pi.sh(`dkvm config apply /tmp/new.toml ${more}`);
  }

  async must(text: string, more = ""): Promise<void> {
    const { code, stderr } = await this.apply(text, more);
    if (code !== 0) throw new LabError(`the configuration was not applied: ${stderr}`);
  }

  async generations(): Promise<Record<string, number>> {
    return Object.fromEntries((await this.node.devices()).map(({ name, generation }) => [name, generation]));
  }

  /** Until no change is under way; how the last one ended. */
  async ended(number: number | null): Promise<NonNullable<ConfigState["last"]>> {
    return until("the change has ended", async () => {
      const { trial, last } = await this.state();
      return trial === null && last !== null && (number === null || last.number === number) ? last : undefined;
    });
  }
}

const inLayout = (text: string, layout: string): string => text.replace(/^\[device\.typist\.config\]\n(layout = .*\n)?/m, `[device.typist.config]\nlayout = "${layout}"\n`);
const onPort = (text: string, port: number): string => text.replace(/^listen = .*$/m, `listen = "[::]:${port}"`);

/** A good one: one device restarts, a key stays held. */
async function holdsOn(desk: Desk): Promise<void> {
  const { bench, rig } = desk;
  const viewer = await Viewer.open(rig.pi.network.address);
  await viewer.takeFocus();
  viewer.engine.key(usageOfCharacter("a"), true);
  const held = await until("the target holds the key", async () => {
    const keys = await rig.target.heldKeys();
    return keys.length === 1 ? keys : undefined;
  });
  const before = await desk.generations();
  await desk.must(inLayout((await desk.read()).text, "de"), "--comment 'a German target'");
  const after = await desk.generations();
  bench.equal(after, { ...before, typist: before["typist"]! + 1 }, "the devices' lives, one restarted");
  bench.equal(await rig.target.heldKeys(), held, "the keys that the target holds");
  bench.equal((await desk.ended(null)).outcome, "kept", "the outcome");
  viewer.engine.key(usageOfCharacter("a"), false);
  await until("the target has let go", async () => (await rig.target.heldKeys()).length === 0 || undefined);
  viewer.close();
  bench.tell("a good one is kept, a held key is held");
}

/** All that is wrong is told at once, and nothing is changed. */
async function mistakes(desk: Desk): Promise<void> {
  const [before, lives] = [await desk.read(), await desk.generations()];
  const answer = await desk.apply(`${before.text}\n[device.other]\nnicer = 1\n`);
  desk.bench.equal(answer.code, 1, "the exit code of a wrong one");
  for (const part of ["device.other.command: is missing", "device.other.nicer: is no key", "2 mistakes"]) desk.bench.check(answer.stderr.includes(part), `it does not tell "${part}": ${answer.stderr}`);
  desk.bench.equal([await desk.read(), await desk.generations()], [before, lives], "the configuration and the devices' lives");
}

/** A device refuses it: the one before is back, with the device's own sentence. */
async function doesNotComeUp(desk: Desk): Promise<void> {
  const before = await desk.read();
  const answer = await desk.apply(inLayout(before.text, "klingon"));
  desk.bench.equal(answer.code, 1, "the exit code of one that does not come up");
  desk.bench.check(/taken back: typist does not come up: .*klingon/s.test(answer.stderr), `the device's own words are not told: ${answer.stderr}`);
  desk.bench.equal((await desk.read()).digest, before.digest, "the text in force");
  await desk.node.awaitUp(["typist"]);
  desk.bench.tell("one that does not come up is taken back with the device's own words");
}

/** The page's own link is cut by it, and nobody confirms: it is there again by itself. */
async function unconfirmed(desk: Desk): Promise<void> {
  const before = await desk.read();
  const viewer = await Viewer.open(desk.pi.network.address);
  const { config } = await viewer.act({ name: "config_apply", text: onPort(before.text, PORT), base: before.digest, confirm_s: 2, comment: "" });
  await until("the page is away", () => !viewer.connected || undefined);
  if (config?.kind !== "applied") throw new LabError(`the page was not answered: ${JSON.stringify(config)}`);
  const { outcome, why } = await desk.ended(config.number);
  desk.bench.equal([outcome, why], ["taken_back", ["nobody confirmed it within 2 s"]], "how it ended");
  await until("the page is there again", () => viewer.connected || undefined);
  viewer.close();
  desk.bench.equal((await desk.read()).digest, before.digest, "the text in force");
  desk.bench.tell("the page's port moved and nobody confirmed: it is back");
}

/** The same, and somebody confirms it where the page is then. */
async function movedPort(desk: Desk): Promise<void> {
  const before = await desk.read();
  const text = onPort(before.text, PORT);
  const viewer = await Viewer.open(desk.pi.network.address);
  const { config } = await viewer.act({ name: "config_apply", text, base: before.digest, confirm_s: 60, comment: "another port" });
  viewer.close();
  if (config?.kind !== "applied") throw new LabError(`the page was not answered: ${JSON.stringify(config)}`);
  const moved = await Viewer.open(`${desk.pi.network.address}:${PORT}`);
  await moved.act({ name: "config_confirm", number: config.number });
  desk.bench.equal((await desk.ended(config.number)).outcome, "kept", "the outcome");
  moved.close();
  desk.bench.check((await desk.pi.readText(OWNERS)).trim() === text.trim(), "the owner's file is not the one that was confirmed");
  desk.bench.tell("the page's port moved and was confirmed there");
}

/** The kernel is killed while one is on trial. */
async function killed(desk: Desk): Promise<void> {
  const before = await desk.read();
  await desk.must(inLayout(before.text, "us"), "--confirm 60");
  const number = (await desk.state()).trial!.number;
  await desk.pi.kill(await desk.node.kernelPid(), "KILL");
  await until("the next kernel", async () => (await desk.pi.sh("dkvm config --json")).code === 0 || undefined);
  const { last, trial } = await desk.state();
  desk.bench.equal([trial, last?.number, last?.outcome], [null, number, "taken_back"], "what the next kernel says");
  desk.bench.equal((await desk.read()).digest, before.digest, "the text in force");
  await desk.node.awaitUp(["typist", "web"]);
}

/** The power is cut while one is on trial, and right after one was kept. */
async function powerCuts(desk: Desk): Promise<string> {
  const before = await desk.read();
  await desk.must(inLayout(before.text, "us"), "--confirm 60");
  await again(desk);
  desk.bench.equal((await desk.read()).digest, before.digest, "the text in force after a cut during the trial");
  desk.bench.equal((await desk.history()).entries.at(-1)?.outcome, "taken_back", "what the history says of it");
  desk.bench.equal((await desk.pi.must(`ls ${OWNERS.replace(/\/[^/]*$/, "")}`)).trim().split(/\s+/), ["dkvm.toml", "dkvm.toml.history"], "files of the configuration");
  const text = inLayout(before.text, "fr");
  await desk.must(text, "--confirm none");
  await again(desk);
  desk.bench.check((await desk.read()).text === text, "the text in force after a cut right after it was kept is another");
  return "cuts of power left the last good one";
}

async function again(desk: Desk): Promise<void> {
  await desk.pi.powerCut();
  checkData(desk.pi.lab, desk.pi.card!);
  await desk.pi.powerOn();
  await until("the node", async () => (await desk.pi.sh("dkvm config --json")).code === 0 || undefined);
}

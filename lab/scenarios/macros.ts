// Macros: keys under a name, kept by the node, pressed at the target.
import { LabError, until } from "../src/lab.ts";
import { Node } from "../src/node.ts";
import type { Pi } from "../src/pi.ts";
import { scenario, type Bench } from "../src/scenario.ts";
import type { Rig } from "../src/rig.ts";

const STEPS = "# at a shell\ntext ok \nhold Shift\nB\nrelease Shift\nwait 300ms\nEnter\n";
const CTRL = 29;
const ALT = 56;
const F9 = 67;

export default scenario("macros", "a macro's keys arrive at the target as written; what is wrong is refused with its line before the first key; cancelled or overtaken, nothing stays pressed", async (bench) => {
  const rig = await bench.boot({ pi: { hdmi: false } });
  const node = new Node(rig.pi);
  await node.awaitUp(["gadget", "hid", "typist"]);
  await rig.target.awaitInput(/dKVM/, 60_000);
  await runs(bench, rig);
  await chord(bench, rig);
  await refused(bench, rig);
  await cancelled(bench, rig);
  await killed(bench, rig, node);
  await Promise.all([rig.target.powerOff(), rig.pi.powerOff()]);
  return "text, chords, held keys and waits as written; refusals with their line; kept over the device's death and by export and import";
});

async function put(pi: Pi, name: string, steps: string): Promise<void> {
  await pi.write(`/tmp/${name}`, steps);
  await pi.must(`dkvm macro put ${name} /tmp/${name}`);
}

/** A machine that is so busy that the typist loses its word before the first key is asked again; nothing was pressed. */
async function run(pi: Pi, name: string): Promise<void> {
  await until(`${name} is run`, async () => {
    const { code, stderr } = await pi.sh(`dkvm macro run ${name}`, 60_000);
    if (code !== 0 && !/too busy.*\(0 of/.test(stderr)) throw new LabError(`dkvm macro run ${name}: ${stderr}`);
    return code === 0;
  });
}

async function runs(bench: Bench, rig: Rig): Promise<void> {
  await put(rig.pi, "shell", STEPS);
  const mark = rig.target.log.mark();
  await run(rig.pi, "shell");
  await rig.target.awaitTyped("ok B\n", mark);
  await rig.target.awaitNothingHeld("after the macro");
  bench.tell("text, held Shift, a wait and Enter");
}

/** Down in order, up in the other. */
async function chord(bench: Bench, rig: Rig): Promise<void> {
  await put(rig.pi, "chord", "Ctrl+Alt+F9");
  const mark = rig.target.log.mark();
  await run(rig.pi, "chord");
  const seen = (): number[][] => rig.target.log.keys(mark).filter(({ value }) => value !== 2).map(({ code, value }) => [code, value]);
  await until("the chord is over", () => seen().length >= 6);
  bench.equal(seen(), [[CTRL, 1], [ALT, 1], [F9, 1], [F9, 0], [ALT, 0], [CTRL, 0]], "what the target saw of Ctrl+Alt+F9");
}

async function refused(bench: Bench, rig: Rig): Promise<void> {
  const mark = rig.target.log.mark();
  for (const [steps, says] of [["text a\nCtrl+Entr", /line 2: there is no key "Entr"/], ["text 漢", /line 1: .*cannot type/], ["hold Shift", /ends with Shift held/], ["wait 1h", /line 1: `wait`/]] as const) {
    await rig.pi.write("/tmp/wrong", steps);
    const { code, stderr } = await rig.pi.sh("dkvm macro put wrong /tmp/wrong");
    bench.check(code === 1 && says.test(stderr), `${JSON.stringify(steps)} is answered: ${stderr}`);
  }
  bench.equal(rig.target.log.typed(mark), "", "typed by refused macros");
}

/** In the middle of a wait, with a key held. */
async function cancelled(bench: Bench, rig: Rig): Promise<void> {
  await put(rig.pi, "long", "hold Ctrl\nwait 50s\nrelease Ctrl\ntext never");
  const mark = rig.target.log.mark();
  const command = rig.pi.sh("dkvm macro run long", 60_000);
  await until("Ctrl is held", async () => (await rig.target.heldKeys()).length === 1);
  await rig.pi.must("dkvm macro cancel");
  const { code, stderr } = await command;
  bench.check(code === 1 && /cancelled/.test(stderr), `a cancelled macro says: ${stderr}`);
  await rig.target.awaitNothingHeld("after the cancel");
  bench.equal(rig.target.log.typed(mark), "", "typed after the cancel");
  bench.tell("cancelled in a wait: what was held is let go of");
}

async function killed(bench: Bench, rig: Rig, node: Node): Promise<void> {
  const typist = await node.device("typist");
  await rig.pi.kill(typist.pid!, "KILL");
  await node.awaitUp(["typist"], { after: new Map([["typist", typist.generation]]) });
  const text = await rig.pi.must("dkvm macro export");
  bench.check(text.includes("[shell]") && text.includes("hold Shift"), `the export after a death: ${text}`);
  await rig.pi.must("dkvm macro export >/tmp/all; dkvm macro rm shell; dkvm macro rm chord; dkvm macro import /tmp/all");
  const names = (JSON.parse(await rig.pi.must("dkvm macro ls --json")) as { name: string }[]).map(({ name }) => name);
  bench.equal(names, ["chord", "long", "shell"], "macros after export and import");
  bench.tell("kept over the device's death, exported and imported");
}

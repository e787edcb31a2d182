// Each fault that a device can have costs that device alone, and is told in a line that a person understands.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { LabError, sleep, until } from "../src/lab.ts";
import { Node } from "../src/node.ts";
import { binaryDirectory } from "../src/pi-image.ts";
import type { Pi } from "../src/pi.ts";
import { scenario, type Bench } from "../src/scenario.ts";
import type { Rig } from "../src/rig.ts";
import { Viewer } from "../src/viewer.ts";

const CONFIG = "/etc/dkvm/dkvm.toml";
const PROGRAM = "/usr/bin/dkvm-misbehave";
/** A device that listens to the bad one, so that there is somebody to be hurt. */
const LISTENER = `
[device.listener]
command = ["${PROGRAM}", "well"]
user = "dkvm-guest"
`;

interface Fault {
  habit: string;
  /** The line that tells a person. */
  told: RegExp;
  /** What brings it out, beyond starting the device. */
  provoke?: (node: Node) => Promise<void>;
  arguments?: string[];
}

const stop = async (node: Node): Promise<void> => {
  await node.awaitUp(["bad"]);
  await node.pi.must("dkvm stop bad");
};

const FAULTS: Fault[] = [
  { habit: "silent", told: /said no hello within 3000 ms/ },
  { habit: "garbage", told: /does not speak the dKVM protocol: its stdout begins with/ },
  { habit: "garbage-later", told: /no message of the protocol/ },
  { habit: "oversize", told: /over the limit/ },
  { habit: "deaf", told: /did not answer|does not read/ },
  { habit: "flood", told: /more than|did not answer/ },
  { habit: "log-flood", told: /lines/ },
  { habit: "ignore-goodbye", told: /did not end on goodbye/, provoke: stop },
  { habit: "print", told: /stdout|over the limit/ },
  { habit: "fork", told: /left \d+ process(es)? behind/, arguments: ["--code", "0"] },
  { habit: "hung", told: /did not answer for \d+ ms/ },
  { habit: "exit", told: /exit code 70|ended with 70/, arguments: ["--code", "70"] },
  { habit: "crash", told: /SIGABRT/ },
  { habit: "thief", told: /lease/ },
];

export default scenario("bad-devices", "each misbehaviour of a device costs that device alone and is told in one line", async (bench) => {
  const program = readFileSync(join(binaryDirectory(), "dkvm-misbehave"));
  const rig = await bench.boot({ pi: { files: { [PROGRAM]: { data: program, mode: 0o755 } } } });
  const node = new Node(rig.pi);
  await node.awaitUp();
  await rig.target.awaitInput(/dKVM/);
  const viewer = await Viewer.open(rig.pi.network.address);
  await viewer.takeFocus();
  // The Pi's own: the lab's differs from the image's in a line or two, and a change there restarts a device.
  const config = `${await rig.pi.readText(CONFIG)}\n`;
  for (const fault of FAULTS) await misbehave(bench, rig, node, viewer, config, fault);
  viewer.close();
  return `${FAULTS.length} misbehaviours, each told in a line; nobody else restarted, every key arrived`;
});

async function misbehave(bench: Bench, rig: Rig, node: Node, viewer: Viewer, config: string, fault: Fault): Promise<void> {
  const before = await node.awaitUp();
  const since = badLines(rig.pi).length;
  await reload(rig.pi, config + LISTENER + badDevice(fault));
  await node.awaitUp(["listener"]);
  await fault.provoke?.(node);

  const line = await until(`the log tells of '${fault.habit}'`, () => badLines(rig.pi).slice(since).find((line) => fault.told.test(line)), { every: 100 })
    .catch(async (error: Error) => { throw new LabError(`${error.message}; the log says:\n${await rig.pi.must("dkvm logs -n 30")}`); });
  const mark = rig.target.log.mark();
  await viewer.type("still here");
  await rig.target.awaitTyped("still here", mark);

  const after = await node.devices();
  for (const { name, generation } of before) {
    bench.equal(after.find((device) => device.name === name)?.generation, generation, `${name}'s generation beside a device that is '${fault.habit}'`);
  }
  await reload(rig.pi, config);
  await until(`nothing is left of '${fault.habit}'`, () => nothingLeft(rig.pi), { every: 50 });
  bench.tell(`${fault.habit}: ${line}`);
}

function badDevice({ habit, arguments: words = [] }: Fault): string {
  const command = [PROGRAM, habit, ...words, "--topic", "bad.topic"];
  return `
[device.bad]
command = ${JSON.stringify(command)}
user = "dkvm-guest"

[[route]]
topic = "bad.topic"
from = "bad"
to = ["listener"]
`;
}

async function reload(pi: Pi, config: string): Promise<void> {
  await pi.write(CONFIG, config);
  const { code, stderr } = await pi.sh("dkvm reload");
  if (code !== 0 && !/the configuration is in force, but bad is/.test(stderr)) throw new LabError(`dkvm reload: ${stderr}`);
}

/** All that the node's console has shown of the bad device; `dkvm logs` keeps the last lines alone. */
function badLines(pi: Pi): string[] {
  return pi.console().split("\n").filter((line) => /\bbad\[\d+\]/.test(line));
}

async function nothingLeft(pi: Pi): Promise<boolean> {
  await sleep(0);
  return (await pi.processes()).every(({ command }) => !command.includes("misbehave") && !/^sleep 3600/.test(command));
}

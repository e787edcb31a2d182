// What a person can do wrong, or a machine lack: each is a sentence that says what is wrong and what to do.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { LabError, repository, until } from "../src/lab.ts";
import { Node } from "../src/node.ts";
import type { Pi } from "../src/pi.ts";
import { scenario, type Bench } from "../src/scenario.ts";
import { Viewer } from "../src/viewer.ts";

const CONFIG = "/etc/dkvm/dkvm.toml";
const ORIGINAL = readFileSync(join(repository, "rootfs", CONFIG), "utf8");

/** A mistake in the configuration, and what the sentence must name. */
const MISTAKES: { what: string; make: (text: string) => string; told: RegExp[] }[] = [
  { what: "a typo", make: (text) => text.replace("command =", "comand ="), told: [/comand/, /did you mean.*command/i] },
  { what: "a wrong type", make: (text) => text.replace(/budget = "\w+"/, "budget = true"), told: [/budget/, /96M|size/] },
  { what: "two devices of one name", make: (text) => `${text}\n[device.hid]\ncommand = ["x"]\n`, told: [/hid/] },
  { what: "a cycle in after", make: (text) => text.replace('[device.gadget]', '[device.gadget]\nafter = ["hid"]'), told: [/after/, /gadget/, /hid/] },
  { what: "a route to nobody", make: (text) => text.replace('to = ["hid"]', 'to = ["hidd"]'), told: [/hidd/, /did you mean.*hid/i] },
];

export default scenario("bad-input", "missing hardware, full memory, wrong configuration, wrong password: each a sentence, and nothing lost", async (bench) => {
  const rig = await bench.boot({ pi: { usb: "none", hdmi: false }, target: false });
  const { pi } = rig;
  const node = new Node(pi);
  await node.awaitUp(["capture", "encode", "web"]);
  const told = [
    await missingHardware(node),
    ...(await mistakes(bench, pi, node)),
    await wrongPassword(pi),
  ];
  for (const line of told) bench.tell(line);
  await pi.powerOff();
  bench.tell(await fullMemory(bench));
  return `${told.length + 1} faults, each told in a sentence`;
});

async function missingHardware(node: Node): Promise<string> {
  const gadget = await until("gadget tells that there is no UDC", async () => (await node.device("gadget")).detail);
  expect(gadget, /UDC|USB device controller/i, /dwc2|module|dtoverlay/i);
  const capture = await until("capture tells that there is no device", async () => (await node.device("capture")).detail);
  expect(capture, /\/dev\/video0/, /plug|connect|check/i);
  return `no UDC: ${gadget}\n          no capture: ${capture}`;
}

async function mistakes(bench: Bench, pi: Pi, node: Node): Promise<string[]> {
  const lines: string[] = [];
  for (const { what, make, told } of MISTAKES) {
    const wrong = make(ORIGINAL);
    bench.check(wrong !== ORIGINAL, `the image's configuration has no place any more for ${what}`);
    await pi.write("/tmp/wrong.toml", wrong);
    const answer = await pi.sh("dkvm check /tmp/wrong.toml");
    bench.equal(answer.code, 1, `exit code of dkvm check for ${what}`);
    const text = `${answer.stdout}${answer.stderr}`.trim();
    expect(text, /wrong\.toml/, /:\d+|line \d+/, ...told);
    lines.push(`${what}: ${text.split("\n")[0]}`);
  }
  const before = await node.devices();
  await pi.write(CONFIG, MISTAKES[0]!.make(ORIGINAL));
  bench.equal((await pi.sh("dkvm reload")).code, 1, "exit code of dkvm reload with a mistake");
  const after = await node.devices();
  bench.equal(after.map(({ name }) => name), before.map(({ name }) => name), "the devices after a refused reload");
  await pi.write(CONFIG, ORIGINAL);
  expect((await pi.sh("dkvm check /nowhere.toml")).stderr, /\/nowhere\.toml/, /no such file|not there|does not exist/i);
  return lines;
}

async function wrongPassword(pi: Pi): Promise<string> {
  const viewer = await Viewer.open(pi.network.address);
  const stranger = await until("the page answers", () => Viewer.stranger(pi.network.address).catch(() => undefined), { every: 50 });
  const answer = await stranger.fetch("/api/login", { method: "POST" }, { password: "not this one" });
  if (answer.status < 400) throw new LabError("a wrong password was taken");
  const { message } = JSON.parse(answer.body.toString()) as { message: string };
  expect(message, /password/i);
  viewer.close();
  return `wrong password: ${answer.status} ${message}`;
}

/** Another program fills /dev/shm: pictures stop with a sentence, keys go on, and pictures come back. */
async function fullMemory(bench: Bench): Promise<string> {
  const rig = await bench.boot({ pi: { index: 1 } });
  const node = new Node(rig.pi);
  await node.awaitUp();
  await rig.target.awaitInput(/dKVM/);
  await rig.pi.sh("dd if=/dev/zero of=/dev/shm/filler bs=1M 2>/dev/null");
  const viewer = await Viewer.open(rig.pi.network.address, { video: true });
  await viewer.takeFocus();
  const detail = await until("somebody tells that /dev/shm is full", async () => {
    return (await node.devices()).map((device) => device.detail).find((text) => text?.includes("/dev/shm"));
  }, { every: 100 });
  const mark = rig.target.log.mark();
  await viewer.type("still typing");
  await rig.target.awaitTyped("still typing", mark);
  await rig.pi.must("rm /dev/shm/filler");
  await until("pictures come back", () => viewer.frames > 0);
  viewer.close();
  return `a full /dev/shm: ${detail}`;
}

function expect(text: string, ...patterns: RegExp[]): void {
  for (const pattern of patterns) {
    if (!pattern.test(text)) throw new LabError(`the sentence ${JSON.stringify(text)} does not name ${pattern}`);
  }
}

// The commonest fault of the whole field: the keyboard is dead after the target rebooted, slept or let go of it.
// Each time a key is held while it happens and let go before it is over, and the next key must arrive, alone.
import { sleep, until } from "../src/lab.ts";
import { Node } from "../src/node.ts";
import { quantile, scenario } from "../src/scenario.ts";
import type { Rig } from "../src/rig.ts";
import { usageOfCharacter, Viewer } from "../src/viewer.ts";

const ROUNDS = Number(process.env["DKVM_ROUNDS"] ?? 100);
/** What the field could not do: usable so soon after the target has configured USB. */
const USABLE_WITHIN_MS = 1000;
/** In one of so many rounds this machine may stand for as long as that itself. */
const LATE_IN = 12;
const HELD = usageOfCharacter("h");

type Trouble = (rig: Rig, viewer: Viewer, release: () => void) => Promise<void>;

/** The target's kernel lets go of the device and takes it again. */
const unbind: Trouble = async (rig, viewer, release) => {
  await rig.target.unbindUsb();
  await until("the page is told that USB is not configured", () => viewer.hid?.keyboard !== "ok", { every: 1 });
  release();
  await rig.target.bindUsb();
};

const suspend: Trouble = async (rig, _viewer, release) => {
  const asleep = rig.target.suspend(1);
  await sleep(500);
  release();
  await asleep;
};

const reboot: Trouble = async (rig, _viewer, release) => {
  await rig.target.reset({ wait: false });
  release();
  await rig.target.awaitUp();
};

const TROUBLES: [string, Trouble][] = [["unbind", unbind], ["suspend", suspend], ["reboot", reboot]];

export default scenario("host-reboot", `the target unbinds, suspends and reboots, ${ROUNDS} times in all: HID works within 1 s of 'configured', nothing stays pressed`, async (bench) => {
  const rig = await bench.boot({ pi: { hdmi: false } });
  const node = new Node(rig.pi);
  await node.awaitUp(["gadget", "hid", "web"]);
  const viewer = await Viewer.open(rig.pi.network.address);
  await allInputs(rig);
  await viewer.takeFocus();
  const born = await lives(node);

  const times = new Map<string, number[]>(TROUBLES.map(([name]) => [name, []]));
  for (let round = 0; round < ROUNDS; round++) {
    const [name, trouble] = TROUBLES[round % TROUBLES.length]!;
    const took = await once(rig, viewer, trouble, `round ${round + 1} (${name})`);
    if (took >= USABLE_WITHIN_MS) bench.tell(`round ${round + 1} (${name}): the key came ${took.toFixed(0)} ms after USB was configured`);
    times.get(name)!.push(took);
    if (round % 10 === 9) bench.tell(`${round + 1} of ${ROUNDS}`);
  }
  const late = [...times.values()].flat().filter((took) => took >= USABLE_WITHIN_MS).length;
  bench.check(late <= Math.ceil(ROUNDS / LATE_IN), `${late} of ${ROUNDS} times the key came more than ${USABLE_WITHIN_MS} ms after USB was configured`);
  bench.equal(await lives(node), born, "generations and deaths of gadget and hid");
  viewer.close();
  const shown = [...times].map(([name, all]) => `${name} ${quantile(all, 0.5).toFixed(0)} ms (most ${Math.max(...all).toFixed(0)})`);
  return `${ROUNDS} times, configured to a key at the target, medians: ${shown.join(", ")}`;
});

async function lives(node: Node): Promise<string[]> {
  const devices = await node.devices();
  return devices.filter(({ name }) => name === "gadget" || name === "hid").map(({ name, generation, deaths }) => `${name} ${generation} ${deaths}`);
}

/** The target has opened keyboard and both mice: the first that shows may be any of them. */
async function allInputs(rig: Rig): Promise<void> {
  await rig.target.awaitLog("the target has the gadget's three input devices", () => rig.target.log.usbInputs().length >= 3 || undefined);
}

/** One trouble; the milliseconds from the last `configured` to the key at the target. */
async function once(rig: Rig, viewer: Viewer, trouble: Trouble, what: string): Promise<number> {
  const watch = new ConfiguredWatch(viewer);
  viewer.engine.key(HELD, true);
  await viewer.settled();
  await trouble(rig, viewer, () => viewer.engine.key(HELD, false));
  await allInputs(rig);
  await until(`${what}: USB is configured again`, () => viewer.gadget?.state === "configured", { every: 1 });
  const seen = performance.now();
  const mark = rig.target.log.mark();
  await viewer.tap(usageOfCharacter("k"));
  await rig.target.awaitTyped("k", mark).catch((error: Error) => {
    throw new Error(`${what}: ${error.message}; hid ${JSON.stringify(viewer.hid)}, gadget ${JSON.stringify(viewer.gadget)}`);
  });
  const took = performance.now() - Math.max(watch.stop(), seen);
  await viewer.settled();
  // acknowledged is what left the Pi; the target's kernel is a moment behind
  await until(`${what}: nothing is held at the target`, async () => (await rig.target.heldKeys()).length === 0);
  return took;
}

/** When the gadget last became configured. */
class ConfiguredWatch {
  #since = 0;
  #last: string | undefined;
  readonly #timer: NodeJS.Timeout;

  constructor(viewer: Viewer) {
    this.#timer = setInterval(() => {
      const state = viewer.gadget?.state;
      if (state === "configured" && this.#last !== "configured") this.#since = performance.now();
      this.#last = state;
    }, 1);
  }

  stop(): number {
    clearInterval(this.#timer);
    return this.#since;
  }
}

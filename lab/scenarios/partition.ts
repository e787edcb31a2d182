// The network falls in two while keys are held at one node and a configuration is on trial at another: the keys are released, the
// configuration is taken back, and when the halves are one again all is as it was.
import { KEY } from "../src/keys.ts";
import { LabError, until } from "../src/lab.ts";
import { rejoin, splitOff } from "../src/network.ts";
import { Person } from "../src/person.ts";
import { scenario, type Bench } from "../src/scenario.ts";
import { pair, piConfig, TargetPi, Workstation } from "../src/workstation.ts";
import type { ConfigState } from "../../devices/web/page/src/wire/ConfigState.ts";
import type { ConfigText } from "../../devices/web/page/src/wire/ConfigText.ts";

const DESK = 2;
/** Held together at the target. */
const HELD = [KEY.LEFTSHIFT, 30, 31, 32];
/** The command hears of the trial over the link: it may be late, and the split comes after that. */
const CONFIRM_S = 10;
const ROUNDS = Number(process.env["DKVM_ROUNDS"] ?? 2);

export default scenario("partition", "the network splits while keys are held and a configuration is applied: the keys are released, the configuration is taken back or kept as it was said, and all is well after", async (bench) => {
  const left = await TargetPi.boot(bench.lab, 0, "left");
  const right = await TargetPi.boot(bench.lab, 1, "right", { config: piConfig("right", ["typist"]) });
  const desk = await Workstation.boot(bench.lab, DESK, { input: `targets = ["left", "right"]` });
  await Promise.all([pair(desk, left), pair(desk, right, { there: "view,type,configure" })]);
  const person = await Person.sits(desk, [left, right]);
  const far = new Far(desk);
  for (let round = 0; round < ROUNDS; round++) await split(bench, person, { left, right }, far);
  return `${ROUNDS} splits with ${HELD.length} keys held and one configuration on trial: released and taken back; another was kept`;
});

/** The node that is configured from the desk. */
class Far {
  #number = 0;

  constructor(readonly desk: Workstation) {}

  async ask<T>(command: string): Promise<T> {
    return JSON.parse(await this.desk.pi.must(`dkvm --node right ${command} --json`)) as T;
  }

  /** Another text than any before. */
  async change(more: string): Promise<{ code: number; stderr: string }> {
    const { text } = await this.ask<ConfigText>("config get");
    const comment = `# change ${this.#number++}`;
    await this.desk.pi.write("/tmp/far.toml", `${text.replace(/^# change .*\n/m, "")}${comment}\n`.replace("[device.typist.config]\n", `[device.typist.config]\nlayout = "${this.#number % 2 ? "de" : "fr"}"\n`).replace(/(layout = .*\n)layout = .*\n/, "$1"));
    return this.desk.pi.sh(`dkvm --node right config apply /tmp/far.toml ${more}`, 60_000);
  }

  state(wanted: (state: ConfigState) => boolean): Promise<ConfigState> {
    return until("the far node's configuration is settled", async () => {
      const now = await this.ask<ConfigState>("config").catch(() => undefined);
      return now && wanted(now) ? now : undefined;
    });
  }
}

async function split(bench: Bench, person: Person, { left, right }: { left: TargetPi; right: TargetPi }, far: Far): Promise<void> {
  const kept = await far.change("");
  bench.equal(kept.code, 0, `the exit code of a change while all is well (${kept.stderr})`);
  const before = await far.state(({ trial }) => trial === null);
  if (person.at !== left.name) await person.hotkey(left.name);
  await person.word();
  await person.check();
  for (const code of HELD) person.keyboard.key(code, true);
  await until("all keys are down at left", async () => (await left.witness.heldKeys()).length === HELD.length);
  const trial = await far.change(`--confirm ${CONFIRM_S}`);
  bench.equal(trial.code, 0, `the exit code of a change that is left on trial (${trial.stderr})`);
  const mark = left.witness.log.mark();
  splitOff(DESK);
  await left.witness.awaitNothingHeld("while the network is split");
  bench.tell("split: the keys are released");
  await until("nobody confirms, and right takes it back", async () => (JSON.parse(await right.pi.must("dkvm config --json")) as ConfigState).trial === null);
  for (const code of [...HELD].reverse()) person.keyboard.key(code, false);
  await person.desk.hands.done();
  rejoin(DESK);
  const { digest, last } = await far.state(({ trial }) => trial === null);
  bench.equal([last?.outcome, digest], ["taken_back", before.digest], "how the change on trial ended, and the text in force");
  await person.findOut();
  await person.nothingHeld("when the network is one again");
  const pressed = left.witness.log.keys(mark).filter(({ code, value }) => code === HELD[1] && value === 1).length;
  if (pressed > 1) throw new LabError(`a held key was pressed ${pressed} more times at the target`);
  person.forget(left.name);
  if (person.at !== left.name) await person.hotkey(left.name);
  await person.word();
  await person.check();
  bench.tell("one again: taken back, and typing goes on");
}

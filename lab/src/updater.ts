// The update of a node as its owner sees it: by `dkvm update` in the Pi.
import type { UpdateState } from "../../devices/web/page/src/wire/UpdateState.ts";
import { LabError, PATIENCE_MS, until } from "./lab.ts";
import type { Pi } from "./pi.ts";

/** The machine may go down while it is asked; `dkvm` itself does not wait for so long. */
const LOOK_MS = 20_000;
/** Its restarts, the longest trial of a scenario, and a machine that has much else to do. */
const TRIAL_MS = 300_000;

export class Updater {
  constructor(readonly pi: Pi) {}

  async state(): Promise<UpdateState> {
    return JSON.parse(await this.pi.must("dkvm update --json")) as UpdateState;
  }

  /** The state as soon as the device answers and `wanted` holds. */
  async await(what: string, wanted: (state: UpdateState) => boolean = ({ stage }) => stage.stage !== "none", timeout = PATIENCE_MS): Promise<UpdateState> {
    let last = "it did not answer";
    return until(`the update device: ${what}`, async () => {
      const answer = await this.pi.sh("dkvm update --json", LOOK_MS).catch((error: Error) => ({ code: 1, stdout: "", stderr: error.message }));
      if (answer.code !== 0) {
        last = answer.stderr;
        return undefined;
      }
      last = answer.stdout;
      const state = JSON.parse(answer.stdout) as UpdateState;
      return wanted(state) ? state : undefined;
    }, { timeout, every: 200 }).catch((error: Error) => { throw new LabError(`${error.message}; it said last: ${last.trim()}`); });
  }

  /** A whole update: returns when it is over, one way or the other. */
  async update(bundle: string, options = ""): Promise<UpdateState> {
    const boots = this.pi.boots;
    await this.begin(bundle, options);
    return this.over(boots);
  }

  /** Waits for the restarts, and for the end of the trial. */
  async over(boots: number): Promise<UpdateState> {
    await until("the Pi restarts for its trial", async () => {
      if (this.pi.boots > boots) return true;
      // a machine that goes down ends the command too, and then answers nobody
      const answer = await this.pi.sh("cat /tmp/update.code && cat /tmp/update.text", 5000).catch(() => undefined);
      const failed = /^[12]\n/.test(answer?.stdout ?? "") && this.pi.boots === boots;
      if (failed) throw new LabError(`dkvm update ended with ${answer!.stdout.trim()}`);
      return undefined;
    }, { every: 100 });
    return this.await("the trial is over", ({ stage }) => stage.stage === "idle", TRIAL_MS);
  }

  /** Starts `dkvm update` and does not wait. */
  async begin(bundle: string, options = ""): Promise<void> {
    await this.pi.must(`(dkvm update ${options} /host${bundle} >/tmp/update.text 2>&1; echo $? >/tmp/update.code) </dev/null >/dev/null 2>&1 &`);
  }

  /** What `dkvm update` says when it must refuse. */
  async refused(bundle: string): Promise<string> {
    const answer = await this.pi.sh(`dkvm update /host${bundle}`, 60_000);
    if (answer.code !== 1) throw new LabError(`dkvm update took ${bundle}, which it must refuse: ${answer.stdout} ${answer.stderr}`);
    return answer.stderr.trim();
  }
}

export function running(state: UpdateState): string {
  return state.slots.find((slot) => slot.slot === state.running)?.version ?? "unknown";
}

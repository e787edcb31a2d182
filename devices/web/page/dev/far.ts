// Other nodes' targets, as a page sees them through its own node.

import type { FarTarget } from "../src/wire/FarTarget.ts";
import type { InputAck } from "../src/wire/InputAck.ts";
import type { InputState } from "../src/wire/InputState.ts";
import { picture } from "./frames.ts";
import * as states from "./states.ts";

/** A thumbnail's longest side in the real one is 320. */
const THUMB = [320, 180] as const;

export const target = (node: string, change: Partial<FarTarget> = {}): FarTarget => ({
  node,
  hid: states.hid({ focus: 9 }),
  gadget: states.gadget(),
  video: states.video({ mode: { width: 800, height: 600, millihertz: 60_000 }, source: "HDMI to USB" }),
  encode: states.encode(),
  h264: null,
  audio: states.audio({ sources: [] }),
  power: states.power({ power_led: true, wake: [] }),
  layout: "us",
  ...change,
});

/** The hid of another node: a higher epoch takes over, a lower one is dropped, steps count up. */
export class FarHid {
  readonly inputs: InputState[] = [];
  acknowledges = true;
  focus = 9;
  holder = 0;
  private written = 0;

  /** What it answers; whether the focus changed by it. */
  input(state: InputState): { ack: InputAck | null; taken: boolean } {
    this.inputs.push(state);
    if (!this.acknowledges) return { ack: null, taken: false };
    const newer = state.focus > this.focus;
    const taken = newer && this.holder !== state.holder;
    if (newer) [this.focus, this.holder] = [state.focus, state.holder];
    if (taken) this.written = state.first;
    const holds = state.focus === this.focus && state.holder === this.holder;
    if (holds) this.written = Math.max(this.written, state.first + state.steps.length);
    return { ack: { holder: state.holder, seq: state.seq, steps: this.written, lost: 0, focus: holds ? this.focus : this.focus + 1 }, taken };
  }
}

/** A message of `/api/thumbs`. */
export function thumb(node: string, tick: number | null): Buffer {
  const name = Buffer.from(node);
  return Buffer.concat([Buffer.from([name.length]), name, tick === null ? Buffer.alloc(0) : picture(...THUMB, tick)]);
}

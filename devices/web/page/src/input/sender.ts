// Carries what the engine has to say to the link, when it is due.

import type { InputState } from "../wire/InputState";
import type { Engine } from "./engine";

export class Sender {
  private timer = 0;
  private sending = false;

  constructor(
    private readonly engine: Engine,
    private readonly send: (state: InputState) => boolean,
  ) {}

  /** Sends what is due now and comes back when the next thing is. */
  pump(): void {
    window.clearTimeout(this.timer);
    if (!this.sending) return;
    const now = performance.now();
    const state = this.engine.next(now);
    if (state !== null) this.send(state);
    const deadline = this.engine.deadline();
    if (deadline !== null) this.timer = window.setTimeout(() => this.pump(), Math.max(1, deadline - now));
  }

  /** The link is open: all is said again. */
  resume(): void {
    this.sending = true;
    this.engine.again();
    this.pump();
  }

  /** The link is gone: what comes meanwhile waits in the engine. */
  pause(): void {
    this.sending = false;
    window.clearTimeout(this.timer);
  }
}

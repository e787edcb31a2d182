// `window.dkvm`: what tests and curious people may read. Nothing in it can be changed.

import type { App } from "./app";

export interface Diagnostics {
  /** Frames shown since the page was opened. */
  readonly frames: number;
  /** The source's number of the last frame shown. */
  readonly lastSequence: number;
  /** The link to the node is open. */
  readonly connected: boolean;
  /** Steps that the target has not confirmed. */
  readonly pendingSteps: number;
  readonly focus: { readonly holder: number; readonly epoch: number; readonly holding: boolean; readonly engaged: boolean };
  /** From capture to screen, ms. */
  readonly latencyMs: number | null;
}

declare global {
  interface Window {
    readonly dkvm?: Diagnostics;
  }
}

export function exposeDiagnostics(app: App): void {
  const diagnostics: Diagnostics = {
    get frames() {
      return app.frames;
    },
    get lastSequence() {
      return app.sequence;
    },
    get connected() {
      return app.model.value.link.kind === "open";
    },
    get pendingSteps() {
      return app.console.engine.pending;
    },
    get focus() {
      const { engine, engaged } = app.console;
      return { holder: engine.holder, epoch: engine.focus, holding: engine.holding, engaged };
    },
    get latencyMs() {
      return app.model.value.picture.latencyMs;
    },
  };
  Object.defineProperty(window, "dkvm", { value: Object.freeze(diagnostics) });
}

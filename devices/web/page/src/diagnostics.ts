// `window.dkvm`: what tests and curious people may read. Nothing in it can be changed.

import type { App } from "./app";
import type { Codec } from "./video/codec";
import type { SoundUi } from "./sound/state";

export interface Diagnostics {
  /** The node whose target is chosen; empty for this one's own. */
  readonly target: string;
  /** Frames shown since the page was opened, or another target was chosen. */
  readonly frames: number;
  /** The source's number of the last frame shown. */
  readonly lastSequence: number;
  /** Whose targets are shown beside it, in order, and the frames shown of each. */
  readonly beside: ReadonlyArray<{ readonly node: string; readonly frames: number }>;
  /** In what the picture comes, and the bytes of the last second. */
  readonly codec: Codec;
  readonly bytes: number;
  /** The link to the node is open. */
  readonly connected: boolean;
  /** Steps that the target has not confirmed. */
  readonly pendingSteps: number;
  readonly focus: { readonly holder: number; readonly epoch: number; readonly holding: boolean; readonly engaged: boolean };
  /** From capture to screen, ms. */
  readonly latencyMs: number | null;
  readonly sound: SoundUi;
  /** What this page plays from now on, left, for so many frames at 48 kHz. */
  hear(frames: number): Promise<Int16Array>;
  /** What the serial console received since its drawer was opened; `null` while it is closed. */
  readonly serial: { readonly bytes: number; readonly sum: number } | null;
}

declare global {
  interface Window {
    readonly dkvm?: Diagnostics;
  }
}

export function exposeDiagnostics(app: App): void {
  const diagnostics: Diagnostics = {
    get target() {
      return app.model.value.chosen;
    },
    get frames() {
      return app.pictures.first.frames;
    },
    get lastSequence() {
      return app.pictures.first.sequence;
    },
    get beside() {
      return app.pictures.others.map(({ node, picture: { frames } }) => ({ node, frames }));
    },
    get codec() {
      return app.model.value.picture.codec;
    },
    get bytes() {
      return app.model.value.picture.bytes;
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
    get sound() {
      return app.sound.value;
    },
    hear: (frames) => app.speakers.record(frames),
    get serial() {
      return app.serial === null ? null : { bytes: app.serial.received, sum: app.serial.sum };
    },
  };
  Object.defineProperty(window, "dkvm", { value: Object.freeze(diagnostics) });
}

// What the interface itself stands at.

import type { ConfigEdit } from "./config";
import { loadRead } from "./settings";

/** Something to tell that passes by itself. */
export interface Toast {
  readonly tone: "quiet" | "bad";
  readonly text: string;
}

/** Which drawer is open. */
export type Drawer = "keyboard" | "video" | "media" | "sound" | "power" | "network" | "nodes" | "console" | "system";

export interface Ui {
  readonly drawer: Drawer | null;
  /** All targets are shown. */
  readonly overview: boolean;
  /** The device whose record is open. */
  readonly device: string | null;
  readonly toast: Toast | null;
  /** Counts the presses on a picture that another page works: the offer to take over is shown anew. */
  readonly refusals: number;
  /** Notices that were put away. */
  readonly read: ReadonlySet<string>;
  /** The configuration that is being edited: kept over a break of the link, while this page is open. */
  readonly edited: ConfigEdit | null;
}

/** As the page begins. */
export function firstUi(): Ui {
  return { drawer: null, overview: false, device: null, toast: null, refusals: 0, read: loadRead(), edited: null };
}

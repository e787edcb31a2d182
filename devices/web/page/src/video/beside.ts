// A picture beside the one that is worked: of one node's target, over a stream of its own. It goes on whatever becomes of the others.

import { headOf, nameOf, placeOf } from "../model/heads";
import { NO_PICTURE, type Model } from "../model/model";
import type { Settings } from "../model/settings";
import { Store } from "../model/store";
import { mayView, worked } from "../model/targets";
import type { Codec } from "./codec";
import { Picture } from "./picture";
import type { Screen } from "./screen";

/** What each of the page's pictures is made of. */
export interface PictureSources {
  readonly model: Store<Model>;
  readonly settings: Store<Settings>;
  /** Where the pictures of a node's target come from. */
  url(node: string, codec: Codec): string;
}

export class Beside {
  /** What is known of this target, as if it were the chosen one. */
  readonly model: Store<Model>;
  readonly picture: Picture;
  private readonly leave: () => void;

  constructor(
    readonly node: string,
    readonly screen: Screen,
    { model, settings, url }: PictureSources,
  ) {
    this.model = new Store(headOf(model.value, node, NO_PICTURE));
    this.picture = new Picture({ model: this.model, settings, screen, url: (codec) => url(node, codec) });
    this.leave = model.watch((told) => this.told(told));
    this.place();
    if (model.value.link.kind === "open") this.begin();
  }

  /** It is taken away. */
  close(): void {
    this.leave();
    this.picture.close();
    this.screen.canvas.remove();
  }

  private begin(): void {
    this.picture.turned();
    this.picture.watch();
  }

  private told(model: Model): void {
    const [before, after] = [this.model.value, headOf(model, this.node, this.model.value.picture)];
    this.model.set(after);
    this.place();
    if (after.link.kind !== "open") return;
    const [was, is] = [worked(before), worked(after)];
    if (JSON.stringify(was.h264) !== JSON.stringify(is.h264)) this.picture.h264Told();
    else if (mayView(before) !== mayView(after) || was.devices !== is.devices) this.picture.tune();
  }

  /** The place that it has while it shows nothing, and whose it is. */
  private place(): void {
    const size = placeOf(this.model.value);
    if (size !== null) this.screen.expect(size);
    this.screen.canvas.setAttribute("aria-label", `The screen of the target of ${nameOf(this.model.value)}.`);
  }
}

/** A canvas for it: all that is done there is the stage's. */
export function canvasOf(node: string): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  canvas.dataset["testid"] = `screen-${node || "self"}`;
  canvas.setAttribute("role", "img");
  return canvas;
}

// Targets whose pictures stand beside the one that is worked: further heads of the same desk. Pure.

import type { Size } from "../video/layout";
import { MOST_HEADS } from "./hash";
import type { Model, Picture } from "./model";
import { mayView, worked } from "./targets";

/** The model as it were if that node's target were the chosen one: what is known of a head, and what is wrong with it. */
export function headOf(model: Model, node: string, picture: Picture): Model {
  return { ...model, chosen: node, beside: [], picture };
}

/** What can be done with a node's target beside the one that is shown; `null` for nothing. */
export function offerOf(model: Model, node: string): "show" | "take" | null {
  if (model.beside.includes(node)) return "take";
  const room = model.beside.length < MOST_HEADS - 1;
  return room && node !== model.chosen && mayView({ ...model, chosen: node }) ? "show" : null;
}

/** The size of the place of a head that shows nothing by now; `null` where its picture tells it, or nobody does. */
export function placeOf(model: Model): Size | null {
  const { video, picture } = worked(model);
  if (video === null || (picture.frames > 0 && video.signal === "ok" && picture.refusal === null)) return null;
  const { width, height } = video.mode;
  return width > 0 && height > 0 ? { width, height } : null;
}

/** Whose target it is, in words. */
export function nameOf(model: Model): string {
  return model.chosen || model.node || "this node";
}

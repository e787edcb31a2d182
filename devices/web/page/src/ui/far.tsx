// Where another node's target is shown: whose it is, the way back, and what its own page is for.

import type { JSX } from "preact";
import type { App, Drawer } from "../app";
import { OWN } from "../model/hash";
import type { Model } from "../model/model";
import { isFar, pageOf, peerOf } from "../model/targets";
import { Part } from "./drawer";
import { BackIcon } from "./icons";

/** Beside the node's own name: whose target it is, and one step back. */
export function FarBadge({ app, model }: { app: App; model: Model }): JSX.Element | null {
  if (!isFar(model)) return null;
  const own = model.node || "this node";
  return (
    <span class="far-badge">
      <button class="far-back" data-testid="target-back" title={`Back to the target of ${own}`} aria-label={`Back to the target of ${own}`} onClick={() => app.choose(OWN)}>
        <BackIcon />
      </button>
      <span class="sr">Target of </span>
      <strong data-testid="target" title={`The target of ${model.chosen} is shown`}>
        {model.chosen}
      </strong>
    </span>
  );
}

/** Drawers of the target which only its own node can work, and what they hold. */
const ITS_OWN: Readonly<Partial<Record<Drawer, readonly [title: string, what: string]>>> = {
  media: ["Media", "Images and drives"],
  power: ["Target", "The front panel and Wake-on-LAN"],
  console: ["Serial console", "The serial port"],
};

/** Drawers of this node itself, whatever target is shown. */
const THIS_NODES: ReadonlySet<Drawer> = new Set(["network", "nodes", "system"]);

/** In place of a drawer that would act on another target than the one that is shown. */
export function itsOwnPage(model: Model, drawer: Drawer): JSX.Element | null {
  const [title, what] = (isFar(model) && ITS_OWN[drawer]) || [];
  if (title === undefined) return null;
  return (
    <Part title={title}>
      <Elsewhere model={model} words={`${what} of the target of ${model.chosen} are worked from that node's own page.`} />
    </Part>
  );
}

/** Above a drawer that acts on this node while another's target is shown. */
export function ThisNodeNote({ model, drawer }: { model: Model; drawer: Drawer }): JSX.Element | null {
  if (!isFar(model) || !THIS_NODES.has(drawer)) return null;
  return (
    <div class="far-note">
      <Elsewhere model={model} words={`All of this is of ${model.node || "this node"} and its own target, not of ${model.chosen}.`} />
    </div>
  );
}

/** What is not done from here, in a sentence with the way to where it is. */
export function Elsewhere({ model, words }: { model: Model; words: string }): JSX.Element {
  const href = pageOf(peerOf(model));
  return (
    <p class="elsewhere" data-testid="elsewhere">
      {words}{" "}
      {href === null ? (
        "Its address is not known here."
      ) : (
        <a href={href} target="_blank" rel="noopener noreferrer">
          Open the page of {model.chosen}
        </a>
      )}
    </p>
  );
}

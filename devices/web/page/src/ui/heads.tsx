// Several pictures beside each other: what is wrong with one stands in its own place, and each but the first can be taken away.

import type { JSX } from "preact";
import { useLayoutEffect } from "preact/hooks";
import type { App } from "../app";
import { nameOf } from "../model/heads";
import type { Model } from "../model/model";
import type { Notice } from "../model/status";
import { worked } from "../model/targets";
import type { Beside } from "../video/beside";
import type { Rect } from "../video/layout";
import { useStore } from "./hooks";
import { CloseIcon } from "./icons";
import { CoverNotice, useCovering } from "./notices";

/** What floats over them; `model` is that of the first. */
export function Heads({ app, model }: { app: App; model: Model }): JSX.Element {
  const { row, others } = app.pictures;
  const [first, ...places] = useStore(row.places);
  useLayoutEffect(() => {
    document.body.dataset["covered"] = "no"; // each picture is by itself
  }, []);
  return (
    <div class="heads" data-testid="heads">
      {first && <Place app={app} model={model} canvas={row.canvas} rect={first} edit={(notice) => notice} />}
      {others.map((other, index) => {
        const rect = places[index];
        return rect && <Other key={other.node} app={app} other={other} rect={rect} />;
      })}
    </div>
  );
}

function Other({ app, other, rect }: { app: App; other: Beside; rect: Rect }): JSX.Element {
  const model = useStore(other.model);
  const name = nameOf(model);
  const label = `Take ${name} away`;
  const style = { right: percent(1 - rect.left - rect.width), top: `max(var(--under), calc(${percent(rect.top)} + 8px))` };
  return (
    <>
      <Place app={app} model={worked(model)} canvas={other.screen.canvas} rect={rect} edit={elsewhereOnly} />
      <button class="head-away" data-testid={`away-${other.node || "self"}`} title={label} aria-label={label} style={style} onClick={() => app.takeAway(other.node)}>
        <span>{name}</span>
        <CloseIcon />
      </button>
    </>
  );
}

/** Keyboard and drawers are the first one's: what can be done about another is done at its own page. */
function elsewhereOnly(notice: Notice): Notice {
  const { remedy, ...words } = notice;
  return remedy?.kind === "page" ? notice : words;
}

interface PlaceProps {
  app: App;
  model: Model;
  canvas: HTMLCanvasElement;
  /** In parts of the stage. */
  rect: Rect;
  edit(notice: Notice): Notice;
}

function Place({ app, model, canvas, rect, edit }: PlaceProps): JSX.Element {
  const { notice, covered } = useCovering(model);
  useLayoutEffect(() => {
    canvas.dataset["covered"] = covered;
    return () => void delete canvas.dataset["covered"];
  }, [canvas, covered]);
  const style = { left: percent(rect.left), top: percent(rect.top), width: percent(rect.width), height: percent(rect.height) };
  return (
    <section class="head" data-testid={`head-${model.chosen || "self"}`} aria-label={`Target of ${nameOf(model)}`} style={style}>
      {notice && <CoverNotice app={app} notice={edit(notice)} kind="cover in-place" />}
    </section>
  );
}

function percent(part: number): string {
  return `${part * 100}%`;
}

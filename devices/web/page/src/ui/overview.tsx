// All targets at once: a tile for each, with its picture or why there is none. A press on one goes there.

import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import type { App } from "../app";
import { OWN } from "../model/hash";
import { offerOf } from "../model/heads";
import type { Model } from "../model/model";
import type { Settings } from "../model/settings";
import { tilesOf, type Lamp, type Tile } from "../model/targets";
import { useReturningFocus, useStore } from "./hooks";
import { CloseIcon } from "./icons";
import { ChordKeys } from "./notices";

interface OverviewProps {
  app: App;
  model: Model;
  settings: Settings;
}

export function Overview({ app, model, settings }: OverviewProps): JSX.Element {
  const panel = useRef<HTMLElement>(null);
  const pictures = useStore(app.thumbs.pictures);
  const tiles = tilesOf(model);
  useReturningFocus(panel);
  useEffect(() => {
    app.thumbs.watch();
    focusTile(panel.current, (tile) => tile.dataset["chosen"] === "true");
    return () => app.thumbs.stop();
  }, []);
  return (
    <section class="overview" ref={panel} data-testid="overview" aria-label="Targets" onKeyDown={(event) => keyed(event, app)}>
      <div class="overview-head">
        <h1>Targets</h1>
        <span class="soft overview-chord">
          <ChordKeys name={settings.overview} /> together, then let go, leads here from any target.
        </span>
        <button class="tool" aria-label="Close" data-testid="overview-close" onClick={() => app.overview(false)}>
          <CloseIcon />
        </button>
      </div>
      <ul class="tiles">
        {tiles.map((tile) => (
          <li key={tile.node}>
            <TileButton tile={tile} picture={pictures.get(tile.node)} chosen={tile.node === model.chosen} own={tile.node === OWN} choose={() => app.choose(tile.node)} />
            <BesideButton app={app} model={model} tile={tile} />
          </li>
        ))}
      </ul>
      {tiles.length === 1 && <p class="hint" data-testid="overview-alone">{aloneWords(model)}</p>}
    </section>
  );
}

function aloneWords(model: Model): string {
  if (model.peers === null) return "The targets of other nodes are not shown: the peer device of this node is not running.";
  return "The targets of other nodes come here when they are paired with this one, under Nodes, and let it view them.";
}

interface TileProps {
  tile: Tile;
  picture: ImageBitmap | undefined;
  chosen: boolean;
  own: boolean;
  choose(): void;
}

function TileButton({ tile, picture, chosen, own, choose }: TileProps): JSX.Element {
  const { node, name, why, mode, typing, usb, power } = tile;
  const live = why === null && picture !== undefined;
  const words = [own ? "this node" : "", why ?? mode, typing, usb?.words, power?.words].filter(Boolean);
  return (
    <button class="tile" data-tile data-testid={own ? "tile-self" : `tile-${node}`} data-live={live} data-chosen={chosen} aria-current={chosen ? "true" : undefined} aria-label={`${name}: ${words.join(", ")}`} onClick={choose}>
      <span class="tile-picture">
        {live ? <Picture picture={picture} /> : <span class="tile-why">{why ?? "The picture is on its way."}</span>}
      </span>
      <span class="tile-words">
        <strong class="tile-name">{name}</strong>
        {own && <span class="tile-own">this node</span>}
        <span class="tile-lamps">
          <LampDot lamp={usb} label="USB" />
          <LampDot lamp={power} label="Power" />
        </span>
      </span>
      <span class="tile-words soft">
        <span>{mode || "–"}</span>
        <span class="tile-typing">{typing}</span>
      </span>
    </button>
  );
}

/** Puts a target's picture beside what is shown, or takes it away from there. */
function BesideButton({ app, model, tile: { node, name } }: { app: App; model: Model; tile: Tile }): JSX.Element | null {
  const offer = offerOf(model, node);
  if (offer === null) return null;
  const [words, act] = offer === "show" ? ["Show beside", () => app.showBeside(node)] as const : ["Take away", () => app.takeAway(node)] as const;
  const title = offer === "show" ? "To the right of what is shown, as another screen of the same computer" : "Its picture is shown no longer";
  return (
    <button class="tile-beside" data-testid={`${offer}-beside-${node || "self"}`} aria-label={`${words}: ${name}`} title={title} onClick={act}>
      {words}
    </button>
  );
}

function LampDot({ lamp, label }: { lamp: Lamp | null; label: string }): JSX.Element | null {
  if (lamp === null) return null;
  return (
    <span class="tile-lamp" title={lamp.words}>
      <span class={`dot ${lamp.tone}`} /> {label}
    </span>
  );
}

/** Not an image: the node's policy lets none be made from what came by a socket. */
function Picture({ picture }: { picture: ImageBitmap }): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  useLayoutEffect(() => {
    if (canvas.current === null || picture.width === 0) return; // closed already: a newer one is on its way
    canvas.current.width = picture.width;
    canvas.current.height = picture.height;
    canvas.current.getContext("2d", { alpha: false })?.drawImage(picture, 0, 0);
  }, [picture]);
  return <canvas ref={canvas} aria-hidden="true" />;
}

function keyed(event: KeyboardEvent, app: App): void {
  const panel = event.currentTarget as HTMLElement;
  if (event.key === "Escape") app.overview(false);
  else if (!event.key.startsWith("Arrow") && event.key !== "Home" && event.key !== "End") return;
  else move(panel, event.key);
  event.preventDefault();
  event.stopPropagation();
}

/** The tile that the key leads to: beside, or nearest in the next row. */
function move(panel: HTMLElement, key: string): void {
  const tiles = tilesIn(panel);
  const at = tiles.findIndex((tile) => tile.parentElement?.contains(document.activeElement));
  const steps: Record<string, number> = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: tiles.length - 1, ArrowUp: at - columns(tiles), ArrowDown: at + columns(tiles) };
  tiles[steps[key] ?? at]?.focus();
}

/** Tiles in the first row. */
function columns(tiles: readonly HTMLElement[]): number {
  const top = tiles[0]?.offsetTop;
  return tiles.filter((tile) => tile.offsetTop === top).length;
}

function tilesIn(panel: HTMLElement): HTMLElement[] {
  return [...panel.querySelectorAll<HTMLElement>("[data-tile]")];
}

function focusTile(panel: HTMLElement | null, fits: (tile: HTMLElement) => boolean): void {
  const tiles = panel === null ? [] : tilesIn(panel);
  (tiles.find(fits) ?? tiles[0])?.focus();
}

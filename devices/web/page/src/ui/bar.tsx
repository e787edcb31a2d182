// The slim bar at the top. It leaves while the target is worked, and comes back at the upper edge or when a device restarts.

import type { ComponentChildren, JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { App, Drawer, Ui } from "../app";
import type { Model } from "../model/model";
import type { Settings } from "../model/settings";
import { isFar, mayType } from "../model/targets";
import { heldByAnother, workstation } from "../model/status";
import { isTyping } from "../model/typing";
import { Chips } from "./chips";
import { FarBadge } from "./far";
import { useFullScreen } from "./hooks";
import { CameraIcon, ConsoleIcon, DiscIcon, FullIcon, KeyboardIcon, Mark, NetworkIcon, NodesIcon, PointerIcon, PowerIcon, SoundIcon, SystemIcon, TargetsIcon, VideoIcon, WindowIcon } from "./icons";

/** The bar stays so long after its reason to be there went, ms. */
const LINGER_MS = 1600;
/** A restart shows the bar for so long, ms. */
const NEWS_MS = 4000;
/** The pointer calls the bar at so many CSS pixels from the upper edge. */
const EDGE = 3;

interface BarProps {
  app: App;
  model: Model;
  ui: Ui;
  settings: Settings;
}

export function Bar({ app, model, ui, settings }: BarProps): JSX.Element {
  const { shown, enter, leave, call } = useShown(model, ui, settings);
  const full = useFullScreen();
  return (
    <>
      {!shown && <button class="bar-tab" data-testid="bar-tab" aria-label="Show the bar" tabIndex={-1} onClick={call} />}
      <header class={`bar ${shown ? "" : "away"}`} data-testid="bar" inert={!shown} onPointerEnter={enter} onPointerLeave={leave} onFocusIn={enter} onFocusOut={leave}>
        <span class="bar-node">
          <Mark />
          <strong data-testid="node">{model.node}</strong>
        </span>
        <FarBadge app={app} model={model} />
        <Figures model={model} />
        <FocusBadge app={app} model={model} />
        <Leds model={model} />
        {isFar(model) ? <span class="chips" /> : <Chips app={app} model={model} open={ui.device} />}
        <nav class="bar-tools" aria-label="Tools">
          <Tool app={app} ui={ui} drawer="keyboard" label="Keyboard"><KeyboardIcon /></Tool>
          <Tool app={app} ui={ui} drawer="video" label="Video"><VideoIcon /></Tool>
          <Tool app={app} ui={ui} drawer="media" label="Media"><DiscIcon /></Tool>
          <Tool app={app} ui={ui} drawer="sound" label="Sound"><SoundIcon /></Tool>
          <Tool app={app} ui={ui} drawer="power" label={powerLabel(model)}>
            <PowerIcon />
            {model.power?.power_led != null && <span class={`tool-lamp ${model.power.power_led ? "on" : ""}`} />}
          </Tool>
          <Tool app={app} ui={ui} drawer="network" label="Network"><NetworkIcon /></Tool>
          <Tool app={app} ui={ui} drawer="nodes" label="Nodes"><NodesIcon /></Tool>
          <button class="tool" title="All targets" aria-label="All targets" aria-expanded={ui.overview} data-testid="open-targets" onClick={() => app.overview(!ui.overview)}>
            <TargetsIcon />
          </button>
          <Tool app={app} ui={ui} drawer="console" label="Serial console"><ConsoleIcon /></Tool>
          <Tool app={app} ui={ui} drawer="system" label="System"><SystemIcon /></Tool>
          <span class="bar-gap" />
          <button class="tool" title="Save the picture" aria-label="Save the picture" data-testid="screenshot" disabled={model.picture.frames === 0} onClick={() => void app.screenshot()}>
            <CameraIcon />
          </button>
          <button class="tool" title={full ? "Leave full screen" : "Full screen, with the system's shortcuts"} aria-label="Full screen" aria-pressed={full} data-testid="full-screen" onClick={() => void app.fullScreen()}>
            {full ? <WindowIcon /> : <FullIcon />}
          </button>
        </nav>
      </header>
    </>
  );
}

function Tool({ app, ui, drawer, label, children }: { app: App; ui: Ui; drawer: Drawer; label: string; children: ComponentChildren }): JSX.Element {
  const open = ui.drawer === drawer;
  return (
    <button class="tool" title={label} aria-label={label} aria-expanded={open} data-testid={`open-${drawer}`} onClick={() => app.open(open ? null : drawer)}>
      {children}
    </button>
  );
}

function powerLabel(model: Model): string {
  const lit = model.power?.power_led;
  return lit == null ? "Power" : `Power: the target is ${lit ? "on" : "off"}`;
}

function Figures({ model }: { model: Model }): JSX.Element {
  const { picture, video } = model;
  const size = picture.frames > 0 ? `${picture.width}×${picture.height}` : video ? `${video.mode.width}×${video.mode.height}` : "–";
  const latency = picture.latencyMs === null ? "–" : `${Math.round(picture.latencyMs)}`;
  return (
    <span class="figures" data-testid="figures">
      <span data-testid="resolution">{size}</span>
      <span class="figure" title="Frames a second; an unchanged picture is not sent again">
        <b data-testid="rate">{picture.rate}</b> fps
      </span>
      <span class="figure" title="From capture to this screen">
        <b data-testid="latency">{latency}</b> ms
      </span>
    </span>
  );
}

function FocusBadge({ app, model }: { app: App; model: Model }): JSX.Element {
  const { focus } = model;
  const another = heldByAnother(model);
  const deaf = !mayType(model);
  const words = deaf ? "View only" : focus.engaged ? "You type" : another ? (isTyping(model) ? "dKVM types" : `${workstation(model) ?? "Another"} types`) : focus.holding ? "You, paused" : "Nobody types";
  const act = (): void => (focus.engaged ? app.console.leave() : another ? app.console.take() : app.console.engage());
  const title = focus.engaged ? "Let go of keyboard and mouse" : another ? "Take keyboard and mouse over" : "Use keyboard and mouse";
  return (
    <button disabled={deaf} class={`focus-badge ${focus.engaged ? "mine" : another ? "another" : ""}`} data-testid="focus-holder" title={title} onClick={act}>
      <PointerIcon />
      <span>{words}</span>
    </button>
  );
}

function Leds({ model }: { model: Model }): JSX.Element {
  const leds = model.hid?.leds;
  const all: Array<[string, string, boolean]> = [
    ["Num", "Num Lock", leds?.num ?? false],
    ["Caps", "Caps Lock", leds?.caps ?? false],
    ["Scroll", "Scroll Lock", leds?.scroll ?? false],
  ];
  return (
    <span class="leds" role="group" aria-label="Lock lights of the target">
      {all.map(([short, name, on]) => (
        <span key={short} class={`led ${on ? "on" : ""}`} data-testid={`led-${short.toLowerCase()}`} data-on={on} title={`${name} ${on ? "on" : "off"}`}>
          {short}
          <span class="sr"> {on ? "on" : "off"}</span>
        </span>
      ))}
      {(model.hid?.jiggle ?? 0) > 0 && (
        <span class="led on" data-testid="jiggling" title={`The mouse moves by itself after ${model.hid?.jiggle} s without input`}>
          Awake
          <span class="sr">: the mouse moves by itself</span>
        </span>
      )}
    </span>
  );
}

interface Shown {
  shown: boolean;
  enter(): void;
  leave(): void;
  /** By touch: shows it for a while. */
  call(): void;
}

/** Whether the bar is there. It never leaves while there is something to do with it. */
function useShown(model: Model, ui: Ui, settings: Settings): Shown {
  const [over, setOver] = useState(false);
  const [linger, setLinger] = useState(true);
  const news = Object.values(model.restarts).some((at) => performance.now() - at < NEWS_MS);
  const wanted = over || news || ui.drawer !== null || ui.overview || settings.bar === "stay" || !model.focus.engaged;
  useEffect(() => {
    if (wanted) {
      setLinger(true);
      return;
    }
    const timer = window.setTimeout(() => setLinger(false), LINGER_MS);
    return () => window.clearTimeout(timer);
  }, [wanted, linger]);
  useEffect(() => {
    const atEdge = (event: PointerEvent): void => {
      if (event.clientY <= EDGE && event.pointerType !== "touch") setLinger(true);
    };
    window.addEventListener("pointermove", atEdge);
    return () => window.removeEventListener("pointermove", atEdge);
  }, []);
  return { shown: wanted || linger, enter: () => setOver(true), leave: () => setOver(false), call: () => setLinger(true) };
}

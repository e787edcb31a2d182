// The drawer at the side: tabs, closed by Escape or its button; the focus goes back to where it was.

import type { ComponentChildren, JSX } from "preact";
import { useRef } from "preact/hooks";
import type { App, Drawer, Ui } from "../app";
import type { Model } from "../model/model";
import type { Settings } from "../model/settings";
import { isFar, worked } from "../model/targets";
import { ConsoleDrawer } from "./console";
import { itsOwnPage, ThisNodeNote } from "./far";
import { useReturningFocus } from "./hooks";
import { CloseIcon } from "./icons";
import { KeyboardDrawer } from "./keyboard";
import { MediaDrawer } from "./media";
import { NetworkDrawer } from "./network";
import { NodesDrawer } from "./nodes";
import { PowerDrawer } from "./power";
import { SoundDrawer } from "./sound";
import { SystemDrawer } from "./system";
import { VideoDrawer } from "./video";

const TABS: ReadonlyArray<{ drawer: Drawer; label: string }> = [
  { drawer: "keyboard", label: "Keyboard" },
  { drawer: "video", label: "Video" },
  { drawer: "media", label: "Media" },
  { drawer: "sound", label: "Sound" },
  { drawer: "power", label: "Power" },
  { drawer: "network", label: "Network" },
  { drawer: "nodes", label: "Nodes" },
  { drawer: "console", label: "Console" },
  { drawer: "system", label: "System" },
];

export interface DrawerProps {
  app: App;
  model: Model;
  ui: Ui;
  settings: Settings;
}

export function DrawerPanel(props: DrawerProps & { drawer: Drawer }): JSX.Element {
  const { app, drawer } = props;
  const panel = useRef<HTMLElement>(null);
  useReturningFocus(panel);
  const close = (event: KeyboardEvent): void => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    app.open(null);
  };
  return (
    <aside class={drawer === "console" ? "drawer wide" : "drawer"} ref={panel} data-testid={`drawer-${drawer}`} aria-label={drawer} onKeyDown={close}>
      <div class="drawer-head">
        <div class="tabs" role="tablist">
          {TABS.map((tab) => (
            <button key={tab.drawer} role="tab" aria-selected={tab.drawer === drawer} data-testid={`tab-${tab.drawer}`} onClick={() => app.open(tab.drawer)}>
              {tab.label}
            </button>
          ))}
        </div>
        <button class="tool" aria-label="Close" data-testid="drawer-close" onClick={() => app.open(null)}>
          <CloseIcon />
        </button>
      </div>
      <div class="drawer-body">
        <ThisNodeNote model={props.model} drawer={drawer} />
        {itsOwnPage(props.model, drawer) ?? <DrawerBody {...props} />}
      </div>
    </aside>
  );
}

/** Keyboard, video and sound are the shown target's; what else there is, this node's. */
function DrawerBody(props: DrawerProps & { drawer: Drawer }): JSX.Element {
  const shown = isFar(props.model) ? { ...props, model: worked(props.model) } : props;
  switch (props.drawer) {
    case "keyboard":
      return <KeyboardDrawer {...shown} />;
    case "video":
      return <VideoDrawer {...shown} />;
    case "sound":
      return <SoundDrawer {...shown} />;
    case "media":
      return <MediaDrawer {...props} />;
    case "power":
      return <PowerDrawer {...props} />;
    case "network":
      return <NetworkDrawer {...props} />;
    case "nodes":
      return <NodesDrawer {...props} />;
    case "console":
      return <ConsoleDrawer {...props} />;
    case "system":
      return <SystemDrawer {...props} />;
  }
}

/** A titled part of a drawer. */
export function Part({ title, children, hint }: { title: string; children: ComponentChildren; hint?: string }): JSX.Element {
  return (
    <section class="part">
      <h2>{title}</h2>
      {children}
      {hint && <p class="hint">{hint}</p>}
    </section>
  );
}

interface ChoiceProps<T extends string> {
  label: string;
  testid: string;
  value: T;
  choices: ReadonlyArray<{ value: T; label: string }>;
  choose(value: T): void;
}

/** A few choices side by side. */
export function Choice<T extends string>({ label, testid, value, choices, choose }: ChoiceProps<T>): JSX.Element {
  return (
    <div class="choice" role="radiogroup" aria-label={label}>
      {choices.map((choice) => (
        <button key={choice.value} role="radio" aria-checked={choice.value === value} data-testid={`${testid}-${choice.value}`} onClick={() => choose(choice.value)}>
          {choice.label}
        </button>
      ))}
    </div>
  );
}

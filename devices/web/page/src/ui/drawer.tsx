// The drawer at the side: tabs, closed by Escape or its button; the focus goes back to where it was.

import type { ComponentChildren, JSX, RefObject } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { App, Drawer, Ui } from "../app";
import type { Model } from "../model/model";
import type { Settings } from "../model/settings";
import { ConsoleDrawer } from "./console";
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
        {drawer === "keyboard" && <KeyboardDrawer {...props} />}
        {drawer === "video" && <VideoDrawer {...props} />}
        {drawer === "media" && <MediaDrawer {...props} />}
        {drawer === "sound" && <SoundDrawer {...props} />}
        {drawer === "power" && <PowerDrawer {...props} />}
        {drawer === "network" && <NetworkDrawer {...props} />}
        {drawer === "nodes" && <NodesDrawer {...props} />}
        {drawer === "console" && <ConsoleDrawer {...props} />}
        {drawer === "system" && <SystemDrawer {...props} />}
      </div>
    </aside>
  );
}

/** When the drawer goes while the focus is in it, the focus returns to what had it before. */
function useReturningFocus(panel: RefObject<HTMLElement | null>): void {
  const [before] = useState(() => document.activeElement);
  useLayoutEffect(() => {
    const element = panel.current;
    return () => {
      const inside = document.activeElement === document.body || element?.contains(document.activeElement);
      if (inside && before instanceof HTMLElement) before.focus({ preventScroll: true });
    };
  }, []);
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

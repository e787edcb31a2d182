// The whole interface: before the login a card, after it what floats over the picture.

import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { isFar, worked } from "../model/targets";
import type { App } from "../app";
import { Bar } from "./bar";
import { TrialBar } from "./config";
import { DrawerPanel } from "./drawer";
import { Gate } from "./gate";
import { Heads } from "./heads";
import { useOverviewChord, useStore } from "./hooks";
import { NewsBar } from "./news";
import { PairingBar } from "./nodes";
import { Overview } from "./overview";
import { MicrophoneSign } from "./sound";
import { Banner, Cover, FocusHint, ToastLine } from "./notices";

export function Root({ app }: { app: App }): JSX.Element {
  const model = useStore(app.model);
  const open = model.session === "open";
  useEffect(() => {
    document.title = [isFar(model) ? model.chosen : "", model.node, "dKVM"].filter(Boolean).join(" · ");
  }, [model.node, model.chosen]);
  useEffect(() => {
    document.body.dataset["session"] = model.session;
    document.body.dataset["holding"] = model.focus.engaged ? "engaged" : model.focus.holding ? "held" : "no";
    document.body.dataset["link"] = model.link.kind;
  }, [model.session, model.focus.engaged, model.focus.holding, model.link.kind]);
  return open ? <Desk app={app} /> : <Gate app={app} model={model} />;
}

function Desk({ app }: { app: App }): JSX.Element {
  const model = useStore(app.model);
  const ui = useStore(app.ui);
  const settings = useStore(app.settings);
  const shown = worked(model);
  useOverviewChord(app, settings.overview);
  useEffect(() => {
    document.body.dataset["drawer"] = ui.drawer === null ? "closed" : "open";
    document.body.dataset["overview"] = ui.overview ? "open" : "closed";
  }, [ui.drawer, ui.overview]);
  return (
    <>
      {model.beside.length > 0 && model.link.kind === "open" ? <Heads app={app} model={shown} /> : <Cover app={app} model={shown} />}
      <Bar app={app} model={shown} ui={ui} settings={settings} />
      {ui.overview && model.link.kind === "open" && <Overview app={app} model={model} settings={settings} />}
      <div class="below-bar">
        {!ui.overview && <Banner app={app} model={shown} />}
        <TrialBar app={app} model={model} />
        <PairingBar app={app} model={model} ui={ui} />
        <NewsBar app={app} model={model} read={ui.read} />
      </div>
      {!ui.overview && <FocusHint app={app} model={shown} ui={ui} settings={settings} />}
      {ui.drawer && <DrawerPanel app={app} model={model} ui={ui} settings={settings} drawer={ui.drawer} />}
      <MicrophoneSign app={app} />
      <ToastLine toast={ui.toast} />
    </>
  );
}

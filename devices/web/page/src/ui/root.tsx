// The whole interface: before the login a card, after it what floats over the picture.

import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import type { App } from "../app";
import { Bar } from "./bar";
import { TrialBar } from "./config";
import { DrawerPanel } from "./drawer";
import { Gate } from "./gate";
import { useStore } from "./hooks";
import { NewsBar } from "./news";
import { PairingBar } from "./nodes";
import { MicrophoneSign } from "./sound";
import { Banner, Cover, FocusHint, ToastLine } from "./notices";

export function Root({ app }: { app: App }): JSX.Element {
  const model = useStore(app.model);
  const open = model.session === "open";
  useEffect(() => {
    document.title = model.node ? `${model.node} · dKVM` : "dKVM";
  }, [model.node]);
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
  useEffect(() => {
    document.body.dataset["drawer"] = ui.drawer === null ? "closed" : "open";
  }, [ui.drawer]);
  return (
    <>
      <Cover app={app} model={model} />
      <Bar app={app} model={model} ui={ui} settings={settings} />
      <div class="below-bar">
        <Banner app={app} model={model} />
        <TrialBar app={app} model={model} />
        <PairingBar app={app} model={model} ui={ui} />
        <NewsBar app={app} model={model} read={ui.read} />
      </div>
      <FocusHint app={app} model={model} ui={ui} settings={settings} />
      {ui.drawer && <DrawerPanel app={app} model={model} ui={ui} settings={settings} drawer={ui.drawer} />}
      <MicrophoneSign app={app} />
      <ToastLine toast={ui.toast} />
    </>
  );
}

// The network to the target, in the network tab: what it was given, and what is open.

import type { JSX } from "preact";
import { sentence } from "../api";
import type { App } from "../app";
import type { Model } from "../model/model";
import { absentWords } from "../model/power";
import { profileWith } from "../model/usb";
import { leaseWords, linkWords, natWords, openWords } from "../model/usbnet";
import type { UsbnetState } from "../wire/UsbnetState";
import { Asking } from "./asking";
import { Part } from "./drawer";
import { bytes } from "./format";

const FUNCTION = "network";
const TITLE = "To the target by USB";

export function UsbNetwork({ app, model }: { app: App; model: Model }): JSX.Element {
  const { usbnet } = model;
  if (usbnet === null) return <Part title={TITLE} hint={absentWords(model, "usbnet", "docs/usbnet.md")}>{null}</Part>;
  return (
    <Part title={TITLE} hint={usbnet.interface === null ? "The USB profile in use has no network." : linkWords(usbnet)}>
      {usbnet.interface === null && <OtherProfile app={app} model={model} />}
      {usbnet.problem !== null && (
        <p class="link-detail" data-testid="usbnet-problem">
          {sentence(usbnet.problem)}
        </p>
      )}
      <Facts state={usbnet} />
      <div class="asks">
        <Nat app={app} state={usbnet} node={model.node} />
        <Isolate app={app} state={usbnet} />
      </div>
    </Part>
  );
}

function OtherProfile({ app, model }: { app: App; model: Model }): JSX.Element | null {
  const profile = profileWith(model.gadget, FUNCTION);
  if (profile === null) return null;
  return (
    <Asking
      testid="usbnet-profile"
      label={`Use the profile ${profile}`}
      question="The target sees its USB keyboard and mouse unplugged, and plugged in again with a network beside them. Keys that are held are let go of."
      confirm={`Use ${profile}`}
      act={() => void app.act({ name: "profile", profile }, `The target has a network now: profile ${profile}.`)}
    />
  );
}

function Facts({ state }: { state: UsbnetState }): JSX.Element {
  return (
    <dl class="facts" data-testid="usbnet" data-interface={state.interface ?? ""} data-nat={state.nat} data-isolate={state.isolate}>
      {state.interface !== null && (
        <>
          <dt>Node</dt>
          <dd>{state.address}</dd>
          <dt>Target</dt>
          <dd data-testid="usbnet-lease">{leaseWords(state)}</dd>
          <dt>Traffic</dt>
          <dd>
            {bytes(state.sent)} to the target, {bytes(state.received)} from it
          </dd>
        </>
      )}
      <dt>Beyond</dt>
      <dd data-testid="usbnet-nat">The target reaches {natWords(state)}</dd>
      <dt>Ports</dt>
      <dd data-testid="usbnet-isolate">{state.isolate ? "The node's own are closed to the target" : "The target reaches the node's own, this page among them"}</dd>
    </dl>
  );
}

function Nat({ app, state, node }: { app: App; state: UsbnetState; node: string }): JSX.Element {
  const set = (nat: boolean): void =>
    void app.act({ name: "usbnet_set", nat, isolate: null }, nat ? "The target reaches the node's network." : "The target reaches nothing beyond the node.");
  if (state.nat) {
    return (
      <button data-testid="nat-off" onClick={() => set(false)}>
        Close the way out
      </button>
    );
  }
  return <Asking testid="nat-on" label="Let the target out" question={openWords(node)} confirm="Let it out" act={() => set(true)} />;
}

function Isolate({ app, state }: { app: App; state: UsbnetState }): JSX.Element {
  const set = (isolate: boolean): void =>
    void app.act({ name: "usbnet_set", nat: null, isolate }, isolate ? "The node's ports are closed to the target." : "The target reaches the node's ports.");
  return (
    <button data-testid="isolate" aria-pressed={state.isolate} onClick={() => set(!state.isolate)}>
      {state.isolate ? "Open the node's ports" : "Close the node's ports"}
    </button>
  );
}

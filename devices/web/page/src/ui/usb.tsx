// USB to the target: which profile it gets, soft unplug and replug.

import type { JSX } from "preact";
import { sentence } from "../api";
import type { App } from "../app";
import type { Model } from "../model/model";
import { chooseWords, profileWords, usbWords } from "../model/usb";
import type { GadgetState } from "../wire/GadgetState";
import type { ProfileInfo } from "../wire/ProfileInfo";
import { Asking } from "./asking";
import { Part } from "./drawer";

interface UsbProps {
  app: App;
  gadget: GadgetState;
  /** Who it is done to. */
  target: string;
}

export function Usb({ app, model }: { app: App; model: Model }): JSX.Element | null {
  const { gadget } = model;
  if (gadget === null) return null;
  const props = { app, gadget, target: `the target of ${model.node || "this node"}` };
  return (
    <Part title="USB to the target" hint={sentence(usbWords(gadget))}>
      <ul class="profiles" data-testid="profiles" data-profile={gadget.profile} aria-label="USB profiles">
        {gadget.profiles.map((profile) => (
          <Profile key={profile.name} {...props} profile={profile} />
        ))}
      </ul>
      <Plug {...props} />
    </Part>
  );
}

function Profile({ app, gadget, target, profile }: UsbProps & { profile: ProfileInfo }): JSX.Element {
  const { name, unfit } = profile;
  const bound = name === gadget.profile;
  const choose = (): void => void app.act({ name: "profile", profile: name }, `The target gets the USB profile ${name}.`);
  return (
    <li class={bound ? "profile bound" : "profile"} data-testid={`profile-${name}`} aria-current={bound ? "true" : undefined}>
      <div class="profile-words">
        <span class="profile-name">{name}</span>
        <span class="soft">{profileWords(profile)}</span>
        {unfit !== null && (
          <span class="profile-unfit" data-testid={`profile-${name}-unfit`}>
            Not here: {unfit}.
          </span>
        )}
      </div>
      {bound && <span class="soft">chosen</span>}
      {!bound && unfit === null && <Asking testid={`choose-${name}`} label="Use" question={chooseWords(gadget, target)} confirm={`Use ${name}`} act={choose} />}
    </li>
  );
}

function Plug({ app, gadget, target }: UsbProps): JSX.Element {
  if (gadget.state === "unplugged") {
    return (
      <button data-testid="plug" onClick={() => void app.act({ name: "plug", plugged: true }, "USB was plugged in.")}>
        Plug in
      </button>
    );
  }
  const unplug = (): void => void app.act({ name: "plug", plugged: false }, "USB is unplugged.");
  return (
    <div class="asks">
      <Asking testid="replug" label="Replug" question="The target sees keyboard and mouse go and come back." confirm="Replug" act={() => void app.act({ name: "replug" }, "USB was unplugged and plugged in.")} />
      <Asking testid="unplug" label="Unplug" question={`To ${target} it is as if the cable were pulled, until you plug it in again here.`} confirm="Unplug" act={unplug} />
    </div>
  );
}

// The media drawer: the target's drives, the images, and how they come in.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { sentence } from "../api";
import type { App } from "../app";
import { driveWords, profileWithDrives } from "../model/media";
import type { Model } from "../model/model";
import { absentWords } from "../model/power";
import type { LunInfo } from "../wire/LunInfo";
import type { StorageState } from "../wire/StorageState";
import { Asking } from "./asking";
import { Part, type DrawerProps } from "./drawer";
import { FetchPart } from "./fetch";
import { bytes } from "./format";
import { ImageLine } from "./images";
import { NewDrive, Uploads } from "./uploads";

export function MediaDrawer({ app, model }: DrawerProps): JSX.Element {
  const { storage } = model;
  if (storage === null) {
    return (
      <>
        <Part title="Media" hint={absentWords(model, "storage", "docs/storage.md")}>{null}</Part>
        <Uploads app={app} incoming={[]} />
      </>
    );
  }
  return (
    <>
      <Drives app={app} model={model} storage={storage} />
      <section class="part" data-testid="images" data-count={storage.images.length}>
        <h2>Images</h2>
        {storage.images.length === 0 && <p class="hint">None yet: upload an ISO or a disk image.</p>}
        <ul class="lines">
          {storage.images.map((image) => (
            <ImageLine key={image.name} app={app} image={image} luns={storage.luns} incoming={storage.incoming} />
          ))}
        </ul>
        <Uploads app={app} incoming={storage.incoming.filter(({ name }) => name !== model.fetch?.fetching?.image)} />
        <p class="hint" data-testid="media-space">
          {bytes(storage.free)} free of {bytes(storage.total)}
        </p>
      </section>
      <FetchPart app={app} model={model} />
      <NewDrive app={app} />
    </>
  );
}

function Drives({ app, model, storage }: { app: App; model: Model; storage: StorageState }): JSX.Element {
  if (storage.reason !== null) return <NoDrives app={app} model={model} reason={storage.reason} />;
  return (
    <Part title="The target's drives">
      {storage.luns.map((lun) => (
        <Drive key={lun.index} app={app} lun={lun} />
      ))}
    </Part>
  );
}

function NoDrives({ app, model, reason }: { app: App; model: Model; reason: string }): JSX.Element {
  const profile = profileWithDrives(model.gadget);
  return (
    <Part title="The target's drives" hint={sentence(reason)}>
      {profile !== null && (
        <Asking
          testid="media-profile"
          label={`Use the profile ${profile}`}
          question="The target sees its USB keyboard and mouse unplugged, and plugged in again with drives beside them. Keys that are held are let go of."
          confirm={`Use ${profile}`}
          act={() => void app.act({ name: "profile", profile }, `The target has drives now: profile ${profile}.`)}
        />
      )}
    </Part>
  );
}

/** A drive. One that the target has locked is asked about before it is opened by force. */
function Drive({ app, lun }: { app: App; lun: LunInfo }): JSX.Element {
  const [locked, setLocked] = useState<string | null>(null);
  const eject = async (): Promise<void> => setLocked(await app.eject(lun.index));
  return (
    <div class="drive" data-testid={`drive-${lun.index}`} data-image={lun.image ?? ""}>
      <div class="row">
        <span class="line-name" title={lun.image ?? ""}>
          <strong>{lun.image ?? `Drive ${lun.index}`}</strong> <span class="soft">{driveWords(lun)}</span>
        </span>
        {lun.image !== null && (
          <button data-testid={`eject-${lun.index}`} onClick={() => void eject()}>
            Eject
          </button>
        )}
      </div>
      {lun.image !== null && locked !== null && (
        <Asking
          testid={`force-${lun.index}`}
          label="Eject by force"
          question={locked}
          confirm="Eject by force"
          act={() => void app.act({ name: "storage_eject", lun: lun.index, force: true }, "It was ejected by force.").then(() => setLocked(null))}
        />
      )}
      {lun.problem !== null && <p class="hint">{sentence(lun.problem)}</p>}
    </div>
  );
}

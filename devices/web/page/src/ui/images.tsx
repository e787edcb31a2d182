// One image: what it is, into which drive, by which name, or away.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { App } from "../app";
import { driveOf, filesVersion, freeDrive, suggest } from "../model/media";
import type { Incoming } from "../wire/Incoming";
import type { LunInfo } from "../wire/LunInfo";
import type { Medium } from "../wire/Medium";
import type { StoredImage } from "../wire/StoredImage";
import { Asking } from "./asking";
import { Choice } from "./drawer";
import { Files } from "./files";
import { bytes } from "./format";

interface ImageProps {
  app: App;
  image: StoredImage;
  luns: readonly LunInfo[];
}

export function ImageLine({ app, image, luns, incoming }: ImageProps & { incoming: readonly Incoming[] }): JSX.Element {
  const [open, setOpen] = useState(false);
  const inDrive = driveOf(luns, image.name);
  return (
    <li class="image" data-testid="image-line" data-name={image.name}>
      <button class="image-head" aria-expanded={open} onClick={() => setOpen(!open)}>
        <span class="line-name">{image.name}</span>
        <span class="soft number">
          {inDrive && <span>in drive {inDrive.index} · </span>}
          {bytes(image.size)}
        </span>
      </button>
      {open && (
        <div class="image-body">
          <Hash image={image} />
          {image.fat && <Files app={app} image={image.name} lun={inDrive} version={filesVersion(image.name, incoming, inDrive)} />}
          {inDrive ? <p class="hint">It is in drive {inDrive.index}: eject it first to rename or delete it.</p> : <Acts app={app} image={image} luns={luns} />}
        </div>
      )}
    </li>
  );
}

function Hash({ image }: { image: StoredImage }): JSX.Element | null {
  if (image.sha256 === null) return null;
  return (
    <p class="hash" data-testid="image-hash">
      <span class="soft">SHA-256{image.modified ? ", before the target could write to it" : ""}</span> {image.sha256}
    </p>
  );
}

function Acts({ app, image, luns }: ImageProps): JSX.Element {
  return (
    <>
      {luns.length > 0 && <Attach app={app} image={image} luns={luns} />}
      <Rename app={app} image={image} />
      <div class="asks">
        <Asking
          testid="image-delete"
          label="Delete"
          question={`${image.name} is deleted from this node. There is no way to get it back.`}
          confirm="Delete it"
          act={() => void app.act({ name: "storage_delete", image: image.name }, `${image.name} was deleted.`)}
        />
      </div>
    </>
  );
}

function Attach({ app, image, luns }: ImageProps): JSX.Element {
  const best = suggest(image);
  const [medium, setMedium] = useState<Medium>(best.medium);
  const [writable, setWritable] = useState(best.access === "writable");
  const [lun, setLun] = useState(freeDrive(luns));
  const access = medium === "disk" && writable ? "writable" : "read_only";
  const submit = (event: Event): void => {
    event.preventDefault();
    void app.act({ name: "storage_attach", lun, image: image.name, medium, access }, `${image.name} is in drive ${lun}.`);
  };
  return (
    <form class="attach" onSubmit={submit}>
      <Choice<Medium> label="As" testid="attach-as" value={medium} choose={setMedium} choices={[{ value: "disk", label: "Disk" }, { value: "cdrom", label: "CD-ROM" }]} />
      {medium === "disk" && (
        <label class="check">
          <input type="checkbox" data-testid="attach-writable" checked={writable} onChange={(event) => setWritable(event.currentTarget.checked)} />
          The target may write to it
        </label>
      )}
      <span class="field-with">
        <select class="select" aria-label="Drive" data-testid="attach-drive" value={lun} onChange={(event) => setLun(Number(event.currentTarget.value))}>
          {luns.map((one) => (
            <option key={one.index} value={one.index}>
              Drive {one.index}
              {one.image === null ? "" : `, instead of ${one.image}`}
            </option>
          ))}
        </select>
        <button class="primary" data-testid="attach">
          Put it in
        </button>
      </span>
    </form>
  );
}

function Rename({ app, image }: { app: App; image: StoredImage }): JSX.Element {
  const [to, setTo] = useState(image.name);
  const submit = (event: Event): void => {
    event.preventDefault();
    void app.act({ name: "storage_rename", image: image.name, to }, `It is ${to} now.`);
  };
  return (
    <form onSubmit={submit}>
      <label class="field">
        <span>Name</span>
        <span class="field-with">
          <input data-testid="image-name" value={to} autocomplete="off" autocapitalize="off" spellcheck={false} onInput={(event) => setTo(event.currentTarget.value)} />
          <button data-testid="image-rename" disabled={to === image.name || to === ""}>
            Rename
          </button>
        </span>
      </label>
    </form>
  );
}

// Images on their way in, and the ready-made drive.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { App } from "../app";
import { ontoName } from "../model/media";
import { timeLeft } from "../upload/speed";
import type { UploadView } from "../upload/uploader";
import type { Incoming } from "../wire/Incoming";
import { Asking } from "./asking";
import { Part } from "./drawer";
import { bytes, duration } from "./format";
import { useStore } from "./hooks";

const MIB = 1024 * 1024;
const DRIVE_MIB = 64;

export function Uploads({ app, incoming }: { app: App; incoming: readonly Incoming[] }): JSX.Element {
  const upload = useStore(app.uploads.images.view);
  const own = upload.kind === "sending" || upload.kind === "waiting" ? upload : null;
  const onto = useStore(app.uploads.onto);
  const file = useStore(app.uploads.files.view);
  const sending = onto !== null && (file.kind === "sending" || file.kind === "waiting") ? { name: ontoName(onto, file.name), size: file.size } : null;
  const others = incoming.filter((one) => ![own, sending].some((mine) => mine !== null && one.name === mine.name && one.size === mine.size));
  return (
    <>
      {own && <Sending app={app} upload={own} incoming={incoming} />}
      {others.map((one) => (
        <Waiting key={one.id} app={app} one={one} />
      ))}
      {upload.kind === "refused" && (
        <p class="problem" role="alert" data-testid="media-problem">
          {upload.name}: {upload.why}
        </p>
      )}
      {own === null && <Drop testid="media" label="Choose an image, or drop it here" take={(file) => void app.uploads.sendImage(file)} />}
    </>
  );
}

interface DropProps {
  testid: string;
  label: string;
  take(file: File): void;
}

/** A file by choice or by drop. */
export function Drop({ testid, label, take }: DropProps): JSX.Element {
  const [over, setOver] = useState(false);
  const took = (files: FileList | null | undefined): void => {
    const file = files?.[0];
    setOver(false);
    if (file) take(file);
  };
  const drop = (event: DragEvent): void => {
    event.preventDefault();
    took(event.dataTransfer?.files);
  };
  const hover = (event: DragEvent): void => {
    event.preventDefault();
    setOver(true);
  };
  return (
    <label class={`drop ${over ? "over" : ""}`} data-testid={`${testid}-drop`} onDragOver={hover} onDragLeave={() => setOver(false)} onDrop={drop}>
      <input type="file" class="sr" data-testid={`${testid}-file`} onChange={(event) => took(event.currentTarget.files)} />
      {label}
    </label>
  );
}

interface BarProps {
  testid: string;
  name: string;
  size: number;
  offset: number;
  words: string;
  children: JSX.Element;
}

export function Bar({ testid, name, size, offset, words, children }: BarProps): JSX.Element {
  return (
    <div class="progress" data-testid={testid} data-name={name} data-offset={offset}>
      <p class="progress-name">{name}</p>
      <progress max={size} value={offset} aria-label={name} />
      <p class="progress-words" data-testid={`${testid}-words`}>
        {words}
      </p>
      {children}
    </div>
  );
}

function Sending({ app, upload, incoming }: { app: App; upload: Exclude<UploadView, { kind: "none" | "refused" }>; incoming: readonly Incoming[] }): JSX.Element {
  const known = incoming.find((one) => one.name === upload.name && one.size === upload.size);
  const cancel = (): void => {
    app.uploads.images.cancel();
    if (known) void app.act({ name: "storage_abort", id: known.id }, "The upload was cancelled.");
  };
  return (
    <Bar testid="media-sending" name={upload.name} size={upload.size} offset={upload.offset} words={progressWords(upload)}>
      <button data-testid="media-cancel" onClick={cancel}>
        Cancel
      </button>
    </Bar>
  );
}

export function progressWords(upload: Exclude<UploadView, { kind: "none" | "refused" }>): string {
  const done = `${bytes(upload.offset)} of ${bytes(upload.size)}`;
  if (upload.kind === "waiting") return `${done}. ${upload.why} Trying again.`;
  const left = timeLeft(upload.size - upload.offset, upload.rate);
  const speed = upload.rate === null ? "" : `, ${bytes(Math.round(upload.rate))}/s`;
  return `${done}${speed}${left === null ? "" : `, ${duration(Math.max(left, 1000))} left`}`;
}

/** An upload that this page does not send: broken off, or somebody else's. */
function Waiting({ app, one }: { app: App; one: Incoming }): JSX.Element {
  const done = `${bytes(one.offset)} of ${bytes(one.size)}`;
  const words = one.verifying ? `${done}. All is there, and is read back or goes onto its drive.` : `${done}. Choose the same file again to go on.`;
  return (
    <Bar testid="media-incoming" name={one.name} size={one.size} offset={one.offset} words={words}>
      <Asking testid="media-forget" label="Forget it" question={`What is there of ${one.name} is deleted.`} confirm="Forget it" act={() => void app.act({ name: "storage_abort", id: one.id }, "The upload is forgotten.")} />
    </Bar>
  );
}

/** An empty FAT drive. */
export function NewDrive({ app }: { app: App }): JSX.Element {
  const [name, setName] = useState("");
  const [mib, setMib] = useState(DRIVE_MIB);
  const submit = (event: Event): void => {
    event.preventDefault();
    void app.act({ name: "storage_drive", image: name, size: mib * MIB }, `${name} is ready.`);
  };
  return (
    <Part title="New empty drive" hint="Formatted with FAT, which every system reads and writes.">
      <form onSubmit={submit}>
        <span class="field field-with">
          <input data-testid="drive-name" aria-label="Name" placeholder="files.img" value={name} autocomplete="off" autocapitalize="off" spellcheck={false} onInput={(event) => setName(event.currentTarget.value)} />
          <input class="mib" type="number" min={1} max={4096} aria-label="Size in MiB" data-testid="drive-size" value={mib} onInput={(event) => setMib(event.currentTarget.valueAsNumber)} />
          <span class="soft unit">MiB</span>
          <button data-testid="drive-make" disabled={name === "" || !Number.isInteger(mib)}>
            Make
          </button>
        </span>
      </form>
    </Part>
  );
}

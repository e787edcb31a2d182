// The files on a FAT drive: what is on it, and what is dropped onto it.

import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { App } from "../app";
import { fileWords, inFolder, more } from "../model/media";
import type { UploadView } from "../upload/uploader";
import type { FileInfo } from "../wire/FileInfo";
import type { FileList as Listed } from "../wire/FileList";
import type { LunInfo } from "../wire/LunInfo";
import { Asking } from "./asking";
import { bytes } from "./format";
import { useStore } from "./hooks";
import { Bar, Drop, progressWords } from "./uploads";

interface FilesProps {
  app: App;
  image: string;
  /** The target's drive that it is in. */
  lun: LunInfo | undefined;
  /** Changes when what is on the drive may be another. */
  version: string;
}

/** Where a drive is looked at, and how it may be changed. */
interface Place {
  app: App;
  image: string;
  folder: string;
  takeOut: boolean;
  /** Whether it may be changed: one that the target has only when that was allowed. */
  free: boolean;
  again(): void;
}

export function Files({ app, image, lun, version }: FilesProps): JSX.Element {
  const [folder, setFolder] = useState("");
  const [takeOut, setTakeOut] = useState(false);
  const [turn, setTurn] = useState(0);
  const [list, setList] = useState<Listed | string | null>(null);
  useEffect(() => {
    let over = false;
    void app.files(image, folder).then((found) => {
      if (!over) setList(found);
    });
    return () => {
      over = true;
    };
  }, [app, image, folder, version, turn]);
  const place: Place = { app, image, folder, takeOut: lun !== undefined && takeOut, free: lun === undefined || takeOut, again: () => setTurn((last) => last + 1) };
  return (
    <section class="files" data-testid="files" data-folder={folder}>
      <h3>Files{folder === "" ? "" : ` in ${folder}`}</h3>
      {folder !== "" && <button onClick={() => setFolder(inFolder(folder, ".."))}>Back</button>}
      {typeof list === "string" && <p class="problem">{list}</p>}
      {list !== null && typeof list !== "string" && <List place={place} list={list} open={(name) => setFolder(inFolder(folder, name))} />}
      {lun !== undefined && (
        <label class="check">
          <input type="checkbox" data-testid="files-take-out" checked={takeOut} onChange={(event) => setTakeOut(event.currentTarget.checked)} />
          Take it out of the target for the moment, which sees its medium change
        </label>
      )}
      <Incoming place={place} />
    </section>
  );
}

function List({ place, list, open }: { place: Place; list: Listed; open(name: string): void }): JSX.Element {
  return (
    <>
      {list.files.length === 0 && <p class="hint">Nothing is in it.</p>}
      <ul class="lines">
        {list.files.map((file) => (
          <Line key={file.name} place={place} file={file} open={open} />
        ))}
      </ul>
      <p class="hint" data-testid="files-free">
        {more(list)}
        {bytes(list.free)} free on it
      </p>
    </>
  );
}

function Line({ place, file, open }: { place: Place; file: FileInfo; open(name: string): void }): JSX.Element {
  const { app, image, folder, takeOut, free, again } = place;
  const path = inFolder(folder, file.name);
  return (
    <li class="row" data-testid="file-line" data-name={file.name}>
      <span class="line-name" title={file.name}>
        {file.name} <span class="soft">{fileWords(file)}</span>
      </span>
      {file.folder ? (
        <button onClick={() => open(file.name)}>Open</button>
      ) : (
        <Asking
          testid="file-delete"
          label="Delete"
          disabled={!free}
          question={`${file.name} is deleted from ${image}. There is no way to get it back.`}
          confirm="Delete it"
          act={() => void app.act({ name: "storage_file_remove", image, path, take_out: takeOut }, `${file.name} was deleted.`).then(again)}
        />
      )}
    </li>
  );
}

/** The file that this page sends onto this drive, or where one is dropped. */
function Incoming({ place }: { place: Place }): JSX.Element | null {
  const { app, image, folder, takeOut, free, again } = place;
  const onto = useStore(app.uploads.onto);
  const upload = useStore(app.uploads.files.view);
  const own = onto !== null && onto.image === image ? upload : ({ kind: "none" } satisfies UploadView);
  if (own.kind === "sending" || own.kind === "waiting") {
    return (
      <Bar testid="file-sending" name={own.name} size={own.size} offset={own.offset} words={progressWords(own)}>
        <button data-testid="file-cancel" onClick={() => app.cancelFile()}>
          Cancel
        </button>
      </Bar>
    );
  }
  const busy = upload.kind === "sending" || upload.kind === "waiting";
  const take = (file: File): void => void app.uploads.putFile({ image, folder, takeOut }, file).then(again);
  return (
    <>
      {own.kind === "refused" && (
        <p class="problem" role="alert" data-testid="file-problem">
          {own.name}: {own.why}
        </p>
      )}
      {free && !busy && <Drop testid="file" label="Choose a file for this drive, or drop it here" take={take} />}
      {!free && <p class="hint">The target has this drive: eject it first, or allow to take it out for the moment.</p>}
    </>
  );
}

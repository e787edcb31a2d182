// Sends a bundle part by part. What breaks off is gone on with: after each failure the head is sent again, and the node says where
// it stands. The same file after a reload, or from another browser, goes on too.

import { Refused } from "../api";
import { backoff } from "../link/backoff";
import { Store } from "../model/store";
import type { Upload } from "../wire/Upload";
import { Speed } from "./speed";

/** The bundle's head is within this (`MAX_HEAD` of the wire). */
const HEAD = 16 * 1024;
/** Bytes of one request: progress moves often, and what a broken link costs is little. */
const PART = 512 * 1024;
/** Failures in a row, without a byte of progress, after which it is given up. */
const PATIENCE = 60;

/** Conflicts in a row after which the node means it. */
const CONFLICTS = 4;

/** What the page shows of its own upload. */
export type UploadView =
  | { readonly kind: "none" }
  | { readonly kind: "sending"; readonly name: string; readonly size: number; readonly offset: number; readonly rate: number | null }
  | { readonly kind: "waiting"; readonly name: string; readonly size: number; readonly offset: number; readonly why: string }
  | { readonly kind: "refused"; readonly name: string; readonly why: string };

/** The part of a bundle that a request carries. */
export interface Part {
  readonly bytes: Blob;
  readonly offset: number;
  readonly size: number;
  /** Of the upload, from the second part on. */
  readonly id: string | null;
  readonly downgrade: boolean;
  /** Of the file, and when it was changed last. */
  readonly name: string;
  readonly modified: number;
}

/** What the uploader needs of the world. */
export interface Ways {
  send(part: Part, signal: AbortSignal): Promise<Upload>;
  wait(ms: number): Promise<void>;
  now(): number;
  /** Bytes of one request, where it is not [`PART`]. */
  readonly part?: number;
  /** Refusals that no further try changes, beyond those that [`verdict`] knows. */
  isFinal?(error: Refused): boolean;
}

export class Uploader {
  readonly view = new Store<UploadView>({ kind: "none" });
  private abort = new AbortController();

  constructor(private readonly ways: Ways) {}

  /** Sends a file; settles when it is there, refused, given up or cancelled. */
  async start(file: File, downgrade: boolean): Promise<void> {
    this.cancel();
    const abort = new AbortController();
    this.abort = abort;
    const run = new Run(file, downgrade, this.ways, abort.signal, (view) => {
      if (!abort.signal.aborted) this.view.set(view);
    });
    await run.all();
  }

  /** Stops sending; what the node has, it has. */
  cancel(): void {
    this.abort.abort();
    this.view.set({ kind: "none" });
  }
}

/** One file on its way. */
class Run {
  private readonly speed = new Speed();
  private at: Upload | null = null;
  private furthest = 0;
  private failures = 0;

  constructor(
    private readonly file: File,
    private readonly downgrade: boolean,
    private readonly ways: Ways,
    private readonly signal: AbortSignal,
    private readonly tell: (view: UploadView) => void,
  ) {}

  async all(): Promise<void> {
    const { name, size } = this.file;
    this.sending(0);
    while (this.at === null || this.at.offset < size) {
      if (this.signal.aborted) return;
      try {
        this.took(await this.ways.send(this.next(), this.signal));
      } catch (error) {
        if (this.signal.aborted) return;
        const final = error instanceof Refused && error.code !== "unauthorized" && (this.ways.isFinal?.(error) ?? false);
        const why = final ? { end: true, text: error.message } : verdict(error, ++this.failures);
        if (why.end) return this.tell(why.text === "" ? { kind: "none" } : { kind: "refused", name, why: why.text });
        this.at = null; // the node says where it stands
        this.tell({ kind: "waiting", name, size, offset: this.furthest, why: why.text });
        await this.ways.wait(backoff(this.failures, 0.5));
      }
    }
    this.tell({ kind: "none" });
  }

  private next(): Part {
    const { file, at, downgrade } = this;
    const offset = at?.offset ?? 0;
    const end = Math.min(file.size, offset + (at === null ? HEAD : (this.ways.part ?? PART)));
    return { bytes: file.slice(offset, end), offset, size: file.size, id: at?.id ?? null, downgrade, name: file.name, modified: file.lastModified };
  }

  private took(upload: Upload): void {
    this.at = upload;
    if (upload.offset > this.furthest) this.failures = 0;
    this.furthest = upload.offset;
    this.speed.note(this.ways.now(), upload.offset);
    this.sending(upload.offset);
  }

  private sending(offset: number): void {
    this.tell({ kind: "sending", name: this.file.name, size: this.file.size, offset, rate: this.speed.rate });
  }
}

/** Whether a failure is the end of it, and what a person is told. An empty text: nothing, the node tells the rest by its state. */
export function verdict(error: unknown, failures: number): { readonly end: boolean; readonly text: string } {
  if (error instanceof DOMException && error.name === "NotReadableError") return { end: true, text: "The file cannot be read any more: choose it again." };
  if (!(error instanceof Refused)) return tired(failures, "The link to the node is broken.");
  switch (error.code) {
    case "unauthorized":
      return tired(failures, "The session has ended: log in, and it goes on.");
    case "unavailable":
    case "exhausted":
    case "timeout":
      return tired(failures, error.message);
    case "conflict":
      // A part that is not the next one, or the last request is not over yet: the head says where it stands. In the end it means it.
      return { end: failures >= CONFLICTS, text: error.message };
    default:
      return { end: true, text: error.message };
  }
}

function tired(failures: number, text: string): { readonly end: boolean; readonly text: string } {
  return failures < PATIENCE ? { end: false, text } : { end: true, text: `${text} It was tried ${PATIENCE} times: choose the same file to go on.` };
}

// All that this page sends as files: updates, images, files onto a drive. A reload asks first, for then the file has to be chosen again.

import type { Api } from "../api";
import { ontoName, type Onto } from "../model/media";
import { Store } from "../model/store";
import type { StorageState } from "../wire/StorageState";
import { Uploader } from "./uploader";

/** Bytes of an image in one request: large enough for a card's speed, small enough for a progress that moves. */
const IMAGE_PART = 4 * 1024 * 1024;

export class Uploads {
  readonly update: Uploader;
  readonly images: Uploader;
  readonly files: Uploader;
  /** The drive that the file goes onto which is sent now, or was last. */
  readonly onto = new Store<Onto | null>(null);

  constructor(api: Api) {
    const pace = { wait: rest, now: () => performance.now() };
    const whole = { ...pace, part: IMAGE_PART, isFinal: (error: { retryable: boolean }) => !error.retryable };
    this.update = new Uploader({ ...pace, send: (part, signal) => api.update(part, signal) });
    this.images = new Uploader({ ...whole, send: (part, signal) => api.image(part, signal) });
    this.files = new Uploader({ ...whole, send: (part, signal) => api.image(part, signal, this.onto.value) });
  }

  sendUpdate(file: File, downgrade: boolean): Promise<void> {
    return staying(() => this.update.start(file, downgrade));
  }

  sendImage(file: File): Promise<void> {
    return staying(() => this.images.start(file, false));
  }

  /** Sends a file onto a FAT drive. */
  putFile(onto: Onto, file: File): Promise<void> {
    this.onto.set(onto);
    return staying(() => this.files.start(file, false));
  }

  /** Stops sending a file; what the node has of it, as it told. */
  cancelFile(storage: StorageState | null): string | null {
    const [onto, upload] = [this.onto.value, this.files.view.value];
    this.files.cancel();
    if (onto === null || (upload.kind !== "sending" && upload.kind !== "waiting")) return null;
    const name = ontoName(onto, upload.name);
    return storage?.incoming.find((one) => one.name === name && one.size === upload.size)?.id ?? null;
  }
}

/** Has the browser ask before it leaves the page, while this is under way. */
async function staying(act: () => Promise<void>): Promise<void> {
  const stay = (event: Event): void => event.preventDefault();
  window.addEventListener("beforeunload", stay);
  await act();
  window.removeEventListener("beforeunload", stay);
}

function rest(ms: number): Promise<void> {
  return new Promise((resolve) => window.setTimeout(resolve, ms));
}

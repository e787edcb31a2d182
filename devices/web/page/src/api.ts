// The node's few HTTP calls.

import type { Part } from "./upload/uploader";
import type { Onto } from "./model/media";
import type { FileList } from "./wire/FileList";
import type { SessionInfo } from "./wire/SessionInfo";
import type { Taken } from "./wire/Taken";
import type { Upload } from "./wire/Upload";

/** A refusal in words for a person. */
export class Refused extends Error {
  constructor(
    readonly code: string,
    message: string,
    /** When to try again, seconds; 0 for at once. */
    readonly retryAfter: number,
    /** The same may succeed later. */
    readonly retryable = false,
  ) {
    super(message);
  }
}

/** Longest wait for an answer, ms: setting a password costs the node half a second of hashing. */
const DEADLINE_MS = 10_000;
/** The same for a part of a bundle, ms: half a megabyte on a bad line, and the card is read back before the last answer. */
const PART_DEADLINE_MS = 60_000;

/** The session is over: the node has no code of its own for it. */
const UNAUTHORIZED = 401;

export class Api {
  /** From the last `SessionInfo`. */
  private token = "";

  get csrf(): string {
    return this.token;
  }

  async session(): Promise<SessionInfo> {
    return this.remember(await call("/api/session", { method: "GET" }));
  }

  async setup(password: string): Promise<SessionInfo> {
    return this.remember(await this.post("/api/setup", { password }));
  }

  async login(password: string): Promise<SessionInfo> {
    return this.remember(await this.post("/api/login", { password }));
  }

  async logout(): Promise<void> {
    await this.post("/api/logout", {});
  }

  async changePassword(old: string, fresh: string): Promise<void> {
    await this.post("/api/password", { old, new: fresh });
  }

  /** Sends a part of an update; where the upload stands after it. */
  async update(part: Part, signal: AbortSignal): Promise<Upload> {
    const query = new URLSearchParams({ ...(part.id === null ? {} : { id: part.id }), ...(part.downgrade ? { downgrade: "1" } : {}) });
    return (await this.send(`/api/update?${query}`, part, signal)) as Upload;
  }

  /** Sends a part of an image; where the upload stands after it. */
  async image(part: Part, signal: AbortSignal, onto: Onto | null = null): Promise<Taken> {
    // Not URLSearchParams: its `+` is a plus to the node.
    const where = onto === null ? "" : `&onto=${encodeURIComponent(onto.image)}&folder=${encodeURIComponent(onto.folder)}${onto.takeOut ? "&take_out=1" : ""}`;
    const query = `name=${encodeURIComponent(part.name)}&tag=${part.modified}${where}`;
    return (await this.send(`/api/storage?${query}`, part, signal)) as Taken;
  }

  /** What is in a folder of a FAT drive. */
  async files(image: string, folder: string): Promise<FileList> {
    const query = `image=${encodeURIComponent(image)}&folder=${encodeURIComponent(folder)}`;
    return (await call(`/api/storage/files?${query}`, { method: "GET" })) as FileList;
  }

  private async send(path: string, part: Part, signal: AbortSignal): Promise<unknown> {
    const last = part.offset + part.bytes.size - 1;
    const headers = {
      "content-type": "application/octet-stream",
      "content-range": `bytes ${part.offset}-${last}/${part.size}`,
      "x-dkvm-csrf": this.token,
    };
    const body = await part.bytes.arrayBuffer();
    return within(PART_DEADLINE_MS, signal, (both) => call(path, { method: "POST", headers, body, signal: both }));
  }

  private post(path: string, body: unknown): Promise<unknown> {
    const headers = { "content-type": "application/json", "x-dkvm-csrf": this.token };
    return call(path, { method: "POST", headers, body: JSON.stringify(body) });
  }

  private remember(answer: unknown): SessionInfo {
    const info = answer as SessionInfo;
    if (typeof info?.state !== "string") throw new Refused("internal", "The node's answer is not understood: reload the page.", 0);
    this.token = info.csrf;
    return info;
  }
}

/** `AbortSignal.any` for browsers that have none. */
async function within<T>(ms: number, signal: AbortSignal, act: (both: AbortSignal) => Promise<T>): Promise<T> {
  const both = new AbortController();
  const abort = (): void => both.abort();
  const timer = window.setTimeout(abort, ms);
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await act(both.signal);
  } finally {
    window.clearTimeout(timer);
    signal.removeEventListener("abort", abort);
  }
}

async function call(path: string, init: RequestInit): Promise<unknown> {
  const response = await fetch(path, { cache: "no-store", signal: AbortSignal.timeout(DEADLINE_MS), ...init });
  const body: unknown = await response.json().catch(() => null);
  if (!response.ok) throw refusal(response, body);
  return body;
}

function refusal(response: Response, body: unknown): Refused {
  const { code, message, retryable } = (body ?? {}) as { code?: string; message?: string; retryable?: boolean };
  const seconds = Number(response.headers.get("retry-after") ?? 0);
  const words = sentence(message ?? `the node refused with status ${response.status}`);
  const kind = response.status === UNAUTHORIZED ? "unauthorized" : (code ?? "internal");
  return new Refused(kind, words, Number.isFinite(seconds) ? seconds : 0, retryable ?? false);
}

/** A message of the node, which begins small and ends open, as a sentence. */
export function sentence(message: string): string {
  const name = /^\S*[._/:]\S/.test(message); // a file or a key stays as it is written
  const begun = name ? message : message.charAt(0).toUpperCase() + message.slice(1);
  return /[.!?]$/.test(begun) ? begun : `${begun}.`;
}

/** Where a WebSocket of the node is. */
export function socketUrl(path: string, csrf: string): string {
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  return `${scheme}://${location.host}${path}?csrf=${encodeURIComponent(csrf)}`;
}

// The node's few HTTP calls.

import type { SessionInfo } from "./wire/SessionInfo";

/** A refusal in words for a person. */
export class Refused extends Error {
  constructor(
    readonly code: string,
    message: string,
    /** When to try again, seconds; 0 for at once. */
    readonly retryAfter: number,
  ) {
    super(message);
  }
}

/** Longest wait for an answer, ms: setting a password costs the node half a second of hashing. */
const DEADLINE_MS = 10_000;

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

async function call(path: string, init: RequestInit): Promise<unknown> {
  const response = await fetch(path, { ...init, cache: "no-store", signal: AbortSignal.timeout(DEADLINE_MS) });
  const body: unknown = await response.json().catch(() => null);
  if (!response.ok) throw refusal(response, body);
  return body;
}

function refusal(response: Response, body: unknown): Refused {
  const { code, message } = (body ?? {}) as { code?: string; message?: string };
  const seconds = Number(response.headers.get("retry-after") ?? 0);
  const words = sentence(message ?? `the node refused with status ${response.status}`);
  return new Refused(code ?? "internal", words, Number.isFinite(seconds) ? seconds : 0);
}

/** A message of the node, which begins small and ends open, as a sentence. */
export function sentence(message: string): string {
  const begun = message.charAt(0).toUpperCase() + message.slice(1);
  return /[.!?]$/.test(begun) ? begun : `${begun}.`;
}

/** Where a WebSocket of the node is. */
export function socketUrl(path: string, csrf: string): string {
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  return `${scheme}://${location.host}${path}?csrf=${encodeURIComponent(csrf)}`;
}

// What the mocked node sends and keeps, beside its states.

import type { Action } from "../src/wire/Action.ts";
import type { ConfigAnswer } from "../src/wire/ConfigAnswer.ts";
import { SOUND_FRAMES, SOUND_HEAD_LEN, SOUND_RATE } from "../src/wire/constants.ts";
import * as states from "./states.ts";

/** What the kernel says about the configuration; a text with "nicer" is wrong. */
export function configAnswer(action: Action): ConfigAnswer | null {
  switch (action.name) {
    case "config_read":
      return { kind: "text", text: action.number === null ? states.CONFIG_TEXT : states.CONFIG_TEXT.replace("443", "8443"), origin: "owner", file: "/var/lib/dkvm/config/dkvm.toml", digest: states.DIGEST, number: action.number ?? 4 };
    case "config_check": {
      const line = action.text.split("\n").findIndex((one) => one.startsWith("nicer")) + 1;
      const mistakes = line === 0 ? [] : [{ line, key: "device.web.nicer", message: 'is no key of this table; did you mean "nice"?' }];
      const change = line === 0 ? { started: [], stopped: [], restarted: ["web"] } : null;
      return { kind: "verdict", mistakes, notices: [], change };
    }
    case "config_apply":
      return { kind: "applied", number: 5, change: { started: [], stopped: [], restarted: ["web"] }, notices: [] };
    case "config_history":
      return { kind: "history", entries: [states.entry(), states.entry({ number: 4, outcome: "kept", comment: "less video" }), states.entry({ number: 5, outcome: "taken_back", why: "web does not come up: exit code 78" })] };
    default:
      return null;
  }
}

/** A message of `/api/serial`. */
export function piece(offset: number, data: Buffer): Buffer {
  const head = Buffer.alloc(12);
  head.writeUInt32LE(7, 0);
  head.writeBigUInt64LE(BigInt(offset), 4);
  return Buffer.concat([head, data]);
}

/** A message of `/api/sound`: 997 Hz. */
export function tone(position: number): Buffer {
  const message = Buffer.alloc(SOUND_HEAD_LEN + SOUND_FRAMES * 4);
  message.writeBigUInt64LE(BigInt(position), 0);
  message.writeUInt32LE(1, 24);
  for (let at = 0; at < SOUND_FRAMES * 2; at++) message.writeInt16LE(Math.round(Math.sin(((position + (at >> 1)) * 2 * Math.PI * 997) / SOUND_RATE) * 16_000), SOUND_HEAD_LEN + at * 2);
  return message;
}

/** A bundle that comes in parts: byte for byte, and only the next one. */
export class Bundle {
  private parts: Buffer[] = [];
  size = 0;

  get length(): number {
    return this.parts.reduce((sum, part) => sum + part.length, 0);
  }

  get bytes(): Buffer {
    return Buffer.concat(this.parts);
  }

  /** The head again tells where it stands, and adds nothing twice. */
  take(part: Buffer, offset: number, size: number): boolean {
    this.size = size;
    const known = this.length - offset;
    if (known < 0 || (known > 0 && offset > 0)) return false;
    if (known < part.length) this.parts.push(part.subarray(known));
    return true;
  }

  forget(): void {
    this.parts = [];
  }
}

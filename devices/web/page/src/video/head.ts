// The head of each message on the video socket.

import { VIDEO_HEAD_LEN, VIDEO_KEY, VIDEO_UNIT_HEAD_LEN } from "../wire/constants";

export interface VideoHead {
  readonly sequence: number;
  /** Node's clock, ns. */
  readonly capturedNs: number;
  /** Node's clock, ns. */
  readonly sentNs: number;
  readonly width: number;
  readonly height: number;
}

/** Largest side of a picture that is believed: the hardware ends at 4K, and a canvas near 16k. */
const MAX_SIDE = 16384;

/** The head, or `null` when the message is no frame. Times lose the last digits of a u64, far below a µs for years. */
export function parseHead(message: ArrayBuffer): VideoHead | null {
  if (message.byteLength <= VIDEO_HEAD_LEN) return null;
  const view = new DataView(message);
  const head = {
    sequence: Number(view.getBigUint64(0, true)),
    capturedNs: Number(view.getBigUint64(8, true)),
    sentNs: Number(view.getBigUint64(16, true)),
    width: view.getUint32(24, true),
    height: view.getUint32(28, true),
  };
  return sane(head.width) && sane(head.height) ? head : null;
}

/** The head of an access unit of H.264. */
export interface UnitHead extends VideoHead {
  /** It is decoded without any before it. */
  readonly key: boolean;
}

/** The head of a message that carries H.264, or `null` when it is none. */
export function parseUnitHead(message: ArrayBuffer): UnitHead | null {
  if (message.byteLength <= VIDEO_UNIT_HEAD_LEN) return null;
  const head = parseHead(message);
  const flags = new DataView(message).getUint32(VIDEO_HEAD_LEN, true);
  return head === null ? null : { ...head, key: (flags & VIDEO_KEY) !== 0 };
}

function sane(side: number): boolean {
  return side > 0 && side <= MAX_SIDE;
}

// Which codec the picture comes in, and why not the other.

import type { DeviceInfo } from "../wire/DeviceInfo";
import type { H264State } from "../wire/H264State";

export type Codec = "h264" | "jpeg";
/** What a person chose. */
export type CodecChoice = "auto" | Codec;

export const CODEC_NAMES: Readonly<Record<Codec, string>> = { h264: "H.264", jpeg: "JPEG" };

/** What decides. */
export interface CodecFacts {
  readonly choice: CodecChoice;
  /** The browser has a decoder. */
  readonly decodes: boolean;
  /** Why the browser's decoder was given up. */
  readonly failure: string | null;
  /** `null` of another node, which does not tell them. */
  readonly devices: readonly DeviceInfo[] | null;
  readonly h264: H264State | null;
  /** Its encoder has been away for a while. */
  readonly away: boolean;
}

export interface CodecVerdict {
  readonly codec: Codec;
  /** Why it is not H.264, when a person did not ask for that. */
  readonly why: string | null;
}

/** H.264 where all goes well, else JPEG. An encoder that restarts is waited for: the picture stands for a moment. */
export function chooseCodec(facts: CodecFacts): CodecVerdict {
  if (facts.choice === "jpeg") return { codec: "jpeg", why: null };
  const why = obstacle(facts);
  return { codec: why === null ? "h264" : "jpeg", why };
}

function obstacle({ decodes, failure, devices, h264, away }: CodecFacts): string | null {
  if (!decodes) return "this browser does not decode H.264";
  if (failure !== null) return `this browser's decoder failed: ${failure}`;
  if (h264 !== null) return h264.detail;
  if (devices === null) return away ? "that node has no H.264 encoder running" : null;
  const device = devices.find(({ name }) => name === "h264");
  if (device === undefined) return "the node has no H.264 encoder";
  const stopped = device.desired !== "up" || device.phase === "failed" || device.phase === "stopped";
  return stopped || away ? "the H.264 encoder is not running" : null;
}

/** WebCodecs, and in a context where it may be used. */
export function browserDecodes(): boolean {
  return typeof VideoDecoder === "function" && typeof EncodedVideoChunk === "function";
}

/** Start of a sequence parameter set in Annex B: its type is in the low five bits. */
const SPS = 7;

/** The codec's name for a decoder (`avc1.42c01f`), from the parameters that a key frame brings; `null` without any. */
export function codecName(unit: Uint8Array): string | null {
  for (let at = 0; at + 6 < unit.length; at++) {
    if (unit[at] !== 0 || unit[at + 1] !== 0 || unit[at + 2] !== 1) continue;
    if ((unit[at + 3]! & 31) === SPS) return `avc1.${[...unit.subarray(at + 4, at + 7)].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
  }
  return null;
}

// All that the page knows. One value, replaced and never changed in place.

import type { AudioState } from "../wire/AudioState";
import type { ConfigState } from "../wire/ConfigState";
import type { DeathRecord } from "../wire/DeathRecord";
import type { DeviceInfo } from "../wire/DeviceInfo";
import type { Codec } from "../video/codec";
import type { EncodeState } from "../wire/EncodeState";
import type { H264State } from "../wire/H264State";
import type { FarTarget } from "../wire/FarTarget";
import type { FetchState } from "../wire/FetchState";
import type { GadgetState } from "../wire/GadgetState";
import type { HidState } from "../wire/HidState";
import type { KernelInfo } from "../wire/KernelInfo";
import type { MacroState } from "../wire/MacroState";
import type { MemoryStats } from "../wire/MemoryStats";
import type { NetworkState } from "../wire/NetworkState";
import type { Outcome } from "../wire/Outcome";
import type { PeerState } from "../wire/PeerState";
import type { PowerState } from "../wire/PowerState";
import type { SerialState } from "../wire/SerialState";
import type { SessionState } from "../wire/SessionState";
import type { StorageState } from "../wire/StorageState";
import type { TypistState } from "../wire/TypistState";
import type { UpdateState } from "../wire/UpdateState";
import type { UsbnetState } from "../wire/UsbnetState";
import type { VideoState } from "../wire/VideoState";
import { OWN } from "./hash";

/** The WebSocket to the node. */
export type LinkState =
  | { readonly kind: "connecting" }
  | { readonly kind: "open" }
  /** `retryAt` is on the page's clock; `restarting`: the node said that it ends and comes back. */
  | { readonly kind: "lost"; readonly retryAt: number; readonly restarting: boolean };

/** What is on the canvas. */
export interface Picture {
  /** Frames shown since the page was opened, or another target was chosen; not told at each frame. */
  readonly frames: number;
  readonly width: number;
  readonly height: number;
  readonly rate: number;
  readonly latencyMs: number | null;
  /** Received in the last second. */
  readonly bytes: number;
  readonly codec: Codec;
  /** Why it is not H.264, if not by choice. */
  readonly why: string | null;
  /** Why the node sends none, in its own words. */
  readonly refusal: string | null;
}

/** Who works the target, as this page sees it. */
export interface FocusState {
  /** This page holds the focus. */
  readonly holding: boolean;
  /** Keyboard and mouse of this page go to the target at this moment. */
  readonly engaged: boolean;
  /** It was taken from this page, and nobody asked for it back yet. */
  readonly lost: boolean;
  /** The target takes no more keys. */
  readonly full: boolean;
}

export interface Model {
  /** `loading` before the first answer, `unreachable` when there is none. */
  readonly session: SessionState | "loading" | "unreachable";
  /** A session was open and is not any more. */
  readonly expired: boolean;
  readonly node: string;
  readonly link: LinkState;
  readonly kernel: KernelInfo | null;
  readonly viewers: number;
  readonly devices: readonly DeviceInfo[];
  /** Newest first. */
  readonly deaths: readonly DeathRecord[];
  readonly gadget: GadgetState | null;
  readonly hid: HidState | null;
  readonly video: VideoState | null;
  readonly encode: EncodeState | null;
  readonly h264: H264State | null;
  readonly memory: MemoryStats | null;
  readonly config: ConfigState | null;
  /** Page's clock when the node said it: a countdown goes on from there. */
  readonly configAt: number;
  readonly power: PowerState | null;
  readonly network: NetworkState | null;
  readonly usbnet: UsbnetState | null;
  readonly peers: PeerState | null;
  /** What other nodes tell of their targets, by node. */
  readonly targets: Readonly<Record<string, FarTarget>>;
  /** Whose target is shown and worked: another node, or `OWN`. */
  readonly chosen: string;
  /** Whose pictures stand to the right of it, in order: further heads of the same desk. */
  readonly beside: readonly string[];
  readonly storage: StorageState | null;
  readonly audio: AudioState | null;
  readonly typist: TypistState | null;
  readonly serial: SerialState | null;
  readonly macros: MacroState | null;
  readonly fetch: FetchState | null;
  readonly update: UpdateState | null;
  /** Page's clock at the last state of the update device, and at the last bytes of an upload that it told. */
  readonly updateAt: number;
  readonly bytesAt: number;
  /** How the last update ended, as it was known before the node restarted; `undefined` while nothing was told. */
  readonly outcome: Outcome | null | undefined;
  readonly rttMs: number | null;
  readonly picture: Picture;
  readonly focus: FocusState;
  /** The last generation seen of each device of this kernel: a reconnect must not hide a restart. */
  readonly generations: Readonly<Record<string, number>>;
  /** Page's clock at the last restart of each device, for the chip's flash. */
  readonly restarts: Readonly<Record<string, number>>;
  /** This page's number as a holder. */
  readonly holder: number;
}

/** Death records that the page keeps; the node has them all. */
export const DEATHS_KEPT = 50;

export const NO_PICTURE: Picture = { frames: 0, width: 0, height: 0, rate: 0, latencyMs: null, bytes: 0, codec: "jpeg", why: null, refusal: null };

/** Before anything is known. */
export function emptyModel(holder: number): Model {
  return {
    session: "loading",
    expired: false,
    node: "",
    link: { kind: "connecting" },
    kernel: null,
    viewers: 0,
    devices: [],
    deaths: [],
    gadget: null,
    hid: null,
    video: null,
    encode: null,
    h264: null,
    memory: null,
    config: null,
    configAt: 0,
    power: null,
    network: null,
    usbnet: null,
    peers: null,
    targets: {},
    chosen: OWN,
    beside: [],
    storage: null,
    audio: null,
    typist: null,
    serial: null,
    macros: null,
    fetch: null,
    update: null,
    updateAt: 0,
    bytesAt: -Infinity,
    outcome: undefined,
    rttMs: null,
    picture: NO_PICTURE,
    focus: { holding: false, engaged: false, lost: false, full: false },
    generations: {},
    restarts: {},
    holder,
  };
}

/** The device of that name. */
export function deviceOf(model: Model, name: string): DeviceInfo | undefined {
  return model.devices.find((device) => device.name === name);
}

// The targets that this page can show: this node's own and those of the nodes that it is paired with. Pure.

import { sentence } from "../api";
import type { FarTarget } from "../wire/FarTarget";
import type { HidState } from "../wire/HidState";
import type { PeerInfo } from "../wire/PeerInfo";
import type { Signal } from "../wire/Signal";
import type { UsbState } from "../wire/UsbState";
import { OWN } from "./hash";
import { deviceOf, type Model } from "./model";
import { sizeOf } from "./modes";

/** What the tile of a target shows. */
export interface Tile {
  /** `OWN` for this node's. */
  readonly node: string;
  readonly name: string;
  /** Why there is no picture; `null` when one is to be expected. */
  readonly why: string | null;
  /** Size and rate; empty where they are not known. */
  readonly mode: string;
  /** Who has keyboard and mouse; empty for nobody. */
  readonly typing: string;
  readonly usb: Lamp | null;
  readonly power: Lamp | null;
}

/** A dot and what it means. */
export interface Lamp {
  readonly tone: "good" | "partly" | "off";
  readonly words: string;
}

/** The node whose target is chosen, as this one knows it; `null` for its own target and for one that it is not paired with. */
export function peerOf(model: Model, node = model.chosen): PeerInfo | null {
  return model.peers?.peers.find((peer) => peer.node === node) ?? null;
}

/** Whether the link to it carries. */
export function linked(peer: PeerInfo): boolean {
  return peer.link === "up" || peer.link === "stalled";
}

/** Whether another node's target is chosen. */
export function isFar(model: Model): boolean {
  return model.chosen !== OWN;
}

/** Whether the chosen target's picture can be had. */
export function mayView(model: Model): boolean {
  const peer = peerOf(model);
  return !isFar(model) || (peer !== null && linked(peer) && peer.granted.includes("view"));
}

/** Whether keyboard and mouse of this page may go to the chosen target, as far as that is known: without a link nobody says what is granted. */
export function mayType(model: Model): boolean {
  const peer = peerOf(model);
  return !isFar(model) || peer === null || !linked(peer) || peer.granted.includes("type");
}

/** The model with what the chosen target tells of itself in place of this node's own: what the stage and the bar show. */
export function worked(model: Model): Model {
  if (!isFar(model)) return model;
  const { hid, gadget, video, encode, h264, audio, power } = model.targets[model.chosen] ?? nothingOf(model.chosen);
  return { ...model, hid, gadget, video, encode, h264, audio, power, typist: null, macros: null, storage: null, serial: null, usbnet: null, fetch: null };
}

function nothingOf(node: string): FarTarget {
  return { node, hid: null, gadget: null, video: null, encode: null, h264: null, audio: null, power: null, layout: null };
}

/** The node's own page; `null` where its address is not known, or is none that a browser can open. */
export function pageOf(peer: PeerInfo | null): string | null {
  const [, v6, host] = /^(?:\[([0-9a-f:.]+)\]|([\w.-]+))(?::\d+)?$/i.exec(peer?.address ?? "") ?? [];
  return v6 ? `https://[${v6}]/` : host ? `https://${host}/` : null;
}

/** A tile for each target: this node's own first, then by name. */
export function tilesOf(model: Model): readonly Tile[] {
  const own = { node: OWN, hid: model.hid, gadget: model.gadget, video: model.video, encode: null, h264: null, audio: null, power: model.power, layout: null };
  const first = tile(model, own, model.node || "This node", ownWhy(model));
  const peers = [...(model.peers?.peers ?? [])].sort((a, b) => (a.node < b.node ? -1 : 1));
  return [first, ...peers.map((peer) => tile(model, model.targets[peer.node] ?? nothingOf(peer.node), peer.node, peerWhy(peer, model.targets[peer.node])))];
}

function tile(model: Model, target: FarTarget, name: string, why: string | null): Tile {
  const { node, hid, gadget, video, power } = target;
  const lit = power?.power_led;
  return {
    node,
    name,
    why,
    mode: video?.signal === "ok" ? `${sizeOf(video.mode)}, ${Math.round(video.mode.millihertz / 1000)} Hz` : "",
    typing: typingWords(model, hid, node),
    usb: gadget === null ? null : USB[gadget.state],
    power: lit == null ? null : lit ? { tone: "good", words: "power on" } : { tone: "off", words: "power off" },
  };
}

const USB: Readonly<Record<UsbState, Lamp>> = {
  configured: { tone: "good", words: "USB in use" },
  enumerating: { tone: "partly", words: "USB is being set up" },
  suspended: { tone: "partly", words: "USB sleeps" },
  unplugged: { tone: "off", words: "USB unplugged by software" },
  not_attached: { tone: "off", words: "USB not connected" },
  no_udc: { tone: "off", words: "no USB device port" },
};

const SIGNALS: Readonly<Record<Exclude<Signal, "ok">, string>> = {
  none: "No signal: the target is off or asleep, or its cable is out.",
  unstable: "The signal is unstable.",
  out_of_range: "The signal is out of range.",
  absent: "There is no capture device.",
};

function ownWhy(model: Model): string | null {
  if (model.video !== null) return signalWhy(model.video.signal);
  const capture = deviceOf(model, "capture");
  return capture === undefined ? "This node has no capture device." : "The capture device is not running.";
}

function signalWhy(signal: Signal): string | null {
  return signal === "ok" ? null : SIGNALS[signal];
}

/** Why there is no picture of a node's target, in one sentence. */
export function peerWhy(peer: PeerInfo, target: FarTarget | undefined): string | null {
  if (!linked(peer)) return peer.detail === null ? `The link to ${peer.node} is down.` : sentence(peer.detail);
  if (!peer.granted.includes("view")) return `${peer.node} does not grant “view” to this node.`;
  if (target === undefined) return untoldWords(peer.node);
  if (target.video === null) return "Its capture device is not running.";
  return signalWhy(target.video.signal);
}

/** A node that grants `view` and is not heard of. */
export function untoldWords(node: string): string {
  return `${node} tells nothing of its target yet. If this stays, the configuration of this node may lack the routes from other nodes: docs/peers.md.`;
}

/** Who has the keyboard of a target; empty for nobody. */
function typingWords(model: Model, hid: HidState | null, node: string): string {
  if (hid === null || hid.holder === 0) return "";
  if (hid.holder === model.holder) return model.focus.holding && model.chosen === node ? "You type" : "";
  if (hid.busy === true) return `${whoTypes(hid.by ?? "", node === OWN ? model.node : node)} types`;
  return "";
}

/** Whoever speaks to hid by `by`: a page or the typist of its own node, or another node. */
export function whoTypes(by: string, node: string): string {
  const [far, device] = by.split("/");
  if (far && device) return far;
  if (by === "typist") return `dKVM at ${node || "this node"}`;
  return node ? `Somebody at ${node}'s page` : "Another page";
}

// What is wrong with the target of another node, in one sentence with one action. Pure.

import { sentence } from "../api";
import type { PeerInfo } from "../wire/PeerInfo";
import type { UsbState } from "../wire/UsbState";
import { deviceOf, type Model } from "./model";
import type { Notice, Remedy, Tone } from "./status";
import { linked, mayType, pageOf, peerOf, peerWhy, untoldWords } from "./targets";

/** What stands where its video would be; `null` when there is a picture. */
export function farCover(model: Model): Notice | null {
  const peer = peerOf(model);
  if (peer === null) return strange(model);
  if (!linked(peer)) return unlinked(model, peer);
  if (!peer.granted.includes("view")) return blind(model, peer);
  return pictureless(model, peer);
}

/** What stands above its picture: the way of keys to it. */
export function farBanner(model: Model): Notice | null {
  const peer = peerOf(model);
  if (peer === null || !linked(peer)) return null;
  if (peer.link === "stalled") {
    return { id: "far-stalled", tone: "warn", title: `Nothing comes from ${peer.node} at the moment`, text: "What is shown may be old.", remedy: back(model), busy: true };
  }
  if (!peer.granted.includes("view")) return null; // what it tells of keys comes with that alone
  if (!mayType(model)) {
    const text = `${peer.node} shows its target to this node, and takes no keys from it: somebody there has to grant “type”, under Nodes.`;
    return { id: "far-view-only", tone: "quiet", title: "View only", text, remedy: elsewhere(model, peer) };
  }
  return handless(model, peer) ?? usbless(model, peer);
}

function strange(model: Model): Notice {
  const node = model.chosen;
  if (model.peers === null && deviceOf(model, "peer") === undefined) {
    return { id: "far-waiting", tone: "quiet", title: `Waiting for ${node}`, text: `${own(model)} tells how the link to it is. If this stays, it has no peer device: docs/peers.md.`, remedy: back(model), busy: true };
  }
  if (model.peers === null) {
    return { id: "far-no-peer", tone: "warn", title: `There is no way to ${node}`, text: "The device that holds the links to other nodes is not running.", remedy: back(model), busy: true };
  }
  return { id: "far-unpaired", tone: "warn", title: `${node} is not paired with ${own(model)}`, text: "The targets that can be shown here are those of paired nodes.", remedy: { kind: "targets", label: "All targets" }, hides: true };
}

function unlinked(model: Model, peer: PeerInfo): Notice {
  const refused = peer.link === "refused";
  const detail = peer.detail === null ? "It is being reached." : sentence(peer.detail);
  const text = `${detail} Nothing stays pressed on its target.`;
  return { id: refused ? "far-refused" : "far-unlinked", tone: "bad", title: refused ? `${peer.node} refuses the link` : `The link to ${peer.node} is lost`, text, remedy: back(model), busy: !refused };
}

function blind(model: Model, peer: PeerInfo): Notice {
  const text = `Somebody at ${peer.node} has to grant “view” to ${own(model)}, under Nodes.`;
  return { id: "far-not-granted", tone: "warn", title: `${peer.node} does not show its target here`, text, remedy: elsewhere(model, peer), hides: true };
}

function pictureless(model: Model, peer: PeerInfo): Notice | null {
  const { video } = model;
  if (video === null) {
    const untold = model.targets[peer.node] === undefined;
    const text = untold ? untoldWords(peer.node) : "Its capture device is not running, or starts.";
    return { id: untold ? "far-untold" : "far-no-capture", tone: "quiet", title: `There is no picture of the target of ${peer.node}`, text, remedy: elsewhere(model, peer), busy: true };
  }
  const why = peerWhy(peer, model.targets[peer.node]);
  if (why !== null) {
    const text = video.detail === null ? (video.signal === "none" ? "A key may wake it." : why) : sentence(video.detail);
    const wakes = video.signal === "none" && mayType(model) && model.hid !== null && !model.focus.engaged;
    return { id: `far-${video.signal}`, tone: TONES[video.signal] ?? "warn", title: video.signal === "none" ? `No signal from the target of ${peer.node}` : short(why), text, remedy: wakes ? { kind: "take", label: "Use the keyboard" } : elsewhere(model, peer) };
  }
  if (model.picture.frames > 0) return null;
  if (model.picture.refusal !== null) {
    return { id: "far-refused-picture", tone: "warn", title: `There is no picture of the target of ${peer.node}`, text: sentence(model.picture.refusal), remedy: back(model), busy: true };
  }
  return { id: "far-first-frame", tone: "quiet", title: `Waiting for the first picture from ${peer.node}`, text: "Its target gives a signal; the first frame is on the way.", remedy: back(model), busy: true };
}

const TONES: Readonly<Record<string, Tone>> = { none: "quiet", unstable: "warn", out_of_range: "warn", absent: "bad" };

function handless(model: Model, peer: PeerInfo): Notice | null {
  if (model.hid === null) {
    return { id: "far-no-hid", tone: "warn", title: `Keyboard and mouse at ${peer.node} are away`, text: "What you type now is sent when they are back within seconds, and dropped else.", remedy: elsewhere(model, peer), busy: true };
  }
  if (model.hid.keyboard === "stalled" || model.focus.full) {
    return { id: "far-hid-stalled", tone: "warn", title: `The target of ${peer.node} does not take keys`, text: "USB is set up, but nothing asks for the keyboard: the target may hang.", remedy: elsewhere(model, peer) };
  }
  return null;
}

const USB: Readonly<Partial<Record<UsbState, readonly [title: string, text: string]>>> = {
  no_udc: ["No USB device port", "That node has none that could be a keyboard."],
  unplugged: ["USB is unplugged by software", "The target sees no keyboard and no mouse."],
  not_attached: ["USB is not connected", "The cable to the target is out, or the target has no power."],
  enumerating: ["The target is setting up USB", "If this stays, replug it there."],
  suspended: ["The target sleeps", "It has suspended USB: wake it by its power button."],
};

function usbless(model: Model, peer: PeerInfo): Notice | null {
  const state = model.gadget?.state ?? "configured";
  const [title, text] = USB[state] ?? [];
  if (title === undefined || text === undefined) return null;
  return { id: `far-usb-${state}`, tone: state === "enumerating" ? "quiet" : "warn", title, text, remedy: elsewhere(model, peer), busy: state === "enumerating" };
}

function own(model: Model): string {
  return model.node || "this node";
}

function back(model: Model): Remedy {
  return { kind: "own", label: `Back to ${own(model)}` };
}

/** What this page cannot do there, the node's own page can. */
function elsewhere(model: Model, peer: PeerInfo): Remedy {
  const href = pageOf(peer);
  return href === null ? back(model) : { kind: "page", label: `Open the page of ${peer.node}`, href };
}

function short(words: string): string {
  return words.replace(/\.$/, "");
}

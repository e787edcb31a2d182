// What is wrong, in one sentence with one action. Pure: each state of the node has its words here and nowhere else.

import { sentence } from "../api";
import type { DeviceInfo } from "../wire/DeviceInfo";
import { deviceOf, type Model } from "./model";
import { farBanner, farCover } from "./far";
import { isFar } from "./targets";
import { isTyping } from "./typing";

/** What the button of a notice does. */
export type Remedy =
  | { readonly kind: "retry"; readonly label: string }
  | { readonly kind: "reload"; readonly label: string }
  | { readonly kind: "replug"; readonly label: string }
  | { readonly kind: "restart"; readonly label: string; readonly device: string }
  | { readonly kind: "video"; readonly label: string }
  | { readonly kind: "inspect"; readonly label: string; readonly device: string }
  | { readonly kind: "take"; readonly label: string }
  | { readonly kind: "system"; readonly label: string }
  | { readonly kind: "stop-typing"; readonly label: string }
  /** To this node's own target. */
  | { readonly kind: "own"; readonly label: string }
  | { readonly kind: "targets"; readonly label: string }
  /** Another node's own page. */
  | { readonly kind: "page"; readonly label: string; readonly href: string };

export type Tone = "quiet" | "warn" | "bad";

export interface Notice {
  /** Stable name, for tests. */
  readonly id: string;
  readonly tone: Tone;
  readonly title: string;
  readonly text: string;
  readonly remedy?: Remedy;
  /** Something is under way that ends by itself. */
  readonly busy?: boolean;
  /** What was shown last may not be seen any more. */
  readonly hides?: boolean;
}

/** What stands where the video would be; `null` when there is a picture. */
export function coverOf(model: Model, now: number): Notice | null {
  if (isFar(model)) return linkNotice(model, now) ?? farCover(model);
  return linkNotice(model, now) ?? safeNotice(model) ?? captureNotice(model) ?? signalNotice(model) ?? encodeNotice(model) ?? firstFrameNotice(model);
}

/** What stands above the picture: the way of keys to the target. */
export function bannerOf(model: Model): Notice | null {
  if (isFar(model)) return model.link.kind === "open" ? farBanner(model) : null;
  if (model.link.kind !== "open" || model.kernel?.safe_mode) return null;
  return hidNotice(model) ?? usbNotice(model) ?? stallNotice(model) ?? typingNotice(model) ?? trialNotice(model);
}

/** Whether another page, a workstation, or the typist works the target. A holder that is left over from a closed page is nobody. */
export function heldByAnother(model: Model): boolean {
  const holder = model.hid?.holder ?? 0;
  if (holder !== 0 && holder === model.typist?.holder) return !model.focus.holding && isTyping(model);
  const elsewhere = isFar(model) || workstation(model) !== null;
  if (elsewhere) return !model.focus.holding && holder !== 0 && holder !== model.holder && (model.hid?.busy === true || model.focus.lost);
  return !model.focus.holding && holder !== 0 && holder !== model.holder && model.viewers > 1;
}

/** The node at whose keyboard whoever works the target sits, where it is no page of this node. */
export function workstation(model: Model): string | null {
  const [node, device] = (model.hid?.by ?? "").split("/");
  return node && device ? node : null;
}

function linkNotice(model: Model, now: number): Notice | null {
  const node = model.node || "the node";
  if (model.link.kind === "connecting") {
    return { id: "connecting", tone: "quiet", title: `Connecting to ${node}`, text: "The picture comes as soon as the node answers.", busy: true };
  }
  if (model.link.kind !== "lost") return null;
  const seconds = Math.max(1, Math.ceil((model.link.retryAt - now) / 1000));
  const remedy: Remedy = { kind: "retry", label: "Try now" };
  const when = `Trying again in ${seconds} s. Nothing stays pressed on the target.`;
  return model.link.restarting
    ? { id: "node-restarting", tone: "warn", title: `${capital(node)} restarts`, text: when, remedy, busy: true }
    : { id: "link-lost", tone: "bad", title: `The link to ${node} is lost`, text: when, remedy, busy: true };
}

/** Why there is no picture and no keyboard, and what to do. */
function safeNotice(model: Model): Notice | null {
  if (!model.kernel?.safe_mode) return null;
  const text =
    "The kernel of this node ended uncleanly too often, so only what is needed to repair it runs: no picture, no keyboard. Look at the deaths under System; then restart the Pi to try it all again, or install another image.";
  return { id: "safe-mode", tone: "bad", title: "Safe mode", text, remedy: { kind: "system", label: "Open System" } };
}

/** Keys that no hand presses are always told. */
function typingNotice(model: Model): Notice | null {
  const typing = model.typist?.typing ?? null;
  if (typing === null) return null;
  const text = `${typing.done} of ${typing.total} characters.`;
  return { id: "typing", tone: "quiet", title: "A text is being typed on the target", text, remedy: { kind: "stop-typing", label: "Cancel" } };
}

function trialNotice(model: Model): Notice | null {
  if (model.update?.stage.stage !== "trial") return null;
  const version = model.kernel?.image?.version ?? "";
  const text = "It is kept when its checks pass, else the Pi goes back by itself.";
  return { id: "trial", tone: "quiet", title: `Image ${version} is on trial`.replace("  ", " "), text, remedy: { kind: "system", label: "Checks" } };
}

function captureNotice(model: Model): Notice | null {
  if (model.video !== null) return null;
  return deviceNotice(model, "capture", "The capture device", "The last picture stays until it is back.");
}

function encodeNotice(model: Model): Notice | null {
  const device = deviceOf(model, "encode");
  if (model.encode !== null || device === undefined || up(device)) return null;
  return deviceNotice(model, "encode", "The encoder", "The last picture stays until it is back.");
}

/** Words for a device that is not running: coming back by itself, stopped by a person, or given up. */
function deviceNotice(model: Model, name: string, what: string, meanwhile: string): Notice {
  const device = deviceOf(model, name);
  const id = `${name}-down`;
  if (device === undefined) {
    const text = `No device named “${name}” is told by the node. If this stays, add it to the node's configuration.`;
    return { id: `${name}-unknown`, tone: "quiet", title: `Waiting for ${what.toLowerCase()}`, text, busy: true };
  }
  if (device.desired !== "up") {
    return { id: `${name}-stopped`, tone: "warn", title: `${what} is stopped`, text: "A person or the configuration stopped it.", remedy: restart(name, "Start it") };
  }
  if (device.phase === "failed") {
    const text = words(device) ?? "It failed too often and was given up.";
    return { id: `${name}-failed`, tone: "bad", title: `${what} has failed`, text, remedy: restart(name, "Restart it") };
  }
  return { id, tone: "warn", title: `${what} restarts`, text: words(device) ?? meanwhile, remedy: { kind: "inspect", label: "Why", device: name }, busy: true };
}

function signalNotice(model: Model): Notice | null {
  const video = model.video;
  if (video === null || video.signal === "ok") return null;
  const source = video.source || "The capture input";
  const detail = video.detail === null ? undefined : sentence(video.detail);
  const settings: Remedy = { kind: "video", label: "Video settings" };
  switch (video.signal) {
    case "none":
      return { id: "no-signal", tone: "quiet", title: "No signal", text: detail ?? "The target is off or asleep, or its video cable is out. A key may wake it.", remedy: model.focus.engaged ? settings : { kind: "take", label: "Use the keyboard" } };
    case "unstable":
      return { id: "unstable", tone: "warn", title: "The signal is unstable", text: detail ?? "It does not lock: the target may be changing its mode, or the cable is bad.", remedy: settings, busy: true };
    case "out_of_range":
      return { id: "out-of-range", tone: "warn", title: "The signal is out of range", text: detail ?? `${source} cannot take this mode: choose a smaller one on the target.`, remedy: settings };
    case "absent":
      return { id: "capture-absent", tone: "bad", title: "No capture device", text: detail ?? "Plug the HDMI capture device into the node; it is found by itself.", remedy: restart("capture", "Look again") };
  }
}

function firstFrameNotice(model: Model): Notice | null {
  if (model.picture.frames > 0) return null;
  return { id: "first-frame", tone: "quiet", title: "Waiting for the first picture", text: "The source gives a signal; its first frame is on the way.", busy: true };
}

function hidNotice(model: Model): Notice | null {
  if (model.hid !== null) return null;
  const device = deviceOf(model, "hid");
  if (device === undefined || up(device)) return null;
  const notice = deviceNotice(model, "hid", "Keyboard and mouse", "What you type now is sent when they are back.");
  return { ...notice, title: notice.title.replace(" restarts", " restart").replace(" has ", " have ").replace(" is ", " are ") };
}

function usbNotice(model: Model): Notice | null {
  const device = deviceOf(model, "gadget");
  if (model.gadget === null) return device === undefined || up(device) ? null : deviceNotice(model, "gadget", "The USB port", "The target keeps the keyboard meanwhile.");
  const replug: Remedy = { kind: "replug", label: "Replug" };
  switch (model.gadget.state) {
    case "configured":
      return null;
    case "no_udc":
      return { id: "usb-no-udc", tone: "bad", title: "No USB device port", text: "This node has none that could be a keyboard: check its boot configuration (dwc2 in peripheral mode)." };
    case "unplugged":
      return { id: "usb-unplugged", tone: "warn", title: "USB is unplugged by software", text: "The target sees no keyboard and no mouse.", remedy: { kind: "replug", label: "Plug in" } };
    case "not_attached":
      return { id: "usb-not-attached", tone: "warn", title: "USB is not connected", text: "The cable to the target is out, or the target has no power.", remedy: replug };
    case "enumerating":
      return { id: "usb-enumerating", tone: "quiet", title: "The target is setting up USB", text: "If this stays, replug.", remedy: replug, busy: true };
    case "suspended":
      return { id: "usb-suspended", tone: "warn", title: "The target sleeps", text: "It has suspended USB: wake it by its power button.", remedy: replug };
  }
}

function stallNotice(model: Model): Notice | null {
  const replug: Remedy = { kind: "replug", label: "Replug" };
  if (model.hid?.keyboard === "stalled" || model.focus.full) {
    return { id: "hid-stalled", tone: "warn", title: "The target does not take keys", text: "USB is set up, but nothing asks for the keyboard: the target may hang.", remedy: replug };
  }
  if (model.hid?.keyboard === "absent" || model.hid?.keyboard === "not_configured") {
    return { id: "hid-waiting", tone: "quiet", title: "The keyboard is not in use yet", text: "The target has not set it up.", remedy: replug };
  }
  return null;
}

function words(device: DeviceInfo): string | null {
  return device.detail === null ? null : sentence(device.detail);
}

function restart(device: string, label: string): Remedy {
  return { kind: "restart", label, device };
}

function up(device: DeviceInfo): boolean {
  return device.phase === "running" || device.phase === "degraded";
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

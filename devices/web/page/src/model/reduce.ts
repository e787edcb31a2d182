// What each message of the node changes in the model.

import type { DeathRecord } from "../wire/DeathRecord";
import type { DeviceInfo } from "../wire/DeviceInfo";
import type { FarTarget } from "../wire/FarTarget";
import type { ToPage } from "../wire/ToPage";
import type { UpdateState } from "../wire/UpdateState";
import { DEATHS_KEPT, type Model } from "./model";

/** The model after a message. */
export function reduce(model: Model, message: ToPage, now: number): Model {
  switch (message.type) {
    case "hello":
      return greeted(model, message);
    case "device":
      return withDevice(model, message, now);
    case "device_gone":
      return { ...model, devices: model.devices.filter((device) => device.name !== message.name) };
    case "death":
      return { ...model, deaths: mergeDeaths(model.deaths, [message]) };
    case "gadget":
      return { ...model, gadget: message };
    case "hid":
      return { ...model, hid: message.state };
    case "video":
      return { ...model, video: message.state };
    case "encode":
      return { ...model, encode: message.state };
    case "h264":
      return { ...model, h264: message.state };
    case "update":
      return updated(model, message.state, now);
    case "power":
      return { ...model, power: message.state };
    case "network":
      return { ...model, network: message.state };
    case "usbnet":
      return { ...model, usbnet: message.state };
    case "peers":
      return { ...model, peers: message.state };
    case "target":
      return { ...model, targets: { ...model.targets, [message.node]: targetOf(message) } };
    case "target_gone":
      return { ...model, targets: Object.fromEntries(Object.entries(model.targets).filter(([node]) => node !== message.node)) };
    case "storage":
      return { ...model, storage: message.state };
    case "audio":
      return { ...model, audio: message.state };
    case "typist":
      return { ...model, typist: message.state };
    case "fetch":
      return { ...model, fetch: message.state };
    case "macros":
      return { ...model, macros: message.state };
    case "serial":
      return { ...model, serial: message.state };
    case "config":
      return { ...model, config: message, configAt: now };
    case "memory":
      return { ...model, memory: message };
    case "viewers":
      return { ...model, viewers: message.count };
    case "done":
      return message.deaths ? { ...model, deaths: mergeDeaths(model.deaths, message.deaths) } : model;
    default:
      return model; // acknowledgements are the engine's; unknown types are a newer node's
  }
}

/** Without a link nothing that was known of the node holds. The picture stays, and the last known devices until the next hello. */
export function forgetNode(model: Model): Model {
  return { ...model, gadget: null, hid: null, video: null, encode: null, h264: null, memory: null, config: null, power: null, network: null, usbnet: null, peers: null, targets: {}, storage: null, audio: null, typist: null, serial: null, macros: null, fetch: null, update: null, rttMs: null };
}

function targetOf({ node, hid, gadget, video, encode, h264, audio, power, layout }: FarTarget): FarTarget {
  return { node, hid, gadget, video, encode, h264, audio, power, layout };
}

/** Both lists as one, newest first, each life of each device once. */
export function mergeDeaths(known: readonly DeathRecord[], more: readonly DeathRecord[]): DeathRecord[] {
  const all = new Map([...known, ...more].map((death) => [`${death.name} ${death.generation} ${death.at_unix_ms}`, death]));
  return [...all.values()].sort((a, b) => b.at_unix_ms - a.at_unix_ms).slice(0, DEATHS_KEPT);
}

/** The node tells everything anew after its hello. */
function greeted(model: Model, { kernel, viewers }: Extract<ToPage, { type: "hello" }>): Model {
  const generations = model.kernel?.boot === kernel.boot ? model.generations : {};
  return { ...model, kernel, viewers, node: kernel.node, link: { kind: "open" }, devices: [], generations };
}

/** What became of an update is remembered over the restart that it ends with. */
function updated(model: Model, update: UpdateState | null, now: number): Model {
  if (update === null) return { ...model, update };
  const bytesAt = bytesOf(update) > bytesOf(model.update) && bytesOf(model.update) >= 0 ? now : model.bytesAt;
  return { ...model, update, updateAt: now, bytesAt, outcome: update.last };
}

/** Bytes that came in; -1 when none do. */
function bytesOf(update: UpdateState | null): number {
  return update?.stage.stage === "receiving" ? update.stage.bytes : -1;
}

function withDevice(model: Model, device: DeviceInfo, now: number): Model {
  const known = model.devices.some((other) => other.name === device.name);
  const devices = known
    ? model.devices.map((other) => (other.name === device.name ? device : other))
    : [...model.devices, device].sort((a, b) => (a.name < b.name ? -1 : 1)); // they come in any order, and chips must not jump
  const seen = model.generations[device.name];
  const restarted = seen !== undefined && seen !== device.generation;
  const restarts = restarted ? { ...model.restarts, [device.name]: now } : model.restarts;
  return { ...model, devices, restarts, generations: { ...model.generations, [device.name]: device.generation } };
}

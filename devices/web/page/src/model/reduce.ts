// What each message of the node changes in the model.

import type { DeathRecord } from "../wire/DeathRecord";
import type { DeviceInfo } from "../wire/DeviceInfo";
import type { ToPage } from "../wire/ToPage";
import { DEATHS_KEPT, type Model } from "./model";

/** The model after a message. */
export function reduce(model: Model, message: ToPage, now: number): Model {
  switch (message.type) {
    case "hello":
      return { ...model, kernel: message.kernel, node: message.kernel.node, viewers: message.viewers, link: { kind: "open" } };
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

/** After a reconnect nothing that was known of the node holds; it tells all anew. The picture stays. */
export function forgetNode(model: Model): Model {
  return { ...model, devices: [], gadget: null, hid: null, video: null, encode: null, memory: null, rttMs: null };
}

/** Both lists as one, newest first, each life of each device once. */
export function mergeDeaths(known: readonly DeathRecord[], more: readonly DeathRecord[]): DeathRecord[] {
  const all = new Map([...known, ...more].map((death) => [`${death.name} ${death.generation} ${death.at_unix_ms}`, death]));
  return [...all.values()].sort((a, b) => b.at_unix_ms - a.at_unix_ms).slice(0, DEATHS_KEPT);
}

function withDevice(model: Model, device: DeviceInfo, now: number): Model {
  const before = model.devices.find((known) => known.name === device.name);
  const devices = before
    ? model.devices.map((known) => (known.name === device.name ? device : known))
    : [...model.devices, device];
  const restarted = before !== undefined && before.generation !== device.generation;
  const restarts = restarted ? { ...model.restarts, [device.name]: now } : model.restarts;
  return { ...model, devices, restarts };
}

// Words of the USB part: profiles, and what choosing one does. Pure.

import type { GadgetState } from "../wire/GadgetState";
import type { ProfileInfo } from "../wire/ProfileInfo";

/** Functions as a person calls them. */
const FUNCTIONS: Readonly<Record<string, string>> = {
  keyboard: "keyboard",
  absolute: "mouse",
  relative: "relative mouse",
  storage: "drives",
  audio: "sound",
  network: "network",
  serial: "serial port",
};
/** What the profiles that are built in are for. */
const PURPOSES: Readonly<Record<string, string>> = {
  bios: "for firmware that stumbles over more",
  install: "to start and install systems",
  desk: "all that there is",
  console: "for a target that is worked by its serial console",
};

/** A profile that has a function and fits: the one that keeps most of what the target has, and adds least. */
export function profileWith(gadget: GadgetState | null, wanted: string): string | null {
  if (gadget === null) return null;
  const bound = gadget.functions.map(({ name }) => name);
  const lost = (functions: readonly string[]): number => bound.filter((name) => !functions.includes(name)).length;
  const fitting = gadget.profiles.filter((one) => one.unfit === null && one.functions.includes(wanted));
  const better = fitting.sort((a, b) => lost(a.functions) - lost(b.functions) || a.functions.length - b.functions.length);
  return better[0]?.name ?? null;
}

/** "keyboard, mouse, drives, for …". */
export function profileWords(profile: ProfileInfo): string {
  const functions = profile.functions.map((name) => FUNCTIONS[name] ?? name).join(", ");
  const purpose = PURPOSES[profile.name];
  return purpose === undefined ? functions : `${functions}; ${purpose}`;
}

/** What a choice does to whom. */
export function chooseWords(gadget: GadgetState, target: string): string {
  const drives = gadget.functions.some(({ name }) => name === "storage") ? " A drive that it has open is gone for it." : "";
  switch (gadget.state) {
    case "unplugged":
      return `USB is unplugged; ${target} gets it when it is plugged in.`;
    case "not_attached":
      return `No target is there at the moment; it gets this when it is connected.`;
    default:
      return `To ${target} the keyboard is unplugged for a second, and comes back with the other functions.${drives}`;
  }
}

/** Where USB stands, on one line. */
export function usbWords(gadget: GadgetState): string {
  const facts = [gadget.state.replaceAll("_", " "), gadget.speed, gadget.udc].filter((fact) => fact !== "");
  return `${facts.join(", ")}.`;
}

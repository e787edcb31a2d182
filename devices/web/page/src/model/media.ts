// Images and drives in words. Pure.

import type { Access } from "../wire/Access";
import type { GadgetState } from "../wire/GadgetState";
import type { LunInfo } from "../wire/LunInfo";
import type { Medium } from "../wire/Medium";
import type { StoredImage } from "../wire/StoredImage";

/** Linux shows no more of a CD-ROM to the target (`kind.rs` of the storage device), bytes. */
const CD_MOST = (256 * 60 * 75 - 1) * 2048;
const FUNCTION = "storage";

/** How an image is best put in. */
export interface Suggestion {
  readonly medium: Medium;
  readonly access: Access;
}

/** What an image most likely is: a person may say otherwise. */
export function suggest(image: StoredImage): Suggestion {
  if (/\.iso$/i.test(image.name) && image.size <= CD_MOST) return { medium: "cdrom", access: "read_only" };
  return { medium: "disk", access: image.sha256 === null ? "writable" : "read_only" };
}

/** What a drive is to the target. */
export function driveWords(lun: LunInfo): string {
  if (lun.image === null) return "empty";
  if (lun.medium === "cdrom") return "CD-ROM";
  return lun.access === "writable" ? "disk, writable" : "disk, read-only";
}

/** The drive that an image is in. */
export function driveOf(luns: readonly LunInfo[], image: string): LunInfo | undefined {
  return luns.find((lun) => lun.image === image);
}

/** The first drive that is empty, else the first. */
export function freeDrive(luns: readonly LunInfo[]): number {
  return (luns.find((lun) => lun.image === null) ?? luns[0])?.index ?? 0;
}

/** A profile that has drives and fits: the one that keeps most of what the target has, and adds least. */
export function profileWithDrives(gadget: GadgetState | null): string | null {
  if (gadget === null) return null;
  const bound = gadget.functions.map(({ name }) => name);
  const lost = (functions: readonly string[]): number => bound.filter((name) => !functions.includes(name)).length;
  const fitting = gadget.profiles.filter((one) => one.unfit === null && one.functions.includes(FUNCTION));
  const better = fitting.sort((a, b) => lost(a.functions) - lost(b.functions) || a.functions.length - b.functions.length);
  return better[0]?.name ?? null;
}

// Images and drives in words. Pure.

import type { Access } from "../wire/Access";
import type { FileInfo } from "../wire/FileInfo";
import type { FileList } from "../wire/FileList";
import type { GadgetState } from "../wire/GadgetState";
import type { Incoming } from "../wire/Incoming";
import type { LunInfo } from "../wire/LunInfo";
import type { Medium } from "../wire/Medium";
import type { StoredImage } from "../wire/StoredImage";
import { bytes } from "../ui/format";
import { profileWith } from "./usb";

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

/** Where on a FAT drive a file goes. */
export interface Onto {
  readonly image: string;
  readonly folder: string;
  readonly takeOut: boolean;
}

/** An upload onto a drive, as the node names it. */
export function ontoName({ image, folder }: Onto, name: string): string {
  return [image, ...folder.split("/").filter((part) => part !== ""), name].join("/");
}

/** A path below a folder; `..` is the folder above. */
export function inFolder(folder: string, name: string): string {
  const parts = folder.split("/").filter((part) => part !== "");
  return (name === ".." ? parts.slice(0, -1) : [...parts, name]).join("/");
}

/** What a file or a folder is. */
export function fileWords(file: FileInfo): string {
  return file.folder ? "folder" : bytes(file.size);
}

/** What is not told of a folder. */
export function more(list: FileList): string {
  const rest = list.count - list.files.length;
  return rest > 0 ? `And ${rest} more. ` : "";
}

/** Another text when the files of a drive may be others: an upload onto it came or went, or it was in the target. */
export function filesVersion(image: string, incoming: readonly Incoming[], lun: LunInfo | undefined): string {
  const coming = incoming.filter(({ name }) => name.startsWith(`${image}/`)).map(({ id }) => id);
  return [lun?.index ?? "", ...coming].join(" ");
}

/** A profile that has drives and fits. */
export function profileWithDrives(gadget: GadgetState | null): string | null {
  return profileWith(gadget, FUNCTION);
}

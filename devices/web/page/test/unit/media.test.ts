// What the page makes of images and drives, and how an image is sent.

import assert from "node:assert/strict";
import { test } from "node:test";
import { healthy } from "../../dev/mock.ts";
import * as states from "../../dev/states.ts";
import { Refused } from "../../src/api.ts";
import { driveOf, driveWords, filesVersion, fileWords, freeDrive, inFolder, more, ontoName, profileWithDrives, suggest } from "../../src/model/media.ts";
import { emptyModel } from "../../src/model/model.ts";
import { forgetNode, reduce } from "../../src/model/reduce.ts";
import { Uploader, type Part } from "../../src/upload/uploader.ts";
import type { Taken } from "../../src/wire/Taken.ts";

const image = (name: string, size: number, sha256: string | null = "9f") => ({ name, size, sha256, modified: false, fat: false });

test("the state is kept, and forgotten without a link", () => {
  const model = healthy().reduce((before, message) => reduce(before, message, 0), emptyModel(1));
  assert.equal(model.storage?.images.length, 2);
  assert.equal(forgetNode(model).storage, null);
});

test("an ISO is a CD-ROM unless Linux would cut it off, and a made drive can be written to", () => {
  assert.deepEqual(suggest(image("Debian.ISO", 700_000_000)), { medium: "cdrom", access: "read_only" });
  assert.deepEqual(suggest(image("windows.iso", 5_000_000_000)), { medium: "disk", access: "read_only" });
  assert.deepEqual(suggest(image("a.img", 512)), { medium: "disk", access: "read_only" });
  assert.deepEqual(suggest(image("files.img", 512, null)), { medium: "disk", access: "writable" });
});

test("drives in words, and the one to take", () => {
  const { luns } = states.storage();
  assert.deepEqual(luns.map(driveWords), ["CD-ROM", "empty"]);
  assert.deepEqual([freeDrive(luns), freeDrive([]), driveOf(luns, "debian-12.5.0-amd64-netinst.iso")?.index, driveOf(luns, "x")], [1, 0, 0, undefined]);
});

test("the profile that is offered has drives, fits, and changes least", () => {
  assert.equal(profileWithDrives(states.gadget()), "install");
  const alone = { name: "drives", functions: ["storage"], unfit: null };
  assert.equal(profileWithDrives(states.gadget({ profiles: [alone, ...states.gadget().profiles] })), "install", "the keyboard stays");
  assert.equal(profileWithDrives(null), null);
  assert.equal(profileWithDrives(states.gadget({ profiles: [{ name: "bios", functions: ["keyboard"], unfit: null }] })), null);
});

test("a file on a drive is named as the node names it, and folders are gone through", () => {
  assert.equal(ontoName({ image: "files.img", folder: "", takeOut: false }, "a.txt"), "files.img/a.txt");
  assert.equal(ontoName({ image: "files.img", folder: "docs/old", takeOut: true }, "a.txt"), "files.img/docs/old/a.txt");
  assert.deepEqual([inFolder("", "docs"), inFolder("docs", "old"), inFolder("docs/old", ".."), inFolder("docs", "..")], ["docs", "docs/old", "docs", ""]);
  assert.deepEqual([fileWords({ name: "docs", size: 0, folder: true }), fileWords({ name: "a", size: 2048, folder: false })], ["folder", "2.0 kB"]);
  const files = [{ name: "a", size: 1, folder: false }];
  assert.deepEqual([more({ files, count: 1, free: 0 }), more({ files, count: 300, free: 0 })], ["", "And 299 more. "]);
});

test("the files of a drive are looked at again when one came onto it, or it was in the target", () => {
  const coming = (name: string) => [{ id: "4c", name, size: 1, offset: 0, verifying: false }];
  const rest = filesVersion("files.img", [], undefined);
  assert.notEqual(filesVersion("files.img", coming("files.img/a"), undefined), rest);
  assert.equal(filesVersion("files.img", coming("other.img/a"), undefined), rest);
  assert.notEqual(filesVersion("files.img", [], states.storage().luns[0]), rest);
});

function file(bytes: Uint8Array<ArrayBuffer>): File {
  return new File([bytes], "a b.iso", { lastModified: 5 });
}

/** A node that keeps what comes, and fails when it is told to. */
class Node {
  readonly kept: number[] = [];
  readonly parts: Part[] = [];
  fails: Array<Refused | Error> = [];

  async send(part: Part): Promise<Taken> {
    this.parts.push(part);
    const error = this.fails.shift();
    if (error) throw error;
    const bytes = new Uint8Array(await part.bytes.arrayBuffer());
    if (part.offset <= this.kept.length) this.kept.push(...bytes.subarray(this.kept.length - part.offset));
    return { id: "u", offset: this.kept.length, sha256: null };
  }

  uploader(part: number): Uploader {
    return new Uploader({ send: (one) => this.send(one), wait: async () => undefined, now: () => 0, part, isFinal: (error) => !error.retryable });
  }
}

test("an upload goes on where the node says, after any break, and is byte-exact", async () => {
  const whole = Uint8Array.from({ length: 100_000 }, (_, index) => index % 251);
  const node = new Node();
  node.kept.push(...whole.subarray(0, 40_000)); // before a reload
  node.fails = [new TypeError("network"), new Refused("unavailable", "It restarts.", 0, true)];
  const uploader = node.uploader(9_000);
  await uploader.start(file(whole), false);
  assert.deepEqual(Uint8Array.from(node.kept), whole);
  assert.equal(uploader.view.value.kind, "none");
  assert.deepEqual([node.parts[0]?.name, node.parts[0]?.modified, node.parts[3]?.offset], ["a b.iso", 5, 40_000]);
});

test("what no further try changes is told at once", async () => {
  const node = new Node();
  node.fails = [new Refused("conflict", "There is an image of that name.", 0)];
  const uploader = node.uploader(9_000);
  await uploader.start(file(new Uint8Array(10)), false);
  assert.deepEqual(uploader.view.value, { kind: "refused", name: "a b.iso", why: "There is an image of that name." });
  assert.equal(node.parts.length, 1);
});

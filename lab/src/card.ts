// The card of a virtual Pi: assembled by board/card.sh as a real one, its root packed from the same tree as the initramfs.
import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, openSync, readSync, closeSync, readdirSync, renameSync, rmSync, statSync, utimesSync, writeFileSync, writeSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { umlDirectory } from "./kernel.ts";
import { LabError, cache, repository, run, type Lab } from "./lab.ts";
import type { PiNetwork } from "./network.ts";
import { addProgram, buildPiTree } from "./pi-image.ts";
import type { PiOptions } from "./pi.ts";
import { platformOf } from "./platform.ts";
import { toTar } from "./tar.ts";

export interface CardOptions {
  /** Of the whole card; "512M" unless said. */
  size?: string;
  /** What /etc/dkvm/release says. */
  version?: string;
  board?: string;
  /** The text of dkvm.txt; without it the one that is delivered, which sets nothing. */
  settings?: string | Buffer;
  /** Starts from this image in place of a new one. */
  image?: string;
}

export interface Partition {
  number: number;
  type: number;
  /** Bytes. */
  start: number;
  length: number;
}

/** What a slot is filled from; also what an update carries. */
export interface SlotImages {
  root: string;
  boot: string;
}

const SECTOR = 512;
/** Assembled cards that are kept: a build of the programs makes a new one. */
const KEPT = 6;

/** Arguments of Linux on every board; the slots differ in the root. */
function commandLine(slot: "a" | "b"): string {
  return `root=PARTUUID=644b564d-0${slot === "a" ? 5 : 6} rootfstype=squashfs ro rootwait panic=5 loglevel=6 dkvm.slot=${slot}\n`;
}

const CONFIG = `# What the Pi's firmware reads; the lab's own model of it is lab/src/firmware.ts.
[all]
kernel=linux
[boot_partition=2]
cmdline=cmdline-a.txt
[boot_partition=3]
cmdline=cmdline-b.txt
`;

export class Card {
  /** Puts the same card, never booted, at a path. */
  renew: (path: string) => Card = () => { throw new LabError("only a card that was made can be made anew"); };

  constructor(readonly path: string) {}

  /** A card in slot A, never booted. */
  static make(lab: Lab, path: string, options: PiOptions, network: PiNetwork): Card {
    const wanted = options.card === true || options.card === undefined || options.card === false ? {} : options.card;
    copySparse(wanted.image ?? join(assemble(lab, options, network), "card.img"), path);
    const card = new Card(path);
    card.renew = (to) => Card.make(lab, to, options, network);
    if (!wanted.image) run("truncate", "-s", wanted.size ?? "512M", path);
    if (wanted.settings !== undefined) card.putFile(1, "dkvm.txt", wanted.settings);
    return card;
  }

  /** All partitions but the extended one, as the table has them now. */
  partitions(): Partition[] {
    const mbr = this.sector(0);
    const found = [0, 1, 2].map((index) => entry(mbr, index, index + 1, 0));
    const base = mbr.readUInt32LE(446 + 3 * 16 + 8) * SECTOR;
    for (let at = base, number = 5; number <= 7; number++) {
      const sector = this.sector(at);
      found.push(entry(sector, 0, number, at));
      at = base + sector.readUInt32LE(446 + 16 + 8) * SECTOR;
    }
    return found;
  }

  partition(number: number): Partition {
    return this.partitions().find((partition) => partition.number === number)!;
  }

  sector(at: number): Buffer {
    return this.read(at, SECTOR);
  }

  read(at: number, length: number): Buffer {
    const bytes = Buffer.alloc(length);
    const file = openSync(this.path, "r");
    try {
      readSync(file, bytes, 0, length, at);
    } finally {
      closeSync(file);
    }
    return bytes;
  }

  write(at: number, bytes: Buffer): void {
    const file = openSync(this.path, "r+");
    try {
      writeSync(file, bytes, 0, bytes.length, at);
    } finally {
      closeSync(file);
    }
  }

  /** A hash of a partition's bytes. */
  hash(number: number): string {
    const { start, length } = this.partition(number);
    return hashRange(this.path, start, length);
  }

  /** A hash of what lies before the first partition and between them: the table. */
  tableHash(): string {
    const sectors = [0, ...[5, 6, 7].map((number) => this.partition(number).start - 1024 * 1024)].map((at) => this.sector(at));
    return createHash("sha256").update(Buffer.concat(sectors)).digest("hex");
  }

  /** A file of a FAT partition, or undefined. */
  file(number: number, name: string): Buffer | undefined {
    const result = spawnSync("mtype", ["-i", this.#at(number), `::${name}`], { maxBuffer: 1 << 26, env: mtools });
    return result.status === 0 ? result.stdout : undefined;
  }

  /** Copies a file of a FAT partition out; false when it cannot be read. */
  copyOut(number: number, name: string, to: string): boolean {
    return spawnSync("mcopy", ["-o", "-n", "-i", this.#at(number), `::${name}`, to], { env: mtools }).status === 0;
  }

  putFile(number: number, name: string, data: string | Buffer): void {
    const result = spawnSync("mcopy", ["-o", "-i", this.#at(number), "-", `::${name}`], { input: data, env: mtools });
    if (result.status !== 0) throw new LabError(`cannot write ${name} to partition ${number} of ${this.path}: ${result.stderr}`);
  }

  deleteFile(number: number, name: string): void {
    run("mdel", "-i", this.#at(number), `::${name}`);
  }

  copyTo(path: string): Card {
    copySparse(this.path, path);
    return new Card(path);
  }

  /** The data partition as a file of its own, for e2fsck. */
  extract(number: number, to: string): string {
    const { start, length } = this.partition(number);
    run("dd", `if=${this.path}`, `of=${to}`, "bs=1M", "iflag=skip_bytes,count_bytes", `skip=${start}`, `count=${length}`, "conv=sparse", "status=none");
    return to;
  }

  #at(number: number): string {
    return `${this.path}@@${this.partition(number).start}`;
  }
}

const mtools = { ...process.env, MTOOLS_SKIP_CHECK: "1" };

function entry(sector: Buffer, index: number, number: number, base: number): Partition {
  const at = 446 + 16 * index;
  return { number, type: sector[at + 4]!, start: base + sector.readUInt32LE(at + 8) * SECTOR, length: sector.readUInt32LE(at + 12) * SECTOR };
}

export function hashRange(path: string, start: number, length: number): string {
  const hash = createHash("sha256");
  const chunk = Buffer.alloc(1 << 22);
  const file = openSync(path, "r");
  for (let at = start; at < start + length;) {
    const got = readSync(file, chunk, 0, Math.min(chunk.length, start + length - at), at);
    if (got === 0) break;
    hash.update(chunk.subarray(0, got));
    at += got;
  }
  closeSync(file);
  return hash.digest("hex");
}

/** Most of a card is empty; where the file system can, nothing is copied at all. */
export function copySparse(from: string, to: string): void {
  run("cp", "--sparse=always", "--reflink=auto", from, to);
}

/** The two images of a slot, without a card. */
export function slotImages(lab: Lab, options: PiOptions, network: PiNetwork): SlotImages {
  const place = assemble(lab, options, network);
  return { root: join(place, "root.squashfs"), boot: join(place, "boot.vfat") };
}

/** Packs root and boot files and has board/card.sh make a card of them, unless the same were packed before. */
function assemble(lab: Lab, options: PiOptions, network: PiNetwork): string {
  const tar = rootTar(options, network);
  const kernel = join(umlDirectory(), "linux");
  const script = join(repository, "board/card.sh");
  const inputs = createHash("sha256").update(tar).update(kernel).update(CONFIG).update(commandLine("a"));
  for (const path of [script, ...["dkvm.txt", "README.txt"].map((name) => join(repository, "board/common/select", name))]) inputs.update(hashRange(path, 0, statSync(path).size));
  const place = join(cache, "cards", inputs.digest("hex").slice(0, 16));
  if (existsSync(join(place, "card.img"))) {
    utimesSync(place, new Date(), new Date());
    return place;
  }
  const work = lab.path(`card-${process.hrtime.bigint()}`);
  mkdirSync(join(work, "boot"), { recursive: true });
  writeFileSync(join(work, "root.tar"), tar);
  run("sh", "-c", `exec mksquashfs - '${work}/root.squashfs' -tar -comp zstd -Xcompression-level 1 -noappend -all-root -mkfs-time 0 -no-progress -quiet <'${work}/root.tar'`);
  rmSync(join(work, "root.tar"));
  copyFileSync(kernel, join(work, "boot/linux"));
  writeFileSync(join(work, "boot/config.txt"), CONFIG);
  for (const slot of ["a", "b"] as const) writeFileSync(join(work, `boot/cmdline-${slot}.txt`), commandLine(slot));
  run(script, "--board", "lab", "--boot", join(work, "boot"), "--root", join(work, "root.squashfs"), "--out", join(work, "card.img"));
  return keep(work, place);
}

/** Moves it into the cache, and the oldest out. */
function keep(work: string, place: string): string {
  const cards = join(cache, "cards");
  mkdirSync(cards, { recursive: true });
  const half = `${place}.${process.pid}.new`;
  run("cp", "-r", "--sparse=always", work, half);
  rmSync(work, { recursive: true });
  if (existsSync(place)) rmSync(half, { recursive: true });
  else renameSync(half, place);
  const all = readdirSync(cards).map((name) => join(cards, name)).sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs);
  for (const old of all.slice(KEPT)) rmSync(old, { recursive: true, force: true });
  return place;
}

function rootTar(options: PiOptions, network: PiNetwork): Buffer {
  const wanted = typeof options.card === "object" ? options.card : {};
  const tree = buildPiTree(options, network);
  const platform = platformOf(options.machine);
  for (const path of ["/sys/kernel", "/mnt", "/host", "/var/lib/dkvm"]) tree.directory(path);
  for (const name of ["mke2fs", "e2fsck"]) addProgram(tree, platform, `/sbin/${name}`, join("/usr/sbin", name)); // BusyBox' own is of ext2
  tree.file("/etc/dkvm/release", `board=${wanted.board ?? "lab"}\nversion=${wanted.version ?? "0.1.0"}\nbuild=lab\n`);
  return toTar(tree.entries());
}

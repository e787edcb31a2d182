// Writes initramfs archives ("newc" cpio). Written here rather than by cpio(1), because device
// nodes and root-owned files must not need root.
import { readFileSync, readlinkSync, readdirSync, lstatSync } from "node:fs";
import { join, posix } from "node:path";

const S_IFDIR = 0o040000;
const S_IFREG = 0o100000;
const S_IFLNK = 0o120000;
const S_IFCHR = 0o020000;

export interface Entry {
  mode: number;
  data: Buffer;
  device?: { major: number; minor: number };
}

export class Cpio {
  readonly #entries = new Map<string, Entry>();

  directory(path: string, mode = 0o755): this {
    const name = clean(path);
    if (name === "" || this.#entries.has(name)) return this;
    this.directory(posix.dirname(name));
    this.#entries.set(name, { mode: S_IFDIR | mode, data: Buffer.alloc(0) });
    return this;
  }

  file(path: string, data: Buffer | string, mode = 0o644): this {
    return this.#add(path, { mode: S_IFREG | mode, data: Buffer.from(data) });
  }

  link(path: string, target: string): this {
    return this.#add(path, { mode: S_IFLNK | 0o777, data: Buffer.from(target) });
  }

  characterDevice(path: string, major: number, minor: number): this {
    return this.#add(path, { mode: S_IFCHR | 0o600, data: Buffer.alloc(0), device: { major, minor } });
  }

  has(path: string): boolean {
    return this.#entries.has(clean(path));
  }

  /** Copies a file of this machine, with its permission bits. */
  copy(path: string, source: string): this {
    return this.file(path, readFileSync(source), lstatSync(source).mode & 0o777);
  }

  /** Copies a whole directory tree of this machine onto `path`. */
  tree(path: string, source: string): this {
    for (const entry of readdirSync(source, { withFileTypes: true })) {
      const from = join(source, entry.name);
      const to = posix.join(path, entry.name);
      if (entry.isDirectory()) this.directory(to).tree(to, from);
      else if (entry.isSymbolicLink()) this.link(to, readlinkSync(from));
      else this.copy(to, from);
    }
    return this;
  }

  /** What is in it, by path without the leading slash; a directory before what it holds. */
  entries(): Iterable<[string, Entry]> {
    return this.#entries;
  }

  bytes(): Buffer {
    const parts: Buffer[] = [];
    let inode = 1;
    for (const [name, entry] of this.#entries) parts.push(record(name, entry, inode++));
    parts.push(record("TRAILER!!!", { mode: 0, data: Buffer.alloc(0) }, 0));
    return Buffer.concat(parts);
  }

  #add(path: string, entry: Entry): this {
    const name = clean(path);
    this.directory(posix.dirname(name));
    this.#entries.set(name, entry);
    return this;
  }
}

function clean(path: string): string {
  const name = posix.normalize(path).replace(/^\/+|\/+$/g, "");
  return name === "." ? "" : name;
}

function record(name: string, entry: Entry, inode: number): Buffer {
  const device = entry.device ?? { major: 0, minor: 0 };
  const nameBytes = Buffer.from(`${name}\0`);
  const fields = [
    inode, entry.mode, 0, 0, 1, 0, entry.data.length, 0, 0,
    device.major, device.minor, nameBytes.length, 0,
  ];
  const head = Buffer.from("070701" + fields.map((n) => n.toString(16).padStart(8, "0")).join(""));
  return Buffer.concat([padded(Buffer.concat([head, nameBytes])), padded(entry.data)]);
}

function padded(data: Buffer): Buffer {
  const rest = data.length % 4;
  return rest === 0 ? data : Buffer.concat([data, Buffer.alloc(4 - rest)]);
}

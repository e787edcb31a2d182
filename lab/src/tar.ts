// Writes a tree of an initramfs as tar, which mksquashfs reads: so that root's files and device nodes need no root.
import type { Entry } from "./cpio.ts";

const BLOCK = 512;
const NAME = 100;
const TYPES: Record<number, string> = { 0o100000: "0", 0o120000: "2", 0o020000: "3", 0o040000: "5" };
const FORMAT = 0o170000;

export function toTar(entries: Iterable<[string, Entry]>): Buffer {
  const parts: Buffer[] = [];
  for (const [name, entry] of entries) parts.push(header(name, entry), padded(isFile(entry) ? entry.data : Buffer.alloc(0)));
  parts.push(Buffer.alloc(2 * BLOCK));
  return Buffer.concat(parts);
}

function isFile(entry: Entry): boolean {
  return (entry.mode & FORMAT) === 0o100000;
}

/** A ustar header; all is root's, and of 1970. */
function header(name: string, entry: Entry): Buffer {
  const block = Buffer.alloc(BLOCK);
  const kind = entry.mode & FORMAT;
  const [prefix, base] = split(name);
  block.write(base, 0, NAME);
  octal(block, 100, 8, entry.mode & 0o7777);
  octal(block, 108, 8, 0);
  octal(block, 116, 8, 0);
  octal(block, 124, 12, isFile(entry) ? entry.data.length : 0);
  octal(block, 136, 12, 0);
  block.write("        ", 148, "ascii");
  block.write(TYPES[kind] ?? "0", 156);
  if (TYPES[kind] === "2") block.write(entry.data.toString(), 157, NAME);
  block.write("ustar\x0000", 257, "latin1");
  octal(block, 329, 8, entry.device?.major ?? 0);
  octal(block, 337, 8, entry.device?.minor ?? 0);
  block.write(prefix, 345, 155);
  octal(block, 148, 7, block.reduce((sum, byte) => sum + byte, 0));
  return block;
}

/** Long names are cut at a slash. */
function split(name: string): [string, string] {
  if (name.length < NAME) return ["", name];
  const at = name.indexOf("/", name.length - NAME);
  return [name.slice(0, at), name.slice(at + 1)];
}

function octal(block: Buffer, at: number, length: number, value: number): void {
  block.write(`${value.toString(8).padStart(length - 1, "0")}\0`, at, "ascii");
}

function padded(data: Buffer): Buffer {
  const rest = data.length % BLOCK;
  return rest === 0 ? data : Buffer.concat([data, Buffer.alloc(BLOCK - rest)]);
}

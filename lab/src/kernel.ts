// Where lab/setup.sh has put the two kernels.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { LabError, cache, labDirectory, run } from "./lab.ts";

let uml: string | undefined;

export function umlDirectory(): string {
  uml ??= run(join(labDirectory, "kernel/build-uml.sh"), "--where").trim();
  if (!existsSync(join(uml, "linux"))) {
    throw new LabError("the virtual Pi's kernel is not built: run 'lab/setup.sh' (about 6 minutes, once per machine)");
  }
  return uml;
}

/** Holds `vmlinuz` (and `vmlinux`) and the decompressed modules that the target PC loads. */
export function targetKernelDirectory(): string {
  const found = existsSync(cache) ? readdirSync(cache).filter((name) => name.startsWith("target-")).sort() : [];
  const newest = found.at(-1);
  if (newest === undefined) throw new LabError("the target PC's kernel is missing: run 'lab/setup.sh'");
  return join(cache, newest);
}

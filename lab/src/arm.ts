// The virtual Pi of the second tier: QEMU's aarch64 (emulated, one Cortex-A72 as in a Pi 4), Debian's stock arm64 Linux,
// and the very binaries that are shipped.
import type { ChildProcess } from "node:child_process";
import { existsSync, realpathSync } from "node:fs";
import { basename, join } from "node:path";
import { LabError, labDirectory, repository, run, type Lab } from "./lab.ts";
import type { PiNetwork } from "./network.ts";
import type { Library, Platform } from "./platform.ts";

const LIBRARIES = "lib/aarch64-linux-gnu";
const LOADER = "ld-linux-aarch64.so.1";

let directory: string | undefined;

/** Where lab/arm64/build-pi.sh has put the kernel (`Image`), its modules (`lib/modules`) and Debian's programs (`root`). */
function armDirectory(): string {
  directory ??= run(join(labDirectory, "arm64/build-pi.sh"), "--where").trim();
  if (!existsSync(join(directory, "Image"))) throw new LabError("the aarch64 Pi's Linux is missing: run 'lab/setup.sh' (about a minute, once per machine)");
  return directory;
}

export function findArmBinary(name: string): string {
  const folder = process.env["DKVM_ARM_BIN_DIR"] ?? run(join(repository, "board/cross.sh"), "--where").trim();
  const path = join(folder, name);
  if (!existsSync(path)) throw new LabError(`${name} is not built for aarch64: run 'make cross' (looked in ${folder})`);
  return path;
}

export function armPlatform(): Platform {
  return {
    busybox: join(armDirectory(), "root/bin/busybox"),
    modules: join(armDirectory(), "lib/modules"),
    programs: join(labDirectory, "build/arm64"),
    binary: findArmBinary,
    libraries: (program) => librariesOf(program),
    environment: { LAB_NETWORK_DRIVER: "virtio_net" },
  };
}

/** What `ldd` says of a program that runs here, found out by reading it. */
function librariesOf(program: string, found = new Map<string, Library>()): Library[] {
  for (const [, name] of run("readelf", "-d", program).matchAll(/\(NEEDED\).*\[(.*)\]/g)) {
    if (found.has(name!)) continue;
    const library = { path: name === LOADER ? `/lib/${LOADER}` : `/${LIBRARIES}/${name}`, source: findLibrary(name!) };
    found.set(name!, library);
    librariesOf(library.source, found);
  }
  if (found.size > 0 && !found.has(LOADER)) found.set(LOADER, { path: `/lib/${LOADER}`, source: findLibrary(LOADER) });
  return [...found.values()];
}

function findLibrary(name: string): string {
  const root = join(armDirectory(), "root");
  const places = [LIBRARIES, `usr/${LIBRARIES}`].map((folder) => join(root, folder, basename(name)));
  const found = places.find((path) => existsSync(path));
  if (found === undefined) throw new LabError(`no ${name} for aarch64 among the packages of lab/arm64/build-pi.sh: add the one that holds it`);
  return realpathSync(found);
}

export interface ArmSetup {
  network: PiNetwork;
  /** The initramfs. */
  image: string;
  memory: string | undefined;
  clock: ArmClock | undefined;
}

/** What the emulated Pi's time goes by. "wall": everybody's. "instructions": 2 ns for each that it executes, so that a boot
 *  takes the same however busy this machine is; other machines then see it hurry and dawdle. */
export type ArmClock = "wall" | "instructions";

export function startArm(lab: Lab, logName: string, setup: ArmSetup): ChildProcess {
  return lab.start(logName, "qemu-system-aarch64", [
    "-machine", "virt", "-cpu", "cortex-a72", "-accel", "tcg", "-smp", "1", "-m", setup.memory ?? "512M",
    ...(setup.clock === "instructions" ? ["-icount", "shift=1,sleep=off"] : []),
    "-nodefaults", "-no-user-config", "-display", "none",
    "-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console",
    ...nic("lan", setup.network.tap), ...nic("wire", setup.network.wireTap),
    "-kernel", join(armDirectory(), "Image"), "-initrd", setup.image,
    "-append", "console=ttyAMA0 loglevel=6 panic=5 rdinit=/init",
  ]);
}

/** Their order is that of vec0 and vec1. */
function nic(id: string, tap: string): string[] {
  return ["-netdev", `tap,id=${id},ifname=${tap},script=no,downscript=no`, "-device", `virtio-net-pci,netdev=${id},romfile=`];
}

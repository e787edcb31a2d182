// The initramfs of a virtual Pi: BusyBox, rootfs/ (shared with the real image), the lab's overlay,
// drivers, cables, our binaries and the scenario's files. Rebuilt every time: it takes less than
// finding out whether it must be.
import { execFileSync } from "node:child_process";
import { existsSync, realpathSync, statSync } from "node:fs";
import { join } from "node:path";
import { Cpio } from "./cpio.ts";
import { LabError, labDirectory, repository } from "./lab.ts";
import { umlDirectory } from "./kernel.ts";
import type { PiNetwork } from "./network.ts";
import type { PiOptions } from "./pi.ts";

export const USB_PORT = 4001;
export const VNC_PORT = 5900;

const BUSYBOX = "/bin/busybox";

export function binaryDirectory(): string {
  const target = process.env["CARGO_TARGET_DIR"] ?? join(repository, "target");
  return process.env["DKVM_BIN_DIR"] ?? join(target, "release");
}

/** The static dkvm is built for an explicit target triple, the others for the host's default. */
export function findBinary(name: string): string {
  const places = [binaryDirectory(), join(binaryDirectory(), "../x86_64-unknown-linux-gnu/release")];
  const found = places.map((place) => join(place, name)).filter((path) => existsSync(path));
  const newest = found.sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs)[0];
  if (newest === undefined) throw new LabError(`${name} is not built: run 'make build' (looked in ${places.join(" and ")})`);
  return newest;
}

export function buildPiImage(options: PiOptions, network: PiNetwork): Buffer {
  const image = new Cpio();
  for (const path of ["/proc", "/sys", "/dev", "/run", "/root", "/usr/bin", "/usr/sbin", "/var/lib/dkvm"]) {
    image.directory(path);
  }
  image.directory("/tmp", 0o1777).characterDevice("/dev/console", 5, 1).characterDevice("/dev/null", 1, 3);
  addBusybox(image);
  image.tree("/", join(repository, "rootfs")).tree("/", join(labDirectory, "rootfs"));
  image.link("/init", "/sbin/init");
  image.tree("/lib/modules", join(umlDirectory(), "lib/modules"));
  for (const name of ["usb-cable", "hdmi-cable", "agent", "grab"]) {
    addProgram(image, `/usr/lib/lab/${name}`, join(labDirectory, "build", name));
  }
  addBinaries(image, options);
  image.file("/etc/lab.env", environment(options, network));
  if (options.config !== undefined) image.file("/etc/dkvm/dkvm.toml", options.config);
  for (const [path, source] of Object.entries(options.programs ?? {})) addProgram(image, path, source);
  for (const [path, file] of Object.entries(options.files ?? {})) {
    if (typeof file === "string" || Buffer.isBuffer(file)) image.file(path, file);
    else image.file(path, file.data, file.mode);
  }
  return image.bytes();
}

function addBusybox(image: Cpio): void {
  image.copy("/bin/busybox", BUSYBOX);
  const applets = execFileSync(BUSYBOX, ["--list-full"], { encoding: "utf8" });
  for (const applet of applets.trim().split("\n")) {
    if (applet !== "bin/busybox") image.link(applet, "/bin/busybox");
  }
}

/** A program of this machine, with the shared libraries that it needs. */
export function addProgram(image: Cpio, path: string, source: string): void {
  if (!existsSync(source)) throw new LabError(`${source} is missing: run 'lab/setup.sh'`);
  image.copy(path, source);
  for (const library of sharedLibraries(source)) {
    if (!image.has(library)) image.copy(library, realpathSync(library));
  }
}

function sharedLibraries(program: string): string[] {
  try {
    const output = execFileSync("ldd", [program], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
    return [...output.matchAll(/(?:=> )?(\/\S+) \(0x/g)].map((match) => match[1]!);
  } catch {
    return []; // static
  }
}

function addBinaries(image: Cpio, options: PiOptions): void {
  if (options.dkvm === "none") {
    // init respawns /usr/bin/dkvm whatever it is
    image.file("/usr/bin/dkvm", "#!/bin/sh\nexec sleep 2147483647\n", 0o755);
    return;
  }
  for (const name of ["dkvm", "dkvm-device"]) {
    addProgram(image, `/usr/bin/${name}`, findBinary(name));
  }
}

function environment(options: PiOptions, network: PiNetwork): string {
  const usb = options.usb ?? "target";
  const modules = [...(options.modules ?? [])];
  if (usb === "self") modules.push("dummy_hcd", "hid", "hid_generic", "usbhid");
  const values = {
    LAB_ADDRESS: network.address,
    LAB_GATEWAY: network.gateway,
    LAB_WIRE_ADDRESS: network.wireAddress,
    LAB_TARGET: network.wireHost,
    LAB_USB_PORT: usb === "target" ? String(USB_PORT) : "",
    LAB_HDMI_PORT: options.hdmi === false ? "" : String(VNC_PORT),
    LAB_HOSTFS: options.hostfs ? "yes" : "",
    LAB_MODULES: modules.join(" "),
  };
  return Object.entries(values).map(([name, value]) => `${name}='${value}'\n`).join("");
}

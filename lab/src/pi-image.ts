// The initramfs of a virtual Pi: BusyBox, rootfs/ (shared with the real image), the lab's overlay,
// drivers, cables, our binaries and the scenario's files. Rebuilt every time: it takes less than
// finding out whether it must be.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Cpio } from "./cpio.ts";
import { LabError, labDirectory, repository } from "./lab.ts";
import type { PiNetwork } from "./network.ts";
import type { PiOptions } from "./pi.ts";
import { platformOf, type Platform } from "./platform.ts";

const ALSA = "/usr/share/alsa/alsa.conf";
export const USB_PORT = 4001;
export const VNC_PORT = 5900;

export { binaryDirectory, findBinary } from "./platform.ts";

/** Does what `dkvm boot` must, and then nothing. */
const STAND_IN = `#!/bin/sh
[ "$1" = boot ] || exec sleep 2147483647
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev 2>/dev/null
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs shm /dev/shm
mount -t tmpfs run /run
mount -t tmpfs tmp /tmp
modprobe -q libcomposite
mount -t configfs configfs /sys/kernel/config
ip link set lo up
`;

export function buildPiImage(options: PiOptions, network: PiNetwork): Buffer {
  return buildPiTree(options, network).bytes();
}

/** All files of a Pi: those of its initramfs, or of the root on its card. */
export function buildPiTree(options: PiOptions, network: PiNetwork): Cpio {
  const image = new Cpio();
  const platform = platformOf(options.machine);
  for (const path of ["/proc", "/sys", "/dev", "/run", "/root", "/usr/bin", "/usr/sbin", "/var/lib/dkvm"]) {
    image.directory(path);
  }
  image.directory("/tmp", 0o1777).characterDevice("/dev/console", 5, 1).characterDevice("/dev/null", 1, 3);
  addBusybox(image, platform);
  image.tree("/", join(repository, "rootfs")).tree("/", join(labDirectory, "rootfs"));
  image.link("/init", "/sbin/init");
  image.tree("/lib/modules", platform.modules);
  for (const name of ["usb-cable", "hdmi-cable", "agent", "grab"]) {
    addProgram(image, platform, `/usr/lib/lab/${name}`, join(platform.programs, name));
  }
  addBinaries(image, platform, options);
  addSound(image);
  image.file("/etc/lab.env", environment(platform, options, network));
  image.file("/etc/dkvm/dkvm.toml", options.config ?? imageConfig(options));
  for (const [path, source] of Object.entries(options.programs ?? {})) addProgram(image, platform, path, source);
  for (const [path, file] of Object.entries(options.files ?? {})) {
    if (typeof file === "string" || Buffer.isBuffer(file)) image.file(path, file);
    else image.file(path, file.data, file.mode);
  }
  return image;
}

/** The image's configuration; its network device leaves the lab's interfaces to the lab. */
export function imageConfig(options: PiOptions = {}): string {
  const text = readFileSync(join(repository, "rootfs/etc/dkvm/dkvm.toml"), "utf8");
  const ignored = options.addresses === "own" ? '["vec1"]' : '["vec0", "vec1"]';
  // Scenarios kill kernels and pull power more often than safe mode allows; `crashes` is about just that.
  const patient = options.crashLimit === "own" ? text : text.replace("[kernel]\n", "[kernel]\ncrash_limit = 1000\n");
  // Emulated, TLS over moving pictures takes its time: what would be a hang on a Pi is none there.
  const slow = options.machine === "aarch64" ? patient.replace("[device.web]\n", "[device.web]\nheartbeat_ms = 6000\n") : patient;
  return slow.replace("[device.network.config]\n", `[device.network.config]\nignore = ${ignored}\n`);
}

function addBusybox(image: Cpio, platform: Platform): void {
  image.copy("/bin/busybox", platform.busybox);
  // Debian's has the same applets on every architecture; only this machine's runs here.
  const applets = execFileSync("/bin/busybox", ["--list-full"], { encoding: "utf8" });
  for (const applet of applets.trim().split("\n")) {
    if (applet !== "bin/busybox") image.link(applet, "/bin/busybox");
  }
}

/** A program, with the shared libraries that it needs. */
export function addProgram(image: Cpio, platform: Platform, path: string, source: string): void {
  if (!existsSync(source)) throw new LabError(`${source} is missing: run 'lab/setup.sh'`);
  image.copy(path, source);
  for (const library of platform.libraries(source)) {
    if (!image.has(library.path)) image.copy(library.path, library.source);
  }
}

function addBinaries(image: Cpio, platform: Platform, options: PiOptions): void {
  if (options.dkvm === "none") {
    // init runs /usr/bin/dkvm whatever it is
    image.file("/usr/bin/dkvm", STAND_IN, 0o755);
    return;
  }
  for (const name of ["dkvm", "dkvm-device"]) {
    addProgram(image, platform, `/usr/bin/${name}`, platform.binary(name));
  }
}

/** What ALSA's library reads before it opens a card. */
function addSound(image: Cpio): void {
  if (!existsSync(ALSA)) throw new LabError(`${ALSA} is missing: run 'lab/setup.sh'`);
  image.copy(ALSA, ALSA);
}

function environment(platform: Platform, options: PiOptions, network: PiNetwork): string {
  const usb = options.usb ?? "target";
  const modules = [...(options.modules ?? [])];
  if (usb === "self") modules.push("dummy_hcd", "hid", "hid_generic", "usbhid");
  const values = {
    LAB_ADDRESS: options.addresses === "own" ? "" : network.address,
    LAB_GATEWAY: network.gateway,
    LAB_WIRE_ADDRESS: network.wireAddress,
    LAB_TARGET: network.wireHost,
    LAB_USB_PORT: usb === "target" ? String(USB_PORT) : "",
    LAB_HDMI_PORT: options.hdmi === false ? "" : String(VNC_PORT),
    LAB_HOSTFS: options.hostfs ? "yes" : "",
    LAB_MODULES: modules.join(" "),
    ...platform.environment,
  };
  return Object.entries(values).map(([name, value]) => `${name}='${value}'\n`).join("");
}

// The target PC: QEMU with SeaBIOS, and either a boot sector or a small Linux.
import type { ChildProcess } from "node:child_process";
import { existsSync, readFileSync, writeFileSync, readdirSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { Cpio } from "./cpio.ts";
import { targetKernelDirectory } from "./kernel.ts";
import { labDirectory, LabError, PATIENCE_MS, until, type Lab } from "./lab.ts";
import { addProgram, USB_PORT, VNC_PORT } from "./pi-image.ts";
import type { PiNetwork } from "./network.ts";
import { Observer } from "./observer.ts";
import { platformOf } from "./platform.ts";
import { Qmp } from "./qmp.ts";

export interface TargetOptions {
  /** "prompt": a boot sector that echoes keys through the BIOS. "linux": reports every input event. "usb": no disk at all, its BIOS
   *  starts what it finds on the USB cable. */
  system?: "prompt" | "linux" | "usb";
  width?: number;
  height?: number;
  memory?: string;
  /** More files of its small Linux: path → content. */
  files?: Record<string, string | Buffer>;
  /** Programs of this machine with their libraries: path → source. */
  programs?: Record<string, string>;
}

export class Target extends Observer {
  /** Milliseconds from power-on until the system answers. */
  bootMilliseconds = 0;
  #machine: ChildProcess | undefined;
  #qmp: Qmp | undefined;
  #powered = 0;

  constructor(
    readonly lab: Lab,
    readonly network: PiNetwork,
    readonly options: TargetOptions = {},
  ) {
    super();
  }

  static async boot(lab: Lab, network: PiNetwork, options: TargetOptions = {}): Promise<Target> {
    const target = new Target(lab, network, options);
    await target.powerOn();
    return target;
  }

  get system(): "prompt" | "linux" | "usb" {
    return this.options.system ?? "linux";
  }

  get isOn(): boolean {
    return this.#machine !== undefined;
  }

  get serialLog(): string {
    return this.lab.log("target-serial.log");
  }

  /** Everything that the first serial port has shown since power-on. */
  serial(): string {
    return existsSync(this.serialLog) ? readFileSync(this.serialLog, "latin1") : "";
  }

  async powerOn({ wait = true } = {}): Promise<void> {
    await this.start();
    await this.go();
    if (wait) await this.awaitUp();
  }

  /** Waits until COM1 has shown a match. */
  awaitSerial(pattern: RegExp, timeout = PATIENCE_MS): Promise<RegExpExecArray> {
    return until(`the target's serial port shows ${pattern}`, () => pattern.exec(this.serial()), { timeout, every: 3 });
  }

  /** Makes the machine, but holds it before its first instruction: cables can join first. */
  async start(): Promise<void> {
    if (this.#machine) throw new LabError("the target PC is already on");
    const machine = this.lab.start("target-qemu.log", join(labDirectory, "build/with-pty"), ["qemu-system-x86_64", ...this.#arguments()], {
      env: { ...process.env, TERM: "xterm" },
    });
    this.#machine = machine;
    machine.once("exit", () => (this.#machine = undefined));
    this.#qmp = await until("QEMU starts", async () => {
      if (!this.#machine) throw new LabError(`QEMU did not start:\n${readFileSync(this.lab.log("target-qemu.log"), "utf8")}`);
      return Qmp.connect(this.lab.path("qmp.sock")).catch(() => undefined);
    });
    await this.#openReport();
  }

  async go(): Promise<void> {
    this.#powered = performance.now();
    await this.qmp("cont");
  }

  async awaitUp(): Promise<void> {
    await this.#answers();
    this.bootMilliseconds = performance.now() - this.#powered;
  }

  async #answers(): Promise<void> {
    if (this.system === "linux") await until("the target's Linux is up", () => this.log.up, { every: 5 });
    else await until("the target's prompt is up", () => /^> /m.test(this.serial()), { every: 5 });
  }

  /** Pulls the plug. */
  async powerOff(): Promise<void> {
    if (!this.#machine) return;
    this.hangUp();
    this.#qmp?.socket.destroy();
    await this.lab.end(this.#machine);
    this.#machine = undefined;
    for (const device of this.log.devices.values()) device.present = false;
    this.log.up = false;
  }

  /** The reset button. */
  async reset({ wait = true } = {}): Promise<void> {
    this.log.up = false;
    this.#powered = performance.now();
    await this.qmp("system_reset");
    if (wait) await this.awaitUp();
  }

  /** The target's kernel lets go of the gadget, or takes it again, without touching the cable. */
  async unbindUsb(): Promise<void> {
    await this.sh("cd /sys/bus/usb/devices; for d in [0-9]*-[0-9]; do [ -e $d/driver ] && echo $d > /sys/bus/usb/drivers/usb/unbind; done");
  }

  async bindUsb(): Promise<void> {
    await this.sh("cd /sys/bus/usb/devices; for d in [0-9]*-[0-9]; do [ -e $d/driver ] || echo $d > /sys/bus/usb/drivers/usb/bind; done");
  }

  /** Suspends every device of the target for so long and resumes it. All of suspend to RAM but the
   *  processor's own sleep, from which QEMU's firmware does not wake a kernel booted like ours. */
  async suspend(seconds = 1): Promise<void> {
    const script = `echo devices > /sys/power/pm_test; echo ${seconds} > /sys/module/suspend/parameters/pm_test_delay; echo mem > /sys/power/state`;
    const { code } = await this.sh(script, (seconds + 20) * 1000);
    if (code !== 0) throw new LabError("the target did not suspend");
  }

  qmp(command: string, parameters: Record<string, unknown> = {}): Promise<unknown> {
    if (!this.#qmp) throw new LabError("the target PC is off");
    return this.#qmp.ask(command, parameters);
  }

  /** Whether the target's USB controller sees a device on the cable. */
  async usbAttached(): Promise<boolean> {
    return (await this.qmp("qom-get", { path: "/machine/peripheral/cable", property: "attached" })) === true;
  }

  /** The target's own picture, as a PPM file's bytes: what its screen shows, cable or not. */
  async screenshot(): Promise<Buffer> {
    const path = this.lab.path("screen.ppm");
    await this.qmp("screendump", { filename: path });
    return readFileSync(path);
  }

  async #openReport(): Promise<void> {
    const socket = await new Promise<Socket>((done, failed) => {
      const s = connect(this.lab.path("report.sock"), () => done(s)).on("error", failed);
    });
    this.listenTo(socket);
  }

  #arguments(): string[] {
    const { width = 1280, height = 720, memory = "256M" } = this.options;
    const host = this.network.wireHost;
    return [
      "-name", "target", "-accel", "tcg", "-machine", "pc", "-m", memory, "-nodefaults", "-no-user-config", "-S",
      "-device", `VGA,xres=${width},yres=${height},vgamem_mb=32`,
      "-vnc", `${host}:${VNC_PORT - 5900}`, "-display", "curses",
      "-qmp", `unix:${this.lab.path("qmp.sock")},server=on,wait=off`,
      "-chardev", `file,id=com1,path=${this.serialLog}`, "-serial", "chardev:com1",
      "-device", "virtio-serial", "-chardev", `socket,id=report,path=${this.lab.path("report.sock")},server=on,wait=off`,
      "-device", "virtserialport,chardev=report,name=report",
      "-device", "qemu-xhci,id=xhci",
      "-chardev", `socket,id=cable,host=${host},port=${USB_PORT},server=on,wait=off`,
      "-device", `usb-redir,id=cable,chardev=cable,bus=xhci.0${this.system === "usb" ? ",bootindex=0" : ""}`,
      ...(this.system === "linux" ? this.#linux() : this.system === "prompt" ? this.#prompt() : []),
    ];
  }

  #prompt(): string[] {
    return ["-drive", `if=floppy,format=raw,readonly=on,file=${join(labDirectory, "build/prompt.bin")}`, "-boot", "a"];
  }

  #linux(): string[] {
    const image = this.lab.path("target.cpio");
    writeFileSync(image, buildTargetImage(this.options));
    const { width = 1280, height = 720 } = this.options;
    const commandLine = `console=ttyS0 loglevel=4 tsc=reliable no_timer_check noreplace-smp random.trust_cpu=on usb-storage.delay_use=0 vt.global_cursor_default=0 rdinit=/init mitigations=off nokaslr video=${width}x${height}`;
    return ["-kernel", join(targetKernelDirectory(), "vmlinux"), "-initrd", image, "-append", commandLine];
  }
}

/** The initramfs of its small Linux. */
export function buildTargetImage({ files = {}, programs = {} }: TargetOptions): Buffer {
  const image = new Cpio();
  for (const path of ["/bin", "/proc", "/sys", "/dev", "/tmp"]) image.directory(path);
  image.characterDevice("/dev/console", 5, 1);
  image.copy("/bin/busybox", "/bin/busybox");
  image.file("/init", readFileSync(join(labDirectory, "target/init.sh")), 0o755);
  image.copy("/bin/reporter", join(labDirectory, "build/reporter"));
  const modules = join(targetKernelDirectory(), "lib/modules");
  for (const version of readdirSync(modules)) image.tree(`/lib/modules/${version}`, join(modules, version));
  for (const [path, source] of Object.entries(programs)) addProgram(image, platformOf(), path, source);
  for (const [path, content] of Object.entries(files)) image.file(path, content);
  return image.bytes();
}

// The image of the qemu board, as `make image BOARD=qemu` left it, in QEMU: from its card, with its own Linux and command line.
import { spawn, type ChildProcess } from "node:child_process";
import { readdirSync, readFileSync, existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { LabError, repository, run, until, type Lab } from "./lab.ts";
import { Viewer } from "./viewer.ts";

export type Machine = "virt" | "raspi3b";

/** Where partitions 1 and 2 begin: board/card.sh. */
const SELECT = "1M";
const BOOT = "17M";
/** A size that is a power of two, as QEMU's SD card wants it, with room for the data partition. */
const CARD_SIZE = "1G";
const SSH_OPTIONS = ["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", "-o", "BatchMode=yes"];
/** QEMU's own loopback address for each machine, inside the lab's network. */
const ADDRESSES: Record<Machine, string> = { virt: "127.0.0.2", raspi3b: "127.0.0.3" };

/** Of a machine that does not start at all; a start takes some 10 s. */
const START_MS = 300_000;

export const outDirectory = join(repository, "out/qemu");

/** The newest image that was built; an error says how to build one. */
export function builtImage(): string {
  const names = existsSync(outDirectory) ? readdirSync(outDirectory).filter((name) => /^dkvm-qemu-.*\.img$/.test(name)) : [];
  const newest = names.map((name) => join(outDirectory, name)).sort((a, b) => statSync(a).mtimeMs - statSync(b).mtimeMs).at(-1);
  if (!newest) throw new LabError("there is no image of the qemu board: run 'make image BOARD=qemu', with BUILDROOT= as here");
  return newest;
}

export class BuiltPi {
  readonly address: string;
  started = 0;

  private constructor(readonly lab: Lab, readonly machine: Machine, readonly process: ChildProcess, readonly key: string) {
    this.address = ADDRESSES[machine];
  }

  static start(lab: Lab, machine: Machine): BuiltPi {
    run("ip", "link", "set", "lo", "up");
    const card = lab.path(`${machine}.img`);
    run("cp", "--sparse=always", builtImage(), card);
    run("truncate", "-s", CARD_SIZE, card);
    const key = ownKey(lab);
    placeKey(lab, card, readFileSync(`${key}.pub`, "utf8").trim());
    const process = lab.start(`${machine}-qemu.log`, "qemu-system-aarch64", qemuArguments(lab, machine, card));
    const pi = new BuiltPi(lab, machine, process, key);
    pi.started = performance.now();
    return pi;
  }

  /** The page, logged in; emulated, on a machine that may be busy, the start takes its time. */
  async openPage(): Promise<Viewer> {
    await until(`the page of ${this.machine} answers`, () => {
      if (this.process.exitCode !== null) throw new LabError(`QEMU ended: ${readFileSync(this.lab.log(`${this.machine}-qemu.log`), "utf8")}`);
      return Viewer.stranger(this.address).then(() => true).catch(() => false);
    }, { timeout: START_MS, every: 50 });
    return Viewer.open(this.address);
  }

  /** A program of the image, started as the owner would: by SSH, with the owner's key. */
  open(script: string): ChildProcess {
    return spawn("ssh", [...SSH_OPTIONS, "-i", this.key, `root@${this.address}`, script], { stdio: ["ignore", "pipe", "pipe"] });
  }

  async must(script: string): Promise<string> {
    const child = this.open(script);
    let [stdout, stderr] = ["", ""];
    child.stdout!.on("data", (part: Buffer) => (stdout += part.toString()));
    child.stderr!.on("data", (part: Buffer) => (stderr += part.toString()));
    const code = await new Promise((done) => child.once("close", done));
    if (code !== 0) throw new LabError(`'${script}' on ${this.machine} ended with ${code}: ${stderr}`);
    return stdout;
  }

  async awaitSsh(): Promise<void> {
    await until(`${this.machine} lets its owner in by SSH`, () => this.must("true").then(() => true).catch(() => false), { every: 300 });
  }

  async end(): Promise<void> {
    await this.lab.end(this.process);
  }
}

function ownKey(lab: Lab): string {
  const key = lab.path("owner");
  if (!existsSync(key)) run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "owner@lab", "-f", key);
  return key;
}

/** As `make flash KEY=` does it. */
function placeKey(lab: Lab, card: string, key: string): void {
  const text = run("mtype", "-i", `${card}@@${SELECT}`, "::/dkvm.txt");
  const changed = text.replace(/^#ssh_key = .*$/m, `ssh_key = "${key}"`);
  if (changed === text) throw new LabError("the dkvm.txt of the image has no line for an SSH key");
  const path = lab.path("dkvm.txt");
  run("bash", "-c", 'printf %s "$1" >"$2" && mcopy -o -i "$3" "$2" ::/dkvm.txt', "place", changed, path, `${card}@@${SELECT}`);
}

/** What the Pi's firmware would take from the boot partition, QEMU is given. */
function fromBoot(lab: Lab, card: string, name: string): string {
  const path = lab.path(name);
  run("mcopy", "-n", "-o", "-i", `${card}@@${BOOT}`, `::/${name}`, path);
  return path;
}

function qemuArguments(lab: Lab, machine: Machine, card: string): string[] {
  const commandLine = readFileSync(fromBoot(lab, card, "cmdline-a.txt"), "utf8").trim();
  const forwarded = [443, 22].map((port) => `hostfwd=tcp:${ADDRESSES[machine]}:${port}-:${port}`).join(",");
  // Four emulated processors are slower than two; and QEMU knows no countdown: to arm the Pi's watchdog is to reset it.
  const only = machine === "raspi3b" ? " maxcpus=2 initcall_blacklist=bcm2835_wdt_driver_init" : "";
  const common = [
    "-machine", machine, "-accel", "tcg", "-display", "none", "-nodefaults", "-serial", `file:${lab.log(`${machine}-console.log`)}`,
    "-kernel", fromBoot(lab, card, "Image"), "-append", `${commandLine.replace("quiet", "")} console=ttyAMA0${only}`, "-netdev", `user,id=net,${forwarded}`,
  ];
  if (machine === "raspi3b") {
    return [...common, "-dtb", fromBoot(lab, card, "bcm2837-rpi-3-b.dtb"), "-drive", `file=${card},if=sd,format=raw`, "-device", "usb-net,netdev=net"];
  }
  return [
    ...common, "-cpu", "cortex-a53", "-smp", "2", "-m", "512M",
    "-drive", `file=${card},if=none,id=card,format=raw`, "-device", "virtio-blk-pci,drive=card", "-device", "virtio-net-pci,netdev=net,romfile=",
  ];
}

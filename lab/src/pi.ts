// The virtual Pi: a User-mode Linux process, reached through its agent.
import type { ChildProcess } from "node:child_process";
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Agent, type Answer, type Stream } from "./agent.ts";
import { startArm, type ArmClock } from "./arm.ts";
import { umlDirectory } from "./kernel.ts";
import { LabError, PATIENCE_MS, sleep, until, type Lab } from "./lab.ts";
import { createPiNetwork, type PiNetwork } from "./network.ts";
import { Card, type CardOptions } from "./card.ts";
import { causeOf, choose, type BootChoice, type Cause } from "./firmware.ts";
import { buildPiImage } from "./pi-image.ts";
import type { MachineKind } from "./platform.ts";

export interface PiOptions {
  /** Several Pis in one lab have numbers 0, 1, …; each has its own networks. */
  index?: number;
  /** "uml" unless said: see `MachineKind`. */
  machine?: MachineKind;
  /** Of an "aarch64": "wall" unless said. */
  clock?: ArmClock;
  memory?: string;
  /** Boots from a card as a real Pi does, in place of an initramfs: `powerCut`, `powerOn` and restarts work then. */
  card?: boolean | CardOptions;
  /** The text of /etc/dkvm/dkvm.toml. */
  config?: string;
  /** "real" puts target/release/dkvm and dkvm-device in; "none" boots without them. */
  dkvm?: "real" | "none";
  /** Who is at the other end of the gadget: the target PC, the Pi's own USB host, or nobody. */
  usb?: "target" | "self" | "none";
  hdmi?: boolean;
  /** Mounts this machine's files on /host. */
  hostfs?: boolean;
  modules?: string[];
  /** How many crashes are too many: a thousand unless said, or what the image's configuration says ("own"). */
  crashLimit?: "own";
  /** Who gives `vec0` its address: the lab (unless said), or the Pi's own network device. */
  addresses?: "lab" | "own";
  /** Made beforehand by a rig, so that the target PC can start at the same time. */
  network?: PiNetwork;
  /** Programs of this machine, with their shared libraries: where in the Pi, and from where. */
  programs?: Record<string, string>;
  files?: Record<string, string | Buffer | { data: string | Buffer; mode: number }>;
}

export interface PiProcess {
  pid: number;
  parent: number;
  name: string;
  command: string;
  state: string;
}

const SIGNALS: Record<string, number> = { KILL: 9, TERM: 15, STOP: 19, CONT: 18, INT: 2, HUP: 1, USR1: 10, USR2: 12 };

export class Pi {
  readonly agent: Agent;
  /** Milliseconds from exec of the virtual machine to an answering agent. */
  bootMilliseconds = 0;
  consoleLog = "";
  machine!: ChildProcess;
  /** How often it has come up. */
  boots = 0;
  /** What the firmware chose for the boot that runs or ran last; only with a card. */
  choice: BootChoice | undefined;
  /** Called between the firmware and Linux at each start: a card may die at any moment. */
  afterFirmware: ((card: Card) => void) | undefined;
  #started = 0;
  #isCut = false;
  #up: Promise<void> = Promise.resolve();

  private constructor(
    readonly lab: Lab,
    readonly network: PiNetwork,
    readonly index: number,
    /** Starts the machine, its console going to a log of this name. */
    readonly ignite: (pi: Pi, logName: string, cause: Cause) => ChildProcess,
    readonly card: Card | undefined,
  ) {
    this.agent = new Agent(network.wireAddress);
  }

  static async boot(lab: Lab, options: PiOptions = {}): Promise<Pi> {
    const index = options.index ?? 0;
    const network = options.network ?? createPiNetwork(index);
    const pi = options.card ? withCard(lab, index, options, network) : withoutCard(lab, index, options, network);
    await pi.powerOn();
    return pi;
  }

  static make(...parts: [Lab, PiNetwork, number, Pi["ignite"], Card | undefined]): Pi {
    return new Pi(...parts);
  }

  /** Runs a shell script in the Pi as root. Too late, it and all it started are killed. */
  sh(script: string, timeout?: number): Promise<Answer> {
    return this.agent.exec(script, timeout);
  }

  /** As `sh`, but a failure is an error; returns the trimmed output. */
  async must(script: string): Promise<string> {
    const answer = await this.sh(script);
    if (answer.code !== 0) {
      throw new LabError(`in the Pi '${script}' ended with ${answer.code}: ${answer.stderr.trim() || answer.stdout.trim()}`);
    }
    return answer.stdout.trim();
  }

  /** Runs a command that goes on, and yields its lines. */
  stream(script: string): Stream {
    return this.agent.stream(script);
  }

  async kill(pid: number, signal: number | keyof typeof SIGNALS = "KILL"): Promise<void> {
    const number = typeof signal === "number" ? signal : SIGNALS[signal];
    if (number === undefined) throw new LabError(`no such signal: ${signal}`);
    const errno = await this.agent.kill(pid, number);
    if (errno !== 0) throw new LabError(`cannot signal process ${pid} in the Pi: errno ${errno}`);
  }

  /** A file's bytes, or undefined when it cannot be read. */
  read(path: string): Promise<Buffer | undefined> {
    return this.agent.read(path);
  }

  async readText(path: string): Promise<string> {
    return (await this.read(path))?.toString().trim() ?? "";
  }

  write(path: string, data: Buffer | string, mode?: number): Promise<void> {
    return this.agent.write(path, data, mode);
  }

  /** Every user process, from /proc. */
  async processes(): Promise<PiProcess[]> {
    const lines = await this.agent.processes();
    return lines.map(parseProcess).filter((p): p is PiProcess => p !== undefined);
  }

  async pidOf(match: RegExp): Promise<number | undefined> {
    return (await this.processes()).find((p) => match.test(p.command))?.pid;
  }

  /** Proportional set size of a process, in bytes. */
  async pss(pid: number): Promise<number> {
    const rollup = await this.readText(`/proc/${pid}/smaps_rollup`);
    return Number(/^Pss:\s+(\d+) kB/m.exec(rollup)?.[1] ?? 0) * 1024;
  }

  console(): string {
    return existsSync(this.consoleLog) ? readFileSync(this.consoleLog, "utf8") : "";
  }

  /** Waits until the console has shown a line that matches. */
  async awaitConsole(pattern: RegExp, timeout = PATIENCE_MS): Promise<RegExpExecArray> {
    return until(`the Pi's console says ${pattern}`, () => pattern.exec(this.console()), { timeout });
  }

  /** Ends it for good. */
  powerOff(): Promise<void> {
    return this.powerCut();
  }

  /** The plug is pulled: what is not on the card is lost. */
  async powerCut(): Promise<void> {
    this.#isCut = true;
    await this.lab.end(this.machine);
    await awaitGone(this.machine);
  }

  /** Returns when it is up. */
  async powerOn(): Promise<void> {
    this.#start("power-on");
    await this.#up;
  }

  /** Power for so many milliseconds, however far it gets. */
  async powerFor(milliseconds: number): Promise<void> {
    this.#start("power-on");
    await sleep(milliseconds);
    await this.powerCut();
  }

  /** Waits until it has come up again by itself, more often than `after`: take `boots` before what restarts it. */
  async awaitRestart(after = this.boots, timeout = PATIENCE_MS): Promise<void> {
    await until("the Pi restarts", async () => {
      await this.#up;
      return this.boots > after;
    }, { timeout });
  }

  /** Starts it; `#up` tells how that ends. */
  #start(cause: Cause): void {
    const logName = freshLog(this.lab, `pi${this.index}-console`);
    this.#isCut = false;
    this.#started = performance.now();
    this.consoleLog = this.lab.log(logName);
    const machine = this.ignite(this, logName, cause);
    this.machine = machine;
    machine.once("exit", () => void this.#ended(machine));
    this.#up = this.#awaitBoot(machine);
    // whoever waits for it sees its failure; nobody may
    this.#up.catch(() => {});
  }

  /** A machine with a card goes through its firmware again, unless it was told to stay off. */
  async #ended(machine: ChildProcess): Promise<void> {
    this.agent.gone();
    const cause = causeOf(this.console());
    if (this.#isCut || this.card === undefined || cause === undefined) return;
    await awaitGone(machine);
    if (this.#isCut || machine !== this.machine) return;
    try {
      this.#start(cause);
    } catch (error) {
      this.#up = Promise.reject(error as Error);
      this.#up.catch(() => {});
    }
  }

  async #awaitBoot(machine: ChildProcess): Promise<void> {
    let died = false;
    machine.once("exit", () => (died = true));
    await until("the virtual Pi boots", () => {
      if (died && this.#isCut) throw new LabError("the virtual Pi's power was cut while it booted");
      if (died) throw new LabError(`the virtual Pi ended while booting; its last words:\n${tail(this.console())}`);
      // Only then does anybody answer; to knock earlier costs TCP's second of patience.
      return this.console().includes("lab: agent is listening");
    }, { every: 2 });
    this.bootMilliseconds = performance.now() - this.#started;
    this.boots++;
  }
}

function withoutCard(lab: Lab, index: number, options: PiOptions, network: PiNetwork): Pi {
  const image = lab.path(`pi${index}.cpio`);
  writeFileSync(image, buildPiImage(options, network));
  const ignite = (_: Pi, logName: string): ChildProcess => options.machine === "aarch64"
    ? startArm(lab, logName, { network, image, memory: options.memory, clock: options.clock })
    : startUml(lab, logName, join(umlDirectory(), "linux"), [...umlArguments(lab, index, options, network), `initrd=${image}`, "loglevel=6", "rdinit=/init"]);
  return Pi.make(lab, network, index, ignite, undefined);
}

function withCard(lab: Lab, index: number, options: PiOptions, network: PiNetwork): Pi {
  if (options.machine === "aarch64") throw new LabError("the aarch64 Pi boots without a card");
  const card = Card.make(lab, lab.path(`pi${index}-card.img`), options, network);
  const kernel = lab.path(`pi${index}-linux`);
  const ignite = (pi: Pi, logName: string, cause: Cause): ChildProcess => {
    pi.choice = choose(card, cause, kernel);
    pi.afterFirmware?.(card);
    return startUml(lab, logName, kernel, [...umlArguments(lab, index, options, network), `ubd0=${card.path}`, ...pi.choice.commandLine.split(/\s+/)]);
  };
  return Pi.make(lab, network, index, ignite, card);
}

/** Its threads hold the taps and the card until the last is gone. */
async function awaitGone({ pid }: ChildProcess): Promise<void> {
  if (pid !== undefined) await until("the machine's last process ends", () => !isAlive(pid), { every: 5 });
}

/** Does any process of the group run? Those that nobody waits for stay as zombies and hold nothing. */
function isAlive(group: number): boolean {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return pids.some((pid) => {
    try {
      const [state, , pgrp] = readFileSync(`/proc/${pid}/stat`, "utf8").replace(/^.*\) /s, "").split(" ");
      return Number(pgrp) === group && state !== "Z" && state !== "X";
    } catch {
      return false;
    }
  });
}

/** A Pi that boots again gets a log of its own: what is waited for must not be found in the old one. */
function freshLog(lab: Lab, name: string): string {
  for (let boot = 1; ; boot++) {
    const candidate = boot === 1 ? `${name}.log` : `${name}-${boot}.log`;
    if (!existsSync(lab.log(candidate))) return candidate;
  }
}

/** User-mode Linux restarts by starting itself again; under this name it cannot, so that it ends and its firmware decides. */
const NO_PROGRAM = "/nowhere/virtual-pi";

function startUml(lab: Lab, logName: string, kernel: string, words: string[]): ChildProcess {
  // its memory is a file, which must not go to a disk
  return lab.start(logName, kernel, words, { argv0: NO_PROGRAM, env: { ...process.env, TMPDIR: "/dev/shm" } });
}

function umlArguments(lab: Lab, index: number, options: PiOptions, network: PiNetwork): string[] {
  return [
    `mem=${options.memory ?? "512M"}`,
    `umid=pi${index}`,
    `uml_dir=${lab.path("uml")}`,
    "con=null", "con0=null,fd:1", "ssl=null",
    `vec0:transport=tap,ifname=${network.tap},gro=1,mac=02:64:6b:56:4d:${hex(2 * index)}`,
    `vec1:transport=tap,ifname=${network.wireTap},gro=1,mac=02:64:6b:56:4d:${hex(2 * index + 1)}`,
  ];
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, "0");
}

function parseProcess(line: string): PiProcess | undefined {
  const match = /^(\d+) \((.*?)\) (\S) (\d+) .*?\t(.*)$/.exec(line);
  if (!match) return undefined;
  return { pid: Number(match[1]), name: match[2]!, state: match[3]!, parent: Number(match[4]), command: match[5]!.trim() };
}

function tail(text: string, lines = 20): string {
  return text.split("\n").slice(-lines).join("\n");
}

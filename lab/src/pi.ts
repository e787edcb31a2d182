// The virtual Pi: a User-mode Linux process, reached through its agent.
import type { ChildProcess } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Agent, type Answer, type Stream } from "./agent.ts";
import { startArm } from "./arm.ts";
import { umlDirectory } from "./kernel.ts";
import { LabError, until, type Lab } from "./lab.ts";
import { createPiNetwork, type PiNetwork } from "./network.ts";
import { buildPiImage } from "./pi-image.ts";
import type { MachineKind } from "./platform.ts";

export interface PiOptions {
  /** Several Pis in one lab have numbers 0, 1, …; each has its own networks. */
  index?: number;
  /** "uml" unless said: see `MachineKind`. */
  machine?: MachineKind;
  memory?: string;
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
  readonly consoleLog: string;
  readonly #started = performance.now();

  private constructor(
    readonly lab: Lab,
    readonly network: PiNetwork,
    readonly machine: ChildProcess,
    logName: string,
  ) {
    this.agent = new Agent(network.wireAddress);
    this.consoleLog = lab.log(logName);
  }

  static async boot(lab: Lab, options: PiOptions = {}): Promise<Pi> {
    const index = options.index ?? 0;
    const network = options.network ?? createPiNetwork(index);
    const image = lab.path(`pi${index}.cpio`);
    writeFileSync(image, buildPiImage(options, network));
    const logName = freshLog(lab, `pi${index}-console`);
    const machine = options.machine === "aarch64"
      ? startArm(lab, logName, { network, image, memory: options.memory })
      : startUml(lab, logName, umlArguments(lab, index, options, network, image));
    const pi = new Pi(lab, network, machine, logName);
    await pi.#awaitBoot();
    return pi;
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
  async awaitConsole(pattern: RegExp, timeout = 10_000): Promise<RegExpExecArray> {
    return until(`the Pi's console says ${pattern}`, () => pattern.exec(this.console()), { timeout });
  }

  powerOff(): Promise<void> {
    return this.lab.end(this.machine);
  }

  async #awaitBoot(): Promise<void> {
    let died: number | null | undefined;
    this.machine.once("exit", (code) => (died = code));
    await until("the virtual Pi boots", () => {
      if (died !== undefined) throw new LabError(`the virtual Pi ended while booting; its last words:\n${tail(this.console())}`);
      // Only then does anybody answer; to knock earlier costs TCP's second of patience.
      return this.console().includes("lab: agent is listening");
    }, { timeout: 30_000, every: 2 });
    this.bootMilliseconds = performance.now() - this.#started;
  }
}

/** A Pi that boots again gets a log of its own: what is waited for must not be found in the old one. */
function freshLog(lab: Lab, name: string): string {
  for (let boot = 1; ; boot++) {
    const candidate = boot === 1 ? `${name}.log` : `${name}-${boot}.log`;
    if (!existsSync(lab.log(candidate))) return candidate;
  }
}

function startUml(lab: Lab, logName: string, words: string[]): ChildProcess {
  // its memory is a file, which must not go to a disk
  return lab.start(logName, join(umlDirectory(), "linux"), words, { env: { ...process.env, TMPDIR: "/dev/shm" } });
}

function umlArguments(lab: Lab, index: number, options: PiOptions, network: PiNetwork, image: string): string[] {
  return [
    `mem=${options.memory ?? "512M"}`,
    `initrd=${image}`,
    `umid=pi${index}`,
    `uml_dir=${lab.path("uml")}`,
    "con=null", "con0=null,fd:1", "ssl=null",
    `vec0:transport=tap,ifname=${network.tap},gro=1`,
    `vec1:transport=tap,ifname=${network.wireTap},gro=1`,
    "loglevel=6", "rdinit=/init",
  ];
}

function parseProcess(line: string): PiProcess | undefined {
  const match = /^(\d+) \((.*?)\) (\S) (\d+) .*?\t(.*)$/.exec(line);
  if (!match) return undefined;
  return { pid: Number(match[1]), name: match[2]!, state: match[3]!, parent: Number(match[4]), command: match[5]!.trim() };
}

function tail(text: string, lines = 20): string {
  return text.split("\n").slice(-lines).join("\n");
}

// One lab: where its files are, the processes it started, and what is told to the person.
import { spawn, execFileSync, type ChildProcess, type SpawnOptions } from "node:child_process";
import { mkdirSync, openSync, readdirSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

export const labDirectory = resolve(dirname(fileURLToPath(import.meta.url)), "..");
export const repository = resolve(labDirectory, "..");
export const cache = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "dkvm");

/** An error whose text is all a person needs; shown without a stack. */
export class LabError extends Error {
  override readonly name = "LabError";
}

/** Nobody answers any more: the machine was switched off, or starts anew. */
export class MachineEnded extends LabError {
  override readonly message = "the machine has ended";
}

export function sleep(milliseconds: number): Promise<void> {
  return new Promise((done) => setTimeout(done, milliseconds));
}

/** How long something is waited for that is sure to come: on a machine with other work nothing comes sooner for being waited for less. */
export const PATIENCE_MS = 90_000;

/** A look that hung says nothing of how long the next takes. */
const LONGEST_PAUSE_MS = 1000;

/** Polls until `probe` returns something other than undefined or false; between two looks as long as a look takes, in reason. */
export async function until<T>(
  what: string,
  probe: () => T | Promise<T>,
  { timeout = PATIENCE_MS, every = 10 } = {},
): Promise<Exclude<T, undefined | false | null>> {
  const deadline = performance.now() + timeout;
  for (;;) {
    const looked = performance.now();
    const value = await probe();
    if (value !== undefined && value !== false && value !== null) {
      return value as Exclude<T, undefined | false | null>;
    }
    if (performance.now() > deadline) {
      throw new LabError(`waited ${(timeout / 1000).toFixed(1)} s in vain: ${what}`);
    }
    await sleep(Math.max(every, Math.min(performance.now() - looked, LONGEST_PAUSE_MS)));
  }
}

export class Lab {
  readonly #children = new Set<ChildProcess>();

  /** `work` holds sockets, logs and images of this run, and goes with it. */
  constructor(readonly work: string) {
    mkdirSync(join(work, "logs"), { recursive: true });
  }

  path(name: string): string {
    return join(this.work, name);
  }

  log(name: string): string {
    return join(this.work, "logs", name);
  }

  logs(): string[] {
    return readdirSync(join(this.work, "logs")).map((name) => this.log(name));
  }

  /** Starts a program in a session of its own, its output going to a log of the given name. */
  start(logName: string, command: string, args: string[], options: SpawnOptions = {}): ChildProcess {
    const log = openSync(this.log(logName), "a");
    const child = spawn(command, args, { stdio: ["ignore", log, log], detached: true, ...options });
    this.#children.add(child);
    child.on("error", (error) => console.error(`lab: cannot start ${command}: ${error.message}`));
    child.on("exit", () => this.#children.delete(child));
    return child;
  }

  /** Ends a program and everything in its process group. */
  async end(child: ChildProcess): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
    const gone = new Promise((done) => child.once("exit", done));
    killGroup(child.pid);
    await gone;
  }

  async endAll(): Promise<void> {
    await Promise.all([...this.#children].map((child) => this.end(child)));
  }
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // already gone
  }
}

/** Runs a short command of this machine; its failure is the lab's failure. */
export function run(command: string, ...args: string[]): string {
  try {
    return execFileSync(command, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  } catch (error) {
    const text = (error as { stderr?: string }).stderr?.trim() || (error as Error).message;
    throw new LabError(`${command} ${args.join(" ")} failed: ${text}`);
  }
}

// A workstation on this machine: the real kernel and devices, and an X server without a screen whose pixels can be read.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { ChildProcess } from "node:child_process";
import type { DeviceInfo } from "../../devices/web/page/src/wire/DeviceInfo.ts";
import type { DeskState } from "../../devices/web/page/src/wire/DeskState.ts";
import type { PeerState } from "../../devices/web/page/src/wire/PeerState.ts";
import { only, withConfig } from "./config.ts";
import { LabError, repository, run, until, type Lab } from "./lab.ts";
import { findBinary } from "./pi-image.ts";
import type { Grey } from "./picture.ts";

/** An X server with a screen of this size, in a file. */
export class XServer {
  readonly #process: ChildProcess;

  private constructor(readonly display: string, readonly folder: string, process: ChildProcess) {
    this.#process = process;
  }

  /** On the first display that is free: the one of before, where that was it and has ended. */
  static async start(lab: Lab, { width, height }: { width: number; height: number }, before?: string): Promise<XServer> {
    const name = `xvfb-${Date.now()}`;
    const folder = lab.path(name);
    mkdirSync(folder);
    // with a display's number it would heed lock files, which are of other runs and name processes of other namespaces
    const process = lab.start(`${name}.log`, "Xvfb", ["-displayfd", "1", "-screen", "0", `${width}x${height}x24`, "-nolisten", "tcp", "-noreset", "-fbdir", folder]);
    const number = await until("the X server is up", () => existsSync(join(folder, "Xvfb_screen0")) ? /^(\d+)$/m.exec(readFileSync(lab.log(`${name}.log`), "utf8"))?.[1] : undefined);
    if (before !== undefined && before !== `:${number}`) throw new LabError(`the X server came up as :${number}, and the one before was ${before}: another one runs on this machine`);
    return new XServer(`:${number}`, folder, process);
  }

  /** All that it shows now. The file is as xwd(1) has it: big-endian words, colours, then lines. */
  picture(): Grey {
    const file = readFileSync(join(this.folder, "Xvfb_screen0"));
    const word = (at: number): number => file.readUInt32BE(4 * at);
    const [head, width, height, line, colors] = [word(0), word(4), word(5), word(12), word(19)];
    if (word(11) !== 32) throw new LabError(`the X server has ${word(11)} bits a pixel`);
    const data = new Uint8Array(width * height);
    for (let y = 0; y < height; y++) {
      const start = head + 12 * colors + y * line;
      for (let x = 0; x < width; x++) {
        const at = start + 4 * x;
        data[y * width + x] = (file[at + 2]! * 77 + file[at + 1]! * 150 + file[at]! * 29) >> 8;
      }
    }
    return { width, height, data };
  }

  /** As when the person's session ends. */
  end(lab: Lab): Promise<void> {
    return lab.end(this.#process);
  }
}

/** A node on this machine with a link and a window; with `input`, its keyboard and mouse are played by a script. */
export class WindowDesk {
  readonly #program = findBinary("dkvm");
  readonly #socket: string;
  readonly #config: string;
  readonly #script: string;
  /** The configuration that it began with, and what was said of devices since. */
  readonly #first: string;
  readonly #more = new Map<string, string>();

  private constructor(room: string) {
    this.#socket = join(room, "run/kernel.sock");
    this.#config = configFile(room);
    this.#script = script(room);
    this.#first = readFileSync(this.#config, "utf8");
  }

  static async start(lab: Lab, display: string, name: string, devices: readonly string[] = ["peer", "screen"]): Promise<WindowDesk> {
    const room = lab.path("window-desk");
    for (const folder of ["run/input", "state", "shm"]) mkdirSync(join(room, folder), { recursive: true });
    run("mkfifo", script(room));
    writeFileSync(configFile(room), configuration(room, name, devices));
    run("ip", "link", "set", "lo", "up"); // in the lab's own network namespace
    lab.start("window-desk.log", findBinary("dkvm"), ["kernel", "--config", configFile(room)], { env: { ...process.env, DISPLAY: display } });
    const desk = new WindowDesk(room);
    await until("the workstation is up", () => devices.every((device) => desk.phase(device) === "running"), UP);
    if (devices.includes("input")) await desk.#plug();
    return desk;
  }

  async #plug(): Promise<void> {
    writeFileSync(this.#script, "plug 1 keyboard A keyboard\nplug 2 mouse A mouse\n");
    await until("keyboard and mouse are read", () => this.focus().devices.length === 2, UP);
  }

  /** With these lines in the configuration of a device, in place of those of before; it begins anew. */
  async reconfigure(device: "input" | "screen", lines: string): Promise<void> {
    const before = this.#device(device)?.generation;
    this.#more.set(device, lines);
    writeFileSync(this.#config, [...this.#more].reduce((text, [of, more]) => withConfig(text, of, more), this.#first));
    this.dkvm("reload");
    await until(`${device} begins anew`, () => {
      const now = this.#device(device);
      return now?.phase === "running" && now.generation !== before;
    }, UP);
    if (device === "input") await this.#plug();
  }

  focus(): DeskState {
    return JSON.parse(this.dkvm("--json", "focus")) as DeskState;
  }

  dkvm(...words: string[]): string {
    return run(this.#program, "--socket", this.#socket, ...words);
  }

  phase(device: string): string | undefined {
    return this.#device(device)?.phase;
  }

  #device(device: string): DeviceInfo | undefined {
    try {
      const { devices } = JSON.parse(this.dkvm("--json", "ps")) as { devices: DeviceInfo[] };
      return devices.find(({ name }) => name === device);
    } catch {
      return undefined; // not listening yet
    }
  }

  peers(): PeerState {
    return JSON.parse(this.dkvm("--json", "peers")) as PeerState;
  }
}

const UP = { every: 100 };

function configFile(room: string): string {
  return join(room, "dkvm.toml");
}

/** What plays keyboard and mouse, in the one folder that `input` may open. */
function script(room: string): string {
  return join(room, "run/input/script");
}

/** That of the package, on a machine whose only user is root. */
function configuration(room: string, name: string, devices: readonly string[]): string {
  const device = dirname(findBinary("dkvm-device"));
  const text = readFileSync(join(repository, "board/workstation/dkvm.toml"), "utf8")
    .replace("[kernel]\n", `[kernel]\nrun_dir = "${room}/run"\nstate_dir = "${room}/state"\nshm_dir = "${room}/shm"\n`)
    .replace(/^realtime = true.*\n/gm, "")
    .replace('user = "dkvm-peer"', 'user = "0"') // by its number: a gateway has a user of its own
    .replace('user = "dkvm-screen"', 'user = "root"')
    .replace('user = "dkvm-input"', 'user = "root"')
    .replace(/^groups = \["input"\].*\n/m, "") // plays a script
    .replace(/"dkvm-device"/g, `"${device}/dkvm-device"`);
  const named = withConfig(only(text, devices), "peer", `name = "${name}"`);
  const played = withConfig(named, "input", `backend = "dummy"\nscript = "${script(room)}"`);
  return withConfig(played, "screen", "full_screen = true");
}

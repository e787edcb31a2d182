// A workstation on this machine: the real kernel and devices, and an X server without a screen whose pixels can be read.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { ChildProcess } from "node:child_process";
import type { DeviceInfo } from "../../devices/web/page/src/wire/DeviceInfo.ts";
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

/** A node on this machine with a link and a window. */
export class WindowDesk {
  readonly #program = findBinary("dkvm");
  readonly #socket: string;

  private constructor(socket: string) {
    this.#socket = socket;
  }

  static async start(lab: Lab, display: string, name: string): Promise<WindowDesk> {
    const room = lab.path("window-desk");
    for (const folder of ["run", "state", "shm"]) mkdirSync(join(room, folder), { recursive: true });
    const config = join(room, "dkvm.toml");
    writeFileSync(config, configuration(room, name));
    run("ip", "link", "set", "lo", "up"); // in the lab's own network namespace
    lab.start("window-desk.log", findBinary("dkvm"), ["kernel", "--config", config], { env: { ...process.env, DISPLAY: display } });
    const desk = new WindowDesk(join(room, "run/kernel.sock"));
    await until("the workstation is up", () => desk.phase("peer") === "running" && desk.phase("screen") === "running", { timeout: 20_000, every: 100 });
    return desk;
  }

  dkvm(...words: string[]): string {
    return run(this.#program, "--socket", this.#socket, ...words);
  }

  phase(device: string): string | undefined {
    try {
      const { devices } = JSON.parse(this.dkvm("--json", "ps")) as { devices: DeviceInfo[] };
      return devices.find(({ name }) => name === device)?.phase;
    } catch {
      return undefined; // not listening yet
    }
  }

  peers(): PeerState {
    return JSON.parse(this.dkvm("--json", "peers")) as PeerState;
  }
}

/** That of the package, on a machine whose only user is root. */
function configuration(room: string, name: string): string {
  const device = dirname(findBinary("dkvm-device"));
  const text = readFileSync(join(repository, "board/workstation/dkvm.toml"), "utf8")
    .replace("[kernel]\n", `[kernel]\nrun_dir = "${room}/run"\nstate_dir = "${room}/state"\nshm_dir = "${room}/shm"\n`)
    .replace(/^realtime = true.*\n/gm, "")
    .replace('user = "dkvm-peer"', 'user = "0"') // by its number: a gateway has a user of its own
    .replace('user = "dkvm-screen"', 'user = "root"')
    .replace(/"dkvm-device"/g, `"${device}/dkvm-device"`);
  return withConfig(withConfig(only(text, ["peer", "screen"]), "peer", `name = "${name}"`), "screen", "full_screen = true");
}

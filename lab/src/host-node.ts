// A dKVM node on this machine, without the virtual Pi: dummy devices, but the real kernel, jail and encoder. For figures
// that User-mode Linux, where a fork and exec take 14 ms, would hide.
import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { createInterface } from "node:readline";
import { run, until, type Lab } from "./lab.ts";
import type { Stream } from "./agent.ts";
import { findBinary } from "./pi-image.ts";
import type { DeviceInfo } from "../../devices/web/page/src/wire/DeviceInfo.ts";

const PORT = 8444;
const DUMMIES = { gadget: 'backend = "dummy"', hid: 'backend = "dummy"', capture: 'backend = "dummy"', encode: "", web: `listen = "127.0.0.1:${PORT}"` };

export class HostNode {
  readonly #program = findBinary("dkvm");

  /** Of its page. */
  readonly address = `127.0.0.1:${PORT}`;

  private constructor(readonly socket: string, readonly kernel: ChildProcess, readonly lab: Lab) {}

  /** With more devices than the usual ones, each with its configuration. */
  static async start(lab: Lab, more: Record<string, string> = {}): Promise<HostNode> {
    const room = lab.path("host-node");
    for (const name of ["run", "state", "shm"]) mkdirSync(`${room}/${name}`, { recursive: true });
    const config = `${room}/dkvm.toml`;
    writeFileSync(config, configuration(room, { ...DUMMIES, ...more }));
    run("ip", "link", "set", "lo", "up"); // in the lab's own network namespace
    const kernel = lab.start("host-node.log", findBinary("dkvm"), ["kernel", "--config", config]);
    const node = new HostNode(`${room}/run/kernel.sock`, kernel, lab);
    await until("the node on this machine is up", () => {
      try {
        return node.devices().length > 0 && node.devices().every(({ phase }) => phase === "running" || phase === "degraded");
      } catch {
        return false; // not listening yet
      }
    }, { every: 100 });
    return node;
  }

  devices(): DeviceInfo[] {
    return (JSON.parse(run(this.#program, "--socket", this.socket, "--json", "ps")) as { devices: DeviceInfo[] }).devices;
  }

  followLog(): Stream {
    const program = spawn(this.#program, ["--socket", this.socket, "--json", "logs", "-f"], { stdio: ["ignore", "pipe", "ignore"] });
    return { lines: createInterface({ input: program.stdout }), close: () => program.kill() };
  }

  end(): Promise<void> {
    return this.lab.end(this.kernel);
  }
}

function configuration(room: string, devices: Record<string, string>): string {
  const device = dirname(findBinary("dkvm-device"));
  const parts = Object.entries(devices).map(([name, config]) => `[device.${name}]
command = ["${device}/dkvm-device", "${name}"]
user = "root"
${name === "web" ? 'network = true\ncalls = ["control", "storage"]\n' : ""}[device.${name}.config]
${config}
`);
  return `[kernel]
run_dir = "${room}/run"
state_dir = "${room}/state"
shm_dir = "${room}/shm"
[memory]
budget = "96M"
${parts.join("")}`;
}

// The dKVM node in a Pi, asked by its own command.
import { LabError, PATIENCE_MS, until } from "./lab.ts";
import type { Pi } from "./pi.ts";
import type { DeviceInfo } from "../../devices/web/page/src/wire/DeviceInfo.ts";
import type { DeathRecord } from "../../devices/web/page/src/wire/DeathRecord.ts";
import type { MemoryStats } from "../../devices/web/page/src/wire/MemoryStats.ts";

export const DEVICES = ["gadget", "hid", "capture", "encode", "web"] as const;

const UP = ["running", "degraded"];

export class Node {
  constructor(readonly pi: Pi) {}

  async devices(): Promise<DeviceInfo[]> {
    return (await this.#ask<{ devices: DeviceInfo[] }>("ps")).devices;
  }

  async device(name: string): Promise<DeviceInfo> {
    const found = (await this.devices()).find((device) => device.name === name);
    if (!found) throw new LabError(`the node has no device '${name}'`);
    return found;
  }

  async deaths(name: string): Promise<DeathRecord[]> {
    return (await this.#ask<{ deaths: DeathRecord[] }>(`deaths ${name}`)).deaths;
  }

  async memory(): Promise<MemoryStats> {
    return (await this.#ask<{ memory: MemoryStats }>("info")).memory;
  }

  /** Waits until each of these is ready, `generation` at least as given. */
  async awaitUp(names: readonly string[] = DEVICES, { timeout = PATIENCE_MS, after = new Map<string, number>() } = {}): Promise<DeviceInfo[]> {
    let last = "no answer from the kernel";
    return until(`${names.join(", ")} ready`, async () => {
      const devices = await this.devices().catch((error: Error) => { last = error.message; return []; });
      const missing = names.filter((name) => {
        const device = devices.find((d) => d.name === name);
        return !device || !UP.includes(device.phase) || device.generation <= (after.get(name) ?? 0);
      });
      if (missing.length > 0) last = missing.map((name) => told(name, devices)).join("; ");
      return missing.length === 0 ? devices : undefined;
    }, { timeout, every: 20 }).catch((error: Error) => { throw new LabError(`${error.message} (${last})`); });
  }

  async kernelPid(): Promise<number> {
    const pid = await this.pi.pidOf(/^\/usr\/bin\/dkvm kernel/);
    if (pid === undefined) throw new LabError("no dkvm kernel is running in the Pi");
    return pid;
  }

  async #ask<T>(command: string): Promise<T> {
    return JSON.parse(await this.pi.must(`dkvm ${command} --json`)) as T;
  }
}

function told(name: string, devices: DeviceInfo[]): string {
  const device = devices.find((d) => d.name === name);
  return device ? `${name} is ${device.phase}${device.detail ? `: ${device.detail}` : ""}` : `${name} is not there`;
}

// One chip per device: its colour is its phase, it flashes when the device restarts, a click opens its record.

import type { JSX } from "preact";
import type { App } from "../app";
import type { Model } from "../model/model";
import type { DeviceInfo } from "../wire/DeviceInfo";
import type { Phase } from "../wire/Phase";

/** With more devices than this the bar names only those that are not well. */
const MANY = 6;

/** How good a phase is: the chip's colour. */
export type Health = "good" | "partly" | "moving" | "bad" | "off";

const HEALTH: Record<Phase, Health> = {
  running: "good",
  degraded: "partly",
  starting: "moving",
  preparing: "moving",
  stopping: "moving",
  backoff: "moving",
  failed: "bad",
  stopped: "off",
};

/** The phase in a word. */
export const PHASE_WORDS: Record<Phase, string> = {
  running: "running",
  degraded: "running, something is missing",
  starting: "starting",
  preparing: "getting ready",
  stopping: "stopping",
  backoff: "restarts soon",
  failed: "failed",
  stopped: "stopped",
};

export function healthOf(device: DeviceInfo): Health {
  return HEALTH[device.phase];
}

export function Chips({ app, model, open }: { app: App; model: Model; open: string | null }): JSX.Element {
  return (
    <span class={`chips ${model.devices.length > MANY ? "many" : ""}`} role="group" aria-label="Devices">
      {model.devices.map((device) => (
        <Chip key={device.name} device={device} flash={model.restarts[device.name]} open={open === device.name} act={() => app.inspect(device.name)} />
      ))}
    </span>
  );
}

function Chip({ device, flash, open, act }: { device: DeviceInfo; flash: number | undefined; open: boolean; act(): void }): JSX.Element {
  const words = device.detail ?? PHASE_WORDS[device.phase];
  return (
    <button class={`chip ${healthOf(device)}`} data-testid={`chip-${device.name}`} data-phase={device.phase} aria-expanded={open} title={`${device.name}: ${words}`} onClick={act}>
      <span key={flash ?? 0} class={`dot ${flash === undefined ? "" : "flash"}`} />
      {device.name}
      <span class="sr">, {words}</span>
    </button>
  );
}

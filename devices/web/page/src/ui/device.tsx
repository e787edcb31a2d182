// One device: what it is, what it did, how it died.

import type { JSX } from "preact";
import type { App } from "../app";
import type { Model } from "../model/model";
import type { DeathRecord } from "../wire/DeathRecord";
import type { DeviceInfo } from "../wire/DeviceInfo";
import { Asking } from "./asking";
import { healthOf, PHASE_WORDS } from "./chips";
import { Part } from "./drawer";
import { bytes, duration, moment } from "./format";
import { BackIcon } from "./icons";

/** What a restart does to the person who asks for it. */
const CONSEQUENCES: Readonly<Record<string, string>> = {
  web: "This page loses its link for a moment and comes back by itself.",
  hid: "Everything held is released; keyboard and mouse are back in a moment.",
  gadget: "The target keeps the keyboard; the device adopts its USB port again.",
  capture: "The picture stands for a moment.",
  encode: "The picture stands for a moment.",
  h264: "The picture stands for a moment.",
};

export function DeviceRecord({ app, model, device }: { app: App; model: Model; device: DeviceInfo }): JSX.Element {
  const deaths = model.deaths.filter((death) => death.name === device.name);
  return (
    <div data-testid={`record-${device.name}`}>
      <button class="back" data-testid="record-back" onClick={() => app.open("system")}>
        <BackIcon /> All devices
      </button>
      <section class="part">
        <h2 class="record-title">
          <span class={`dot ${healthOf(device)}`} /> {device.name}
        </h2>
        <p>{device.detail ?? `It is ${PHASE_WORDS[device.phase]}.`}</p>
        <Facts device={device} />
        <Asking
          testid="restart"
          label={device.phase === "stopped" || device.phase === "failed" ? "Start" : "Restart"}
          question={CONSEQUENCES[device.name] ?? "What it does stops for a moment."}
          confirm={`Restart ${device.name}`}
          act={() => void app.act({ name: "restart", device: device.name }, `${device.name} restarts.`)}
        />
      </section>
      <Part title={deaths.length > 0 ? "Deaths, newest first" : "Deaths"}>
        {deaths.length === 0 ? <p class="hint">None on record.</p> : <>{deaths.map((death) => <Death key={`${death.generation} ${death.at_unix_ms}`} death={death} />)}</>}
      </Part>
    </div>
  );
}

function Facts({ device }: { device: DeviceInfo }): JSX.Element {
  const facts: Array<[string, string]> = [
    ["Ready for", device.uptime_ms > 0 ? duration(device.uptime_ms) : "–"],
    ["Starts", String(device.generation)],
    ["Deaths", String(device.deaths)],
    ["Process", device.pid === null ? "–" : String(device.pid)],
    ["Memory", device.rss > 0 ? bytes(device.rss) : "–"],
    ["Events out, in", `${device.events_out}, ${device.events_in}`],
    ["Frames out", String(device.frames_out)],
    ["Dropped for it", String(device.dropped)],
    ["Leases held", String(device.leases)],
  ];
  return (
    <dl class="facts">
      {facts.map(([name, value]) => [<dt key={name}>{name}</dt>, <dd key={`${name} value`}>{value}</dd>])}
    </dl>
  );
}

function Death({ death }: { death: DeathRecord }): JSX.Element {
  return (
    <details class="death" data-testid="death">
      <summary>
        <strong>{death.cause}</strong>
        <span class="death-when">
          {moment(death.at_unix_ms)}, after {duration(death.lived_ms)}, start {death.generation}
        </span>
      </summary>
      {death.log.length > 0 ? <pre class="log">{death.log.join("\n")}</pre> : <p class="hint">It wrote nothing to its log.</p>}
    </details>
  );
}

// The system drawer: devices with their deaths, memory, the node, the password.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { sentence } from "../api";
import type { App } from "../app";
import type { Model } from "../model/model";
import type { DeviceInfo } from "../wire/DeviceInfo";
import type { MemoryStats } from "../wire/MemoryStats";
import { healthOf, PHASE_WORDS } from "./chips";
import { Configuration } from "./config";
import { DeviceRecord } from "./device";
import { Part, type DrawerProps } from "./drawer";
import { bytes, duration } from "./format";
import { Field, UserName, useSubmit } from "./gate";
import { Image } from "./image";
import { Pi } from "./pi";
import { Usb } from "./usb";

export function SystemDrawer({ app, model, ui }: DrawerProps): JSX.Element {
  const device = model.devices.find((known) => known.name === ui.device);
  if (device) return <DeviceRecord app={app} model={model} device={device} />;
  return (
    <>
      <Part title="Devices">
        <ul class="devices">
          {model.devices.map((known) => (
            <DeviceLine key={known.name} app={app} device={known} />
          ))}
        </ul>
      </Part>
      <Configuration app={app} model={model} edited={ui.edited} />
      <Image app={app} model={model} />
      <Pi app={app} model={model} />
      {model.memory && <Memory memory={model.memory} />}
      <Usb app={app} model={model} />
      <Node model={model} />
      <ChangePassword app={app} />
      <Part title="Session">
        <button class="wide" data-testid="logout" onClick={() => void app.logout()}>
          Log out
        </button>
      </Part>
    </>
  );
}

function DeviceLine({ app, device }: { app: App; device: DeviceInfo }): JSX.Element {
  return (
    <li>
      <button class="device-line" data-testid={`device-${device.name}`} onClick={() => app.inspect(device.name)}>
        <span class={`dot ${healthOf(device)}`} />
        <span class="device-name">{device.name}</span>
        <span class="device-phase">{device.detail ?? PHASE_WORDS[device.phase]}</span>
        <span class="device-figures">
          {device.rss > 0 && <span title="Memory">{bytes(device.rss)}</span>}
          <span title="Deaths since the kernel's start" class={device.deaths > 0 ? "counted" : ""}>
            †&#8239;{device.deaths}
          </span>
        </span>
      </button>
    </li>
  );
}

function Memory({ memory }: { memory: MemoryStats }): JSX.Element {
  return (
    <Part title="Shared memory" hint={`${memory.pools} pools, ${memory.leases} leases, ${memory.granted} of them granted ahead.`}>
      <div class="row">
        <meter class="meter" min={0} max={memory.budget} value={memory.bytes} aria-label="Shared memory used" />
        <span class="number wide-number">
          {bytes(memory.bytes)} of {bytes(memory.budget)}
        </span>
      </div>
    </Part>
  );
}

function Node({ model }: { model: Model }): JSX.Element | null {
  const { kernel } = model;
  if (kernel === null) return null;
  return (
    <Part title="Node">
      {kernel.notices.length > 0 && (
        <ul class="notices" data-testid="node-notices" aria-label="Notices of the start">
          {kernel.notices.map((notice) => (
            <li key={notice}>{sentence(notice)}</li>
          ))}
        </ul>
      )}
      <dl class="facts">
        <dt>Name</dt>
        <dd>{kernel.node}</dd>
        <dt>Kernel</dt>
        <dd data-testid="kernel-version">dKVM {kernel.version}</dd>
        <dt>Up when this page connected</dt>
        <dd>{duration(kernel.uptime_ms)}</dd>
        <dt>Pages connected</dt>
        <dd data-testid="viewers">{model.viewers}</dd>
        <dt>Round trip</dt>
        <dd>{model.rttMs === null ? "–" : `${model.rttMs.toFixed(1)} ms`}</dd>
      </dl>
    </Part>
  );
}

function ChangePassword({ app }: { app: App }): JSX.Element {
  const [old, setOld] = useState("");
  const [fresh, setFresh] = useState("");
  const form = useSubmit(async () => {
    await app.api.changePassword(old, fresh);
    setOld("");
    setFresh("");
    app.toast({ tone: "quiet", text: "The password was changed." });
  });
  return (
    <details class="part">
      <summary data-testid="change-password">Change the password</summary>
      <form onSubmit={form.submit}>
        <UserName node={app.model.value.node} />
        <Field label="Present password" testid="password-old" value={old} onInput={setOld} autocomplete="current-password" />
        <Field label="New password, at least 8 characters" testid="password-new" value={fresh} onInput={setFresh} autocomplete="new-password" />
        {form.error && (
          <p class="problem" role="alert" data-testid="password-error">
            {form.error}
          </p>
        )}
        <button class="wide" data-testid="password-submit" disabled={old === "" || fresh.length < 8 || form.busy || form.waitSeconds > 0}>
          {form.waitSeconds > 0 ? `Wait ${form.waitSeconds} s` : "Change it"}
        </button>
      </form>
    </details>
  );
}

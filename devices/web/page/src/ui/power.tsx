// The power drawer: the target's front panel and Wake-on-LAN.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { App } from "../app";
import type { Model } from "../model/model";
import { absentWords, cleanMac, pressWords } from "../model/power";
import type { Button } from "../wire/Button";
import type { PowerState } from "../wire/PowerState";
import type { WakeTarget } from "../wire/WakeTarget";
import { Asking } from "./asking";
import { Part, type DrawerProps } from "./drawer";

/** Held for so long the power button cuts the power: mainboards want 4 to 5 s, ms. */
const CUT_MS = 6000;

export function PowerDrawer({ app, model }: DrawerProps): JSX.Element {
  const { power } = model;
  if (power === null) return <Part title="Target" hint={absentWords(model, "power", "docs/power.md")}>{null}</Part>;
  return (
    <>
      <Panel app={app} model={model} power={power} />
      <WakeOnLan app={app} power={power} />
    </>
  );
}

function Panel({ app, model, power }: { app: App; model: Model; power: PowerState }): JSX.Element {
  const wired = power.buttons.length > 0 || power.power_led !== null || power.disk_led !== null;
  const hint = "Nothing of the target's front panel is wired to this node: docs/power.md says which two parts to buy and which pins to join.";
  if (!wired) return <Part title="Target" hint={hint}>{null}</Part>;
  return (
    <>
      <Part title="Target">
        <Lamp name="Power" testid="power-led" lit={power.power_led} words={["off", "on"]} />
        <Lamp name="Disk" testid="disk-led" lit={power.disk_led} words={["idle", "working"]} />
      </Part>
      <Part title="Front panel" {...(power.pressed ? { hint: `The ${power.pressed} button is held down.` } : {})}>
        {power.buttons.length === 0 && <p class="hint">No button is wired: docs/power.md says how.</p>}
        <div class="asks" data-testid="power-buttons" data-pressed={power.pressed ?? ""}>
          <PowerButtons app={app} model={model} power={power} />
        </div>
      </Part>
    </>
  );
}

function Lamp({ name, testid, lit, words }: { name: string; testid: string; lit: boolean | null; words: readonly [string, string] }): JSX.Element {
  return (
    <div class="row" data-testid={testid} data-lit={lit === null ? "unknown" : String(lit)}>
      <span>{name}</span>
      <span class={`lamp ${lit ? "on" : ""}`}>
        {lit !== null && <span class="lamp-light" />}
        {lit === null ? "LED not wired" : words[lit ? 1 : 0]}
      </span>
    </div>
  );
}

interface PanelProps {
  app: App;
  model: Model;
  power: PowerState;
}

function PowerButtons({ app, model, power }: PanelProps): JSX.Element {
  const busy = power.pressed !== null;
  const has = (button: Button): boolean => power.buttons.includes(button);
  const press = (button: Button, hold: number | null): void => void app.press(button, hold);
  const target = `the target of ${model.node || "this node"}`;
  return (
    <>
      {has("power") && (
        <Asking testid="press-power" label="Press power" disabled={busy} question={pressWords(power.power_led, target)} confirm="Press it" act={() => press("power", null)} />
      )}
      {has("power") && (
        <Asking
          testid="cut-power"
          label="Cut the power"
          disabled={busy}
          question={`The power button of ${target} is held for ${CUT_MS / 1000} s: it goes off at once. What nobody saved is lost, and its disks may take harm.`}
          confirm="Cut the power"
          act={() => press("power", CUT_MS)}
        />
      )}
      {has("reset") && (
        <Asking
          testid="press-reset"
          label="Reset"
          disabled={busy}
          question={`The reset button of ${target} is pressed: it starts anew at once. What nobody saved is lost.`}
          confirm="Reset it"
          act={() => press("reset", null)}
        />
      )}
    </>
  );
}

function WakeOnLan({ app, power }: { app: App; power: PowerState }): JSX.Element {
  const [text, setText] = useState("");
  const mac = cleanMac(text);
  const wrong = text.trim() !== "" && mac === null;
  const wake = (target: string): void => void app.act({ name: "wake", target }, `The wake-up packet for ${target} was sent.`);
  const submit = (event: Event): void => {
    event.preventDefault();
    if (mac !== null) wake(mac);
  };
  return (
    <Part title="Wake-on-LAN">
      {power.wake.length > 0 && (
        <ul class="lines">
          {power.wake.map((target) => (
            <WakeLine key={target.name} target={target} wake={wake} />
          ))}
        </ul>
      )}
      <form onSubmit={submit}>
        <label class="field">
          <span>Another machine, by its MAC address</span>
          <span class="field-with">
            <input data-testid="wake-mac" value={text} placeholder="aa:bb:cc:dd:ee:ff" autocomplete="off" autocapitalize="off" spellcheck={false} aria-invalid={wrong} aria-describedby="wake-hint" onInput={(event) => setText(event.currentTarget.value)} />
            <button data-testid="wake-submit" disabled={mac === null}>
              Wake
            </button>
          </span>
        </label>
        <p class={wrong ? "problem" : "hint"} id="wake-hint" data-testid="wake-hint">
          {wrong ? "A MAC address is six pairs of 0 to 9 and a to f." : "It must be on this node's network, with Wake-on-LAN switched on in its firmware."}
        </p>
      </form>
    </Part>
  );
}

function WakeLine({ target, wake }: { target: WakeTarget; wake(name: string): void }): JSX.Element {
  return (
    <li class="row">
      <span class="line-name">
        <strong>{target.name}</strong> <span class="soft">{target.mac}</span>
      </span>
      <button data-testid={`wake-${target.name}`} aria-label={`Wake ${target.name}`} onClick={() => wake(target.name)}>
        Wake
      </button>
    </li>
  );
}

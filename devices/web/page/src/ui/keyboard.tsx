// The keyboard drawer: combinations that no page can catch, a keyboard to tap on, the chord, the pointer.

import type { JSX } from "preact";
import { CHORDS } from "../input/chord";
import { COMBOS, CONSOLES } from "../input/combos";
import { SPECIAL_KEYS } from "../input/special";
import type { App } from "../app";
import type { Model } from "../model/model";
import { isFar } from "../model/targets";
import { Asking } from "./asking";
import { Choice, Part, type DrawerProps } from "./drawer";
import { Elsewhere } from "./far";
import { MODIFIERS, ROWS, type Cap } from "./keys";
import { ChordKeys } from "./notices";
import { MacrosPart } from "./macros";
import { PastePart } from "./paste";

/** A press here must not take the browser's focus from the picture. */
function keepFocus(event: Event): void {
  event.preventDefault();
}

export function KeyboardDrawer({ app, model, settings }: DrawerProps): JSX.Element {
  return (
    <>
      <Part title="Send">
        <div class="keys combos" onMouseDown={keepFocus}>
          {COMBOS.map((combo) => (
            <button key={combo.label} data-testid={`combo-${slug(combo.label)}`} onClick={() => app.console.combo(combo.keys)}>
              {combo.label}
            </button>
          ))}
        </div>
      </Part>
      <SpecialPart app={app} model={model} />
      {isFar(model) ? <TextElsewhere model={model} /> : <Texts app={app} model={model} />}
      <Part title="Console: Ctrl+Alt+">
        <div class="keys consoles" onMouseDown={keepFocus}>
          {CONSOLES.map((combo) => (
            <button key={combo.label} data-testid={`console-${slug(combo.label)}`} aria-label={`Ctrl+Alt+${combo.label}`} onClick={() => app.console.combo(combo.keys)}>
              {combo.label}
            </button>
          ))}
        </div>
      </Part>
      <OnScreen app={app} />
      <Part title="To leave the target">
        <select class="select" data-testid="chord" aria-label="Keys that let go" value={settings.chord} onChange={(event) => app.configure({ chord: event.currentTarget.value as typeof settings.chord })}>
          {CHORDS.map((chord) => (
            <option key={chord.name} value={chord.name}>
              {chord.label}
            </option>
          ))}
        </select>
        <p class="hint">
          <ChordKeys name={settings.chord} /> gives keyboard and mouse back to this computer, always.
        </p>
      </Part>
      <Part title="To see all targets">
        <select class="select" data-testid="overview-chord" aria-label="Keys that show all targets" value={settings.overview} onChange={(event) => app.configure({ overview: event.currentTarget.value as typeof settings.overview })}>
          {CHORDS.filter(({ name }) => name !== settings.chord).map((chord) => (
            <option key={chord.name} value={chord.name}>
              {chord.label}
            </option>
          ))}
        </select>
      </Part>
      <Part title="Pointer" hint={settings.pointer === "relative" ? "Click the picture: the pointer is locked to the target until you leave. For old systems and games." : "The target's own cursor stands where yours is."}>
        <Choice
          label="Pointer"
          testid="pointer"
          value={settings.pointer}
          choices={[
            { value: "absolute", label: "Absolute" },
            { value: "relative", label: "Relative, locked" },
          ]}
          choose={(pointer) => app.configure({ pointer })}
        />
      </Part>
      {has(model, "touch") && (
        <Part title="Fingers" hint={settings.touch === "screen" ? "Each finger on the picture is a finger on the target's screen, five at most." : "Tap to click, hold for the right button, two fingers for the wheel."}>
          <Choice
            label="Fingers"
            testid="touch"
            value={settings.touch}
            choices={[
              { value: "pointer", label: "Trackpad" },
              { value: "screen", label: "Touchscreen" },
            ]}
            choose={(touch) => app.configure({ touch })}
          />
        </Part>
      )}
      {!isFar(model) && <JigglePart app={app} model={model} />}
    </>
  );
}

function Texts({ app, model }: { app: App; model: Model }): JSX.Element {
  return (
    <>
      <PastePart app={app} model={model} />
      <MacrosPart app={app} model={model} />
    </>
  );
}

function TextElsewhere({ model }: { model: Model }): JSX.Element {
  return (
    <Part title="Text and macros">
      <Elsewhere model={model} words={`Text, macros and what keeps the target of ${model.chosen} awake are that node's own.`} />
    </Part>
  );
}

/** Whether the target has something beside keyboard and mouse. */
function has(model: Model, extra: string): boolean {
  return model.hid?.extras?.includes(extra) ?? false;
}

function SpecialPart({ app, model }: { app: App; model: Model }): JSX.Element | null {
  const keys = SPECIAL_KEYS.filter((key) => has(model, key.kind));
  if (keys.length === 0) return null;
  const target = `The target of ${model.chosen || model.node || "this node"}`;
  return (
    <Part title="Media and system keys">
      <div class="keys combos" onMouseDown={keepFocus}>
        {keys.filter(({ does }) => does === undefined).map((key) => (
          <button key={key.label} data-testid={`special-${slug(key.label)}`} onClick={() => app.console.special(key)}>
            {key.label}
          </button>
        ))}
      </div>
      <div class="asks">
        {keys.filter(({ does }) => does !== undefined).map((key) => (
          <Asking key={key.label} testid={`special-${slug(key.label)}`} label={key.label} question={`${target} gets the key ${key.label}. As it is set up, it ${key.does}.`} confirm="Press it" act={() => app.console.special(key)} />
        ))}
      </div>
    </Part>
  );
}

/** After so many seconds without input, when it is switched on here. */
const JIGGLE_S = 60;

function JigglePart({ app, model }: { app: App; model: Model }): JSX.Element | null {
  if (model.hid === null) return null;
  const every = model.hid.jiggle ?? 0;
  const hint = every > 0 ? `On: after ${every} s without input the mouse moves a pixel and back, whether or not anybody looks.` : "Moves the mouse a little while nobody does, so that the target does not lock its screen.";
  return (
    <Part title="Keep the target awake" hint={hint}>
      <Choice
        label="Keep the target awake"
        testid="jiggle"
        value={every > 0 ? "on" : "off"}
        choices={[
          { value: "off", label: "Off" },
          { value: "on", label: `Every ${every || JIGGLE_S} s` },
        ]}
        choose={(choice) => void app.act({ name: "jiggle", every_s: choice === "on" ? every || JIGGLE_S : 0 })}
      />
    </Part>
  );
}

function OnScreen({ app }: { app: App }): JSX.Element {
  return (
    <Part title="Keys" hint="Names are of a US keyboard; the target's own layout decides what they type. A modifier tapped once holds for one key, twice stays.">
      <div class="osk" onMouseDown={keepFocus}>
        <div class="osk-row">
          {MODIFIERS.map((cap) => (
            <Modifier key={cap.usage} app={app} cap={cap} />
          ))}
        </div>
        {ROWS.map((row, index) => (
          <div class="osk-row" key={index}>
            {row.map((cap) => (
              <Key key={cap.usage} app={app} cap={cap} />
            ))}
          </div>
        ))}
      </div>
    </Part>
  );
}

function Modifier({ app, cap }: { app: App; cap: Cap }): JSX.Element {
  const grip = app.console.sticky.grip(cap.usage);
  return (
    <button class={`cap ${grip}`} aria-pressed={grip !== "off"} data-testid={`mod-${slug(cap.label)}`} data-grip={grip} onClick={() => app.console.stick(cap.usage)}>
      {cap.label}
    </button>
  );
}

/** Held as long as the finger is on it; by keyboard a tap. */
function Key({ app, cap }: { app: App; cap: Cap }): JSX.Element {
  const down = (event: PointerEvent): void => {
    (event.currentTarget as HTMLElement).setPointerCapture(event.pointerId);
    app.console.press(cap.usage, true);
  };
  const up = (): void => app.console.press(cap.usage, false);
  const clicked = (event: MouseEvent): void => {
    if (event.detail === 0) app.console.combo([cap.usage]);
  };
  return (
    <button class={`cap ${cap.wide ? "wide-cap" : ""}`} aria-label={cap.name ?? cap.label} data-testid={`key-${slug(cap.name ?? cap.label)}`} onPointerDown={down} onPointerUp={up} onPointerCancel={up} onClick={clicked}>
      {cap.label}
    </button>
  );
}

function slug(text: string): string {
  return text.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-");
}

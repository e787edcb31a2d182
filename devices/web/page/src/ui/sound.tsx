// The sound drawer: hearing the target, and speaking to it.

import type { JSX } from "preact";
import { sentence } from "../api";
import type { App } from "../app";
import type { Model } from "../model/model";
import { absentWords } from "../model/power";
import { profileWith } from "../model/usb";
import { isFar, mayType } from "../model/targets";
import type { SoundUi } from "../sound/state";
import type { AudioState } from "../wire/AudioState";
import { Asking } from "./asking";
import { Choice, Part, type DrawerProps } from "./drawer";
import { useStore } from "./hooks";

const FUNCTION = "audio";
const DELAYS = ["80", "200", "400"] as const;

export function SoundDrawer({ app, model }: DrawerProps): JSX.Element {
  const sound = useStore(app.sound);
  const { audio } = model;
  if (isFar(model) && audio === null) return <Untold app={app} node={model.chosen} sound={sound} />;
  if (audio === null) return <Part title="Sound" hint={absentWords(model, "audio", "docs/sound.md")}>{null}</Part>;
  return (
    <>
      {audio.message !== null && (
        <p class="hint" role="status" data-testid="sound-message">
          {sentence(audio.message)}
        </p>
      )}
      {!audio.usb && !isFar(model) && <OtherProfile app={app} model={model} />}
      <Listen app={app} audio={audio} sound={sound} />
      {mayType(model) && <Speak app={app} audio={audio} sound={sound} />}
      <Problem sound={sound} />
      {audio.sources.length > 1 && !isFar(model) && <Source app={app} audio={audio} />}
    </>
  );
}

function Problem({ sound }: { sound: SoundUi }): JSX.Element | null {
  if (sound.problem === null) return null;
  return (
    <p class="hint" role="alert" data-testid="sound-problem">
      {sentence(sound.problem)}
    </p>
  );
}

/** Another node that tells nothing of its sound; who listens can still stop. */
function Untold({ app, node, sound }: { app: App; node: string; sound: SoundUi }): JSX.Element {
  return (
    <Part title="Sound">
      <p class="hint">{node} tells nothing of the sound of its target: its audio device is not running, or “view” is not granted.</p>
      {sound.listening !== "off" && (
        <button data-testid="sound-listen" aria-pressed={true} data-state={sound.listening} onClick={() => app.speakers.stop()}>
          Stop listening
        </button>
      )}
      <Problem sound={sound} />
    </Part>
  );
}

function Listen({ app, audio, sound }: { app: App; audio: AudioState; sound: SoundUi }): JSX.Element {
  const on = sound.listening !== "off";
  const plays = audio.playing > 0 ? `The target plays, ${audio.playing / 1000} kHz.` : "The target plays nothing at the moment.";
  return (
    <Part title="Listen" hint={plays}>
      <div class="row">
        <button class={on ? "" : "primary"} data-testid="sound-listen" aria-pressed={on} data-state={sound.listening} onClick={() => (on ? app.speakers.stop() : void app.speakers.listen())}>
          {on ? "Stop listening" : "Listen"}
        </button>
        <button data-testid="sound-mute" aria-pressed={sound.muted} onClick={() => app.tuneSound({ muted: !sound.muted })}>
          {sound.muted ? "Muted" : "Mute"}
        </button>
      </div>
      <label class="row">
        <span>Volume</span>
        <input type="range" min="0" max="1" step="0.01" value={sound.volume} data-testid="sound-volume" onInput={(event) => app.tuneSound({ volume: Number(event.currentTarget.value) })} />
      </label>
      <Level name="Loudness" peak={sound.peak} />
      <div class="row">
        <span>Delay</span>
        <Choice
          label="Delay"
          testid="sound-delay"
          value={String(sound.delayMs)}
          choices={DELAYS.map((value) => ({ value: value as string, label: `${value} ms` }))}
          choose={(value) => app.tuneSound({ delayMs: Number(value) })}
        />
      </div>
      {on && (
        <p class="hint" data-testid="sound-figures">
          {Math.round(sound.waitingMs)} ms wait, {sound.gaps} {sound.gaps === 1 ? "gap" : "gaps"}, clock {sound.ppm >= 0 ? "+" : "−"}{Math.abs(Math.round(sound.ppm))} ppm
        </p>
      )}
    </Part>
  );
}

function Speak({ app, audio, sound }: { app: App; audio: AudioState; sound: SoundUi }): JSX.Element {
  const open = sound.microphone !== "off";
  const another = !open && audio.microphone !== null;
  const hint = another ? `The microphone of ${audio.microphone?.name} is open.` : audio.recording > 0 ? "The target records." : "The target does not record at the moment.";
  return (
    <Part title="Microphone" hint={hint}>
      <button data-testid="sound-microphone" aria-pressed={open} data-state={sound.microphone} disabled={!audio.usb && !open} onClick={() => (open ? app.microphone.stop() : void app.microphone.start())}>
        {open ? "Close the microphone" : "Open the microphone"}
      </button>
      {open && <Level name="Loudness of the microphone" peak={sound.microphonePeak} />}
    </Part>
  );
}

/** From -60 dB to the loudest. */
function Level({ name, peak }: { name: string; peak: number }): JSX.Element {
  const decibels = Math.max(-60, 20 * Math.log10(Math.max(peak, 1e-6)));
  return <meter class="level" aria-label={name} min={-60} max={0} high={-6} value={decibels} />;
}

function Source({ app, audio }: { app: App; audio: AudioState }): JSX.Element {
  return (
    <Part title="Source">
      <select aria-label="Source" data-testid="sound-source" value={audio.source} onChange={(event) => void app.act({ name: "sound_source", source: event.currentTarget.value })}>
        {audio.sources.map(({ id, title }) => (
          <option key={id} value={id}>
            {title}
          </option>
        ))}
      </select>
    </Part>
  );
}

function OtherProfile({ app, model }: { app: App; model: Model }): JSX.Element | null {
  const profile = profileWith(model.gadget, FUNCTION);
  if (profile === null) return null;
  return (
    <Asking
      testid="sound-profile"
      label={`Use the profile ${profile}`}
      question="The target sees its USB keyboard and mouse unplugged, and plugged in again with a sound card beside them. Keys that are held are let go of."
      confirm={`Use ${profile}`}
      act={() => void app.act({ name: "profile", profile }, `The target has a sound card now: profile ${profile}.`)}
    />
  );
}

/** Plainly visible wherever one is while the microphone is open. */
export function MicrophoneSign({ app }: { app: App }): JSX.Element | null {
  const { microphone } = useStore(app.sound);
  if (microphone === "off") return null;
  return (
    <button class="microphone-sign" data-testid="microphone-sign" title="Close the microphone" onClick={() => app.microphone.stop()}>
      <span class="microphone-lamp" aria-hidden="true" />
      Microphone {microphone === "open" ? "open" : "opens"}
    </button>
  );
}

// The console drawer: the target's serial port in a terminal.

import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { sentence } from "../api";
import type { App } from "../app";
import type { Model } from "../model/model";
import { absentWords } from "../model/power";
import { profileWith } from "../model/usb";
import { SerialSession } from "../serial/session";
import { Asking } from "./asking";
import type { DrawerProps } from "./drawer";

const FUNCTION = "serial";

/** The terminal stays while the link or the device is away: what it shows is still what the target said. */
export function ConsoleDrawer({ app, model }: DrawerProps): JSX.Element {
  const { serial } = model;
  const problem = serial === null ? absentWords(model, "serial", "docs/serial.md") : serial.problem;
  const without = serial !== null && model.gadget !== null && !model.gadget.functions.some(({ name }) => name === FUNCTION);
  return (
    <div class="console">
      {problem !== null && (
        <p class="hint" data-testid="console-problem" role="status">
          {sentence(problem)}
        </p>
      )}
      {without && <OtherProfile app={app} model={model} />}
      <Screen app={app} />
    </div>
  );
}

function OtherProfile({ app, model }: { app: App; model: Model }): JSX.Element | null {
  const profile = profileWith(model.gadget, FUNCTION);
  if (profile === null) return null;
  return (
    <Asking
      testid="console-profile"
      label={`Use the profile ${profile}`}
      question="The target sees its USB keyboard and mouse unplugged, and plugged in again with a serial port beside them. Keys that are held are let go of."
      confirm={`Use ${profile}`}
      act={() => void app.act({ name: "profile", profile }, `The target has a serial port now: profile ${profile}.`)}
    />
  );
}

function Screen({ app }: { app: App }): JSX.Element {
  const screen = useRef<HTMLDivElement>(null);
  const clear = useRef<HTMLButtonElement>(null);
  const [session] = useState(() => new SerialSession(app));
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    app.serial = session;
    if (screen.current) session.open(screen.current, () => clear.current?.focus()).catch(() => setFailed(true));
    return () => {
      app.serial = null;
      session.close();
    };
  }, [session]);
  return (
    <>
      {/* All keys are the target's here, Escape too. */}
      <div class="console-screen" ref={screen} data-testid="console-screen" onKeyDown={(event) => event.stopPropagation()} />
      <div class="console-foot">
        <p class="hint">{failed ? "The terminal could not be loaded: reload the page." : "All keys go to the target's serial port. Ctrl+] leaves."}</p>
        <button ref={clear} data-testid="console-clear" onClick={() => session.clear()}>
          Clear
        </button>
      </div>
    </>
  );
}

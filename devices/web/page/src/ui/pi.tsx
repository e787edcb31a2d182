// The Pi itself: restart, switch off, factory reset.

import type { JSX } from "preact";
import type { App } from "../app";
import type { Model } from "../model/model";
import { Asking } from "./asking";
import { Part } from "./drawer";

/** What is typed before everything is forgotten, on a node without a name. */
const NAMELESS = "reset";

export function Pi({ app, model }: { app: App; model: Model }): JSX.Element | null {
  const { update, kernel } = model;
  if (update === null || kernel === null) return null;
  const busy = update.stage.stage === "restarting";
  const name = kernel.node || NAMELESS;
  return (
    <Part title="The Pi itself">
      <div class="asks">
        <Asking
          testid="node-restart"
          label="Restart"
          disabled={busy}
          question={`${name} restarts: picture, keyboard and disks of its target are gone for about half a minute. The target itself goes on.`}
          confirm="Restart the Pi"
          act={() => void app.act({ name: "node_power", power: "restart" }, `${name} restarts.`)}
        />
        <Asking
          testid="node-off"
          label="Switch off"
          disabled={busy}
          question={`${name} shuts down and stays off until somebody takes its power away and gives it back. The target itself goes on.`}
          confirm="Switch the Pi off"
          act={() => void app.act({ name: "node_power", power: "off" }, `${name} shuts down.`)}
        />
        {kernel.image !== null && (
          <Asking
            testid="factory-reset"
            label="Factory reset"
            disabled={busy}
            typed={name}
            question={`${name} forgets everything it keeps: password, certificate, settings, disk images, records. It restarts as on its first day. What is in dkvm.txt on the card stays. This cannot be undone.`}
            confirm="Forget everything"
            act={() => void app.act({ name: "factory_reset" }, `${name} forgets everything and restarts.`)}
          />
        )}
      </div>
    </Part>
  );
}

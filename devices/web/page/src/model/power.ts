// Words and checks of the power drawer. Pure.

import { sentence } from "../api";
import type { Button } from "../wire/Button";
import { deviceOf, type Model } from "./model";

/** What a short press of the power button does, as far as the LED tells. */
export function pressWords(lit: boolean | null, target: string): string {
  switch (lit) {
    case true:
      return `The power button of ${target} is pressed: it is on, and most systems shut down or go to sleep.`;
    case false:
      return `The power button of ${target} is pressed: it is off, and starts.`;
    case null:
      return `The power button of ${target} is pressed: when it is off it starts, when it is on most systems shut down or go to sleep.`;
  }
}

/** What became of a press, once the button is released. */
export function releasedWords(button: Button, holdMs: number | null, lit: boolean | null): string {
  if (holdMs === null) return `The ${button} button was pressed.`;
  const held = `The ${button} button was held for ${holdMs / 1000} s`;
  if (lit === null) return `${held}.`;
  return lit ? `${held}, and the power LED is still on.` : `${held}: the target is off.`;
}

/** A MAC address as the node wants it; `null` when it is none. */
export function cleanMac(text: string): string | null {
  const digits = text.trim().toLowerCase().replaceAll(/[:.\s-]/g, "");
  return /^[0-9a-f]{12}$/.test(digits) ? (digits.match(/../g) ?? []).join(":") : null;
}

/** Why a device has nothing to show. */
export function absentWords(model: Model, what: string, doc: string): string {
  const device = deviceOf(model, what);
  if (model.link.kind !== "open") return "There is no link to the node at the moment.";
  if (device === undefined) return `This node has no ${what} device: ${doc} says how to set it up.`;
  if (device.desired !== "up") return `The ${what} device is stopped: start it under System.`;
  return device.detail === null ? `The ${what} device is not running yet.` : sentence(device.detail);
}

// What the update device is at, as a person is told it. Pure.

import { sentence } from "../api";
import type { Outcome } from "../wire/Outcome";
import type { Slot } from "../wire/Slot";
import type { SlotState } from "../wire/SlotState";
import type { UpdateState } from "../wire/UpdateState";
import { deviceOf, type Model } from "./model";

/** Bytes told so lately mean that somebody sends, ms. */
const FLOWING_MS = 5000;

/** `Slot A`. */
export function slotName(slot: Slot): string {
  return `slot ${slot.toUpperCase()}`;
}

/** The slot that does not run. */
export function otherSlot(update: UpdateState): SlotState | null {
  return update.slots.find(({ slot }) => update.running !== null && slot !== update.running) ?? null;
}

/** What a slot holds, in words. */
export function slotWords(slot: SlotState): string {
  if (slot.version === null) return "no whole image";
  return `${slot.version}, ${slot.healthy ? "was healthy" : "not tried yet"}`;
}

/** Why there are no slots: a card that cannot be used, or none. */
export function slotlessWords(model: Model): string {
  const detail = deviceOf(model, "update")?.detail ?? null;
  return detail === null ? "This machine does not run from a card with two slots, so there is nothing to update here." : sentence(detail);
}

/** Whether the image before can be gone back to. */
export function canGoBack(update: UpdateState): boolean {
  const other = otherSlot(update);
  return update.stage.stage === "idle" && other !== null && other.healthy && other.version !== null;
}

/** Whether an upload that this page does not send comes in by somebody else, or stands still and waits for its file. */
export function flowing(model: Model, now: number): boolean {
  return now - model.bytesAt < FLOWING_MS;
}

/** What is left of a trial, ms: told at each change, and counted down here. */
export function trialLeft(model: Model, now: number): number {
  const stage = model.update?.stage;
  return stage?.stage === "trial" ? Math.max(0, stage.left_ms - (now - model.updateAt)) : 0;
}

/** How an update ended, in words. */
export function outcomeWords(outcome: Outcome): string {
  const end = outcome.committed ? `${outcome.version} passed its checks and is kept.` : `${outcome.version} was not kept; the image before it runs again.`;
  return outcome.reason === "" ? end : `${end} ${sentence(outcome.reason)}`;
}

/** What ended since the model was last told; `null` when that is known already. */
export function freshOutcome(before: Model, after: Model): Outcome | null {
  if (before.outcome === undefined || after.outcome == null) return null;
  return JSON.stringify(before.outcome) === JSON.stringify(after.outcome) ? null : after.outcome;
}

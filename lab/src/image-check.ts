// What a card holds after the power went, looked at without the machine that wrote it.
import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import type { Card } from "./card.ts";
import { LabError, type Lab } from "./lab.ts";

export const DATA = 7;
/** e2fsck ends with it when it has done what it was asked for and found nothing. */
const CLEAN = 0;
const REPLAYED = 1;

/** The data partition as the next boot would find it: its journal replayed, and then not one fault. */
export function checkData(lab: Lab, card: Card): void {
  const copy = card.extract(DATA, lab.path("data.img"));
  const replay = e2fsck("-y", "-E", "journal_only", copy);
  if (replay.code > REPLAYED) throw new LabError(`the journal of the data partition cannot be replayed: ${replay.text}`);
  const check = e2fsck("-f", "-n", copy);
  rmSync(copy);
  if (check.code !== CLEAN) throw new LabError(`the data partition is damaged: ${check.text}`);
}

function e2fsck(...args: string[]): { code: number; text: string } {
  const result = spawnSync("/sbin/e2fsck", args, { encoding: "utf8" });
  return { code: result.status ?? -1, text: `${result.stdout}${result.stderr}`.trim() };
}

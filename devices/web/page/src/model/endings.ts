// What ended by a message of the node, whoever began it, and is told once. Pure.

import type { ToPage } from "../wire/ToPage";
import { endedWords, freshlyEnded } from "./config";
import type { Model } from "./model";
import { endWords, freshEnd } from "./typing";
import type { Toast } from "./ui";
import { freshOutcome, outcomeWords } from "./update";

/** What to tell of it; `null` for nothing. */
export function endingOf(before: Model, after: Model, { type }: ToPage): Toast | null {
  switch (type) {
    case "update":
      return updateEnding(before, after);
    case "typist":
      return typingEnding(before, after);
    case "config":
      return configEnding(before, after);
    default:
      return null;
  }
}

/** An update ended while this page was open, most often over a restart of the node. */
function updateEnding(before: Model, after: Model): Toast | null {
  const outcome = freshOutcome(before, after);
  return outcome && { tone: outcome.committed ? "quiet" : "bad", text: outcomeWords(outcome) };
}

function typingEnding(before: Model, after: Model): Toast | null {
  const end = freshEnd(before.typist, after.typist);
  return end && { tone: end.ending === "failed" || end.ending === "focus_taken" ? "bad" : "quiet", text: endWords(end) };
}

function configEnding(before: Model, after: Model): Toast | null {
  const end = freshlyEnded(before.config, after.config);
  return end && { tone: end.outcome === "taken_back" ? "bad" : "quiet", text: endedWords(end) };
}

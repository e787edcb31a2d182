// How long to wait before the next try.

/** A device restarts in well under this: the first tries are for that, ms. */
const FIRST_MS = 250;
/** Nobody wants to wait longer for a node that came back, ms. */
const CAP_MS = 5000;
/** Pages of many people must not come back at the same instant. */
const JITTER = 0.2;

/** The wait before try `attempt` (from 0), ms. `random` is in 0..1. */
export function backoff(attempt: number, random: number): number {
  const wait = Math.min(FIRST_MS * 2 ** Math.min(attempt, 16), CAP_MS);
  return Math.round(wait * (1 + JITTER * (2 * random - 1)));
}

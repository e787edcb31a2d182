// The way of keys and motions from one machine to another, by lab/peers/lag.c and lag-x.c: when each event was made and when it was
// seen, by the processor's counter, which all virtual machines on this one share.
import { LabError } from "./lab.ts";

export type Kind = "key" | "motion";

export interface Times {
  perMicrosecond: number;
  at: number[];
  /** What each was: a key and its direction. All motions are alike. */
  names: number[];
  /** How often Linux dropped events before they were seen. */
  dropped: number;
}

export interface Ways {
  /** µs, of those whose beginning and end are known. */
  samples: number[];
  pressed: number;
  seen: number;
}

/** Joins both ends. Keys find their own by name; motions, of which some may be made one on the way, only if none is. */
export function ways(kind: Kind, made: Times, seen: Times): Ways {
  const pairs = kind === "key" ? byName(made, seen) : made.at.length === seen.at.length ? made.at.map((_, index) => [index, index] as const) : byTime(made, seen);
  if (pairs.length === 0) throw new LabError(`no ${kind} of ${made.at.length} arrived`);
  return { samples: pairs.map(([from, to]) => (seen.at[to]! - made.at[from]!) / made.perMicrosecond), pressed: made.at.length, seen: seen.at.length };
}

function byName(made: Times, seen: Times): (readonly [number, number])[] {
  const pairs: [number, number][] = [];
  let from = 0;
  seen.names.forEach((name, to) => {
    const found = made.names.indexOf(name, from);
    if (found < 0) return;
    pairs.push([found, to]);
    from = found + 1;
  });
  return pairs;
}

/** Each that was seen ends the way of the oldest one that was not seen yet. */
function byTime(made: Times, seen: Times): (readonly [number, number])[] {
  const pairs: [number, number][] = [];
  let from = 0;
  seen.at.forEach((at, to) => {
    if (from >= made.at.length || made.at[from]! > at) return;
    pairs.push([from, to]);
    while (from < made.at.length && made.at[from]! <= at) from++;
  });
  return pairs;
}

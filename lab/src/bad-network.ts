// A bad network: what a virtual Pi sends is lost, late and out of order. Linux' own netem, in the Pi, so that this machine's
// Linux need not have it.
import type { Pi } from "./pi.ts";

const TC = "/usr/sbin/tc";

/** What a Pi needs to be booted with. */
export const BAD_NETWORK = { modules: ["sch_netem"], programs: { [TC]: TC } };

export interface Badness {
  /** Of packets that are lost. */
  lossPercent?: number;
  /** Each packet is late by anything between nothing and this, so that they overtake one another. */
  jitterMs?: number;
  /** Of packets that come twice. */
  doublePercent?: number;
}

/** From now on, what this Pi sends on its network; both ends of a link, and it is so in both directions. */
export async function spoil(pi: Pi, { lossPercent = 0, jitterMs = 0, doublePercent = 0 }: Badness): Promise<void> {
  const half = jitterMs / 2;
  await pi.must(`${TC} qdisc replace dev vec0 root netem limit 2000 delay ${half}ms ${half}ms loss ${lossPercent}% duplicate ${doublePercent}%`);
}

export async function mend(pi: Pi): Promise<void> {
  await pi.must(`${TC} qdisc del dev vec0 root`);
}

/** From now on so many kilobits a second of what this Pi sends leave by the wires (the lab's own hand in it takes as long): who comes by
 *  `wireAddress` has a slow link of his own, and the Pi's network is as fast as ever. */
export async function narrow(pi: Pi, kilobits: number): Promise<void> {
  await pi.must(`${TC} qdisc replace dev vec1 root netem limit 2000 rate ${Math.ceil(kilobits)}kbit`);
}

export async function widen(pi: Pi): Promise<void> {
  await pi.must(`${TC} qdisc del dev vec1 root`);
}

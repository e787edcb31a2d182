// Words of other nodes: how a link is, what a node may do, what a pairing waits for. Pure.

import type { Grant } from "../wire/Grant";
import type { LinkState } from "../wire/LinkState";
import type { Pairing } from "../wire/Pairing";
import type { PeerInfo } from "../wire/PeerInfo";
import type { PeerState } from "../wire/PeerState";

/** All, in the order of what they cost, each with what it lets another node do here. */
export const GRANTS: ReadonlyArray<{ grant: Grant; label: string; means: string }> = [
  { grant: "view", label: "View", means: "see the picture, the devices and the log" },
  { grant: "type", label: "Type", means: "keyboard, mouse, text and the serial port" },
  { grant: "power", label: "Power", means: "the target's buttons" },
  { grant: "storage", label: "Storage", means: "images and drives" },
  { grant: "configure", label: "Configure", means: "everything else: configuration, updates, devices, other nodes" },
];

/** Digits of a fingerprint, SHA-256 in hex. */
export const FINGERPRINT_DIGITS = 64;

const LINKS: Readonly<Record<LinkState, { tone: string; words: string }>> = {
  up: { tone: "good", words: "linked" },
  connecting: { tone: "moving", words: "being reached" },
  stalled: { tone: "partly", words: "linked, but nothing comes at the moment" },
  refused: { tone: "bad", words: "refused" },
};

/** The dot beside a node's name. */
export function linkTone(peer: PeerInfo): string {
  return LINKS[peer.link].tone;
}

/** How the link is, and how long it takes. */
export function linkWords(peer: PeerInfo): string {
  const { words } = LINKS[peer.link];
  return peer.link === "up" && peer.rtt_us > 0 ? `${words}, ${milliseconds(peer.rtt_us)} there and back` : words;
}

function milliseconds(us: number): string {
  return us < 10_000 ? `${(us / 1000).toFixed(1)} ms` : `${Math.round(us / 1000)} ms`;
}

/** What a node may do: `view, type`, or nothing. */
export function grantWords(grants: readonly Grant[]): string {
  const names = GRANTS.filter(({ grant }) => grants.includes(grant)).map(({ grant }) => grant);
  return names.length === 0 ? "nothing" : names.join(", ");
}

/** The grants with one switched over, in their order. */
export function toggled(grants: readonly Grant[], which: Grant): Grant[] {
  const has = grants.includes(which);
  return GRANTS.map(({ grant }) => grant).filter((grant) => (grant === which ? !has : grants.includes(grant)));
}

/** In halves, as people read numbers to each other. */
export function spaced(code: string): string {
  const half = Math.ceil(code.length / 2);
  return `${code.slice(0, half)} ${code.slice(half)}`.trim();
}

/** In groups of four, for whoever reads it out. */
export function grouped(fingerprint: string): string {
  return fingerprint.replace(/(.{4})(?=.)/g, "$1 ");
}

/** What a person typed or pasted as a fingerprint; empty when it is none. */
export function fingerprintOf(typed: string): string {
  const plain = typed.replace(/[\s:]/g, "").toLowerCase();
  return new RegExp(`^[0-9a-f]{${FINGERPRINT_DIGITS}}$`).test(plain) ? plain : "";
}

/** Pairings that a person here has to answer because another node called. */
export function callers(peers: PeerState | null): readonly Pairing[] {
  return (peers?.pairings ?? []).filter(({ incoming, step }) => incoming && step === "compare");
}

/** Pairings that are not over, and failed ones that say why. */
export function open(peers: PeerState): readonly Pairing[] {
  return peers.pairings.filter(({ step }) => step !== "done");
}

/** What is waited for. */
export function pairingWords({ step, detail }: Pairing): string {
  switch (step) {
    case "calling":
      return "It is being reached.";
    case "compare":
      return "Is this code the same there?";
    case "waiting":
      return "Answered here. Somebody has to say there that the code is the same.";
    case "done":
      return "Paired.";
    case "failed":
      return detail ?? "It was not paired.";
  }
}

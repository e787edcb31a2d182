// Words of the network to the target: what it was given, and what opening it does. Pure.

import type { NetKind } from "../wire/NetKind";
import type { UsbnetState } from "../wire/UsbnetState";

const KINDS: Readonly<Record<NetKind, string>> = { ncm: "NCM", ecm: "ECM", rndis: "RNDIS" };

/** As what the target sees it, and whether it does. */
export function linkWords(state: UsbnetState): string {
  const kind = state.kind === null ? "" : `${KINDS[state.kind]}, `;
  return `${kind}${state.carrier ? "in use by the target" : "the target does not use it"}.`;
}

/** What the target was given. */
export function leaseWords(state: UsbnetState): string {
  const { lease } = state;
  if (lease === null) return "has not asked for an address";
  return lease.host === null ? lease.address : `${lease.address}, ${lease.host}`;
}

/** What the target reaches beyond the node. */
export function natWords(state: UsbnetState): string {
  if (!state.nat) return "nothing but this node";
  return state.uplink === null ? "nothing: the node itself has no way on" : `what ${state.uplink} leads to, with the node's address`;
}

/** What opening the way out does to whom. */
export function openWords(node: string): string {
  return `The target reaches, with the address of ${node || "this node"}, all that ${node || "this node"} reaches: its network, and whatever that leads to. Programs on the target that nobody watches do so too. It stays open over restarts, until it is closed here.`;
}

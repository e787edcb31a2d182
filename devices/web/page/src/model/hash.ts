// The chosen target in the page's address, so that a reload and a bookmark keep it. Pure.

/** Whose target is chosen where no other node's is: this node's own. */
export const OWN = "";

const KEY = "target";

/** The node in an address's `#…`; `OWN` where none is named. */
export function targetIn(hash: string): string {
  return new URLSearchParams(hash.replace(/^#/, "")).get(KEY)?.trim() ?? OWN;
}

/** The address's `#…` for a node; empty for this one's own target. */
export function hashOf(node: string): string {
  return node === OWN ? "" : `#${new URLSearchParams({ [KEY]: node })}`;
}

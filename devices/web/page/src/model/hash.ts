// The chosen target in the page's address, and those beside it, so that a reload and a bookmark keep them. Pure.

/** Whose target is chosen where no other node's is: this node's own. */
export const OWN = "";
/** As many pictures stand beside each other at most, the first among them. */
export const MOST_HEADS = 3;

const KEY = "target";
const BESIDE = "beside";

/** The node in an address's `#…`; `OWN` where none is named. */
export function targetIn(hash: string): string {
  return valuesIn(hash).get(KEY)?.trim() ?? OWN;
}

/** The nodes whose pictures stand to its right, in order, each once; an empty name is this node's own target. */
export function besideIn(hash: string): readonly string[] {
  const named = valuesIn(hash).getAll(BESIDE).map((node) => node.trim());
  const others = new Set(named.filter((node) => node !== targetIn(hash)));
  return [...others].slice(0, MOST_HEADS - 1);
}

/** The address's `#…` for a node and those beside it; empty for this one's own target alone. */
export function hashOf(node: string, beside: readonly string[] = []): string {
  const values = new URLSearchParams(node === OWN ? {} : { [KEY]: node });
  for (const other of beside) values.append(BESIDE, other);
  const text = values.toString();
  return text === "" ? "" : `#${text}`;
}

function valuesIn(hash: string): URLSearchParams {
  return new URLSearchParams(hash.replace(/^#/, ""));
}

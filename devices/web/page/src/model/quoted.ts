// How much text goes into one message to the node.

/** A message to the node, quoted text and all, may have 64 KiB; this leaves room for the rest of it, a comment too. */
const MAX_QUOTED = 60 * 1024;

/** Whether a text, quoted as JSON does it, has room in a message: a longer one would cost the link. */
export function fitsMessage(text: string): boolean {
  return size(JSON.stringify(text)) <= MAX_QUOTED;
}

/** Bytes in UTF-8. */
export function size(text: string): number {
  return new TextEncoder().encode(text).length;
}

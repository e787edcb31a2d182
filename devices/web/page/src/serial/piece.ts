// Pieces of what the target said, and where each belongs. Pure.

/** How far a count of bytes was read. */
export interface Place {
  /** Names the count; 0 before the first. */
  readonly log: number;
  readonly next: number;
}

export interface Piece {
  readonly log: number;
  readonly offset: number;
  readonly data: Uint8Array;
}

/** A message of the node; `null` when it is none. */
export function parsePiece(message: ArrayBuffer, head: number): Piece | null {
  if (message.byteLength < head) return null;
  const view = new DataView(message);
  return { log: view.getUint32(0, true), offset: Number(view.getBigUint64(4, true)), data: new Uint8Array(message, head) };
}

export interface Placed {
  /** Another count than before, and not the first. */
  readonly fresh: boolean;
  /** Bytes that are not there any more. */
  readonly missed: number;
  /** What is new of the piece. */
  readonly bytes: Uint8Array;
  readonly at: Place;
}

export function place(at: Place, { log, offset, data }: Piece): Placed {
  const same = log === at.log;
  const known = same ? Math.max(0, at.next - offset) : 0;
  // What was said before the first look is no loss.
  const missed = same ? Math.max(0, offset - at.next) : 0;
  const bytes = data.subarray(Math.min(known, data.length));
  return { fresh: !same && at.log !== 0, missed, bytes, at: { log, next: same ? Math.max(at.next, offset + data.length) : offset + data.length } };
}

// What differs between two texts, line by line.

/** A line of both, of the old one or of the new one. */
export interface Line {
  readonly kind: "same" | "gone" | "new";
  readonly text: string;
}

/** Cells that are compared at most: beyond it, what lies between the equal ends is told as replaced. */
const MOST_CELLS = 4_000_000;
/** Unchanged lines shown around a change. */
const AROUND = 2;

/** All lines of both texts, in order. */
export function lineDiff(before: string, after: string): Line[] {
  const [a, b] = [before.split("\n"), after.split("\n")];
  let [start, end] = [0, 0];
  while (start < Math.min(a.length, b.length) && a[start] === b[start]) start += 1;
  while (end < Math.min(a.length, b.length) - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end += 1;
  const head = a.slice(0, start).map(same);
  const tail = a.slice(a.length - end).map(same);
  return [...head, ...middle(a.slice(start, a.length - end), b.slice(start, b.length - end)), ...tail];
}

const same = (text: string): Line => ({ kind: "same", text });
const gone = (text: string): Line => ({ kind: "gone", text });
const fresh = (text: string): Line => ({ kind: "new", text });

/** By the longest common sequence. */
function middle(a: readonly string[], b: readonly string[]): Line[] {
  if (a.length * b.length > MOST_CELLS) return [...a.map(gone), ...b.map(fresh)];
  const lengths = table(a, b);
  const lines: Line[] = [];
  let [i, j] = [0, 0];
  while (i < a.length && j < b.length) {
    if (a[i] === b[j]) {
      lines.push(same(a[i++] as string));
      j += 1;
    } else if ((lengths[i + 1]?.[j] ?? 0) >= (lengths[i]?.[j + 1] ?? 0)) lines.push(gone(a[i++] as string));
    else lines.push(fresh(b[j++] as string));
  }
  return [...lines, ...a.slice(i).map(gone), ...b.slice(j).map(fresh)];
}

/** How much the rests from each pair of places on have in common. */
function table(a: readonly string[], b: readonly string[]): Uint32Array[] {
  const rows = Array.from({ length: a.length + 1 }, () => new Uint32Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i--) {
    const [row, next] = [rows[i] as Uint32Array, rows[i + 1] as Uint32Array];
    for (let j = b.length - 1; j >= 0; j--) row[j] = a[i] === b[j] ? (next[j + 1] ?? 0) + 1 : Math.max(next[j] ?? 0, row[j + 1] ?? 0);
  }
  return rows;
}

/** The changed lines with a few around them; `null` stands for those left out. */
export function hunks(lines: readonly Line[]): Array<Line | null> {
  const near = lines.map((_, at) => lines.slice(Math.max(0, at - AROUND), at + AROUND + 1).some((line) => line.kind !== "same"));
  const shown: Array<Line | null> = [];
  lines.forEach((line, at) => {
    if (near[at]) shown.push(line);
    else if (shown.length === 0 || shown[shown.length - 1] !== null) shown.push(null);
  });
  return shown;
}

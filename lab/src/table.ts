// The benchmarks' one table: what was measured, of ours and of the peer, and the aim beside it.
import { quantile } from "./scenario.ts";

/** One measure: a single value, or the median and the 99th of 100 of many. */
export interface Figure {
  value: number;
  p99?: number;
  unit: string;
}

export interface Row {
  what: string;
  ours: Figure;
  peer?: Figure;
  /** Ours over the peer's; under 1 is better where little is good. Default: from the values. */
  ratio?: number;
  /** What we want it to be; never a pass mark. */
  aim?: string;
  note?: string;
}

export function figure(value: number, unit: string): Figure {
  return { value, unit };
}

/** Median and p99 of samples. */
export function spread(samples: number[], unit: string): Figure {
  return { value: quantile(samples, 0.5), p99: quantile(samples, 0.99), unit };
}

const TITLES = ["what", "ours", "p99", "peer", "p99", "ratio", "aim", "note"] as const;

function cells({ what, ours, peer, ratio = peer ? ours.value / peer.value : undefined, aim, note }: Row): string[] {
  const tail = (f: Figure | undefined): string => (f?.p99 === undefined ? "" : number(f.p99));
  const value = (f: Figure | undefined): string => (f ? `${number(f.value)} ${f.unit}`.trim() : "");
  return [what, value(ours), tail(ours), value(peer), tail(peer), ratio === undefined || !Number.isFinite(ratio) ? "" : number(ratio), aim ?? "", note ?? ""];
}

/** Three digits that count. */
function number(value: number): string {
  if (!Number.isFinite(value)) return "?";
  const size = Math.abs(value);
  return value.toFixed(size >= 100 || Number.isInteger(value) ? 0 : size >= 10 ? 1 : 2);
}

function widths(rows: string[][]): number[] {
  return TITLES.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]!.length)));
}

/** For a terminal: figures to the right, words to the left, nothing after the last. */
export function toText(rows: Row[]): string {
  const all = rows.map(cells);
  const wide = widths(all);
  const line = (row: readonly string[]): string =>
    row.map((cell, i) => (i >= 1 && i <= 5 ? cell.padStart(wide[i]!) : cell.padEnd(wide[i]!))).join("  ").trimEnd();
  return [line(TITLES), wide.map((n) => "─".repeat(n)).join("  "), ...all.map(line)].join("\n");
}

export function toMarkdown(rows: Row[]): string {
  const all = rows.map(cells).map((row) => row.map((cell) => cell.replaceAll("|", "\\|")));
  const wide = widths(all);
  const line = (row: readonly string[]): string => `| ${row.map((cell, i) => cell.padEnd(wide[i]!)).join(" | ")} |`;
  const rule = wide.map((n, i) => (i >= 1 && i <= 5 ? `${"-".repeat(n - 1)}:` : "-".repeat(n)));
  return `${[line(TITLES), line(rule), ...all.map(line)].join("\n")}\n`;
}

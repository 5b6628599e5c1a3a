import type { Kind } from "../stats/figure.ts";
import { FIGURE_ROWS, FIGURES } from "../stats/figures.ts";
import type { Summary, SummaryContext } from "../stats/summary.ts";
import type { Snapshot } from "../stats/snapshot.ts";
import { escapeJson } from "../text/escape.ts";

/** The kinds of figures whose numbers are written with three decimals. */
const ROUNDED: readonly Kind[] = [
  "number",
  "latency",
  "phases",
  "late",
  "own lateness or null",
  "slow responses or null",
  "host list or null",
  "flow or null",
];
/** The kinds of figures that are lists of many numbers, each of which is written on one line. */
const ON_ONE_LINE: readonly Kind[] = [
  "histogram",
  "histogram or null",
  "histograms by phase",
  "flow tally or null",
];

/**
 * The summary as one JSON document that ends in a line feed; its names are a contract with the
 * users' scripts. Times are in milliseconds where the name says so, else in seconds.
 */
export function formatSummary(snapshot: Snapshot, context: SummaryContext): string {
  return formatDocument(roundSummary(toSummary(snapshot, context)));
}

/** A summary, or a part of one, as a document: a value a line, but each histogram on one. */
export function formatDocument(summary: Partial<Summary>): string {
  const entries = Object.entries(summary).filter(([, value]) => value !== undefined);
  const isLong = ([name]: [string, unknown]): boolean =>
    ON_ONE_LINE.includes(FIGURES[name as keyof Summary].kind);
  let all = JSON.stringify(Object.fromEntries(entries.filter((it) => !isLong(it))), null, 2);
  for (const [name, value] of entries.filter(isLong)) {
    all = `${all.slice(0, -2)},\n  "${name}": ${JSON.stringify(value)}\n}`;
  }
  // It can go to a terminal, and JSON leaves DEL, C1 controls and bidi controls as they are.
  return `${escapeJson(all)}\n`;
}

/** What a snapshot comes to, by the names of the JSON document; not rounded yet. */
export function toSummary(snapshot: Snapshot, context: SummaryContext): Summary {
  const source = { ...snapshot, ...context };
  return Object.fromEntries(
    FIGURE_ROWS.map(([key, { of }]) => [key, typeof of === "string" ? source[of] : of(source)]),
  ) as unknown as Summary;
}

/** A summary, or a part of one, as it is written: numbers that are measured have three decimals. */
export function roundSummary<T extends Partial<Summary>>(summary: T): T {
  const entries = Object.entries(summary).map(([name, value]) => [
    name,
    ROUNDED.includes(FIGURES[name as keyof Summary].kind) ? roundAll(value) : value,
  ]);
  return Object.fromEntries(entries);
}

function roundAll(value: unknown): unknown {
  if (typeof value === "number") return round(value);
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(roundAll);
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, roundAll(one)]));
}

/** A number with three decimals. */
export function round(value: number): number {
  // A count of bytes would have other digits afterwards.
  return Number.isInteger(value) ? value : Math.round(value * 1000) / 1000;
}

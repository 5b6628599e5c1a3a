import { round } from "../../report/json.ts";
import type { Comparison } from "../../stats/figure.ts";
import { FIGURE_ROWS } from "../../stats/figures.ts";
import type { KnownSummary, Summary } from "../../stats/summary.ts";
import { escapeForTerminal, escapeJson } from "../../text/escape.ts";
import {
  formatCount,
  formatNumber,
  formatRate,
  latencyTitle,
  type Unit,
} from "../../text/format.ts";

/** Cells of a name, and of a file's. */
const NAME_CELLS = 22;
const VALUE_CELLS = 15;
/** The maximum number of statuses, and kinds of errors, that get a line each. */
const MAX_LINES = 20;
/** What comes first of the numbers by name; others follow. */
const FIRST_GROUPS: readonly (keyof Summary)[] = ["latency_ms", "statuses", "errors"];

/** A value of two runs; null where one does not tell it. */
export interface Difference {
  readonly a: number | null;
  readonly b: number | null;
  /** `b - a` */
  readonly difference: number | null;
  /** The difference in per cent of a; null where that is 0. */
  readonly percent: number | null;
}

/** Two runs side by side, by what is compared. Everything that is shown is rendered from it. */
export interface Differences {
  readonly numbers: Readonly<Record<string, Difference>>;
  /** Several numbers each, such as the statuses, by their names. */
  readonly groups: Readonly<Record<string, Readonly<Record<string, Difference>>>>;
}

/** What is compared, by its name in the JSON document. */
const COMPARISONS = FIGURE_ROWS.flatMap(([key, { compare = [], unit = "count" }]) =>
  compare.map((comparison) => ({ key, unit, ...comparison }))
);
const NUMBERS = COMPARISONS.filter(({ by }) => by === undefined);
const GROUPS = COMPARISONS.filter(({ by }) => by !== undefined).sort((a, b) => rank(a) - rank(b));

function rank({ key }: { readonly key: string }): number {
  const place = (FIRST_GROUPS as readonly string[]).indexOf(key);
  return place < 0 ? FIRST_GROUPS.length : place;
}

/** What differs from the first run to the second. */
export function compareRuns(a: KnownSummary, b: KnownSummary): Differences {
  const numbers = NUMBERS.map(({ key, of }) => {
    const [one, other] = [a, b].map((summary) =>
      of === undefined ? summary[key as keyof Summary] as number | undefined : of(summary)
    );
    return [key, compareNumbers(one, other)];
  });
  const groups = GROUPS.map((comparison) => [comparison.key, compareByName(comparison, a, b)]);
  return { numbers: Object.fromEntries(numbers), groups: Object.fromEntries(groups) };
}

function compareByName(
  { by, names }: Comparison,
  a: KnownSummary,
  b: KnownSummary,
): Record<string, Difference> {
  const both = [a, b].map((summary) => by!(summary));
  const all = names ?? [...new Set(both.flatMap((counts) => Object.keys(counts ?? {})))];
  return Object.fromEntries(all.map((name) => {
    const [one, other] = both.map((counts) =>
      counts?.[name] ?? (counts === undefined || names !== undefined ? undefined : 0)
    );
    return [name, compareNumbers(one, other)];
  }));
}

function compareNumbers(a: number | undefined, b: number | undefined): Difference {
  if (a === undefined || b === undefined) {
    return { a: a ?? null, b: b ?? null, difference: null, percent: null };
  }
  const percent = a === 0 ? null : round((b - a) / a * 100);
  return { a: round(a), b: round(b), difference: round(b - a), percent };
}

/** Both runs as JSON, safe to print on a terminal. */
export function formatDifferences(
  names: readonly [string, string],
  differences: Differences,
): string {
  const [a, b] = names;
  const { numbers, groups } = differences;
  return `${escapeJson(JSON.stringify({ a, b, ...numbers, ...groups }, null, 2))}\n`;
}

/** Both runs as a table: what, of the first, of the second, the difference. */
export function formatDifferenceTable(
  names: readonly [string, string],
  { numbers, groups }: Differences,
): string {
  const lines: string[] = [];
  const cells = (name: string, a: string, b: string, difference: string, percent: string): void => {
    lines.push(
      `${name.padEnd(NAME_CELLS)}${
        [a, b, difference].map((cell) => cell.padStart(VALUE_CELLS)).join("")
      }${percent.padStart(11)}`.trimEnd(),
    );
  };
  const row = (name: string, it: Difference, unit: Unit): void => {
    if (it.a === null && it.b === null) return;
    // The name of a rate has its unit.
    const format = unit === "/s" ? formatRate : (value: number) => formatNumber(value, unit);
    const value = (value: number | null): string => value === null ? "–" : format(value);
    cells(name, value(it.a), value(it.b), signed(it.difference, format), toPercent(it));
  };
  const title = (name: string): string => {
    // The end of a path tells more.
    const text = escapeForTerminal(name);
    return text.length < VALUE_CELLS ? text : `…${text.slice(2 - VALUE_CELLS)}`;
  };
  const group = (
    { title, unit, names }: typeof GROUPS[number],
    all: Record<string, Difference>,
  ): void => {
    const known = Object.entries(all).filter(([, { a, b }]) => a !== null || b !== null);
    if (known.length === 0) return;
    lines.push(title);
    const size = ({ a, b }: Difference): number => Math.max(a ?? 0, b ?? 0);
    const shown = names !== undefined
      ? known
      : known.sort(([, one], [, other]) => size(other) - size(one)).slice(0, MAX_LINES);
    for (const [key, difference] of shown) {
      row(`  ${escapeForTerminal(latencyTitle(key), NAME_CELLS - 3)}`, difference, unit);
    }
    const left = known.length - shown.length;
    if (left > 0) lines.push(`  and ${formatCount(left)} more`);
  };
  cells("", title(names[0]), title(names[1]), "difference", "");
  for (const { key, title, unit, usual } of NUMBERS) {
    const number = numbers[key];
    const isUsual = [number.a, number.b].every((value) => (value ?? usual) === usual);
    if (usual === undefined || !isUsual) row(title, number, unit);
  }
  for (const comparison of GROUPS) group(comparison, groups[comparison.key]);
  return `${lines.join("\n")}\n`;
}

function signed(value: number | null, format: (value: number) => string): string {
  if (value === null) return "";
  if (value === 0) return "0";
  return `${value > 0 ? "+" : "-"}${format(Math.abs(value))}`;
}

function toPercent({ percent }: Difference): string {
  if (percent === null || percent === 0) return "";
  const size = Math.abs(percent);
  const sign = percent > 0 ? "+" : "-";
  return `${sign}${size < 1000 ? size.toFixed(1) : formatCount(size)} %`;
}

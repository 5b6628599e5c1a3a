import { rounded } from "../../report/json.ts";
import type { PageSummary } from "../../report/page/data.ts";
import { LATENCIES, type Latency } from "../../stats/snapshot.ts";
import { escapeForTerminal, escapeJson } from "../../text/escape.ts";
import {
  formatBytes,
  formatClock,
  formatCount,
  formatMs,
  formatRate,
  formatShare,
  latencyTitle,
} from "../../text/format.ts";

/** Cells of a name, and of a file's. */
const NAME_CELLS = 22;
const VALUE_CELLS = 15;
/** Most statuses, and kinds of errors, that get a line each. */
const MAX_LINES = 20;

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
  readonly requests: Difference;
  readonly succeeded: Difference;
  readonly failed: Difference;
  /** Failed ones of 100 requests. */
  readonly failed_percent: Difference;
  readonly skipped: Difference;
  readonly seconds: Difference;
  readonly rate: Difference;
  readonly latency_ms: Readonly<Record<keyof Latency, Difference>>;
  readonly bytes: Difference;
  readonly attempts: Difference;
  readonly peak_rss_kb: Difference;
  readonly cpu_seconds: Difference;
  /** Microseconds of processor time. */
  readonly cpu_us_per_request: Difference;
  readonly statuses: Readonly<Record<string, Difference>>;
  readonly errors: Readonly<Record<string, Difference>>;
}

/** What differs from the first run to the second. */
export function compareRuns(a: PageSummary, b: PageSummary): Differences {
  const of = (value: (summary: PageSummary) => number | undefined): Difference =>
    compareFigure(value(a), value(b));
  const byName = (
    counts: (summary: PageSummary) => Readonly<Record<string, number>> | undefined,
  ): Record<string, Difference> => {
    const names = new Set([a, b].flatMap((summary) => Object.keys(counts(summary) ?? {})));
    return Object.fromEntries(
      Array.from(names, (name) => [
        name,
        of((summary) => {
          const all = counts(summary);
          return all === undefined ? undefined : all[name] ?? 0;
        }),
      ]),
    );
  };
  return {
    requests: of(({ requests }) => requests),
    succeeded: of(({ succeeded }) => succeeded),
    failed: of(({ failed }) => failed),
    failed_percent: of(({ failed, requests }) =>
      requests > 0 ? failed / requests * 100 : undefined
    ),
    skipped: of(({ skipped }) => skipped),
    seconds: of(({ seconds }) => seconds),
    rate: of(({ rate }) => rate),
    latency_ms: Object.fromEntries(LATENCIES.map((name) => [
      name,
      // Without an answer there is no latency, though a summary has zeros.
      of(({ latency_ms, succeeded }) => succeeded > 0 ? latency_ms?.[name] : undefined),
    ])) as Record<keyof Latency, Difference>,
    bytes: of(({ bytes }) => bytes),
    attempts: of(({ attempts }) => attempts),
    peak_rss_kb: of(({ peak_rss_kb }) => peak_rss_kb),
    cpu_seconds: of(({ cpu_seconds }) => cpu_seconds),
    cpu_us_per_request: of(({ cpu_seconds, requests }) =>
      cpu_seconds === undefined || requests === 0 ? undefined : cpu_seconds / requests * 1e6
    ),
    statuses: byName(({ statuses }) => statuses),
    errors: byName(({ errors }) =>
      errors && Object.fromEntries(
        Object.entries(errors).map(([kind, { count }]) => [kind, count]),
      )
    ),
  };
}

function compareFigure(a: number | undefined, b: number | undefined): Difference {
  if (a === undefined || b === undefined) {
    return { a: a ?? null, b: b ?? null, difference: null, percent: null };
  }
  const percent = a === 0 ? null : rounded((b - a) / a * 100);
  return { a: rounded(a), b: rounded(b), difference: rounded(b - a), percent };
}

/** Both runs as JSON, safe to print on a terminal. */
export function formatDifferences(
  names: readonly [string, string],
  differences: Differences,
): string {
  const [a, b] = names;
  return `${escapeJson(JSON.stringify({ a, b, ...differences }, null, 2))}\n`;
}

/** Both runs as a table: what, of the first, of the second, the difference. */
export function formatDifferenceTable(
  names: readonly [string, string],
  differences: Differences,
): string {
  const lines: string[] = [];
  const cells = (name: string, a: string, b: string, difference: string, percent: string): void => {
    lines.push(
      `${name.padEnd(NAME_CELLS)}${
        [a, b, difference].map((cell) => cell.padStart(VALUE_CELLS)).join("")
      }${percent.padStart(11)}`.trimEnd(),
    );
  };
  const row = (name: string, it: Difference, format: (value: number) => string): void => {
    if (it.a === null && it.b === null) return;
    const value = (value: number | null): string => value === null ? "–" : format(value);
    cells(name, value(it.a), value(it.b), signed(it.difference, format), toPercent(it));
  };
  const title = (name: string): string => {
    // The end of a path tells more.
    const text = escapeForTerminal(name);
    return text.length < VALUE_CELLS ? text : `…${text.slice(2 - VALUE_CELLS)}`;
  };
  const group = (
    name: string,
    all: Readonly<Record<string, Difference>>,
    format: (value: number) => string,
  ): void => {
    const known = Object.entries(all).filter(([, { a, b }]) => a !== null || b !== null);
    if (known.length === 0) return;
    lines.push(name);
    const size = ({ a, b }: Difference): number => Math.max(a ?? 0, b ?? 0);
    const shown = name === "latency"
      ? known
      : known.sort(([, one], [, other]) => size(other) - size(one)).slice(0, MAX_LINES);
    for (const [key, difference] of shown) {
      row(`  ${escapeForTerminal(latencyTitle(key), NAME_CELLS - 3)}`, difference, format);
    }
    const left = known.length - shown.length;
    if (left > 0) lines.push(`  and ${formatCount(left)} more`);
  };
  cells("", title(names[0]), title(names[1]), "difference", "");
  row("requests", differences.requests, formatCount);
  row("succeeded", differences.succeeded, formatCount);
  row("failed", differences.failed, formatCount);
  row("failed, share", differences.failed_percent, (percent) => formatShare(percent / 100));
  if (differences.skipped.a || differences.skipped.b) {
    row("skipped", differences.skipped, formatCount);
  }
  row("time", differences.seconds, (s) => s < 600 ? formatMs(s * 1000) : formatClock(s));
  row("requests/s", differences.rate, formatRate);
  row("bodies", differences.bytes, formatBytes);
  row("attempts", differences.attempts, formatCount);
  row("memory at most", differences.peak_rss_kb, (kb) => formatBytes(kb * 1024));
  row("CPU", differences.cpu_seconds, (s) => formatMs(s * 1000));
  row("CPU a request", differences.cpu_us_per_request, (us) => formatMs(us / 1000));
  group("latency", differences.latency_ms, formatMs);
  group("statuses", differences.statuses, formatCount);
  group("errors", differences.errors, formatCount);
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

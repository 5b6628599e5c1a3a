import { STATUS_TEXT } from "@std/http/status";
import { type ErrorGroup, groupErrors } from "../stats/error_groups.ts";
import { FIGURE_ROWS } from "../stats/figures.ts";
import type { KnownSummary } from "../stats/summary.ts";
import type { Example, Snapshot } from "../stats/snapshot.ts";
import { escapeForTerminal } from "../text/escape.ts";
import {
  formatBytes,
  formatCount,
  formatLatency,
  formatMs,
  formatNumber,
  formatRate,
  formatRequests,
  formatShare,
  formatTimes,
  formatTook,
  latencyTitle,
} from "../text/format.ts";
import { createPainter, type Painter } from "../text/style.ts";
import { padEndWidth, truncateWidth } from "../text/width.ts";
import { listPhases } from "./phases.ts";
import { formatReached } from "./verdict.ts";

/** The maximum number of cells of a line. */
const MAX_CELLS = 80;
/** The same of an example. */
const MAX_EXAMPLE_CELLS = 68;
/** The maximum number of characters of a text of others that are looked at. */
const MAX_TEXT = 500;
/** The maximum number of characters of the threshold in the first line. */
const MAX_ABORTED_LENGTH = 22;
/** The maximum number of statuses that get a line each: a server can send 900. */
const MAX_STATUSES = 10;
/** The maximum number of expectations that get a line each. */
const MAX_REASONS = 10;
/** The maximum number of characters of a cause of retries; `protocol` is the longest of a run. */
const MAX_CAUSE_LENGTH = 20;
/** The maximum number of causes of retries that are named in their line. */
const MAX_CAUSES = 3;
/** Columns of figures beside a name: the title of each, and its cells. */
type Columns = readonly (readonly [title: string, cells: number])[];
const PHASE_COLUMNS: Columns = [
  ["count", 14],
  ...["mean", "p50", "p95", "p99", "max"].map((title) => [title, 10] as const),
];
const STEP_COLUMNS: Columns = [
  ["requests", 14],
  ["failed", 10],
  ...["mean", "p95", "p99", "max"].map((title) => [title, 10] as const),
];
const CHECK_COLUMNS: Columns = [["passed", 15], ["failed", 13]];
const HOST_COLUMNS: Columns = [["requests", 15], ["failed", 13], ["mean", 12], ["slowest", 12]];
/** Cells of a name left of its count; the longest reason phrase fits. */
const NAME_CELLS = 35;

/** All that a table shows; what is missing is left out of it. */
export interface TableData {
  readonly summary: KnownSummary;
  /** Responses with a status of 400 or more that succeeded because nobody said what to expect. */
  readonly tolerated?: number | undefined;
  /** How many requests there were to be, if that is known. */
  readonly total?: number | undefined;
}

/**
 * The summary for people: what came of the requests, how fast, at which cost. At most 80 cells
 * wide unless the run took a day.
 */
export function formatTable(data: TableData, { color }: { color: boolean }): string {
  const paint = createPainter(color);
  const { summary } = data;
  const sections: (readonly [title: string, lines: readonly string[]])[] = [
    [formatFirstLine(summary, paint), formatRows(data, paint)],
    [paint("bold", "Latency of responses"), formatLatencies(summary)],
    [formatTitles("Steps", STEP_COLUMNS, paint), formatSteps(summary, paint)],
    [formatTitles("Checks", CHECK_COLUMNS, paint), formatChecks(summary, paint)],
    [formatTitles("Phases", PHASE_COLUMNS, paint), formatPhases(summary)],
    [paint("bold", "Statuses"), formatStatuses(summary)],
    [paint("bold", "Errors"), formatErrors(summary, paint)],
    [paint("bold", "Slowest responses"), formatSlowest(summary)],
    [formatTitles("Hosts", HOST_COLUMNS, paint), formatHosts(summary, paint)],
    [paint("bold", "Thresholds"), formatThresholds(summary, paint)],
  ];
  const shown = sections.filter(([, lines]) => lines.length > 0);
  return `${shown.map(([title, lines]) => [title, ...lines].join("\n")).join("\n\n")}\n`;
}

function formatFirstLine(
  { requests, seconds, interrupted, aborted }: KnownSummary,
  paint: Painter,
): string {
  const inTime = seconds === undefined ? "" : ` in ${formatTook(seconds)}`;
  const made = `${formatRequests(requests)}${inTime}`;
  const isAborted = typeof aborted === "string" && !interrupted;
  return paint("bold", made) +
    (interrupted ? paint("yellow", ", interrupted") : "") +
    (isAborted
      ? paint("yellow", `, aborted by ${escapeForTerminal(aborted, MAX_ABORTED_LENGTH)}`)
      : "");
}

/** A line of the table: its name, empty for more on the same, and what there is to say. */
export type TableRow = readonly [name: string, value: string];

function formatRows(data: TableData, paint: Painter): string[] {
  return listRows(data, paint).map(([name, value]) => `  ${name.padEnd(12)} ${value}`);
}

/** What was counted and measured. */
export function listRows(
  { summary, tolerated = 0, total }: TableData,
  paint: Painter,
): TableRow[] {
  const rows: TableRow[] = [];
  const row = (name: string, value: string | undefined): void => {
    if (value !== undefined) rows.push([name, value]);
  };
  const { requests, failed, skipped = 0, warm_up = 0, rate, bytes, seconds, concurrency } = summary;
  row("succeeded", paint("green", formatCount(summary.succeeded)));
  if (tolerated > 0) {
    row("", `${formatCount(tolerated)} with status 4xx or 5xx: --fail counts them as failed`);
  }
  row("failed", failed > 0 ? paint("red", formatCount(failed)) : "0");
  if (skipped > 0) row("", `${formatCount(skipped)} not sent, as their hosts were given up`);
  if (warm_up > 0) row("warm-up", `${formatCount(warm_up)} requests, which are not counted`);
  if (rate !== undefined) row("rate", `${formatRate(rate)} requests/s`);
  row("", formatSchedule(summary) ?? formatUtilization(summary, total));
  row("", formatOwnLate(summary));
  if (bytes !== undefined) {
    const aSecond = seconds === undefined ? "" : `, ${formatBytes(ratio(bytes, seconds))}/s`;
    row("bodies", `${formatBytes(bytes)}${aSecond}`);
  }
  const { peak_rss_kb, cpu_seconds, engine, transport, threads = 1, shortages = {} } = summary;
  if (peak_rss_kb !== undefined) row("memory", `${formatBytes(peak_rss_kb * 1024)} at most`);
  if (cpu_seconds !== undefined) {
    const each = requests > 0 ? `, ${formatMs(cpu_seconds / requests * 1000)} a request` : "";
    row("CPU", `${cpu_seconds.toFixed(2)} s${each}`);
  }
  for (const [key, { line, unit = "count" }] of FIGURE_ROWS) {
    const value = summary[key];
    if (line !== undefined && typeof value === "number") row(line.title, formatNumber(value, unit));
  }
  // The workers of a short run have not told it.
  if (engine !== undefined && engine !== "") {
    const most = concurrency === undefined ? "" : `, at most ${formatCount(concurrency)} in flight`;
    const sockets = transport === undefined || transport === "portable"
      ? ""
      : ` over ${fit(transport, MAX_EXAMPLE_CELLS)} sockets`;
    const what = summary.cluster ? "workers" : "threads";
    const loops = threads > 1 ? ` in ${formatCount(threads)} ${what}` : "";
    // Of a run that was collected after its workers had left, no worker has said it.
    row("engine", `${fit(engine || "not known", MAX_EXAMPLE_CELLS)}${sockets}${loops}${most}`);
  }
  row("cluster", formatCluster(summary));
  row("iterations", formatIterations(summary));
  row("", formatDurations(summary));
  row("retries", formatRetries(summary));
  for (const [what, count] of Object.entries(shortages)) {
    const text = fit(what, MAX_EXAMPLE_CELLS);
    row("ran out", paint("yellow", `${formatTimes(count)}: ${text}; requests waited for it`));
  }
  return rows;
}

/** What was collected from other machines; undefined without. */
function formatCluster({ cluster }: KnownSummary): string | undefined {
  if (cluster === undefined || cluster === null) return undefined;
  const { workers, slices, redone, records } = cluster;
  const by = `${formatCount(workers)} ${workers === 1 ? "worker" : "workers"}`;
  const of = `${formatCount(slices)} ${slices === 1 ? "slice" : "slices"} by ${by}`;
  const again = redone === 0 ? "" : `, ${formatCount(redone)} redone`;
  const what = records === 1 ? "record" : "records";
  return `${of}${again}; ${formatCount(records)} ${what}, each once`;
}

/** How well the schedule was kept; undefined without one. */
function formatSchedule({ target_rate, late, attempts }: KnownSummary): string | undefined {
  if (typeof target_rate !== "number" || late === undefined || attempts === undefined) return;
  const asked = `of ${formatRate(target_rate)} asked for`;
  if (late.count === 0) return `${asked}, none late`;
  return `${asked}, ${formatShare(ratio(late.count, attempts))} late, by ${
    formatMs(late.mean_ms)
  } on average, ${formatMs(late.max_ms)} at most`;
}

/** How near the run came to what its concurrency allows; undefined where that is not known. */
function formatUtilization(
  { utilization = 0, concurrency, mean_in_flight_ms }: KnownSummary,
  total = Infinity,
): string | undefined {
  if (utilization === 0 || concurrency === undefined || mean_in_flight_ms === undefined) return;
  const inFlight = formatCount(Math.min(concurrency, total));
  const each = formatMs(mean_in_flight_ms);
  return `${formatShare(utilization)} of what ${inFlight} in flight allow at ${each} each`;
}

/** How late starts were by the program's own doing; undefined without a rate. */
function formatOwnLate({ own_late_ms }: KnownSummary): string | undefined {
  if (own_late_ms === undefined || own_late_ms === null) return undefined;
  const { p50, p99, max } = own_late_ms;
  return `own lateness p50 ${formatMs(p50)}, p99 ${formatMs(p99)}, at most ${formatMs(max)}`;
}

function formatRetries({ retries: counts = {} }: KnownSummary): string | undefined {
  const retries = Object.entries(counts).sort(([, a], [, b]) => b - a);
  if (retries.length === 0) return undefined;
  const causes = retries.slice(0, MAX_CAUSES).map(([cause, count]) =>
    `${formatCount(count)} after ${/^\d/.test(cause) ? "a " : ""}${
      escapeForTerminal(cause, MAX_CAUSE_LENGTH)
    }`
  );
  return causes.join(", ") + (retries.length > MAX_CAUSES ? ", …" : "");
}

function formatLatencies({ succeeded, latency_ms }: KnownSummary): string[] {
  if (succeeded === 0 || latency_ms === undefined) return [];
  const { min, mean, max, stddev, ...percentiles } = latency_ms;
  const columns = Object.entries(percentiles).map(([name, ms]) => {
    const title = latencyTitle(name);
    const value = formatMs(ms);
    const width = Math.max(title.length, value.length) + 3;
    return [title.padEnd(width), value.padEnd(width)];
  });
  return [
    `  min ${formatMs(min)}   mean ${formatMs(mean)}   max ${formatMs(max)}   stddev ${
      formatMs(stddev)
    }`,
    ...[0, 1].map((line) => `  ${columns.map((column) => column[line]).join("").trimEnd()}`),
  ];
}

function formatStatuses({ statuses: counts = {}, requests }: KnownSummary): string[] {
  const statuses = Object.entries(counts).sort(([, a], [, b]) => b - a);
  const others = statuses.splice(MAX_STATUSES);
  const lines = statuses.map(([status, count]) => {
    const text = (STATUS_TEXT as Record<string, string>)[status] ?? "";
    return `  ${`${status} ${text}`.padEnd(NAME_CELLS)} ${share(count, requests)}`;
  });
  if (others.length === 0) return lines;
  const count = others.reduce((sum, [, count]) => sum + count, 0);
  return [...lines, `  ${`${others.length} others`.padEnd(NAME_CELLS)} ${share(count, requests)}`];
}

function formatErrors({ errors = {}, requests }: KnownSummary, paint: Painter): string[] {
  const groups = groupErrors(errors);
  return Object.entries(errors).flatMap(([kind, { count }]) => [
    `  ${paint("red", kind.padEnd(NAME_CELLS))} ${share(count, requests)}`,
    ...formatReasons(groups.filter((group) => group.kind === kind), requests),
  ]);
}

/** An example of failures of a kind, or the expectations that were not met with one of each. */
function formatReasons(groups: readonly ErrorGroup[], requests: number): string[] {
  const others = groups.slice(MAX_REASONS);
  const lines = groups.slice(0, MAX_REASONS).flatMap(({ expectation, count, examples }) => {
    if (expectation === undefined) return formatExample(examples);
    const name = padEndWidth(fit(expectation, NAME_CELLS - 2), NAME_CELLS - 2);
    return [`    ${name} ${share(count, requests)}`, ...formatExample(examples)];
  });
  if (others.length === 0) return lines;
  const count = others.reduce((sum, { count }) => sum + count, 0);
  const name = `${others.length} others`.padEnd(NAME_CELLS - 2);
  return [...lines, `    ${name} ${share(count, requests)}`];
}

function formatExample([example]: readonly Example[]): string[] {
  if (example === undefined) return [];
  const { url, detail } = example;
  return [
    `    such as ${fit(url, MAX_EXAMPLE_CELLS)}`,
    ...detail === "" ? [] : [`            ${fit(detail, MAX_EXAMPLE_CELLS)}`],
  ];
}

function formatSlowest({ slowest }: KnownSummary): string[] {
  return (slowest ?? []).map(({ i, url, status, ms }) => {
    const start = `  ${formatMs(ms).padStart(8)}  ${`${status ?? "-"}`.padEnd(3)}  ${`#${i}`}  `;
    return `${start}${fit(url, MAX_CELLS - start.length)}`;
  });
}

function formatHosts({ hosts }: KnownSummary, paint: Painter): string[] {
  return (hosts ?? []).map(({ host, requests, failed, mean_ms, max_ms }) => {
    const responses = requests - failed;
    return formatLine(fit(host, MAX_CELLS), HOST_COLUMNS, [
      formatCount(requests),
      formatCount(failed),
      formatLatency(mean_ms, responses),
      formatLatency(max_ms, responses),
    ], (title, cell) => title === "failed" && failed > 0 ? paint("red", cell) : cell);
  });
}

/** How many iterations a flow had, and how fast; undefined without a flow. */
function formatIterations({ flow, seconds = 0 }: KnownSummary): string | undefined {
  if (!flow) return undefined;
  const rate = seconds > 0 ? `, ${formatRate(flow.iterations / seconds)}/s` : "";
  return `${formatCount(flow.iterations)}${rate}, ${formatCount(flow.failed)} failed`;
}

/** How long the iterations of a flow took; undefined where none succeeded. */
function formatDurations({ flow }: KnownSummary): string | undefined {
  if (!flow || flow.iterations === flow.failed) return undefined;
  const { mean, p95, max } = flow.duration_ms;
  return `${formatMs(mean)} each, p95 ${formatMs(p95)}, at most ${formatMs(max)}`;
}

function formatSteps({ flow }: KnownSummary, paint: Painter): string[] {
  return (flow?.steps ?? []).map(({ step, requests, failed, response_ms }) => {
    const { mean, p95, p99, max } = response_ms;
    return formatLine(fit(step, MAX_CELLS), STEP_COLUMNS, [
      formatCount(requests),
      formatCount(failed),
      ...[mean, p95, p99, max].map((ms) => formatLatency(ms, requests - failed)),
    ], (title, cell) => title === "failed" && failed > 0 ? paint("red", cell) : cell);
  });
}

function formatChecks({ flow }: KnownSummary, paint: Painter): string[] {
  return (flow?.checks ?? []).map(({ check, passed, failed }) =>
    formatLine(
      fit(check, MAX_CELLS),
      CHECK_COLUMNS,
      [formatCount(passed), formatCount(failed)],
      (title, cell) => title === "failed" && failed > 0 ? paint("red", cell) : cell,
    )
  );
}

function formatPhases(summary: KnownSummary): string[] {
  return listPhases(summary).map(({ title, figures: { count, mean, p50, p95, p99, max } }) => {
    const times = [mean, p50, p95, p99, max].map(formatMs);
    return formatLine(title, PHASE_COLUMNS, [formatCount(count), ...times]);
  });
}

function formatTitles(name: string, columns: Columns, paint: Painter): string {
  const titles = columns.map(([title, cells]) => title.padStart(cells)).join("");
  return paint("bold", name.padEnd(MAX_CELLS - titles.length)) + titles;
}

/** A line of columns; a long figure takes from the name. */
function formatLine(
  name: string,
  columns: Columns,
  figures: readonly string[],
  style: (title: string, cell: string) => string = (_, cell) => cell,
): string {
  const cells = columns.map(([, cells], k) => ` ${figures[k].padStart(cells - 1)}`);
  const left = MAX_CELLS - 2 - cells.join("").length;
  const styled = cells.map((cell, k) => style(columns[k][0], cell)).join("");
  return `  ${padEndWidth(truncateWidth(name, left), left)}${styled}`;
}

function formatThresholds({ thresholds = [] }: KnownSummary, paint: Painter): string[] {
  return thresholds.map((verdict) => {
    const name = escapeForTerminal(verdict.threshold, NAME_CELLS).padEnd(NAME_CELLS);
    const passed = verdict.passed ? paint("green", "passed") : paint("red", "failed");
    return `  ${name} ${passed}   ${formatReached(verdict)}`;
  });
}

/** What came of a retry of failed requests, in a sentence. */
export function formatMadeAgain(
  { wanted, count, failed }: {
    /** How many it was to make again. */
    readonly wanted: number;
    /** How many it made, and how many of them failed again. */
    readonly count: number;
    readonly failed: number;
  },
): string {
  const all = count === wanted ? "" : ` of ${formatCount(wanted)}`;
  const requests = wanted === 1 ? "request" : "requests";
  const [succeeded, again] = [count - failed, failed].map(formatCount);
  return `made ${
    formatCount(count)
  }${all} failed ${requests} again: ${succeeded} succeeded now, ${again} failed again`;
}

/** The maximum number of kinds of errors that {@linkcode formatFailed} names. */
const MAX_KINDS = 3;

/** How many requests failed, and why, in a line: `3 of 100 requests failed: 2 refused, 1 timeout`. */
export function formatFailed(
  { requests, failed, errors }: Pick<Snapshot, "requests" | "failed" | "errors">,
): string {
  const kinds = Object.entries(errors).sort(([, a], [, b]) => b.count - a.count);
  const named = kinds.slice(0, MAX_KINDS).map(([kind, { count }]) =>
    `${formatCount(count)} ${kind}`
  );
  return `${formatCount(failed)} of ${formatRequests(requests)} failed: ${named.join(", ")}${
    kinds.length > MAX_KINDS ? ", …" : ""
  }`;
}

function share(count: number, requests: number): string {
  return `${formatCount(count).padStart(13)} ${formatShare(ratio(count, requests)).padStart(8)}`;
}

function ratio(a: number, b: number): number {
  return b > 0 ? a / b : 0;
}

/** A text of others in at most so many cells. */
function fit(text: string, cells: number): string {
  return truncateWidth(escapeForTerminal(text, MAX_TEXT), cells);
}

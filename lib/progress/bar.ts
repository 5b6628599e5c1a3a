import {
  computeProgress,
  countWorkers,
  type Snapshot,
  type WorkerFigures,
} from "../stats/snapshot.ts";
import {
  formatBytes,
  formatClock,
  formatCount,
  formatLatency,
  formatRate,
} from "../text/format.ts";
import { createPainter } from "../text/style.ts";

/** The minimum number of cells of the bar itself. */
const MIN_BAR_CELLS = 20;
/** The minimum number of cells of a line that has a bar. */
const MIN_WIDTH_FOR_BAR = 60;
/** The share of its line that a long bar has. */
const LONG_BAR_SHARE = 1 / 4;

/** The time after which no more requests start, and how much of it has passed. */
export interface Limit {
  readonly durationMs: number;
  readonly elapsedMs: number;
}

/** The share of the requests or of the time that is done, 0 to 1; undefined if nobody knows it. */
function computeDone(snapshot: Snapshot, limit?: Limit): number | undefined {
  const done = computeProgress(snapshot);
  if (limit === undefined) return done;
  return Math.max(done ?? 0, Math.min(1, limit.elapsedMs / limit.durationMs));
}

/** Seconds until the end at this rate; undefined if nobody knows. */
export function estimateEta(
  { requests, total, progress, held, paused, inFlight }: Snapshot,
  rate: number,
  limit?: Limit,
): number | undefined {
  const all = total ?? (progress !== undefined && progress > 0 ? requests / progress : undefined);
  const left = all === undefined ? undefined : Math.max(0, all - requests);
  // Only probes continue then, and their rate says nothing about the end.
  const isStopped = left !== undefined && paused > 0 && left <= held + inFlight;
  const eta = left !== undefined && rate > 0 && !isStopped ? left / rate : undefined;
  if (limit === undefined) return eta;
  return Math.min(eta ?? Infinity, Math.max(0, limit.durationMs - limit.elapsedMs) / 1000);
}

/** How far the run is, the most important first. */
function formatProgress(snapshot: Snapshot, rate: number, limit?: Limit): string[] {
  const { requests, total, failed, paused } = snapshot;
  const done = computeDone(snapshot, limit);
  const eta = estimateEta(snapshot, rate, limit);
  return [
    total === undefined ? formatCount(requests) : `${formatCount(requests)}/${formatCount(total)}`,
    ...done === undefined ? [] : [`${Math.floor(done * 100)} %`],
    ...paused === 0 ? [] : [paused === 1 ? "paused" : `${formatCount(paused)} paused`],
    `${formatRate(rate)}/s`,
    `${formatCount(failed)} ${failed === 1 ? "error" : "errors"}`,
    ...eta === undefined ? [] : [`ETA ${formatClock(eta)}`],
    `${formatClock(snapshot.seconds)}`,
  ];
}

/** How many workers a run on several machines has at present, in words. */
export function formatWorkers(workers: readonly WorkerFigures[]): string {
  const silent = countWorkers(workers, "silent");
  const count = countWorkers(workers, "busy") + silent;
  if (count === 0) return "no worker";
  const all = `${formatCount(count)} ${count === 1 ? "worker" : "workers"}`;
  return silent === 0 ? all : `${all}, ${formatCount(silent)} silent`;
}

/** How the servers do and what this process uses, the most important first. */
function formatState(
  { latency, succeeded, inFlight, retrying, rssBytes, workers }: Snapshot,
): string[] {
  return [
    ...workers === undefined ? [] : [formatWorkers(workers)],
    `p50 ${formatLatency(latency.p50, succeeded)} p99 ${formatLatency(latency.p99, succeeded)}`,
    `${formatCount(inFlight)} in flight`,
    ...formatRetries(retrying),
    formatBytes(rssBytes),
  ];
}

function formatRetries(retrying: number): string[] {
  return retrying === 0 ? [] : [`${formatCount(retrying)} to be tried again`];
}

/** Options for {@linkcode formatBar}. */
export interface BarOptions {
  /** Cells of the terminal's line; the last one is left free. */
  readonly columns: number;
  readonly color: boolean;
  readonly limit?: Limit | undefined;
  /** Whether latency, in flight and memory are shown elsewhere: the bar is longer then. */
  readonly isHead?: boolean;
}

/**
 * One line that says how far a run is. If the terminal is too narrow for all of it, the line drops
 * memory, in flight, latency, workers, elapsed, ETA, errors, rate and percentage, in this order;
 * below 60 cells it has no bar. The last to stay is `done/total`, or the first that fits of done,
 * percentage and done rounded. No number is ever cut.
 *
 * @param rate recent requests a second
 */
export function formatBar(
  snapshot: Snapshot,
  rate: number,
  { columns, color, limit, isHead = false }: BarOptions,
): string {
  const width = columns - 1;
  const done = computeDone(snapshot, limit);
  const [count, ...fields] = formatProgress(snapshot, rate, limit);
  fields.push(...isHead ? formatRetries(snapshot.retrying) : formatState(snapshot));
  const barCells = isHead
    ? Math.max(MIN_BAR_CELLS, Math.floor(width * LONG_BAR_SHARE))
    : MIN_BAR_CELLS;
  const besideBar = width - barCells - 3;
  const hasBar = done !== undefined && width >= MIN_WIDTH_FOR_BAR && count.length <= besideBar;
  const room = hasBar ? besideBar : width;
  if (count.length > room) return shorten(snapshot, done).find((it) => it.length <= room) ?? "";
  let text = count;
  for (const field of fields) {
    if (text.length + 2 + field.length > room) break;
    text += `  ${field}`;
  }
  if (!hasBar) return text;
  // Rounded down, as a full bar means that all is done.
  const filled = Math.floor(done * barCells);
  const cells = "#".repeat(filled);
  const bar = createPainter(color)("green", cells);
  return `[${bar}${".".repeat(barCells - filled)}] ${text}`;
}

/** Short forms of how much is done, the most exact first. */
function shorten({ requests }: Snapshot, done: number | undefined): string[] {
  return [
    formatCount(requests),
    ...done === undefined ? [] : [`${Math.floor(done * 100)} %`],
    new Intl.NumberFormat("en", { notation: "compact" }).format(requests),
  ];
}

/**
 * The same as {@linkcode formatBar}, as a line of a log without a line feed.
 *
 * @param rate recent requests a second
 */
export function formatLogLine(snapshot: Snapshot, rate: number, limit?: Limit): string {
  return [...formatProgress(snapshot, rate, limit), ...formatState(snapshot)].join(", ");
}

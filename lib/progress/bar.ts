import type { Snapshot } from "../stats/snapshot.ts";
import {
  formatBytes,
  formatClock,
  formatCount,
  formatLatency,
  formatRate,
} from "../text/format.ts";

/** Cells of the bar itself at least, and of the line from which on there is one. */
const BAR_CELLS = 20;
const WIDTH_FOR_BAR = 60;
/** What a long bar is of its line. */
const LONG = 1 / 4;

/** The time after which no more requests start, and what of it is over, in milliseconds. */
export interface Limit {
  readonly durationMs: number;
  readonly elapsedMs: number;
}

/** The share that is done, 0 to 1, as far as anybody knows: of the requests, or of the time. */
function computeDone({ requests, total, progress }: Snapshot, limit?: Limit): number | undefined {
  const done = total !== undefined && total > 0 ? Math.min(1, requests / total) : progress;
  if (limit === undefined) return done;
  return Math.max(done ?? 0, Math.min(1, limit.elapsedMs / limit.durationMs));
}

/** Seconds until the end at this rate, as far as anybody knows. */
export function estimateEta(
  { requests, total, progress, held, paused, inFlight }: Snapshot,
  rate: number,
  limit?: Limit,
): number | undefined {
  const all = total ?? (progress !== undefined && progress > 0 ? requests / progress : undefined);
  const left = all === undefined ? undefined : Math.max(0, all - requests);
  // Nothing but probes goes on then: their rate tells nothing of the end.
  const isStopped = left !== undefined && paused > 0 && left <= held + inFlight;
  const eta = left !== undefined && rate > 0 && !isStopped ? left / rate : undefined;
  if (limit === undefined) return eta;
  return Math.min(eta ?? Infinity, Math.max(0, limit.durationMs - limit.elapsedMs) / 1000);
}

/** How far it is, the most important first. */
function formatWay(snapshot: Snapshot, rate: number, limit?: Limit): string[] {
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

/** How the servers fare and what this process takes, the most important first. */
function formatState({ latency, succeeded, inFlight, retrying, rssBytes }: Snapshot): string[] {
  return [
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
  /** Cells of the terminal's line, of which the last is left free. */
  readonly columns: number;
  readonly color: boolean;
  readonly limit?: Limit | undefined;
  /** Whether latency, in flight and memory stand elsewhere; the bar is longer then. */
  readonly isHead?: boolean;
}

/**
 * One line that says how far a run is. Where the terminal is too narrow for all of it, it drops
 * memory, in flight, latency, elapsed, ETA, errors, rate and percentage, in this order; below 60
 * cells there is no bar. What is left is `done/total`, or the first that fits of done, percentage
 * and done rounded: no number is ever cut.
 *
 * @param rate requests a second, lately
 */
export function formatBar(
  snapshot: Snapshot,
  rate: number,
  { columns, color, limit, isHead = false }: BarOptions,
): string {
  const width = columns - 1;
  const done = computeDone(snapshot, limit);
  const [count, ...fields] = formatWay(snapshot, rate, limit);
  fields.push(...isHead ? formatRetries(snapshot.retrying) : formatState(snapshot));
  const barCells = isHead ? Math.max(BAR_CELLS, Math.floor(width * LONG)) : BAR_CELLS;
  const besideBar = width - barCells - 3;
  const hasBar = done !== undefined && width >= WIDTH_FOR_BAR && count.length <= besideBar;
  const room = hasBar ? besideBar : width;
  if (count.length > room) return shorten(snapshot, done).find((it) => it.length <= room) ?? "";
  let text = count;
  for (const field of fields) {
    if (text.length + 2 + field.length > room) break;
    text += `  ${field}`;
  }
  if (!hasBar) return text;
  // Rounded down: a full bar means that all is done.
  const filled = Math.floor(done * barCells);
  const cells = "#".repeat(filled);
  const bar = color ? `\x1b[32m${cells}\x1b[0m` : cells;
  return `[${bar}${".".repeat(barCells - filled)}] ${text}`;
}

/** What is done where there is no room for more, the most exact first. */
function shorten({ requests }: Snapshot, done: number | undefined): string[] {
  return [
    formatCount(requests),
    ...done === undefined ? [] : [`${Math.floor(done * 100)} %`],
    new Intl.NumberFormat("en", { notation: "compact" }).format(requests),
  ];
}

/**
 * What {@linkcode formatBar} says, as a line of a log, without a line feed.
 *
 * @param rate requests a second, lately
 */
export function formatLogLine(snapshot: Snapshot, rate: number, limit?: Limit): string {
  return [...formatWay(snapshot, rate, limit), ...formatState(snapshot)].join(", ");
}

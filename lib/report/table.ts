import { STATUS_TEXT } from "@std/http/status";
import type { ErrorCount, OwnLate, Snapshot } from "../stats/snapshot.ts";
import { escapeForTerminal } from "../text/escape.ts";
import {
  formatBytes,
  formatCount,
  formatMs,
  formatRate,
  formatShare,
  formatTimes,
  formatTook,
  latencyTitle,
} from "../text/format.ts";
import { formatReached } from "./verdict.ts";

/** Characters of an example; a line of the table has at most 80. */
const EXAMPLE_LENGTH = 68;
/** Characters of the threshold in the first line. */
const ABORTED_LENGTH = 22;
/** Most statuses that get a line each: a server can send 900. */
const MAX_STATUSES = 10;
/** Most expectations that get a line each. */
const MAX_REASONS = 10;
/** Characters of a cause of retries; `protocol` is the longest of a run. */
const CAUSE_LENGTH = 20;
/** Most causes of retries that are named in their line. */
const MAX_CAUSES = 3;
/** Cells of what was counted, left of how often; the longest reason phrase fits. */
const NAME_CELLS = 35;

/** What a table can show; what is undefined is left out of it. */
export type TableFigures =
  & Pick<Snapshot, "requests" | "succeeded" | "failed">
  & Partial<Snapshot>;

/**
 * The summary for people: what came of the requests, how fast, at which cost. At most 80 cells
 * wide where nothing took a day and no example has characters of two cells.
 */
export function formatTable(snapshot: TableFigures, { color }: { color: boolean }): string {
  const paint = (code: number, text: string): string =>
    color ? `\x1b[${code}m${text}\x1b[0m` : text;
  const bold = (text: string): string => paint(1, text);
  const { latency, requests, failed, concurrency, aborted, seconds, bytes } = snapshot;
  const lines: string[] = [];
  const row = (name: string, value: string): void => {
    lines.push(`  ${name.padEnd(12)} ${value}`);
  };

  const inTime = seconds === undefined ? "" : ` in ${formatTook(seconds)}`;
  lines.push(
    bold(`${formatCount(requests)} ${requests === 1 ? "request" : "requests"}${inTime}`) +
      (snapshot.interrupted ? paint(33, ", interrupted") : "") +
      (aborted === undefined || snapshot.interrupted
        ? ""
        : paint(33, `, aborted by ${escapeForTerminal(aborted, ABORTED_LENGTH)}`)),
  );
  row("succeeded", paint(32, formatCount(snapshot.succeeded)));
  const { tolerated = 0 } = snapshot;
  if (tolerated > 0) {
    row("", `${formatCount(tolerated)} with status 4xx or 5xx: --fail counts them as failed`);
  }
  row("failed", failed > 0 ? paint(31, formatCount(failed)) : "0");
  const { skipped = 0 } = snapshot;
  if (skipped > 0) row("", `${formatCount(skipped)} not sent, as their hosts were given up`);
  if (snapshot.rate !== undefined) row("rate", `${formatRate(snapshot.rate)} requests/s`);
  const { targetRate, late, attempts, utilization = 0, meanInFlightMs, total } = snapshot;
  if (targetRate !== undefined && late !== undefined && attempts !== undefined) {
    row("", ofSchedule(targetRate, late, attempts));
  } else if (utilization > 0 && concurrency !== undefined && meanInFlightMs !== undefined) {
    row("", mostAllowed({ utilization, concurrency, total, meanInFlightMs }));
  }
  if (snapshot.ownLate !== undefined) row("", ofOwnLate(snapshot.ownLate));
  if (bytes !== undefined) {
    const aSecond = seconds === undefined ? "" : `, ${formatBytes(ratio(bytes, seconds))}/s`;
    row("bodies", `${formatBytes(bytes)}${aSecond}`);
  }
  const { peakRssKb, cpuSeconds, engine } = snapshot;
  if (peakRssKb !== undefined) row("memory", `${formatBytes(peakRssKb * 1024)} at most`);
  if (cpuSeconds !== undefined) {
    const each = requests > 0 ? `, ${formatMs(cpuSeconds / requests * 1000)} a request` : "";
    row("CPU", `${cpuSeconds.toFixed(2)} s${each}`);
  }
  if (engine !== undefined) {
    const most = concurrency === undefined ? "" : `, at most ${formatCount(concurrency)} in flight`;
    row("engine", `${escapeForTerminal(engine, EXAMPLE_LENGTH)}${most}`);
  }
  const retries = Object.entries(snapshot.retries ?? {}).sort(([, a], [, b]) => b - a);
  if (retries.length > 0) {
    const causes = retries.slice(0, MAX_CAUSES).map(([cause, count]) =>
      `${formatCount(count)} after ${/^\d/.test(cause) ? "a " : ""}${
        escapeForTerminal(cause, CAUSE_LENGTH)
      }`
    );
    row("retries", causes.join(", ") + (retries.length > MAX_CAUSES ? ", …" : ""));
  }
  for (const [what, count] of Object.entries(snapshot.shortages ?? {})) {
    row(
      "ran out",
      paint(
        33,
        `${formatTimes(count)}: ${escapeForTerminal(what, EXAMPLE_LENGTH)}; requests waited for it`,
      ),
    );
  }

  if (snapshot.succeeded > 0 && latency !== undefined) {
    lines.push("", bold("Latency of answers"));
    const { min, mean, max, stddev, ...percentiles } = latency;
    lines.push(
      `  min ${formatMs(min)}   mean ${formatMs(mean)}   max ${formatMs(max)}   stddev ${
        formatMs(stddev)
      }`,
    );
    const columns = Object.entries(percentiles).map(([name, ms]) => {
      const title = latencyTitle(name);
      const value = formatMs(ms);
      const width = Math.max(title.length, value.length) + 3;
      return [title.padEnd(width), value.padEnd(width)];
    });
    for (const line of [0, 1]) {
      lines.push(`  ${columns.map((column) => column[line]).join("").trimEnd()}`);
    }
  }

  const statuses = Object.entries(snapshot.statuses ?? {}).sort(([, a], [, b]) => b - a);
  if (statuses.length > 0) lines.push("", bold("Statuses"));
  const others = statuses.splice(MAX_STATUSES);
  for (const [status, count] of statuses) {
    const text = (STATUS_TEXT as Record<string, string>)[status] ?? "";
    lines.push(`  ${`${status} ${text}`.padEnd(NAME_CELLS)} ${share(count, requests)}`);
  }
  if (others.length > 0) {
    const count = others.reduce((sum, [, count]) => sum + count, 0);
    lines.push(`  ${`${others.length} others`.padEnd(NAME_CELLS)} ${share(count, requests)}`);
  }

  const errors = Object.entries(snapshot.errors ?? {});
  if (errors.length > 0) lines.push("", bold("Errors"));
  const such = (examples: ErrorCount["examples"]): void => {
    if (examples.length === 0) return;
    const { url, detail } = examples[0];
    lines.push(`    such as ${escapeForTerminal(url, EXAMPLE_LENGTH)}`);
    if (detail !== "") lines.push(`            ${escapeForTerminal(detail, EXAMPLE_LENGTH)}`);
  };
  for (const [kind, { count, examples, reasons = [] }] of errors) {
    lines.push(`  ${paint(31, kind.padEnd(NAME_CELLS))} ${share(count, requests)}`);
    const most = reasons.toSorted((a, b) => b.count - a.count);
    const rest = most.splice(MAX_REASONS);
    for (const { expectation, count, examples } of most) {
      const name = escapeForTerminal(expectation, NAME_CELLS - 2).padEnd(NAME_CELLS - 2);
      lines.push(`    ${name} ${share(count, requests)}`);
      such(examples);
    }
    if (rest.length > 0) {
      const count = rest.reduce((sum, { count }) => sum + count, 0);
      lines.push(`    ${`${rest.length} others`.padEnd(NAME_CELLS - 2)} ${share(count, requests)}`);
    }
    if (reasons.length === 0) such(examples);
  }

  const { thresholds = [] } = snapshot;
  if (thresholds.length > 0) lines.push("", bold("Thresholds"));
  for (const verdict of thresholds) {
    const name = escapeForTerminal(verdict.threshold, NAME_CELLS).padEnd(NAME_CELLS);
    const passed = verdict.holds ? paint(32, "passed") : paint(31, "failed");
    lines.push(`  ${name} ${passed}   ${formatReached(verdict)}`);
  }
  return `${lines.join("\n")}\n`;
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

/** Most kinds of errors that {@linkcode formatFailed} names. */
const MAX_KINDS = 3;

/** How many requests failed, and why, in a line: `3 of 100 requests failed: 2 refused, 1 timeout`. */
export function formatFailed(
  { requests, failed, errors }: Pick<Snapshot, "requests" | "failed" | "errors">,
): string {
  const kinds = Object.entries(errors).sort(([, a], [, b]) => b.count - a.count);
  const named = kinds.slice(0, MAX_KINDS).map(([kind, { count }]) =>
    `${formatCount(count)} ${kind}`
  );
  return `${formatCount(failed)} of ${formatCount(requests)} ${
    requests === 1 ? "request" : "requests"
  } failed: ${named.join(", ")}${kinds.length > MAX_KINDS ? ", …" : ""}`;
}

/** How near the run came to what its concurrency allows, in a sentence. */
function mostAllowed(
  { utilization, concurrency, total, meanInFlightMs }: Pick<
    Snapshot,
    "utilization" | "concurrency" | "total" | "meanInFlightMs"
  >,
): string {
  const inFlight = formatCount(Math.min(concurrency, total ?? Infinity));
  return `${formatShare(utilization)} of what ${inFlight} in flight allow at ${
    formatMs(meanInFlightMs)
  } each`;
}

/** How well the schedule was kept, in a sentence. */
function ofSchedule(rate: number, late: Snapshot["late"], attempts: number): string {
  const asked = `of ${formatRate(rate)} asked for`;
  if (late.count === 0) return `${asked}, none late`;
  const much = `${formatMs(late.meanMs)} on average, ${formatMs(late.maxMs)} at most`;
  return `${asked}, ${formatShare(ratio(late.count, attempts))} late, by ${much}`;
}

/** How late starts were by the program's own doing, in a line. */
function ofOwnLate({ p50, p99, max }: OwnLate): string {
  return `own lateness p50 ${formatMs(p50)}, p99 ${formatMs(p99)}, at most ${formatMs(max)}`;
}

function share(count: number, requests: number): string {
  return `${formatCount(count).padStart(13)} ${formatShare(ratio(count, requests)).padStart(8)}`;
}

function ratio(a: number, b: number): number {
  return b > 0 ? a / b : 0;
}

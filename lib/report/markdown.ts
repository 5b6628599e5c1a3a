import { type ErrorGroup, groupErrors } from "../stats/error_groups.ts";
import type { KnownSummary } from "../stats/summary.ts";
import { escapeForTerminal } from "../text/escape.ts";
import {
  formatCount,
  formatLatency,
  formatMs,
  formatOthers,
  formatRequests,
  formatShare,
  latencyTitle,
} from "../text/format.ts";
import { createPainter } from "../text/style.ts";
import { listPhases } from "./phases.ts";
import { listRows, type TableData } from "./table.ts";
import { formatReached, isPassed } from "./verdict.ts";

/** The maximum number of rows of a table: a server can send 900 statuses. */
const MAX_ROWS = 20;
/** The maximum number of characters of a text of others. */
const MAX_TEXT = 200;

/**
 * The summary in GitHub's Markdown, for the page of a job or a comment.
 *
 * @param problem why the run could not go on; undefined if it could
 */
export function formatMarkdown(data: TableData, problem?: string): string {
  const { summary } = data;
  const rows = listRows(data, createPainter(false)).map((row) => row.map(escapeMarkdown));
  const sections = [
    `# myriad: ${problem === undefined && isPassed(summary) ? "passed" : "failed"}`,
    ...describeEnd(summary, problem),
    formatTable([formatRequests(summary.requests), ""], rows),
    ...formatLatencies(summary),
    ...formatSteps(summary),
    ...formatChecks(summary),
    ...formatPhases(summary),
    ...formatStatuses(summary),
    ...formatErrors(summary),
    ...formatSlowest(summary),
    ...formatHosts(summary),
    ...formatThresholds(summary),
  ];
  return `${sections.join("\n\n")}\n`;
}

function describeEnd({ interrupted, aborted }: KnownSummary, problem?: string): string[] {
  if (problem !== undefined) return [`The run could not go on: ${toCode(problem)}`];
  if (interrupted) return ["A signal interrupted the run."];
  return typeof aborted === "string" ? [`The run was aborted by ${toCode(aborted)}.`] : [];
}

function formatLatencies({ succeeded, latency_ms }: KnownSummary): string[] {
  if (succeeded === 0 || latency_ms === undefined) return [];
  const entries = Object.entries(latency_ms);
  return [
    "## Latency of responses",
    formatTable(entries.map(([name]) => latencyTitle(name)), [
      entries.map(([, ms]) => formatMs(ms)),
    ]),
  ];
}

function formatSteps({ flow }: KnownSummary): string[] {
  if (!flow || flow.steps.length === 0) return [];
  const rows = flow.steps.map((
    { step, requests, failed, response_ms: { mean, p95, p99, max } },
  ) => [
    toCode(step),
    formatCount(requests),
    formatCount(failed),
    ...[mean, p95, p99, max].map((ms) => formatLatency(ms, requests - failed)),
  ]);
  const head = ["step", "requests", "failed", "mean", "p95", "p99", "max"];
  return ["## Steps", formatTable(head, rows)];
}

function formatChecks({ flow }: KnownSummary): string[] {
  if (!flow || flow.checks.length === 0) return [];
  const rows = flow.checks.map(({ check, passed, failed }) => [
    toCode(check),
    formatCount(passed),
    failed > 0 ? `**${formatCount(failed)}**` : "0",
  ]);
  return ["## Checks", formatTable(["check", "passed", "failed"], rows)];
}

function formatPhases(summary: KnownSummary): string[] {
  const rows = listPhases(summary).map((
    { title, figures: { count, mean, p50, p95, p99, max } },
  ) => [title, formatCount(count), ...[mean, p50, p95, p99, max].map(formatMs)]);
  if (rows.length === 0) return [];
  const head = ["phase", "responses", "mean", "p50", "p95", "p99", "max"];
  return ["## Phases", formatTable(head, rows)];
}

function formatStatuses({ statuses = {}, requests }: KnownSummary): string[] {
  const counts = Object.entries(statuses).sort(([, a], [, b]) => b - a);
  if (counts.length === 0) return [];
  const rows = counts.map(([status, count]) => [status, ...share(count, requests)]);
  return ["## Statuses", formatTable(["status", "responses", "share"], rows)];
}

function formatErrors({ errors = {}, requests }: KnownSummary): string[] {
  const groups = groupErrors(errors);
  if (groups.length === 0) return [];
  const rows = groups.map(({ kind, expectation, count, examples: [example] }: ErrorGroup) => [
    expectation === undefined ? escapeMarkdown(kind) : toCode(expectation),
    ...share(count, requests),
    example === undefined
      ? ""
      : toCode(example.url) + (example.detail === "" ? "" : ` ${toCode(example.detail)}`),
  ]);
  return ["## Errors", formatTable(["error", "requests", "share", "such as"], rows)];
}

function formatSlowest({ slowest }: KnownSummary): string[] {
  const rows = (slowest ?? []).map(({ i, url, status, ms }) => [
    formatMs(ms),
    `${status ?? ""}`,
    `${i}`,
    toCode(url),
  ]);
  if (rows.length === 0) return [];
  return ["## Slowest responses", formatTable(["time", "status", "number", "URL"], rows)];
}

function formatHosts({ hosts }: KnownSummary): string[] {
  const rows = (hosts ?? []).map(({ host, requests, failed, mean_ms, max_ms }) => [
    toCode(host),
    formatCount(requests),
    formatCount(failed),
    formatLatency(mean_ms, requests - failed),
    formatLatency(max_ms, requests - failed),
  ]);
  if (rows.length === 0) return [];
  return ["## Hosts", formatTable(["host", "requests", "failed", "mean", "max"], rows)];
}

function formatThresholds({ thresholds = [] }: KnownSummary): string[] {
  if (thresholds.length === 0) return [];
  const rows = thresholds.map((verdict) => [
    toCode(verdict.threshold),
    verdict.passed ? "passed" : "**failed**",
    formatReached(verdict),
  ]);
  return ["## Thresholds", formatTable(["threshold", "", "measured"], rows)];
}

function share(count: number, requests: number): readonly [string, string] {
  const part = formatShare(requests > 0 ? count / requests : 0);
  return [formatCount(count), escapeMarkdown(part)];
}

/** @param rows texts that are Markdown already */
function formatTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const more = rows.length - MAX_ROWS;
  const shown = more > 0 ? [...rows.slice(0, MAX_ROWS), [formatOthers(more)]] : rows;
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const filled = shown.map((row) => head.map((_, k) => row[k] ?? ""));
  return [line(head), line(head.map(() => "---")), ...filled.map(line)].join("\n");
}

/**
 * A text of others as code, in which nothing is markup. A `|` would end the cell of a table, also
 * behind a backslash where another one stands before that: it is shown as other escapes are.
 */
function toCode(text: string): string {
  const safe = escapeForTerminal(text, MAX_TEXT);
  const longest = Math.max(0, ...Array.from(safe.matchAll(/`+/g), ([ticks]) => ticks.length));
  const fence = "`".repeat(longest + 1);
  const space = longest > 0 ? " " : "";
  return `${fence}${space}${safe.replaceAll("|", "\\x7c")}${space}${fence}`;
}

function escapeMarkdown(text: string): string {
  return text.replace(/[\\`*_{}[\]<>#|~!&]/g, "\\$&");
}

/**
 * The tables of a page. Text that a server or an input can make long is cut to what fits.
 *
 * @module
 */
import { STATUS_TEXT } from "@std/http/status";
import { splitErrors } from "../../stats/error_groups.ts";
import type { KnownSummary, Summary } from "../../stats/summary.ts";
import { PHASE_FIGURES } from "../../stats/phase_times.ts";
import type { Example } from "../../stats/snapshot.ts";
import {
  formatBytes,
  formatCount,
  formatLatency,
  formatMs,
  formatShare,
  latencyTitle,
} from "../../text/format.ts";
import { withoutSecrets } from "../../text/secrets.ts";
import { listPhases } from "../phases.ts";
import { formatReached } from "../verdict.ts";
import type { PageData } from "./data.ts";
import { type Html, markup, type MarkupValue, takeWithinBytes } from "./html.ts";

/**
 * The maximum number of bytes of HTML of the rows of errors; the others are summed up in one row.
 */
const MAX_ERROR_BYTES = 60_000;
/** The maximum number of bytes of the rows of the steps of a flow, and of those of its checks. */
const MAX_FLOW_BYTES = 30_000;
/** The same of the rows of workers. */
const MAX_WORKER_BYTES = 40_000;

/** A cell of text, of a number, and of text that can be long. HTML needs no end tags of cells. */
const cell = (value: MarkupValue): Html => markup`<td>${value}`;
const number = (value: MarkupValue): Html => markup`<td class="n">${value}`;
const long = (value: MarkupValue): Html => markup`<td class="t">${value}`;

function row(...cells: readonly Html[]): Html {
  return markup`<tr>${cells}\n`;
}

/** A bar as long as a share, from 0 to 1. No style attribute: the policy forbids them. */
function bar(share: number, kind = ""): Html {
  const width = Number((100 * Math.min(1, share)).toPrecision(3));
  return markup`<td class="s ${kind}"><svg aria-hidden="true"><rect width="${width}%"/></svg>`;
}

function share(count: number, all: number): string {
  return all > 0 ? formatShare(count / all) : "";
}

function url(text: string): Html {
  return markup`<span class="url">${withoutSecrets(text)}</span>`;
}

/** Columns that are numbers have a name that begins with a `#`. */
function table(names: readonly string[], rows: readonly Html[], kind = ""): Html {
  const heads = names.map((name) =>
    name.startsWith("#") ? markup`<th class="n">${name.slice(1)}` : markup`<th>${name}`
  );
  return markup`<div class="card long scroll"><table class="${kind}"><thead><tr>${heads}</thead>
<tbody>${rows}</tbody></table></div>`;
}

function section(title: string, content: Html): Html {
  return markup`<h2>${title}</h2>${content}`;
}

/** A table of names and their values. */
export function pairs(rows: readonly (readonly [name: string, value: MarkupValue])[]): Html {
  const all = rows.map(([name, value]) => row(markup`<th>${name}`, long(value)));
  return markup`<div class="card long"><table class="k"><tbody>${all}</tbody></table></div>`;
}

/** The verdicts of the thresholds; undefined without any. */
export function thresholdTable({ thresholds = [], aborted }: Partial<Summary>): Html | undefined {
  if (thresholds.length === 0) return undefined;
  const rows = thresholds.map(({ threshold, value, bound, unit, passed }) =>
    row(
      markup`<td class="${passed ? "good" : "bad"}">${passed ? "passed" : "failed"}${
        threshold === aborted ? ", and ended the run" : ""
      }`,
      cell(markup`<code>${threshold}</code>`),
      number(formatReached({ value, bound, unit })),
    )
  );
  return section("Thresholds", table(["", "threshold", "#reached"], rows, "fit"));
}

/** Percentiles and moments of the latency. */
export function latencyTable(latency: Summary["latency_ms"]): Html {
  const names = Object.keys(latency) as (keyof typeof latency)[];
  return table(
    names.map((name) => `#${latencyTitle(name)}`),
    [row(...names.map((name) => number(formatMs(latency[name]))))],
  );
}

/** How long the phases of responses took; undefined if none was measured. */
export function phaseTable(summary: KnownSummary): Html | undefined {
  const rows = listPhases(summary).map(({ title, figures }) =>
    row(
      cell(title),
      ...PHASE_FIGURES.map((name) =>
        number(name === "count" ? formatCount(figures.count) : formatMs(figures[name]))
      ),
    )
  );
  if (rows.length === 0) return undefined;
  return table(["phase", ...PHASE_FIGURES.map((name) => `#${name}`)], rows);
}

/** How often each status came; undefined if no response came. */
export function statusTable({ statuses = {}, requests }: KnownSummary): Html | undefined {
  const all = Object.entries(statuses).sort(([, a], [, b]) => b - a);
  if (all.length === 0) return undefined;
  const rows = all.map(([status, count]) =>
    row(
      cell(`${status} ${(STATUS_TEXT as Record<string, string>)[status] ?? ""}`),
      number(formatCount(count)),
      number(share(count, requests)),
      bar(count / requests, `s${status[0]}`),
    )
  );
  return section("Statuses", table(["status", "#responses", "#share", ""], rows));
}

/** Failures of one row. */
interface Group {
  readonly kind: string;
  readonly message: string;
  readonly count: number;
  readonly examples: readonly Example[];
}

/** Failures by their words where these were counted, else by kind; the most frequent first. */
function toGroups({ summary: { errors = {} }, messages }: PageData): Group[] {
  // The messages of a resumed run are those of its last part.
  const counted = new Map<string, number>();
  for (const { kind, count } of messages ?? []) {
    counted.set(kind, (counted.get(kind) ?? 0) + count);
  }
  const rest = Object.entries(errors).flatMap(([kind, error]): Group[] => {
    const more = error.count - (counted.get(kind) ?? 0);
    if (more <= 0) return [];
    if (counted.has(kind)) {
      return [{ kind, message: "before it was resumed", count: more, examples: [] }];
    }
    return splitErrors(kind, error)
      .map(({ expectation = "", ...group }) => ({ message: expectation, ...group }));
  });
  return [...messages ?? [], ...rest].sort((a, b) => b.count - a.count);
}

/** What failed, how often and in which words, each with examples; undefined if nothing did. */
export function errorTable(data: PageData): Html | undefined {
  const groups = toGroups(data);
  if (groups.length === 0) return undefined;
  const { requests } = data.summary;
  const all = groups.map(({ kind, message, count, examples }) =>
    row(
      markup`<td class="bad">${kind}`,
      long([message, foldExamples(examples)]),
      number(formatCount(count)),
      number(share(count, requests)),
      bar(requests > 0 ? count / requests : 0, "bad"),
    )
  );
  const rows = takeWithinBytes(MAX_ERROR_BYTES, all);
  const left = groups.slice(rows.length);
  if (left.length > 0) {
    const count = left.reduce((sum, group) => sum + group.count, 0);
    rows.push(row(cell(""), cell(`${left.length} others`), number(formatCount(count))));
  }
  return section("Errors", table(["error", "in words", "#requests", "#share", ""], rows));
}

function foldExamples(examples: readonly Example[]): Html | undefined {
  if (examples.length === 0) return undefined;
  const each = examples.map((example) =>
    markup`<li>${url(example.url)}${example.detail === "" ? "" : `: ${example.detail}`}`
  );
  const title = each.length === 1 ? "an example" : `${each.length} examples`;
  return markup`<details><summary>${title}</summary><ul>${each}</ul></details>`;
}

/**
 * What came of each host, the busiest first; undefined if the hosts were not counted.
 *
 * @param most bytes of HTML that its rows may take; the other hosts are summed up in one row
 */
export function hostTable({ hosts = [] }: PageData, most: number): Html | undefined {
  if (hosts.length === 0) return undefined;
  const sorted = hosts.toSorted((a, b) => b.requests - a.requests);
  const busiest = sorted[0].requests;
  const all = sorted.map(({ host, requests, failed, meanMs, maxMs }) =>
    row(
      long(host),
      number(formatCount(requests)),
      failed > 0 ? markup`<td class="n bad">${formatCount(failed)}` : number(0),
      number(formatLatency(meanMs, requests - failed, "–")),
      number(formatLatency(maxMs, requests - failed, "–")),
      bar(requests / busiest),
    )
  );
  const rows = takeWithinBytes(most, all);
  const left = sorted.slice(rows.length);
  if (left.length > 0) {
    const sum = (name: "requests" | "failed"): string =>
      formatCount(left.reduce((sum, host) => sum + host[name], 0));
    const title = `${formatCount(left.length)} hosts more`;
    rows.push(row(cell(title), number(sum("requests")), number(sum("failed"))));
  }
  const names = ["host", "#requests", "#failed", "#mean", "#slowest", ""];
  return section("Hosts", table(names, rows));
}

/** What came of each step of a flow; undefined without a flow that has steps. */
export function stepTable({ summary: { flow } }: PageData): Html | undefined {
  if (!flow || flow.steps.length === 0) return undefined;
  const rows = flow.steps.map(({ step, requests, failed, response_ms: { mean, p95, p99, max } }) =>
    row(
      long(step),
      number(formatCount(requests)),
      failed > 0 ? markup`<td class="n bad">${formatCount(failed)}` : number(0),
      ...[mean, p95, p99, max].map((ms) => number(formatLatency(ms, requests - failed, "–"))),
    )
  );
  const names = ["step", "#requests", "#failed", "#mean", "#p95", "#p99", "#slowest"];
  return section("Steps", table(names, takeWithinBytes(MAX_FLOW_BYTES, rows)));
}

/** The checks of a flow; undefined without any. */
export function checkTable({ summary: { flow } }: PageData): Html | undefined {
  if (!flow || flow.checks.length === 0) return undefined;
  const rows = flow.checks.map(({ check, passed, failed }) =>
    row(
      long(check),
      number(formatCount(passed)),
      failed > 0 ? markup`<td class="n bad">${formatCount(failed)}` : number(0),
    )
  );
  const names = ["check", "#passed", "#failed"];
  return section("Checks", table(names, takeWithinBytes(MAX_FLOW_BYTES, rows)));
}

/** The workers of a run on several machines, those that delivered most first. */
export function workerTable({ workers = [] }: PageData): Html | undefined {
  if (workers.length === 0) return undefined;
  const sorted = workers.toSorted((a, b) => b.requests - a.requests);
  const all = sorted.map(({ name, state, requests, slices, cpuSeconds, peakRssKb }) =>
    row(
      cell(name),
      state === "gone" ? markup`<td class="bad">${state}` : cell(state),
      number(formatCount(requests)),
      number(formatCount(slices)),
      number(formatMs(cpuSeconds * 1000)),
      number(formatBytes(peakRssKb * 1024)),
      bar(sorted[0].requests > 0 ? requests / sorted[0].requests : 0),
    )
  );
  const rows = takeWithinBytes(MAX_WORKER_BYTES, all);
  const left = sorted.slice(rows.length);
  if (left.length > 0) {
    const sum = (name: "requests" | "slices"): string =>
      formatCount(left.reduce((sum, worker) => sum + worker[name], 0));
    const title = `${formatCount(left.length)} workers more`;
    rows.push(row(cell(title), cell(""), number(sum("requests")), number(sum("slices"))));
  }
  const names = ["worker", "state", "#requests", "#slices", "#CPU", "#peak memory", ""];
  return section("Workers", table(names, rows));
}

/** The slowest responses; undefined if they were not kept. */
export function slowestTable({ slowest = [] }: PageData): Html | undefined {
  if (slowest.length === 0) return undefined;
  const rows = slowest.map(({ i, url: text, status, ms, at }) =>
    row(
      number(formatMs(ms)),
      number(String(i)),
      cell(status ?? ""),
      long(url(text)),
      number(formatTime(at)),
    )
  );
  const names = ["#time", "#number", "status", "URL", "#started (UTC)"];
  return section("Slowest responses", table(names, rows));
}

/** A moment as in `2026-01-31 12:00:00`, in UTC. */
export function formatTime(at: number): string {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? "" : date.toISOString().slice(0, 19).replace("T", " ");
}

/**
 * The tables of a page. What a server or an input can make long is cut to what fits.
 *
 * @module
 */
import { STATUS_TEXT } from "@std/http/status";
import { withoutSecrets } from "../../secrets.ts";
import { formatCount, formatMs, formatShare } from "../format.ts";
import type { Summary } from "../json.ts";
import { formatReached } from "../verdict.ts";
import type { PageData, PageSummary } from "./data.ts";
import { type Html, html, type Part, within } from "./html.ts";

/** Octets of HTML that a section's rows may take; what is beyond is summed up. */
const MOST_OF_HOSTS = 110_000;
const MOST_OF_ERRORS = 80_000;
const MOST_OF_STATUSES = 110_000;

/** A bar as long as a share, from 0 to 1. No style attribute: the policy forbids them. */
function bar(share: number, kind = ""): Html {
  const width = Number((100 * Math.min(1, share)).toPrecision(3));
  return html`
    <td class="s ${kind}">
      <svg aria-hidden="true">
        <rect width="${width}%" />
      </svg>
  `;
}

function share(count: number, all: number): string {
  return all > 0 ? formatShare(count / all) : "";
}

function url(text: string): Html {
  return html`<span class="url">${withoutSecrets(text)}</span>`;
}

/** Columns that are numbers have a name that begins with a `#`. */
function table(names: readonly string[], rows: Part): Html {
  const heads = names.map((name) =>
    name.startsWith("#") ? html`<th class="n">${name.slice(1)}` : html`<th>${name}`
  );
  return html`
    <div class="card long scroll">
      <table>
        <thead>
          <tr>${heads}</thead>
    <tbody>${rows}</tbody></table></div>
  `;
}

/** Names and what they stand for. */
export function pairs(rows: readonly (readonly [name: string, value: Part])[]): Html {
  const all = rows.map(([name, value]) =>
    html`
      <tr>
        <th>${name}<td class="t">${value}
    `
  );
  return html`
    <div class="card long">
      <table class="k">
        <tbody>${all}</tbody>
      </table>
    </div>
  `;
}

/** What came of the thresholds; undefined where there were none. */
export function thresholdTable(
  { thresholds = [], aborted }: Partial<Summary>,
): Html | undefined {
  if (thresholds.length === 0) return undefined;
  const rows = thresholds.map(({ threshold, value, unit, passed }) => {
    const reached = formatReached({ value, bound: value ?? 0, unit });
    const how = passed ? "passed" : "failed";
    return html`
      <tr>
        <td
          class="${passed ? "good" : "bad"}">${how}${threshold === aborted
            ? ", and ended the run"
            : ""}<td><code>${threshold}</code><td class="n">${reached}
    `;
  });
  return html`<h2>Thresholds</h2>${table(["", "threshold", "#reached"], rows)}`;
}

/** Percentiles and moments of the latency. */
export function latencyTable(latency: Summary["latency_ms"]): Html {
  const names = Object.keys(latency) as (keyof typeof latency)[];
  return html`
    <div class="card long scroll">
      <table>
        <thead>
          <tr>${names.map((name) =>
            html`<th class="n">${name.replace(/^p(\d\d)(\d+)$/, "p$1.$2")}`
          )}</thead><tbody><tr>${names.map((name) =>
            html`<td class="n">${formatMs(latency[name])}`
          )}</tbody></table></div>
  `;
}

/** How often each status came; undefined where no answer came. */
export function statusTable({ statuses, requests }: PageSummary): Html | undefined {
  const all = Object.entries(statuses).sort(([, a], [, b]) => b - a);
  if (all.length === 0) return undefined;
  const rows = within(
    MOST_OF_STATUSES,
    all.map(([status, count]) => {
      const text = (STATUS_TEXT as Record<string, string>)[status] ?? "";
      const kind = `s${status[0]}`;
      return html`
        <tr>
          <td>${status} ${text}<td class="n">${formatCount(count)}<td class="n">${share(
            count,
            requests,
          )}${bar(count / requests, kind)}
      `;
    }),
  );
  return html`<h2>Statuses</h2>${table(["status", "#answers", "#share", ""], rows)}`;
}

/** One group of failures. */
interface Group {
  readonly kind: string;
  readonly message: string;
  readonly count: number;
  readonly examples: readonly { readonly url: string; readonly detail: string }[];
}

/** Failures by their words where these were counted, else by kind; the most frequent first. */
function groupsOf({ summary: { errors }, messages }: PageData): Group[] {
  // Of a resumed run the words are those of its last part.
  const counted = new Map<string, number>();
  for (const { kind, count } of messages ?? []) {
    counted.set(kind, (counted.get(kind) ?? 0) + count);
  }
  const rest = Object.entries(errors).flatMap(([kind, { count, examples, reasons = [] }]) => {
    const more = count - (counted.get(kind) ?? 0);
    if (more <= 0) return [];
    if (counted.has(kind)) {
      return [{ kind, message: "before it was resumed", count: more, examples: [] }];
    }
    if (reasons.length === 0) return [{ kind, message: "", count: more, examples }];
    return reasons.map((reason) => ({ ...reason, kind, message: reason.expectation }));
  });
  return [...messages ?? [], ...rest].sort((a, b) => b.count - a.count);
}

/** What failed, how often and in which words, each with examples; undefined if nothing did. */
export function errorTable(data: PageData): Html | undefined {
  const groups = groupsOf(data);
  if (groups.length === 0) return undefined;
  const { requests } = data.summary;
  const all = groups.map(({ kind, message, count, examples }) => {
    const such = examples.map((example) =>
      html`<li>${url(example.url)}${example.detail === "" ? "" : `: ${example.detail}`}`
    );
    const folded = such.length === 0 ? undefined : html`
      <details>
        <summary>${such.length === 1 ? "an example" : `${such.length} examples`}</summary>
        <ul>${such}</ul>
      </details>
    `;
    return html`
      <tr>
        <td
          class="bad">${kind}<td class="t">${message}${folded}<td class="n">${formatCount(
            count,
          )}<td class="n">${share(count, requests)}${bar(
            requests > 0 ? count / requests : 0,
            "bad",
          )}
    `;
  });
  const rows = within(MOST_OF_ERRORS, all);
  if (rows.length < all.length) {
    const left = groups.slice(rows.length);
    const count = left.reduce((sum, group) => sum + group.count, 0);
    rows.push(html`
      <tr>
        <td>
          <td>${left.length} others<td class="n">${formatCount(count)}<td><td>
    `);
  }
  return html`<h2>Errors</h2>${table(["error", "in words", "#requests", "#share", ""], rows)}`;
}

/** What came of each host, the busiest first; undefined where nobody counted. */
export function hostTable({ hosts = [] }: PageData): Html | undefined {
  if (hosts.length === 0) return undefined;
  const sorted = hosts.toSorted((a, b) => b.requests - a.requests);
  const most = sorted[0].requests;
  const all = sorted.map(({ host, requests, failed, meanMs, maxMs }) =>
    html`
      <tr>
        <td
          class="t">${host}<td class="n">${formatCount(requests)}<td class="n${failed > 0
            ? " bad"
            : ""}">${formatCount(failed)}<td class="n">${formatMs(meanMs)}<td class="n">${formatMs(
              maxMs,
            )}${bar(requests / most)}
    `
  );
  const rows = within(MOST_OF_HOSTS, all);
  if (rows.length < all.length) {
    const left = sorted.slice(rows.length);
    const [requests, failed] = [
      left.reduce((sum, host) => sum + host.requests, 0),
      left.reduce((sum, host) => sum + host.failed, 0),
    ];
    rows.push(html`
      <tr>
        <td>${formatCount(left.length)} hosts more<td class="n">${formatCount(
          requests,
        )}<td class="n">${formatCount(failed)}<td><td><td>
    `);
  }
  const names = ["host", "#requests", "#failed", "#mean", "#slowest", ""];
  return html`<h2>Hosts</h2>${table(names, rows)}`;
}

/** The slowest answers; undefined where nobody kept them. */
export function slowestTable({ slowest = [] }: PageData): Html | undefined {
  if (slowest.length === 0) return undefined;
  const rows = slowest.map(({ i, url: text, status, ms, at }) =>
    html`
      <tr>
        <td
          class="n">${formatMs(ms)}<td class="n">${String(i)}<td>${status ?? ""}<td class="t">${url(
            text,
          )}<td class="n">${formatTime(at)}
    `
  );
  const names = ["#time", "#number", "status", "URL", "#started (UTC)"];
  return html`<h2>Slowest answers</h2>${table(names, rows)}`;
}

/** A moment as in `2026-01-31 12:00:00`, in UTC. */
export function formatTime(at: number): string {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? "" : date.toISOString().slice(0, 19).replace("T", " ");
}

/**
 * A run as one page of HTML, with all that it needs: it opens from a file, without a network.
 *
 * @module
 */
import uplotScript from "uplot/script" with { type: "text" };
import uplotStyle from "uplot/style" with { type: "text" };
import { FIGURE_ROWS } from "../../stats/figures.ts";
import {
  formatBytes,
  formatCount,
  formatMs,
  formatNumber,
  formatRate,
  formatShare,
  formatTook,
} from "../../text/format.ts";
import type { PageData } from "./data.ts";
import { type Html, markup, type MarkupValue } from "./html.ts";
import { formatContentSecurityPolicy, inlineText, jsonForScript } from "./inline_text.ts";
import pageStyle from "./page.css" with { type: "text" };
import { listPlots, toPlotData } from "./plots.ts";
import { pageScript } from "./script.ts";
import {
  checkTable,
  errorTable,
  formatTime,
  hostTable,
  latencyTable,
  pairs,
  phaseTable,
  slowestTable,
  statusTable,
  stepTable,
  thresholdTable,
  workerTable,
} from "./tables.ts";

/**
 * The maximum number of bytes of a page. All of it is bounded except the hosts, which get what the
 * rest leaves.
 */
const MAX_BYTES = 490_000;
/** Bytes of the hosts' section around its rows. */
const HOSTS_FRAME_BYTES = 1_000;

/** The page of a run: less than 500 KB, however long it took. */
export async function formatPage(data: PageData): Promise<string> {
  const styles = [uplotStyle, pageStyle];
  const scripts = [uplotScript, pageScript];
  const { summary } = data;
  const policy = await formatContentSecurityPolicy(scripts, styles);
  // Between the tags of a script or style nothing may be added: its hash is in the policy.
  const pageWith = (hosts?: Html): string =>
    markup`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${data.title} – myriad</title>
${styles.map((style) => markup`<style>${inlineText(style)}</style>\n`)}</head>
<body>
<main>
<h1>${data.title}</h1>
<p>${formatVerdict(data)} <span class="faint">${formatWhen(data)}</span></p>
${formatTolerated(data)}
${formatTiles(data)}
${thresholdTable(summary)}
${formatOverTime(data)}
${formatLatency(data)}
${stepTable(data)}
${checkTable(data)}
${statusTable(summary)}
${errorTable(data)}
${hosts}
${slowestTable(data)}
${workerTable(data)}
${formatAbout(data)}
<footer class="faint">Made by myriad ${summary.version} on ${formatTime(data.madeMs)} UTC.</footer>
</main>
<script type="application/json" id="data">${jsonForScript(toPlotData(data))}</script>
${scripts.map((script) => markup`<script>${inlineText(script)}</script>\n`)}</body>
</html>
`.toString();
  const { length } = new TextEncoder().encode(pageWith());
  return pageWith(hostTable(data, MAX_BYTES - HOSTS_FRAME_BYTES - length));
}

/** In one word, what came of it. */
function formatVerdict({ summary }: PageData): Html {
  const { failed, interrupted, aborted, thresholds = [] } = summary;
  const lost = thresholds.filter(({ passed }) => !passed).length;
  const word = (kind: string, text: string): Html =>
    markup`<span class="verdict ${kind}">${text}</span>`;
  if (aborted) return word("bad", `Aborted by ${aborted}.`);
  if (interrupted) return word("warn", "Interrupted.");
  if (lost > 0) {
    return word(
      "bad",
      lost === 1 ? "A threshold does not hold." : `${lost} thresholds do not hold.`,
    );
  }
  return failed > 0
    ? word("bad", "Some requests failed.")
    : word("good", "All requests succeeded.");
}

/** A sentence on the responses that succeeded though many readers would call them failures. */
function formatTolerated({ tolerated = 0 }: PageData): Html | undefined {
  if (tolerated === 0) return undefined;
  const have = tolerated === 1 ? "1 response has" : `${formatCount(tolerated)} responses have`;
  return markup`<p>${have} status 4xx or 5xx and succeeded: --fail counts them as failed.</p>`;
}

function formatWhen({ summary: { seconds }, series }: PageData): string {
  const took = seconds === undefined ? "" : `It took ${formatTook(seconds)}`;
  if (series === undefined) return took === "" ? "" : `${took}.`;
  const from = `from ${formatTime(series.startMs)} UTC`;
  return took === "" ? from : `${took}, ${from}.`;
}

function formatTiles({ summary }: PageData): Html {
  const { requests, succeeded, failed, rate, bytes, seconds, latency_ms: latency } = summary;
  const tile = (name: string, value: MarkupValue, more: MarkupValue = "", kind = ""): Html =>
    markup`<div class="tile"><span class="faint">${name}</span><b class="${kind}">${value}</b>
<span class="faint">${more}</span></div>`;
  const wanted = summary.target_rate;
  return markup`<div class="tiles">${[
    tile("Requests", formatCount(requests), `${formatCount(succeeded)} succeeded`),
    tile(
      "Failed",
      formatCount(failed),
      requests > 0 ? formatShare(failed / requests) : "",
      failed > 0 ? "bad" : "good",
    ),
    ...rate === undefined ? [] : [tile(
      "Rate",
      `${formatRate(rate)}/s`,
      wanted ? `${formatRate(wanted)}/s wanted` : "on average",
    )],
    ...succeeded === 0 || latency === undefined ? [] : [
      tile("Latency p50", formatMs(latency.p50), `mean ${formatMs(latency.mean)}`),
      tile("Latency p99", formatMs(latency.p99), `slowest ${formatMs(latency.max)}`),
    ],
    ...bytes === undefined ? [] : [tile(
      "Bodies",
      formatBytes(bytes),
      seconds ? `${formatBytes(bytes / seconds)}/s` : "",
    )],
    ...summary.peak_rss_kb === undefined ? [] : [tile(
      "Peak memory",
      formatBytes(summary.peak_rss_kb * 1024),
      summary.cpu_seconds === undefined ? "" : `CPU ${formatMs(summary.cpu_seconds * 1000)}`,
    )],
  ]}</div>`;
}

function formatPlot(name: string, title: string): Html {
  return markup`<div class="card"><h3>${title}</h3>
<div data-plot="${name}" role="img" aria-label="${title}"></div></div>
`;
}

function formatOverTime({ series }: PageData): Html | undefined {
  const plots = series === undefined ? [] : listPlots(series);
  if (series === undefined || plots.length === 0) return undefined;
  return markup`<h2>Over time</h2>
<p class="faint hint">Drag to zoom in, click twice to see all of it again. Each point is ${
    formatMs(series.intervalMs)
  }.</p>
<noscript><p class="warn">The plots need JavaScript.</p></noscript>
<div class="plots">${plots.map(({ name, title }) => formatPlot(name, title))}</div>`;
}

function formatLatency({ summary, histogram = [] }: PageData): Html | undefined {
  if (summary.succeeded === 0 || summary.latency_ms === undefined) return undefined;
  const plots = histogram.length === 0 ? undefined : markup`<div class="plots">${[
    formatPlot("histogram", "Responses by latency"),
    formatPlot("spectrum", "Latency by percentile"),
  ]}</div>`;
  return markup`<h2>Latency of responses</h2>${plots}
<div class="below">${latencyTable(summary.latency_ms)}${phaseTable(summary)}</div>`;
}

function formatAbout({ summary, command, machine, parts = [] }: PageData): Html {
  const rows: [name: string, value: MarkupValue][] = [];
  const row = (name: string, value: MarkupValue | undefined): void => {
    if (value !== undefined && value !== "") rows.push([name, value]);
  };
  row("Command", command && markup`<code>${command}</code>`);
  row("Load", formatLoad(summary));
  const { warm_up: warmUp = 0 } = summary;
  if (warmUp > 0) row("Warm-up", `${formatCount(warmUp)} requests, which are not counted`);
  row("Attempts", formatAttempts(summary));
  row("Late starts", formatLate(summary));
  row("Own lateness", formatOwnLate(summary));
  row("CPU", formatCpu(summary));
  for (const [key, { line, unit = "count" }] of FIGURE_ROWS) {
    const value = summary[key];
    if (line !== undefined && typeof value === "number") row(line.title, formatNumber(value, unit));
  }
  for (const [what, count] of Object.entries(summary.shortages ?? {})) {
    row("Ran out", `${formatCount(count)} times: ${what}; requests waited for it`);
  }
  for (const { name, requests, failed, seconds } of parts) {
    row(
      name,
      `${formatCount(requests)} requests, ${formatCount(failed)} failed, in ${formatTook(seconds)}`,
    );
  }
  if (summary.resumed && parts.length === 0) row("Resumed", "earlier parts are counted too");
  if (machine !== undefined) {
    const { os, cores, deno } = machine;
    const { threads = 1, cluster } = summary;
    const what = cluster ? "workers" : "threads";
    const loops = threads > 1 ? `, the run in ${formatCount(threads)} ${what}` : "";
    row("Machine", `${os}, ${cores} ${cores === 1 ? "core" : "cores"}${loops}`);
    row("Versions", `myriad ${summary.version ?? ""}, Deno ${deno}`);
  }
  return markup`<h2>The run</h2>${pairs(rows)}`;
}

function formatLoad({ engine, concurrency, utilization }: PageData["summary"]): string {
  return [
    ...concurrency === undefined ? [] : [`at most ${formatCount(concurrency)} in flight`],
    ...utilization === undefined ? [] : [`${formatShare(utilization)} of it used`],
    ...engine === undefined || engine === "" ? [] : [`engine ${engine}`],
  ].join(", ");
}

function formatAttempts(
  { attempts, retries = {}, skipped = 0 }: PageData["summary"],
): string | undefined {
  if (attempts === undefined) return undefined;
  const causes = Object.entries(retries).sort(([, a], [, b]) => b - a)
    .map(([cause, count]) => `${formatCount(count)} again after ${cause}`);
  if (skipped > 0) causes.push(`${formatCount(skipped)} not sent to hosts that were given up`);
  return [formatCount(attempts), ...causes].join(", ");
}

function formatCpu({ cpu_seconds: seconds, requests }: PageData["summary"]): string | undefined {
  if (seconds === undefined || requests === 0) return undefined;
  return `${formatMs(seconds * 1000)}, ${formatMs(seconds / requests * 1000)} a request`;
}

function formatLate({ late }: PageData["summary"]): string | undefined {
  if (late === undefined || late.count === 0) return undefined;
  return `${formatCount(late.count)}, by ${formatMs(late.mean_ms)} on average, ${
    formatMs(late.max_ms)
  } at most`;
}

function formatOwnLate({ own_late_ms: ownLate }: PageData["summary"]): string | undefined {
  if (ownLate === undefined || ownLate === null) return undefined;
  const { p50, p99, max } = ownLate;
  return `p50 ${formatMs(p50)}, p99 ${formatMs(p99)}, at most ${formatMs(max)}`;
}

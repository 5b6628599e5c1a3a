import { formatLinePlot, type PlotLine } from "../../plot/line_plot.ts";
import { escapeMarkup } from "../../text/escape.ts";
import { formatCount, formatMs } from "../../text/format.ts";
import { formatComparison } from "./report.ts";
import type { Conditions, Trial } from "./trial.ts";

const X = {
  label: "requests",
  scale: "log",
  format: (value: number): string => value < 1000 ? `${value}` : shortCount(value),
} as const;

/**
 * Memory and time by the number of requests, both logarithmic, a line for each strategy, as SVG. A
 * trial that was stopped ends its line by a cross, at what it had reached.
 */
export function plotComparison(trials: readonly Trial[]): string {
  return formatLinePlot([
    {
      title: "Peak memory",
      x: X,
      y: { label: "", scale: "log", format: (megabytes) => `${formatCount(megabytes)} MB` },
      lines: toLines(
        trials,
        ({ peakKb }) => peakKb === undefined ? undefined : peakKb * 1024 / 1e6,
      ),
    },
    {
      title: "Time",
      x: X,
      y: { label: "", scale: "log", format: (seconds) => formatMs(seconds * 1000) },
      lines: toLines(trials, (trial) => trial.seconds),
    },
  ]);
}

/** The same as a page, with the table below. */
export function comparisonPage(
  trials: readonly Trial[],
  { concurrency, delay }: Conditions,
): string {
  const table = escapeMarkup(formatComparison(trials, { color: false }));
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>myriad compare</title>
<style>
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
svg { max-width: 100%; height: auto; }
pre { overflow-x: auto; }
</style>
<h1>Strategies side by side</h1>
<p>${formatCount(concurrency)} in flight at most, answers after ${escapeMarkup(delay)}.</p>
${plotComparison(trials)}<pre>${table}</pre>
</html>
`;
}

type Ran = Extract<Trial, { outcome: "finished" | "stopped" }>;

function toLines(trials: readonly Trial[], value: (trial: Ran) => number | undefined): PlotLine[] {
  const lines = Map.groupBy(trials, ({ strategy }) => strategy);
  return Array.from(lines, ([name, group]) => ({
    name,
    points: group.flatMap((trial) => {
      if (trial.outcome !== "finished" && trial.outcome !== "stopped") return [];
      const y = value(trial);
      // A logarithm has no place for nothing.
      return y === undefined || y <= 0
        ? []
        : [{ x: trial.requests, y, isCut: trial.outcome === "stopped" }];
    }),
  })).filter(({ points }) => points.length > 0);
}

/** 10,000 as `10k`. */
function shortCount(count: number): string {
  return new Intl.NumberFormat("en", { notation: "compact" }).format(count).replace("K", "k");
}

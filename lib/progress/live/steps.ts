import type { FlowFigures, StepFigures } from "../../stats/snapshot.ts";
import { formatCount, formatLatency, formatRate, formatShare } from "../../text/format.ts";
import { escapeForCells, padEndWidth, truncateWidth } from "../../text/width.ts";
import { MAX_TEXT, type StyledLine } from "./line.ts";
import { countGutterCells, formatName, isWide, type Section, type View } from "./view.ts";

/** The maximum number of lines of steps. */
const MAX_STEPS = 8;
/** The minimum and maximum number of cells of a step's name, and the cells of each figure. */
const MIN_NAME = 15;
const MAX_NAME = 40;
const COUNT_CELLS = 11;
const FAILED_CELLS = 16;
const MEAN_CELLS = 14;
const P95_CELLS = 14;

/** The iterations of a flow, how many of its checks did not hold, and its first steps. */
export function steps(view: View): Section | undefined {
  const { flow } = view.snapshot;
  if (flow === undefined) return undefined;
  const most = isWide(view) ? 1 + Math.min(MAX_STEPS, flow.steps.length) : 1;
  return {
    least: 1,
    most,
    draw: (lines) => [
      formatIterations(flow, view),
      ...flow.steps.slice(0, lines - 1).map((step) => formatStep(step, view)),
    ],
  };
}

function formatIterations({ iterations, failed, checks }: FlowFigures, view: View): StyledLine {
  const { seconds } = view.snapshot;
  const missed = checks.reduce((sum, { failed }) => sum + failed, 0);
  const what = missed === 1 ? "check" : "checks";
  const rate = seconds > 0 ? `, ${formatRate(iterations / seconds)}/s` : "";
  return [
    formatName(view, "iterations"),
    { text: `${formatCount(iterations)}${rate}` },
    { text: `, ${formatCount(failed)} failed`, style: failed > 0 ? "red" : undefined },
    ...missed === 0
      ? []
      : [{ text: `, ${formatCount(missed)} ${what} did not hold`, style: "red" } as const],
  ];
}

function formatStep({ step, requests, failed, latency }: StepFigures, view: View): StyledLine {
  const figures = COUNT_CELLS + FAILED_CELLS + MEAN_CELLS + P95_CELLS;
  const room = view.cells - countGutterCells(view) - figures;
  const cells = Math.min(MAX_NAME, Math.max(MIN_NAME, room));
  return [
    formatName(view, ""),
    { text: padEndWidth(truncateWidth(escapeForCells(step, MAX_TEXT), cells), cells) },
    { text: formatCount(requests).padStart(COUNT_CELLS) },
    {
      text: `${formatShare(failed / Math.max(1, requests))} failed`.padStart(FAILED_CELLS),
      style: failed > 0 ? "red" : undefined,
    },
    { text: `mean ${formatLatency(latency.mean, requests - failed)}`.padStart(MEAN_CELLS) },
    { text: `p95 ${formatLatency(latency.p95, requests - failed)}`.padStart(P95_CELLS) },
  ];
}

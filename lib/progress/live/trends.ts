import { formatClock, formatCount, formatMs, formatRate } from "../../text/format.ts";
import type { Point } from "./history.ts";
import type { StyledLine } from "./line.ts";
import { formatSpark } from "./spark.ts";
import { countGutterCells, formatName, isWide, type Section, type View } from "./view.ts";

/** Cells of a value, most cells of the text at the right, and fewest cells of a curve. */
const VALUE_CELLS = 9;
const MAX_CELLS = 18;
const MIN_CURVE = 8;

interface Trend {
  readonly name: string;
  /** The value now. */
  readonly now: string;
  readonly of: (point: Point) => number | null;
  readonly format: (value: number) => string;
}

/** Rate, latency and requests in flight over the last minutes; the most important first. */
export function trends(view: View): Section | undefined {
  const { snapshot, rate, points } = view;
  const { latency, succeeded, inFlight } = snapshot;
  const last = points.at(-1);
  const ms = (value: number | null): string => value === null ? "-" : formatMs(value);
  const { p50, p99 } = last ?? (succeeded > 0 ? latency : { p50: null, p99: null });
  const perSecond = (value: number): string => `${formatRate(value)}/s`;
  const all: readonly Trend[] = [
    { name: "rate", now: perSecond(rate), of: (point) => point.rate, format: perSecond },
    {
      name: "p99",
      now: ms(p99),
      of: (point) => point.p99,
      format: formatMs,
    },
    {
      name: "p50",
      now: ms(p50),
      of: (point) => point.p50,
      format: formatMs,
    },
    {
      name: "in flight",
      now: formatCount(inFlight),
      of: (point) => point.inFlight,
      format: formatCount,
    },
  ];
  const shown = points.slice(-countCurveCells(view));
  return {
    least: 1,
    most: all.length + (shown.length > 0 && isWide(view) ? 1 : 0),
    draw: (lines) => [
      ...all.slice(0, lines).map((trend) => drawTrend(trend, shown, view)),
      ...lines > all.length ? [formatAxis(shown, view)] : [],
    ],
  };
}

/** Cells of the curves. */
function countCurveCells(view: View): number {
  const room = view.cells - countGutterCells(view) - VALUE_CELLS - 2;
  return Math.max(0, room - MAX_CELLS >= MIN_CURVE ? room - MAX_CELLS : room);
}

function drawTrend(
  { name, now, of, format }: Trend,
  points: readonly Point[],
  view: View,
): StyledLine {
  if (!isWide(view)) return [formatName(view, name), { text: now }];
  const values = points.map(of);
  const most = Math.max(0, ...values.map((value) => value ?? 0));
  return [
    formatName(view, name),
    { text: now.padStart(VALUE_CELLS) },
    { text: `  ${formatSpark(values).padEnd(countCurveCells(view))}`, style: "cyan" },
    { text: most > 0 ? `  most ${format(most)}` : "", style: "dim" },
  ];
}

/** The line below the curves, with the time at which they begin. */
function formatAxis(points: readonly Point[], view: View): StyledLine {
  const since = `${formatClock((view.ms - points[0].startMs) / 1000)} ago`;
  const line = points.length - since.length - " now".length - 2;
  const text = line > 0 ? `${since} ${"─".repeat(line)} now` : since;
  return [{ text: " ".repeat(countGutterCells(view) + VALUE_CELLS + 2) }, { text, style: "dim" }];
}

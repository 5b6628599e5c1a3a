import { roundBounds } from "../../plot/round_numbers.ts";
import type { Histogram } from "../../stats/histogram.ts";
import { formatCount, formatShare } from "../../text/format.ts";
import type { StyledLine } from "./line.ts";
import { formatShareBar } from "./spark.ts";
import { countGutterCells, formatName, isWide, type Section, type View } from "./view.ts";

/** Cells of a bound, of a count, and of a share. */
const BOUND_CELLS = 9;
const COUNT_CELLS = 14;
const SHARE_CELLS = 9;
/** The minimum number of cells of a bar that has a count beside it. */
const MIN_BAR = 10;
/** Percentiles between which the bounds are; latencies beyond are in the first and the last row. */
const INNER = [1, 99.5];

/** How the latencies of all responses are spread, between round bounds. */
export function latencies(view: View): Section | undefined {
  const { histogram } = view.snapshot;
  if (histogram.count === 0 || !isWide(view)) return undefined;
  return { least: 3, most: 12, draw: (lines) => toRows(histogram, lines, view) };
}

function toRows(histogram: Histogram, lines: number, view: View): StyledLine[] {
  // A scale of round numbers begins above 0, and nothing is faster than 1 us.
  const [low, high] = histogram.percentiles(INNER).map((micros) => Math.max(1, micros));
  const bounds = roundBounds(low, high, lines);
  const isOpen = histogram.max > bounds.at(-1)!;
  // Latencies beyond the last bound have a row of their own.
  if (isOpen && bounds.length === lines) bounds.pop();
  const counts: number[] = Array(bounds.length + (isOpen ? 1 : 0)).fill(0);
  let row = 0;
  for (const [micros, count] of histogram.buckets()) {
    while (row < counts.length - 1 && micros > bounds[row]) row++;
    counts[row] += count;
  }
  const most = Math.max(...counts);
  const room = view.cells - countGutterCells(view) - BOUND_CELLS - 2 - SHARE_CELLS;
  const hasCounts = room - COUNT_CELLS >= MIN_BAR;
  const cells = hasCounts ? room - COUNT_CELLS : room;
  return counts.map((count, k) => {
    const bound = k < bounds.length
      ? `<= ${formatBound(bounds[k])}`
      : `> ${formatBound(bounds.at(-1)!)}`;
    return [
      formatName(view, k === 0 ? "latency" : ""),
      { text: bound.padStart(BOUND_CELLS + 1) },
      { text: ` ${formatShareBar(count / most, cells).padEnd(cells)}`, style: "cyan" },
      { text: hasCounts ? formatCount(count).padStart(COUNT_CELLS) : "" },
      { text: formatShare(count / histogram.count).padStart(SHARE_CELLS), style: "dim" },
    ];
  });
}

/** A round number of microseconds: `50 ms`, `1.5 s`. */
function formatBound(micros: number): string {
  if (micros < 1_000) return `${micros} us`;
  return micros < 1e6 ? `${micros / 1_000} ms` : `${micros / 1e6} s`;
}

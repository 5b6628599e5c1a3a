import { formatWorkers } from "../bar.ts";
import type { WorkerFigures } from "../../stats/snapshot.ts";
import { formatBytes, formatCount, formatRate, formatShare } from "../../text/format.ts";
import { escapeForCells, padEndWidth, truncateWidth } from "../../text/width.ts";
import type { StyledLine } from "./line.ts";
import { formatName, isWide, type Section, type View } from "./view.ts";

/** The maximum number of workers that have a line of their own. */
const MAX_LINES = 8;
/** Cells of a worker's name, and of each figure. */
const NAME_CELLS = 15;
const RATE_CELLS = 12;
const FLIGHT_CELLS = 18;
const BUSY_CELLS = 18;
const MEMORY_CELLS = 10;

/** The workers of a run on several machines: how many they are, the silent and slowest by name. */
export function workers(view: View): Section | undefined {
  const { workers } = view.snapshot;
  if (workers === undefined) return undefined;
  const here = workers.filter(({ state }) => state === "busy" || state === "silent");
  const most = isWide(view) ? 1 + Math.min(MAX_LINES, here.length) : 1;
  return { least: 1, most, draw: (lines) => toRows(here, lines, view) };
}

function toRows(here: readonly WorkerFigures[], lines: number, view: View): StyledLine[] {
  const isWorried = here.length === 0 || here.some(({ state }) => state === "silent");
  // Of a silent one the rate is 0.
  const slowest = here.toSorted((a, b) => a.rate - b.rate).slice(0, lines - 1);
  return [
    [
      formatName(view, "workers"),
      { text: formatWorkers(here), style: isWorried ? "yellow" : undefined },
    ],
    ...slowest.map((worker) => formatWorkerLine(worker, view)),
  ];
}

function formatWorkerLine(worker: WorkerFigures, view: View): StyledLine {
  const { state, rate, inFlight, loopBusy, rssBytes } = worker;
  const name = truncateWidth(escapeForCells(worker.name, NAME_CELLS), NAME_CELLS);
  const start: StyledLine = [formatName(view, ""), { text: padEndWidth(name, NAME_CELLS) }];
  if (state === "silent") {
    return [...start, { text: "silent".padStart(RATE_CELLS), style: "yellow" }];
  }
  return [
    ...start,
    { text: `${formatRate(rate)}/s`.padStart(RATE_CELLS) },
    { text: `${formatCount(inFlight)} in flight`.padStart(FLIGHT_CELLS) },
    { text: `${formatShare(loopBusy)} busy`.padStart(BUSY_CELLS) },
    { text: formatBytes(rssBytes).padStart(MEMORY_CELLS) },
  ];
}

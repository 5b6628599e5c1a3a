import type { Snapshot } from "../../stats/snapshot.ts";
import { formatBytes, formatCount, formatTimes } from "../../text/format.ts";
import { escapeForCells, truncateWidth } from "../../text/width.ts";
import { MAX_TEXT, type StyledLine } from "./line.ts";
import { formatName, isWide, type Section, type View } from "./view.ts";

/** From this share on the event loop is too busy to read its sockets in time. */
const SATURATED = 0.9;
/** The maximum number of cells of what ran out. */
const SHORTAGE_CELLS = 40;

/** Memory and processor time of this process. */
export function costs(view: View): Section | undefined {
  const { rssBytes, peakRssKb, workersBusy } = view.snapshot;
  const core = workersBusy.length === 0 ? " of a core" : "";
  const mostBytes = Math.max(rssBytes, peakRssKb * 1024);
  const cpu = view.points.at(-1)?.cpu;
  return {
    least: 1,
    most: 1,
    draw: () => [[
      formatName(view, "memory"),
      { text: formatBytes(rssBytes) },
      { text: isWide(view) ? `, ${formatBytes(mostBytes)} at most` : "" },
      { text: "   CPU ", style: "bold" },
      {
        text: cpu === undefined || cpu === null
          ? "-"
          : `${formatCount(Math.round(cpu * 100))} %${core}`,
      },
      { text: `, ${formatBusy(view.snapshot)} busy` },
    ]],
  };
}

/** How busy each event loop is: of several, the least and the most. */
function formatBusy({ loopBusy, workersBusy, workers }: Snapshot): string {
  const main = `${Math.round(loopBusy * 100)} %`;
  if (workersBusy.length === 0) return `event loop ${main}`;
  const [least, most] = [Math.min(...workersBusy), Math.max(...workersBusy)]
    .map((share) => Math.round(share * 100));
  return `main ${main}, ${workers === undefined ? "threads" : "workers"} ${
    least === most ? "" : `${least}–`
  }${most} %`;
}

/** An event loop, or several, that are too busy. */
interface Saturated {
  readonly who: string;
  readonly loops: string;
  /** The greatest share. */
  readonly busy: number;
  readonly consequence: string;
}

function listSaturated({ loopBusy, workersBusy, workers }: Snapshot): Saturated[] {
  const count = workersBusy.length;
  const isAlone = count === 0 && workers === undefined;
  const all: Saturated[] = [];
  if (loopBusy >= SATURATED) {
    all.push({
      who: isAlone || workers !== undefined ? "this process" : "main thread",
      loops: "event loop",
      busy: loopBusy,
      consequence: isAlone ? "latencies include queueing here" : "the others wait for it",
    });
  }
  const one = workers === undefined ? "thread" : "worker";
  const saturated = workersBusy.filter((busy) => busy >= SATURATED);
  if (saturated.length > 0) {
    const isOne = saturated.length === 1;
    all.push({
      who: isOne
        ? nameLoop(workersBusy.indexOf(saturated[0]), workers)
        : `${saturated.length === count ? "all" : `${saturated.length} of`} ${count} ${one}s`,
      loops: isOne ? "event loop" : "event loops",
      busy: Math.max(...saturated),
      consequence: workers === undefined
        ? "latencies include queueing here"
        : "its latencies include queueing there",
    });
  }
  return all;
}

/** A thread by its number, a worker by its name. */
function nameLoop(k: number, workers: Snapshot["workers"]): string {
  if (workers === undefined) return `thread ${k}`;
  const { name } = workers.filter(({ state }) => state === "busy")[k];
  return `worker ${escapeForCells(name, MAX_TEXT)}`;
}

/** What slows the run down on this machine, so that nobody blames the servers. */
export function bottleneck(view: View): Section | undefined {
  const { shortages } = view.snapshot;
  const lines = listSaturated(view.snapshot).map(
    ({ who, loops, busy, consequence }): StyledLine => [
      formatName(view, "bottleneck"),
      { text: who, style: "yellow", isElastic: true },
      { text: `: ${loops} ${Math.floor(busy * 100)} % busy`, style: "yellow" },
      { text: `, ${consequence}`, style: "yellow" },
    ],
  );
  for (const [what, count] of Object.entries(shortages)) {
    lines.push([
      formatName(view, "ran out"),
      { text: `${formatTimes(count)}: `, style: "yellow" },
      {
        text: truncateWidth(escapeForCells(what, MAX_TEXT), SHORTAGE_CELLS),
        style: "yellow",
        isElastic: true,
      },
    ]);
  }
  if (lines.length === 0) return undefined;
  return { least: 1, most: lines.length, draw: (most) => lines.slice(0, most) };
}

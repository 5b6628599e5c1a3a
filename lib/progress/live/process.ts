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

/** The event loops that make requests, if these are not that of this process. */
function listLoops(
  { workersBusy, workers }: Snapshot,
): { readonly name: string; readonly busy: number }[] {
  if (workers === undefined) return workersBusy.map((busy, k) => ({ name: `thread ${k}`, busy }));
  return workers.filter(({ state }) => state === "busy").map(({ name, loopBusy }) => ({
    name: `worker ${escapeForCells(name, MAX_TEXT)}`,
    busy: loopBusy,
  }));
}

function listSaturated(snapshot: Snapshot): Saturated[] {
  const { loopBusy, workers } = snapshot;
  const loops = listLoops(snapshot);
  const isAlone = loops.length === 0 && workers === undefined;
  const all: Saturated[] = [];
  if (loopBusy >= SATURATED) {
    all.push({
      who: isAlone || workers !== undefined ? "this process" : "main thread",
      loops: "event loop",
      busy: loopBusy,
      consequence: isAlone ? "latencies include queueing here" : "the others wait for it",
    });
  }
  const saturated = loops.filter(({ busy }) => busy >= SATURATED);
  if (saturated.length > 0) {
    const isOne = saturated.length === 1;
    const count = saturated.length === loops.length ? "all" : `${saturated.length} of`;
    all.push({
      who: isOne
        ? saturated[0].name
        : `${count} ${loops.length} ${workers === undefined ? "threads" : "workers"}`,
      loops: isOne ? "event loop" : "event loops",
      busy: Math.max(...saturated.map(({ busy }) => busy)),
      consequence: `latencies include queueing ${workers === undefined ? "here" : "there"}`,
    });
  }
  return all;
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

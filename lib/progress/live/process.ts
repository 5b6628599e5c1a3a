import { formatBytes, formatTimes } from "../../text/format.ts";
import { escapeForCells, truncateWidth } from "../../text/width.ts";
import { MAX_TEXT, type StyledLine } from "./line.ts";
import { formatName, isWide, type Section, type View } from "./view.ts";

/** From this share on the event loop is too busy to read its sockets in time. */
const SATURATED = 0.9;
/** The maximum number of cells of what ran out. */
const SHORTAGE_CELLS = 40;

/** Memory and processor time of this process. */
export function costs(view: View): Section | undefined {
  const { rssBytes, peakRssKb, loopBusy } = view.snapshot;
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
      { text: cpu === undefined || cpu === null ? "-" : `${Math.round(cpu * 100)} % of a core` },
      { text: `, event loop ${Math.round(loopBusy * 100)} % busy` },
    ]],
  };
}

/** What slows the run down on this machine, so that nobody blames the servers. */
export function bottleneck(view: View): Section | undefined {
  const { loopBusy, shortages } = view.snapshot;
  const lines: StyledLine[] = [];
  if (loopBusy >= SATURATED) {
    const busy = `${Math.floor(loopBusy * 100)} %`;
    lines.push([
      formatName(view, "bottleneck"),
      { text: "this process", style: "yellow", isElastic: true },
      { text: `: event loop ${busy} busy`, style: "yellow" },
      { text: ", latencies include queueing here", style: "yellow" },
    ]);
  }
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

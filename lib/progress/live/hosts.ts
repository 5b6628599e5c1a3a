import type { HostFigures } from "../../stats/snapshot.ts";
import { formatCount, formatLatency, formatShare } from "../../text/format.ts";
import { escapeForCells, padEndWidth, truncateWidth } from "../../text/width.ts";
import { MAX_TEXT, type StyledLine } from "./line.ts";
import { countGutterCells, formatName, isWide, type Section, type View } from "./view.ts";

/** The maximum number of lines of the busiest hosts, and of the worst. */
const MAX_EACH = 5;
/** The minimum and maximum number of cells of a host's name, and the cells of each figure. */
const MIN_NAME = 15;
const MAX_NAME = 60;
const COUNT_CELLS = 11;
const FAILED_CELLS = 16;
const MEAN_CELLS = 14;
const MAX_CELLS = 14;

/** The hosts with the most requests, and those that fail most or are slowest. */
export function hosts(view: View): Section | undefined {
  const { hosts } = view.snapshot;
  if (hosts.length === 0 || !isWide(view)) return undefined;
  const most = Math.min(hosts.length, 2 * MAX_EACH);
  return { least: Math.min(2, most), most, draw: (lines) => toRows(hosts, lines, view) };
}

function toRows(hosts: readonly HostFigures[], lines: number, view: View): StyledLine[] {
  const busiest = hosts.toSorted((a, b) => b.requests - a.requests)
    .slice(0, Math.ceil(lines / 2));
  const worst = hosts.filter((host) => !busiest.includes(host))
    .sort((a, b) => b.failed - a.failed || b.meanMs - a.meanMs)
    .slice(0, lines - busiest.length);
  const first = hosts.length === 1 ? "host" : "busiest";
  return [
    ...busiest.map((host, k) => formatHostLine(k === 0 ? first : "", host, view)),
    ...worst.map((host, k) => formatHostLine(k === 0 ? "worst" : "", host, view)),
  ];
}

function formatHostLine(name: string, host: HostFigures, view: View): StyledLine {
  const { requests, failed, meanMs, maxMs } = host;
  const figures = COUNT_CELLS + FAILED_CELLS + MEAN_CELLS + MAX_CELLS;
  const room = view.cells - countGutterCells(view) - figures;
  const cells = Math.min(MAX_NAME, Math.max(MIN_NAME, room));
  return [
    formatName(view, name),
    { text: padEndWidth(truncateWidth(escapeForCells(host.host, MAX_TEXT), cells), cells) },
    { text: formatCount(requests).padStart(COUNT_CELLS) },
    {
      text: `${formatShare(failed / Math.max(1, requests))} failed`.padStart(FAILED_CELLS),
      style: failed > 0 ? "red" : undefined,
    },
    { text: `mean ${formatLatency(meanMs, requests - failed)}`.padStart(MEAN_CELLS) },
    { text: `max ${formatLatency(maxMs, requests - failed)}`.padStart(MAX_CELLS) },
  ];
}

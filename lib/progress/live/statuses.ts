import { formatCount, formatOthers, formatShare } from "../../text/format.ts";
import type { Style } from "../../text/style.ts";
import type { Piece, StyledLine } from "./line.ts";
import { countGutterCells, formatHeading, type Section, type View } from "./view.ts";

/** The maximum number of lines: a server can send 900 codes. */
const MAX_LINES = 3;
/** The space between two statuses. */
const GAP = "   ";

/** The status codes, the most frequent first. */
export function statuses(view: View): Section | undefined {
  const counts = Object.entries(view.snapshot.statuses).sort(([, a], [, b]) => b - a);
  if (counts.length === 0) return undefined;
  return {
    least: 1,
    most: Math.min(MAX_LINES, toRows(counts, Infinity, view).length),
    draw: (lines) => toRows(counts, lines, view),
  };
}

/** By the first digit (RFC 9110 §15). */
const STYLES: Readonly<Record<string, Style>> = { 2: "green", 3: "cyan", 4: "yellow", 5: "red" };

function toRows(counts: readonly [string, number][], most: number, view: View): StyledLine[] {
  const room = view.cells - countGutterCells(view);
  const rows: Piece[][] = [[]];
  let used = 0;
  for (const [k, [status, count]] of counts.entries()) {
    const number = ` ${formatCount(count)}`;
    const share = ` ${formatShare(count / view.snapshot.requests)}`;
    const cells = status.length + number.length + share.length;
    const isLastRow = rows.length >= most;
    // The last row ends with the sum of the statuses that have no room.
    const after = isLastRow ? formatOtherStatuses(counts.slice(k + 1)) : "";
    const gap = used > 0 ? GAP : "";
    if (used > 0 && used + gap.length + cells + after.length > room) {
      if (isLastRow) {
        rows.at(-1)!.push({ text: formatOtherStatuses(counts.slice(k)) });
        break;
      }
      rows.push([]);
      used = 0;
    }
    const row = rows.at(-1)!;
    if (used > 0) row.push({ text: gap });
    row.push({ text: status, style: STYLES[status[0]] }, { text: number }, { text: share });
    used += (used > 0 ? gap.length : 0) + cells;
  }
  return rows.map((row, k) => [formatHeading(view, k === 0 ? "statuses" : ""), ...row]);
}

function formatOtherStatuses(rest: readonly [string, number][]): string {
  if (rest.length === 0) return "";
  const count = rest.reduce((sum, [, count]) => sum + count, 0);
  return `${GAP}${formatOthers(rest.length)} ${formatCount(count)}`;
}

import { type ErrorGroup, groupErrors } from "../../stats/error_groups.ts";
import { formatCount, formatOthers, formatShare } from "../../text/format.ts";
import { escapeForCells, measureWidth, truncateWidth } from "../../text/width.ts";
import { MAX_TEXT, type StyledLine } from "./line.ts";
import { countGutterCells, formatHeading, isWide, type Section, type View } from "./view.ts";

/** The share of an example's cells that the reason gets; the URL gets the rest. */
const REASON_SHARE = 0.6;
/** The maximum number of groups that get a line each. */
const MAX_LINES = 10;
/** Cells of a kind, of its count, and of its share. */
const KIND_CELLS = 10;
const COUNT_CELLS = 9;
const SHARE_CELLS = 9;
/** The minimum number of cells that are worth an example. */
const MIN_EXAMPLE = 16;

/** Why requests failed, the most frequent first, with an example of each. */
export function errors(view: View): Section | undefined {
  const groups = groupErrors(view.snapshot.errors);
  if (groups.length === 0) return undefined;
  return {
    least: 1,
    most: Math.min(MAX_LINES, groups.length),
    draw: (lines) => {
      const shown = groups.slice(0, lines < groups.length ? Math.max(1, lines - 1) : lines);
      const rows = shown.map((group) => formatErrorLine(group, view));
      if (shown.length < lines && shown.length < groups.length) {
        rows.push(formatOtherErrors(groups.slice(shown.length), view));
      }
      return rows.map((row, k) => [formatHeading(view, k === 0 ? "errors" : ""), ...row]);
    },
  };
}

function formatErrorLine(
  { kind, count, examples, expectation }: ErrorGroup,
  view: View,
): StyledLine {
  const room = view.cells - countGutterCells(view) - KIND_CELLS - COUNT_CELLS - SHARE_CELLS - 4;
  if (room < MIN_EXAMPLE) return countErrors(kind, count, view);
  const example = examples[0];
  const what = escapeForCells(expectation ?? example?.detail ?? "", MAX_TEXT);
  const url = escapeForCells(example?.url ?? "", MAX_TEXT);
  // Cells that one of the two does not need go to the other.
  const whatCells = Math.max(Math.ceil(room * REASON_SHARE), room - measureWidth(url));
  const shown = truncateWidth(what, whatCells);
  return [
    ...countErrors(kind, count, view),
    { text: shown === "" ? "" : `  ${shown}`, isElastic: true },
    { text: url === "" ? "" : `  ${url}`, style: "dim", isElastic: true },
  ];
}

function formatOtherErrors(groups: readonly ErrorGroup[], view: View): StyledLine {
  const count = groups.reduce((sum, { count }) => sum + count, 0);
  return countErrors(formatOthers(groups.length), count, view);
}

function countErrors(kind: string, count: number, view: View): StyledLine {
  if (!isWide(view)) return [{ text: `${kind} `, style: "red" }, { text: formatCount(count) }];
  return [
    { text: kind.padEnd(KIND_CELLS), style: "red" },
    { text: formatCount(count).padStart(COUNT_CELLS) },
    { text: formatShare(count / view.snapshot.requests).padStart(SHARE_CELLS) },
  ];
}

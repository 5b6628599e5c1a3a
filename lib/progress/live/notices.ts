import { escapeForCells, measureWidth, wrapWidth } from "../../text/width.ts";
import { MAX_TEXT } from "./line.ts";
import { countGutterCells, formatName, type Section, type View } from "./view.ts";

/** The minimum number of cells of the text of a line. */
const MIN_TEXT = 20;
/** The maximum number of lines of all notices. */
const MAX_LINES = 4;

/** What others said last, the newest at the end, as far as there is room. */
export function notices(view: View): Section | undefined {
  const cells = Math.max(MIN_TEXT, view.cells - countGutterCells(view));
  const wrapped = view.notices.map((notice) => wrapWords(escapeForCells(notice, MAX_TEXT), cells));
  const lines = wrapped.flat();
  if (lines.length === 0) return undefined;
  const first = lines.length - wrapped.at(-1)!.length;
  return {
    least: 1,
    most: Math.min(MAX_LINES, lines.length),
    draw: (most) => {
      // If not all fits, the beginning of the newest is the most important.
      const from = Math.max(0, Math.min(first, lines.length - most));
      return lines.slice(from, from + most).map((text, k) => [
        formatName(view, k === 0 ? "notice" : ""),
        { text, style: "yellow", isElastic: true },
      ]);
    },
  };
}

/** A text in lines that are broken between words, and within a word that is longer than a line. */
function wrapWords(text: string, cells: number): string[] {
  const lines: string[] = [];
  for (const word of text.match(/\s*\S+/g) ?? []) {
    const line = `${lines.pop() ?? ""}${word}`;
    if (measureWidth(line) <= cells) lines.push(line);
    else {
      lines.push(line.slice(0, -word.length), ...wrapWidth(word.trimStart(), cells));
    }
  }
  return lines.filter((line) => line !== "");
}

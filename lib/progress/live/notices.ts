import { toPrintableAscii } from "./foreign.ts";
import { formatGutter, formatName, type Section, type View } from "./view.ts";

/** Fewest cells of a text that goes on in another line. */
const MIN_TEXT = 20;
/** Most lines of all of them. */
const MAX_LINES = 4;

/** What there was to be said, the newest last: as much of that as there is room for. */
export function notices(view: View): Section | undefined {
  const cells = Math.max(MIN_TEXT, view.cells - formatGutter(view));
  const lines = view.notices.flatMap((notice) => wrapped(toPrintableAscii(notice), cells));
  if (lines.length === 0) return undefined;
  const first =
    view.notices.slice(0, -1).flatMap((it) => wrapped(toPrintableAscii(it), cells)).length;
  return {
    least: 1,
    most: Math.min(MAX_LINES, lines.length),
    draw: (most) => {
      // Where not all fits, the beginning of the newest counts most.
      const from = Math.max(0, Math.min(first, lines.length - most));
      return lines.slice(from, from + most).map((text, k) => [
        formatName(view, k === 0 ? "notice" : ""),
        { text, style: "yellow", isElastic: true },
      ]);
    },
  };
}

/** A text in lines that are broken between words, where that is possible. */
function wrapped(text: string, cells: number): string[] {
  return text.match(new RegExp(`.{1,${cells}}(?:\\s+|$)|.{1,${cells}}`, "g"))
    ?.map((line) => line.trimEnd()) ?? [];
}

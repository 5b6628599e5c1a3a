/**
 * Lines as pieces of text, each with its style. Pieces that do not fit are left out.
 *
 * @module
 */
import { createPainter, type Style } from "../../text/style.ts";
import { measureWidth, truncateWidth } from "../../text/width.ts";

/** A piece of a line, whose text takes as many cells as `measureWidth()` says on each terminal. */
export interface Piece {
  readonly text: string;
  readonly style?: Style | undefined;
  /** Whether it may be cut. Other pieces are shown whole or not at all: no number is ever cut. */
  readonly isElastic?: boolean;
}

/** A line of the live view. */
export type StyledLine = readonly Piece[];

/** The minimum number of cells that are worth showing of a text that is cut. */
const MIN_WIDTH = 4;
/**
 * The maximum number of characters of a text of others that are looked at: more than a line has
 * cells.
 */
export const MAX_TEXT = 500;

/**
 * A line as it is sent to a terminal, without a line feed. The first piece that has no room is left
 * out with all after it. No style stays on after the line.
 *
 * @param cells the maximum number of cells that it takes
 */
export function formatLine(line: StyledLine, cells: number, color: boolean): string {
  const pieces: Piece[] = [];
  let room = cells;
  for (const piece of line) {
    const width = measureWidth(piece.text);
    if (width > room) {
      const isCut = piece.isElastic && room >= MIN_WIDTH;
      if (isCut) pieces.push({ ...piece, text: truncateWidth(piece.text, room) });
      break;
    }
    pieces.push(piece);
    room -= width;
  }
  while (pieces.length > 0) {
    const last = pieces.pop()!;
    const text = last.text.trimEnd();
    if (text === "") continue;
    pieces.push({ ...last, text });
    break;
  }
  const paint = createPainter(color);
  return pieces.map(({ text, style }) => style === undefined ? text : paint(style, text)).join("");
}

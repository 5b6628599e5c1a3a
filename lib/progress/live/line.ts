/**
 * Lines as pieces of text, each with its colour: what does not fit is left out piece by piece.
 *
 * @module
 */
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

/** The parameters of the styles of a piece (ECMA-48 §8.3.117, SGR). */
const STYLES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const;

/** A colour or a weight. */
export type Style = keyof typeof STYLES;

/** Fewest cells that are worth showing of a text that is cut. */
const MIN_WIDTH = 4;
/** Most characters of a text of others that are looked at: more than a line has cells. */
export const MAX_TEXT = 500;

/**
 * A line as a terminal takes it, without a line feed. From the first piece on that has no room,
 * nothing is shown; no colour is left on behind it.
 *
 * @param cells most that it takes
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
  return pieces.map(({ text, style }) =>
    color && style !== undefined ? `\x1b[${STYLES[style]}m${text}\x1b[0m` : text
  ).join("");
}

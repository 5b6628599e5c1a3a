/**
 * Lines as pieces of text, each with its colour: what does not fit is left out piece by piece.
 *
 * @module
 */

/** A piece of a line. Each of its characters takes one cell, and none is a control. */
export interface Piece {
  readonly text: string;
  readonly style?: Style | undefined;
  /** Whether it may be cut; else it is shown whole or not at all, as no number is ever cut. */
  readonly isElastic?: boolean;
}

/** A line of the live view. */
export type Line = readonly Piece[];

/** By name, what a piece stands in (ECMA-48 §8.3.117). */
const STYLES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const;

/** A colour or a weight. */
export type Style = keyof typeof STYLES;

/** Least cells that are worth showing of a text that is cut. */
const MIN_WIDTH = 4;

/**
 * A line as a terminal takes it, without a line feed. From the first piece on that has no room,
 * nothing is shown; no colour is left on behind it.
 *
 * @param cells most that it takes
 */
export function formatLine(line: Line, cells: number, color: boolean): string {
  const pieces: Piece[] = [];
  let room = cells;
  for (const piece of line) {
    const text = piece.text.length <= room
      ? piece.text
      : piece.isElastic && room >= MIN_WIDTH
      ? cut(piece.text, room)
      : undefined;
    if (text === undefined) break;
    pieces.push({ ...piece, text });
    room -= text.length;
    if (text.length < piece.text.length) break;
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

/** The beginning of a text, which ends in `…` where that is not all. */
export function cut(text: string, cells: number): string {
  return text.length <= cells ? text : `${text.slice(0, Math.max(0, cells - 1))}…`;
}

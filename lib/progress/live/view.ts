import type { Snapshot } from "../../stats/snapshot.ts";
import type { Point } from "./history.ts";
import type { Piece, StyledLine } from "./line.ts";

/** What there is to be shown, and how much room each line has. */
export interface View {
  readonly snapshot: Snapshot;
  /** Requests a second, lately. */
  readonly rate: number;
  /** The last minutes, the oldest first. */
  readonly points: readonly Point[];
  /** What others said last, the newest at the end. */
  readonly notices: readonly string[];
  /** The time, on the clock of the points, in milliseconds. */
  readonly ms: number;
  /** Cells of a line. */
  readonly cells: number;
}

/** Lines that belong together. */
export interface Section {
  /** Fewest lines that it makes sense in, from 1. */
  readonly least: number;
  /** Most lines that it has a use for, from `least`. */
  readonly most: number;
  /** @param lines from `least` to `most`; it can draw fewer */
  draw(lines: number): StyledLine[];
}

/** Makes a section; undefined where there is nothing to be said. */
export type SectionFactory = (view: View) => Section | undefined;

/** Lines from which on cells are enough for columns. */
const WIDE = 40;
/** Cells of what stands at the left of a line. */
const GUTTER = 11;

/** Whether a line has room for columns. */
export function isWide({ cells }: View): boolean {
  return cells >= WIDE;
}

/** What stands at the left of a line: what it is about, or nothing. */
export function formatName(view: View, name: string): Piece {
  return { text: isWide(view) ? name.padEnd(GUTTER) : `${name} `, style: "bold" };
}

/** The same, where lines say by themselves what they are about. */
export function formatHeading(view: View, name: string): Piece {
  return {
    text: name.padEnd(countGutterCells(view)).slice(0, countGutterCells(view)),
    style: "bold",
  };
}

/** Cells at the left of each line, where there is room for columns. */
export function countGutterCells(view: View): number {
  return isWide(view) ? GUTTER : 0;
}

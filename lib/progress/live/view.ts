import type { Snapshot } from "../../stats/snapshot.ts";
import type { Point } from "./history.ts";
import type { Piece, StyledLine } from "./line.ts";

/** What the live view shows, and the room of a line. */
export interface View {
  readonly snapshot: Snapshot;
  /** Recent requests a second. */
  readonly rate: number;
  /** The last minutes, the oldest first. */
  readonly points: readonly Point[];
  /** The last lines of others, the newest at the end. */
  readonly notices: readonly string[];
  /** The time, on the clock of the points, in milliseconds. */
  readonly ms: number;
  /** Cells of a line. */
  readonly cells: number;
}

/** Lines that belong together. */
export interface Section {
  /** The minimum number of lines that the section can be shown in, from 1. */
  readonly least: number;
  /** The maximum number of lines that the section can use, from `least`. */
  readonly most: number;
  /** @param lines from `least` to `most`; the section may draw fewer */
  draw(lines: number): StyledLine[];
}

/** Makes a section; undefined if it has nothing to show. */
export type SectionFactory = (view: View) => Section | undefined;

/** The minimum number of cells of a line that has columns. */
const WIDE = 40;
/** Cells of the name at the left of a line. */
const GUTTER = 11;

/** Whether a line has room for columns. */
export function isWide({ cells }: View): boolean {
  return cells >= WIDE;
}

/** The name at the left of a line; it may be empty. */
export function formatName(view: View, name: string): Piece {
  return { text: isWide(view) ? name.padEnd(GUTTER) : `${name} `, style: "bold" };
}

/** The same for lines that can be understood without their name: narrow ones have none. */
export function formatHeading(view: View, name: string): Piece {
  return {
    text: name.padEnd(countGutterCells(view)).slice(0, countGutterCells(view)),
    style: "bold",
  };
}

/** Cells of the name at the left of each line; 0 if there is no room for columns. */
export function countGutterCells(view: View): number {
  return isWide(view) ? GUTTER : 0;
}

import { wrapWidth } from "../../text/width.ts";
import type { Size } from "../display.ts";

/** The maximum number of lines of frames that could not be erased and are remembered. */
const MAX_STALE = 1_000;

/** The sequences of colors and weights, which take no cells. */
// deno-lint-ignore no-control-regex
const STYLE = /\x1b\[\d*m/g;

/**
 * Turns frames into bytes for a terminal, so that each frame takes the place of the one before.
 *
 * ```text
 *   what others wrote
 *   stale lines            of frames that were higher than the terminal is now; mostly zero
 *   the last frame
 *   _                      the cursor, between two frames: always in the first cell of its line
 * ```
 *
 * The cursor rests below the frame, so that other output (a shell, the echo of Ctrl-C) begins on a
 * line of its own. The region changes no mode of the terminal, does not hide the cursor and saves
 * nothing, so there is nothing to restore, however the process ends. If the terminal became narrower,
 * lines wrap. Terminals wrap the lines that they show again when they are resized, so old and new
 * lines take the same rows, which are counted at the next frame.
 */
export class TerminalRegion {
  /** The lines of the last frame on the terminal. */
  #lines: readonly string[] = [];
  /** The lines between what others wrote and the frame. At most {@linkcode MAX_STALE}. */
  #stale: string[] = [];
  /** The rows above the frame of a line that wrapped: terminals join the first line to them. */
  #joined = "";
  #size: Size = { columns: 0, rows: 0 };

  /**
   * Returns the text that draws a frame over the last one.
   *
   * @param lines each narrower than the columns, fewer than the rows
   * @param size of the terminal now
   * @returns an empty text if nothing changes
   */
  paint(lines: readonly string[], size: Size): string {
    const { columns, rows } = size;
    const isResized = columns !== this.#size.columns || rows !== this.#size.rows;
    const text = isResized ? this.#toTop(size) + drawLines(lines) : this.#change(lines);
    this.#lines = lines;
    this.#size = size;
    return text;
  }

  /**
   * Returns the text that writes lines above the frame, where they stay.
   *
   * @param text whole lines, each with its line feed
   */
  above(text: string, size: Size): string {
    const lines = this.#lines;
    const toTop = this.#toTop(size);
    this.#stale = [];
    this.#joined = "";
    // They may be too wide by now. The next frame corrects that, as it still compares their size.
    this.#lines = lines;
    return toTop + drawLines([...text.trimEnd().split("\n"), ...lines]);
  }

  /** Returns the text that erases the empty lines at the end of the frame, and what was typed below. */
  shrink(): string {
    const lines = [...this.#lines];
    while (lines.at(-1) === "") lines.pop();
    const rows = this.#lines.length - lines.length;
    this.#lines = lines;
    return `\r${moveUp(rows)}\x1b[J`;
  }

  /** Leaves the frame where it is: the next one is drawn below. */
  forget(): void {
    this.#size = { columns: 0, rows: 0 };
    this.#lines = [];
    this.#stale = [];
    this.#joined = "";
  }

  /** Draws only the lines that differ, from the same place on. */
  #change(lines: readonly string[]): string {
    const before = this.#lines;
    const isSame = lines.length === before.length && lines.every((line, k) => line === before[k]);
    if (isSame) return "";
    if (lines.length === 0) return moveUp(before.length) + drawLines(lines);
    // The rest of a line is erased after its text: to erase the line first would flicker.
    const text = lines.map((line, k) => line === before[k] ? "\r\n" : `${line}\x1b[K\r\n`).join("");
    return `${moveUp(before.length)}${text}\x1b[J`;
  }

  /** Goes to the first stale line, or else line of the last frame, that the terminal still shows. */
  #toTop({ columns, rows }: Size): string {
    const [first = "", ...rest] = this.#lines.map((line) => line.replace(STYLE, ""));
    const lines = [
      ...this.#stale,
      ...this.#lines.length > 0 ? [this.#joined + first] : [],
      ...rest,
    ];
    const wrapped = lines.map((line) => wrapWidth(line, columns));
    const all = wrapped.reduce((sum, { length }) => sum + length, 0);
    this.#lines = [];
    this.#stale = [];
    this.#joined = "";
    // Lines above the screen cannot be erased, but come back if the screen grows.
    let beyond = all - (rows - 1);
    for (let k = 0; k < lines.length && beyond > 0; k++) {
      if (beyond < wrapped[k].length) this.#joined = wrapped[k].slice(0, beyond).join("");
      else this.#stale.push(lines[k]);
      beyond -= wrapped[k].length;
    }
    this.#stale.splice(0, this.#stale.length - MAX_STALE);
    return `\r${moveUp(all)}`;
  }
}

/**
 * Draws lines from the cursor on, and erases what is below. The screen is never erased from its first
 * cell on, as tmux would move all lines of the screen into the scroll-back.
 */
function drawLines(lines: readonly string[]): string {
  if (lines.length === 0) return "\x1b[K\r\n\x1b[J\x1b[A";
  // Each row is erased before its text: only then a terminal forgets that it belonged to a line that
  // wrapped.
  return `${lines.map((line) => `\x1b[K${line}\r\n`).join("")}\x1b[J`;
}

function moveUp(rows: number): string {
  return rows > 0 ? `\x1b[${rows}A` : "";
}

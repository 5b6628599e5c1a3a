import { wrapWidth } from "../../text/width.ts";
import type { Size } from "../display.ts";

/** Most lines that are remembered of frames that could not be erased. */
const MAX_STALE = 1_000;

/** The sequences of colours and weights, which take no cells. */
// deno-lint-ignore no-control-regex
const STYLE = /\x1b\[\d*m/g;

/**
 * Turns frames into what a terminal is to be sent, so that each takes the place of the one before.
 *
 * ```text
 *   what others wrote
 *   stale lines            of frames that were taller than the terminal became; mostly none
 *   the last frame
 *   _                      the cursor, between two frames: always in the first cell of its line
 * ```
 *
 * The cursor rests below, so whatever else writes (a shell, the echo of Ctrl-C) begins on a line of
 * its own. No mode of the terminal is changed, the cursor is not hidden, nothing is saved in it: so
 * there is nothing to be restored, however the process ends. Lines wrap where the terminal became
 * narrower than it was when it was asked; as terminals wrap those that they have again when they are
 * resized, both take the same rows, and those are counted at the next frame.
 */
export class TerminalRegion {
  /** The last frame, as it is on the terminal. */
  #lines: readonly string[] = [];
  /** The lines between it and what others wrote. At most {@linkcode MAX_STALE}. */
  #stale: string[] = [];
  /** The rows above the frame of a line that wrapped: terminals join the first line to them. */
  #joined = "";
  #size: Size = { columns: 0, rows: 0 };

  /**
   * Draws a frame over the last one.
   *
   * @param lines each narrower than the columns, fewer than the rows
   * @param size the terminal's now
   * @returns nothing if nothing changes
   */
  paint(lines: readonly string[], size: Size): string {
    const { columns, rows } = size;
    const isResized = columns !== this.#size.columns || rows !== this.#size.rows;
    const text = isResized ? this.#toTop(size) + drawn(lines) : this.#change(lines);
    this.#lines = lines;
    this.#size = size;
    return text;
  }

  /**
   * Writes something above the frame, where it stays.
   *
   * @param text whole lines, each with its line feed
   */
  above(text: string, size: Size): string {
    const lines = this.#lines;
    const toTop = this.#toTop(size);
    this.#stale = [];
    this.#joined = "";
    // As wide as they were, even where that is too wide by now: the next frame sees to it, as the
    // size that it compares is still theirs.
    this.#lines = lines;
    return toTop + drawn([...text.trimEnd().split("\n"), ...lines]);
  }

  /** Takes the empty lines at the end of the frame away, and what was typed below. */
  shrink(): string {
    const lines = [...this.#lines];
    while (lines.at(-1) === "") lines.pop();
    const rows = this.#lines.length - lines.length;
    this.#lines = lines;
    return `\r${up(rows)}\x1b[J`;
  }

  /** Leaves what is drawn where it is; the next frame is drawn below. */
  forget(): void {
    this.#size = { columns: 0, rows: 0 };
    this.#lines = [];
    this.#stale = [];
    this.#joined = "";
  }

  /** From the same place on, only what differs. */
  #change(lines: readonly string[]): string {
    const before = this.#lines;
    const isSame = lines.length === before.length && lines.every((line, k) => line === before[k]);
    if (isSame) return "";
    if (lines.length === 0) return up(before.length) + drawn(lines);
    // Erased behind the text, not before: that would flicker.
    const text = lines.map((line, k) => line === before[k] ? "\r\n" : `${line}\x1b[K\r\n`).join("");
    return `${up(before.length)}${text}\x1b[J`;
  }

  /** Goes to the first line of the last frame, or of what is stale, that the terminal still shows. */
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
    // What has left the screen at its top cannot be erased, but comes back if that grows.
    let beyond = all - (rows - 1);
    for (let k = 0; k < lines.length && beyond > 0; k++) {
      if (beyond < wrapped[k].length) this.#joined = wrapped[k].slice(0, beyond).join("");
      else this.#stale.push(lines[k]);
      beyond -= wrapped[k].length;
    }
    this.#stale.splice(0, this.#stale.length - MAX_STALE);
    return `\r${up(all)}`;
  }
}

/**
 * Lines from where the cursor is, and nothing below. The screen is never erased from its first cell
 * on, as tmux then keeps all that was on it in the scroll-back.
 */
function drawn(lines: readonly string[]): string {
  if (lines.length === 0) return "\x1b[K\r\n\x1b[J\x1b[A";
  // Before the text, as only then a terminal forgets that the row was one of a line that wrapped.
  return `${lines.map((line) => `\x1b[K${line}\r\n`).join("")}\x1b[J`;
}

function up(rows: number): string {
  return rows > 0 ? `\x1b[${rows}A` : "";
}

import type { Snapshot } from "../stats/snapshot.ts";
import type { Limit } from "./bar.ts";

/** A terminal's size. */
export interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** A run at a moment, as a display shows it. */
export interface DisplayState {
  readonly snapshot: Snapshot;
  /** Recent requests a second. */
  readonly rate: number;
  /** The time in milliseconds, on a clock without a known zero. */
  readonly ms: number;
  /** Milliseconds since the display began. */
  readonly elapsedMs: number;
  readonly limit: Limit | undefined;
  readonly size: Size;
}

/** A way to show how far a run is. Its methods return the text to write, which may be empty. */
export interface Display {
  /** Milliseconds from one {@linkcode show} to the next; Infinity for never. */
  readonly everyMs: number;
  show(moment: DisplayState): string;
  /** Shows lines that stay. @param lines each with its line feed */
  say(lines: string, size: Size): string;
  /**
   * Ends the display, and leaves the cursor at the beginning of an empty line.
   *
   * @param moment the last one to show; undefined if there is no time for it
   */
  end(moment: DisplayState | undefined): string;
  /** Another program had the terminal for a while: what was drawn before stays there. */
  forget(): void;
}

import type { Snapshot } from "../stats/snapshot.ts";
import type { Limit } from "./bar.ts";

/** A terminal's size. */
export interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** What a display is to show. */
export interface Moment {
  readonly snapshot: Snapshot;
  /** Requests a second, lately. */
  readonly rate: number;
  /** The time in milliseconds, on a clock of its own. */
  readonly ms: number;
  /** Milliseconds since the display began. */
  readonly elapsedMs: number;
  readonly limit: Limit | undefined;
  readonly size: Size;
}

/** A way to show how far a run is. Methods give the text that is to be written, which can be none. */
export interface Display {
  /** How often there is to be a {@linkcode show}, in milliseconds; Infinity for never. */
  readonly everyMs: number;
  show(moment: Moment): string;
  /** @param lines of others, each with its line feed: they stay */
  say(lines: string, size: Size): string;
  /**
   * Ends it: what is printed next stands at the beginning of an empty line.
   *
   * @param moment the last; undefined if there is no time for it
   */
  end(moment: Moment | undefined): string;
  /** The terminal was another's for a while: what was drawn there is not to be drawn over. */
  forget(): void;
}

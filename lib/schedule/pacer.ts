import type { LevelStep } from "../options/run_options.ts";

/**
 * Decides when the starts of one event loop are due: the open model, a schedule that does not wait
 * for responses. Times are in milliseconds on the clock of the event loop.
 *
 * ```text
 * something to start ──► claim ──► due ──► advance        a start is made
 * nothing to start   ──► rest                             others may make it, or nobody does
 * ```
 */
export interface Pacer {
  /** When the next start is due; Infinity while that is not known. */
  readonly dueMs: number;
  /**
   * When this event loop last had something to start again, after it was idle, while no other had a
   * free place and a target; at first -Infinity.
   */
  readonly readyMs: number;
  /**
   * There is something to start: from now on the time of the next start is known, or will be.
   * Time in which there was nothing to start is not made up for.
   */
  claim(nowMs: number): void;
  /** Records that the next start is made now. Only after {@linkcode claim}. */
  advance(nowMs: number): void;
  /**
   * Records that there is nothing to start.
   *
   * @returns whether the other event loops should {@linkcode hasten}
   */
  rest(nowMs: number): boolean;
  /** Takes an earlier start that another event loop cannot make, if there is one. */
  hasten(): void;
  /** When there may be another overdue start, if `most` may be in a millisecond. */
  nextInBurst(most: number, nowMs: number): number;
  /**
   * Whether the schedule has come to its end: all starts are made, or all places were in use until it
   * was too late for what is left of them. Only once the next start is due.
   *
   * @param freeSinceMs since when there has been a free place
   */
  isOver(freeSinceMs: number): boolean;
}

/**
 * For so long after the end of the stages, starts are made that have waited for a free place: a
 * server that is too slow does not draw out the run.
 */
export const MAX_OVERTIME_MS = 1_000;

/**
 * Overdue requests start in bursts of at most as many as are due in this time. A start that waited
 * longer than this for a free place counts as late.
 */
export const TICK_MS = 4;

/** Options for the pacers of a run. */
export interface PacerOptions {
  /** Requests a second, more than 0; with stages the highest rate of them. */
  readonly rate: number;
  /** Milliseconds over which the rate rises evenly from 0. @default {0} */
  readonly rampUpMs?: number | undefined;
  /** The rates, in requests a second, one after the other. @default `rate`, without an end */
  readonly stages?: readonly LevelStep[] | undefined;
}

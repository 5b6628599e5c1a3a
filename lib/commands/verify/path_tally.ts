/**
 * The state of a path, in 16 bits:
 *
 * ```text
 * 15                10 9       7 6       5            0
 * ┌───────────────────┬─────────┬─────────┬────────────┐
 * │ remainingAttempts │ missing │ matched │ status     │
 * └───────────────────┴─────────┴─────────┴────────────┘
 * ```
 *
 * - status: the status of the path's records, as an index of a table; 0 if there is no record
 * - matched: whether the log has the path with that status
 * - missing: how many responses of the records the log does not have yet
 * - remainingAttempts: how many attempts of the records the log does not have yet
 *
 * If a path has more than 6 responses or 62 attempts, all bits of both are set, and a map has the
 * numbers. Most paths are requested once or twice, with some retries: they take 2 bytes each, 200 MB
 * for 100 million paths.
 *
 * @module
 */

import { isRedirect } from "../../http/fields.ts";

const STATUS = 0x3f;
const MATCHED = 0x40;
const MISSING_SHIFT = 7;
const MAX_MISSING = 6;
const ATTEMPTS_SHIFT = 10;
const MAX_ATTEMPTS = 62;
/** All bits of both: the numbers stand in the map. */
const LARGE = 7 << MISSING_SHIFT | 63 << ATTEMPTS_SHIFT;

/** There was no response: any status in the log matches. */
const FAILED = 1;
/** Records of the path have different statuses, or one beyond the table: any status matches. */
const MIXED = 2;
const FIRST_STATUS = 3;

/** Paths in the map at most; further ones are not compared. */
const MAX_LARGE = 100_000;

/** How a line of the server's log compares with the records of its path. */
export type LogMatch = "unknown" | "explained" | "repeated" | "other status";

/** Counts the requests of paths in states of 16 bits; 0 is the state of a path without a record. */
export class PathTally {
  /** The table of statuses. */
  readonly #statuses: number[] = [];
  /** The index of each status in the table; 0 if it is not there. */
  readonly #indexes = new Uint8Array(1000);
  /** By the keys of paths; at most `MAX_LARGE`. */
  readonly #large = new Map<number, { missing: number; remainingAttempts: number }>();
  /** Records of paths that are not compared, since the map is full. */
  uncounted = 0;

  /**
   * Adds a record.
   *
   * @param key a number that identifies the path
   * @param status 100 to 999, or 0 if there was no response
   * @param attempts from 1
   * @returns the new state of the path
   */
  addRecord(state: number, key: number, status: number, attempts: number): number {
    const before = state & STATUS;
    const index = status === 0 ? FAILED : this.#findIndex(status);
    const both = before === 0 || before === FAILED || before === index
      ? index
      : index === FAILED
      ? before
      : MIXED;
    const responses = status === 0 ? 0 : 1;
    const marks = state & MATCHED | both;
    const missing = (state >> MISSING_SHIFT & 7) + responses;
    const remainingAttempts = (state >> ATTEMPTS_SHIFT) + attempts;
    if (
      (state & LARGE) !== LARGE && missing <= MAX_MISSING && remainingAttempts <= MAX_ATTEMPTS
    ) return marks | missing << MISSING_SHIFT | remainingAttempts << ATTEMPTS_SHIFT;
    const large = this.#large.get(key);
    if (large !== undefined) {
      large.missing += responses;
      large.remainingAttempts += attempts;
    } else if ((state & LARGE) !== LARGE && this.#large.size < MAX_LARGE) {
      this.#large.set(key, { missing, remainingAttempts });
    } else this.uncounted++;
    return marks | LARGE;
  }

  #findIndex(status: number): number {
    const index = this.#indexes[status];
    if (index !== 0) return index;
    if (this.#statuses.length > STATUS - FIRST_STATUS) return this.#indexes[status] = MIXED;
    return this.#indexes[status] = FIRST_STATUS + this.#statuses.push(status) - 1;
  }

  /** The match of the last line that {@linkcode addLogLine} was given. */
  lastMatch: LogMatch = "unknown";

  /**
   * Adds a line of the server's log.
   *
   * @param state the state of a path with a record
   * @returns the new state of the path; {@linkcode lastMatch} has the match of the line
   */
  addLogLine(state: number, key: number, status: number): number {
    const index = state & STATUS;
    const isMatch = index < FIRST_STATUS || this.#statuses[index - FIRST_STATUS] === status ||
      isRedirect(status);
    this.lastMatch = isMatch || (state & MATCHED) !== 0 ? "explained" : "other status";
    const marked = isMatch ? state | MATCHED : state;
    if ((state & LARGE) === LARGE) {
      const large = this.#large.get(key);
      if (large === undefined) return marked;
      if (large.missing > 0) large.missing--;
      if (large.remainingAttempts > 0) large.remainingAttempts--;
      else this.lastMatch = "repeated";
      return marked;
    }
    if (state >> ATTEMPTS_SHIFT === 0) {
      this.lastMatch = "repeated";
      return marked;
    }
    const missing = (state & 7 << MISSING_SHIFT) !== 0 ? 1 << MISSING_SHIFT : 0;
    return marked - missing - (1 << ATTEMPTS_SHIFT);
  }

  /** Counts the responses of a path's records that the log does not have. */
  countMissing(state: number, key: number): number {
    if ((state & LARGE) === LARGE) return this.#large.get(key)?.missing ?? 0;
    return state >> MISSING_SHIFT & 7;
  }

  /** Whether the log has all responses of a path, but not with the status of its records. */
  hasOtherStatus(state: number, key: number): boolean {
    if ((state & STATUS) < FIRST_STATUS || (state & MATCHED) !== 0) return false;
    if ((state & LARGE) === LARGE && !this.#large.has(key)) return false;
    return this.countMissing(state, key) === 0;
  }

  /** Finds the status of a path's records; undefined if they have no status, or different ones. */
  findStatus(state: number): number | undefined {
    return this.#statuses[(state & STATUS) - FIRST_STATUS];
  }
}

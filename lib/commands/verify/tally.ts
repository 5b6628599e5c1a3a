/**
 * What is known of a path, in 16 bits:
 *
 * ```text
 * 15          10 9       7 6       5            0
 * ┌─────────────┬─────────┬─────────┬────────────┐
 * │ room        │ unseen  │ matched │ status     │
 * └─────────────┴─────────┴─────────┴────────────┘
 * ```
 *
 * - status: which one the records have, by its place in a table; 0 if there is no record
 * - matched: whether the log has that status, too
 * - unseen: how many answers of the records are not found in the log yet; 7: more than 6
 * - room: how often it may still be in the log, as the attempts of the records explain; 63: more
 *   than 62. Where one of them is more, both stand in a map.
 *
 * A path that is requested once or twice, with some retries, is 2 bytes so, and 100 million of
 * them 200 MB.
 *
 * @module
 */

import { isRedirect } from "../../http/fields.ts";

const STATUS = 0x3f;
const MATCHED = 0x40;
const UNSEEN_SHIFT = 7;
const MAX_UNSEEN = 6;
const ROOM_SHIFT = 10;
const MAX_ROOM = 62;
/** All bits of both. */
const LARGE = 7 << UNSEEN_SHIFT | 63 << ROOM_SHIFT;

/** There is no answer: no status that the log could have to match. */
const FAILED = 1;
/** Several records of a path have not the same status, or one beyond the table. */
const MIXED = 2;
const FIRST_STATUS = 3;

/** Most paths that are counted beyond 16 bits; more of them are not compared. */
const MAX_LARGE = 100_000;

/** What a line of the server's log turned out to be. */
export type LogMatch = "unknown" | "explained" | "repeated" | "other status";

/** Counts requests of paths in numbers of 16 bits, of which 0 is a path without a record. */
export class Tally {
  /** Statuses by their place. */
  readonly #statuses: number[] = [];
  readonly #places = new Uint8Array(1000);
  readonly #large = new Map<number, { unseen: number; room: number }>();
  /** Records of paths that are not compared, since there are too many like them. */
  uncounted = 0;

  /**
   * Adds a record.
   *
   * @param key a number for the path, which no other one has
   * @param status 100 to 999, or 0 if there is no answer
   * @param attempts from 1
   * @returns what is known of the path now
   */
  addRecord(state: number, key: number, status: number, attempts: number): number {
    const before = state & STATUS;
    const place = status === 0 ? FAILED : this.#placeOf(status);
    const both = before === 0 || before === FAILED || before === place
      ? place
      : place === FAILED
      ? before
      : MIXED;
    const answers = status === 0 ? 0 : 1;
    const marks = state & MATCHED | both;
    const unseen = (state >> UNSEEN_SHIFT & 7) + answers;
    const room = (state >> ROOM_SHIFT) + attempts;
    if ((state & LARGE) !== LARGE && unseen <= MAX_UNSEEN && room <= MAX_ROOM) {
      return marks | unseen << UNSEEN_SHIFT | room << ROOM_SHIFT;
    }
    const large = this.#large.get(key);
    if (large !== undefined) {
      large.unseen += answers;
      large.room += attempts;
    } else if ((state & LARGE) !== LARGE && this.#large.size < MAX_LARGE) {
      this.#large.set(key, { unseen, room });
    } else this.uncounted++;
    return marks | LARGE;
  }

  #placeOf(status: number): number {
    const place = this.#places[status];
    if (place !== 0) return place;
    if (this.#statuses.length > STATUS - FIRST_STATUS) return this.#places[status] = MIXED;
    return this.#places[status] = FIRST_STATUS + this.#statuses.push(status) - 1;
  }

  /** What the last line was that {@linkcode addSighting} took. */
  sighting: LogMatch = "unknown";

  /**
   * Adds a line of the server's log.
   *
   * @param state not 0
   * @returns what is known of the path now; {@linkcode sighting} says what the line was
   */
  addSighting(state: number, key: number, status: number): number {
    const place = state & STATUS;
    const isMatch = place < FIRST_STATUS || this.#statuses[place - FIRST_STATUS] === status ||
      isRedirect(status);
    this.sighting = isMatch || (state & MATCHED) !== 0 ? "explained" : "other status";
    const marked = isMatch ? state | MATCHED : state;
    if ((state & LARGE) === LARGE) {
      const large = this.#large.get(key);
      if (large === undefined) return marked;
      if (large.unseen > 0) large.unseen--;
      if (large.room > 0) large.room--;
      else this.sighting = "repeated";
      return marked;
    }
    if (state >> ROOM_SHIFT === 0) {
      this.sighting = "repeated";
      return marked;
    }
    const unseen = (state & 7 << UNSEEN_SHIFT) !== 0 ? 1 << UNSEEN_SHIFT : 0;
    return marked - unseen - (1 << ROOM_SHIFT);
  }

  /** How many answers of a path's records the log does not have. */
  missing(state: number, key: number): number {
    if ((state & LARGE) === LARGE) return this.#large.get(key)?.unseen ?? 0;
    return state >> UNSEEN_SHIFT & 7;
  }

  /** Whether the log has a path's requests, and not with its status. */
  differs(state: number, key: number): boolean {
    if ((state & STATUS) < FIRST_STATUS || (state & MATCHED) !== 0) return false;
    if ((state & LARGE) === LARGE && !this.#large.has(key)) return false;
    return this.missing(state, key) === 0;
  }

  /** The status of a path's records; undefined if they have none, or several. */
  statusOf(state: number): number | undefined {
    return this.#statuses[(state & STATUS) - FIRST_STATUS];
  }
}

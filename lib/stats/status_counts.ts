import { type Check, isCount, isMap } from "../text/json_shape.ts";

/** Status codes are below (RFC 9110 §15; an HTTP/1.1 status line has three digits). */
const STATUSES = 1000;

/** The lowest status that is an error (RFC 9110 §15.5); what is above 599 counts as 5xx (§15). */
export const MIN_ERROR_STATUS = 400;

/** Whether a value of JSON is what {@linkcode StatusCounts.toJSON} gives. */
export const isStatusCounts: Check = isMap(isCount, (name) => /^[1-9]\d\d$/.test(name));

/** How many responses have a status of 400 or more. */
export function countErrorStatuses(statuses: Readonly<Record<string, number>>): number {
  return Object.entries(statuses).reduce(
    (sum, [status, count]) => Number(status) >= MIN_ERROR_STATUS ? sum + count : sum,
    0,
  );
}

/** Counts status codes. Of fixed size. */
export class StatusCounts {
  readonly #counts = new Float64Array(STATUSES);
  /** The statuses that came, so that nobody has to look at the others; at most {@linkcode STATUSES}. */
  readonly #seen: number[] = [];

  /** @param status whole, from 0 to 999 */
  record(status: number): void {
    if (this.#counts[status]++ === 0) this.#seen.push(status);
  }

  /** Adds what others have counted. */
  add(statuses: Readonly<Record<string, number>>): void {
    for (const [status, count] of Object.entries(statuses)) {
      if (count === 0) continue;
      this.record(Number(status));
      this.#counts[Number(status)] += count - 1;
    }
  }

  /** How often each status came that did, ascending. */
  toJSON(): Record<string, number> {
    const statuses: Record<string, number> = {};
    // Objects have whole numbers in ascending order.
    for (const status of this.#seen) statuses[status] = this.#counts[status];
    return statuses;
  }

  /** The same, after which all of them begin from 0 again. */
  take(): Record<string, number> {
    const taken = this.toJSON();
    for (const status of this.#seen) this.#counts[status] = 0;
    this.#seen.length = 0;
    return taken;
  }
}

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

  /** @param status whole, from 0 to 999 */
  record(status: number): void {
    this.#counts[status]++;
  }

  /** Adds what others have counted. */
  add(statuses: Readonly<Record<string, number>>): void {
    for (const [status, count] of Object.entries(statuses)) this.#counts[Number(status)] += count;
  }

  /** How often each status came that did, ascending. */
  toJSON(): Record<string, number> {
    const statuses: Record<string, number> = {};
    // Several times a second: iterators would take as long as the rest of a snapshot.
    for (let status = 0; status < STATUSES; status++) {
      const count = this.#counts[status];
      if (count > 0) statuses[status] = count;
    }
    return statuses;
  }

  /** The same, after which all of them begin from 0 again. */
  take(): Record<string, number> {
    const taken = this.toJSON();
    this.#counts.fill(0);
    return taken;
  }
}

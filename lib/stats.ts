import { Histogram } from "./histogram.ts";
import {
  ERROR_KINDS,
  type ErrorCount,
  type ErrorKind,
  type Result,
  type Snapshot,
} from "./types.ts";

/** Failures of a kind of which an example is kept, and the characters kept of each. */
const EXAMPLES = 5;
const EXAMPLE_LENGTH = 200;
/** Status codes are below (RFC 9110 §15; an HTTP/1.1 status line has three digits). */
const STATUSES = 1000;

/** What statistics alone do not know of a moment. */
export type Moment = Pick<
  Snapshot,
  | "seconds"
  | "concurrency"
  | "inFlight"
  | "total"
  | "progress"
  | "rssBytes"
  | "peakRssKb"
  | "cpuSeconds"
  | "engine"
  | "interrupted"
>;

/**
 * Counts results. Of fixed size, whatever their number.
 *
 * The latencies are those of answers; how long failures took does not mix with them.
 */
export class Stats {
  /** Results so far. */
  requests = 0;
  #failed = 0;
  #bytes = 0;
  #attempts = 0;
  /** Milliseconds in flight, of all results together. */
  #busyMs = 0;
  readonly #statuses = new Float64Array(STATUSES);
  readonly #latency = new Histogram();
  readonly #errors = new Map<
    ErrorKind,
    { count: number; examples: ErrorCount["examples"][number][] }
  >();

  /** Only counts; {@linkcode snapshot} derives. */
  add(result: Result): void {
    this.requests++;
    this.#bytes += result.bytes;
    this.#attempts += result.attempts;
    this.#busyMs += result.ms;
    if (result.error !== undefined) return this.#addError(result.error, result);
    this.#statuses[result.status!]++;
    this.#latency.record(result.ms * 1000);
  }

  #addError(kind: ErrorKind, { target, detail, status }: Result): void {
    this.#failed++;
    if (status !== null) this.#statuses[status]++;
    let error = this.#errors.get(kind);
    if (error === undefined) this.#errors.set(kind, error = { count: 0, examples: [] });
    if (++error.count > EXAMPLES) return;
    error.examples.push({ url: cut(target.url), detail: cut(detail ?? "") });
  }

  /** The statistics now. Nothing in it is NaN or infinite. */
  snapshot(moment: Moment): Snapshot {
    const { seconds, concurrency, total } = moment;
    const statuses: Record<string, number> = {};
    for (const [status, count] of this.#statuses.entries()) {
      if (count > 0) statuses[status] = count;
    }
    const errors: Snapshot["errors"] = Object.fromEntries(
      ERROR_KINDS.filter((kind) => this.#errors.has(kind)).map((kind) => {
        const { count, examples } = this.#errors.get(kind)!;
        return [kind, { count, examples: [...examples] }];
      }),
    );
    const inMs = (micros: number): number => micros / 1000;
    const histogram = this.#latency;
    const [p50, p75, p90, p95, p99, p999, p9999] = histogram
      .percentiles([50, 75, 90, 95, 99, 99.9, 99.99]).map(inMs);
    const most = Math.min(concurrency, total ?? Infinity);
    return {
      ...moment,
      requests: this.requests,
      succeeded: this.requests - this.#failed,
      failed: this.#failed,
      errors,
      statuses,
      rate: seconds > 0 ? this.requests / seconds : 0,
      bytes: this.#bytes,
      latency: {
        min: inMs(histogram.min),
        mean: inMs(histogram.mean),
        p50,
        p75,
        p90,
        p95,
        p99,
        p999,
        p9999,
        max: inMs(histogram.max),
        stddev: inMs(histogram.stddev),
      },
      meanBusyMs: this.requests > 0 ? this.#busyMs / this.requests : 0,
      utilization: seconds > 0 && most > 0 ? Math.min(1, this.#busyMs / 1000 / seconds / most) : 0,
      attempts: this.#attempts,
    };
  }
}

function cut(text: string): string {
  return text.length > EXAMPLE_LENGTH ? `${text.slice(0, EXAMPLE_LENGTH).toWellFormed()}…` : text;
}

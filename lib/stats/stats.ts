import { ERROR_KINDS, type ErrorKind, type Result } from "../result.ts";
import type { Expectation } from "../target.ts";
import { ErrorGroups } from "./error_groups.ts";
import { addFailure, type Failures } from "./failure_examples.ts";
import { Histogram, type HistogramState } from "./histogram.ts";
import { HostTally } from "./host_tally.ts";
import { toLatency, toOwnLate } from "./latency.ts";
import { isSkipped } from "./skipped.ts";
import { Slowest } from "./slowest.ts";
import type { ErrorCount, Snapshot, Statistics } from "./snapshot.ts";
import { countErrorStatuses, MIN_ERROR_STATUS, StatusCounts } from "./status_counts.ts";

/** Most expectations that failures are told apart by: as many as a command line may have. */
const MAX_REASONS = 100;
/** What those go by that are beyond. */
const OTHERS = "others";

/** What statistics alone do not know of a moment. */
export type Moment = Pick<
  Snapshot,
  | "seconds"
  | "startedMs"
  | "concurrency"
  | "inFlight"
  | "retrying"
  | "held"
  | "paused"
  | "targetRate"
  | "total"
  | "progress"
  | "rssBytes"
  | "peakRssKb"
  | "cpuSeconds"
  | "loopBusy"
  | "engine"
  | "shortages"
  | "interrupted"
  | "resumed"
>;

/** Statistics as plain data, to be stored as JSON. */
export interface StatsState {
  readonly requests: number;
  readonly failed: number;
  readonly bytes: number;
  readonly attempts: number;
  readonly sent: number;
  readonly busyMs: number;
  /** The same of those that failed alone. */
  readonly ofFailed: Pick<StatsState, "bytes" | "attempts" | "sent" | "busyMs"> & {
    /** Of answers that were not as expected; missing in journals of before there were any. */
    readonly statuses?: Readonly<Record<string, number>>;
  };
  /** By status. */
  readonly statuses: Readonly<Record<string, number>>;
  readonly latency: HistogramState;
  readonly errors: Snapshot["errors"];
  /** Missing in journals of before there were retries. */
  readonly retries?: Snapshot["retries"];
  /** Missing in journals of before hosts were given up. */
  readonly skipped?: number;
  readonly late?: { readonly count: number; readonly ms: number; readonly maxMs: number };
  /** Missing without a rate. */
  readonly ownLate?: HistogramState | undefined;
  /** Missing in journals of before there was `--fail`. */
  readonly tolerated?: number;
}

/** Answers that had counted as succeeded, and do not any more; all of them had been sent. */
export interface Refuted extends Pick<StatsState, "requests" | "bytes" | "attempts" | "busyMs"> {
  readonly statuses: Readonly<Record<string, number>>;
  /** Of the answers that still count. */
  readonly latency: HistogramState;
}

/** What statistics are made for. */
export interface StatsOptions {
  /** Whether to keep hosts and the slowest answers. @default false */
  readonly details?: boolean;
  /** What each answer of the run is held against. */
  readonly expect?: Expectation;
}

/**
 * Counts results. Of fixed size, whatever their number.
 *
 * The latencies are those of answers; how long failures took does not mix with them.
 */
export class Stats {
  /** Results so far. */
  requests = 0;
  /** Those of them that failed. */
  failed = 0;
  #skipped = 0;
  #bytes = 0;
  #attempts = 0;
  /** Results of requests that were sent, and their milliseconds in flight, all together. */
  #sent = 0;
  #busyMs = 0;
  /** What of it is that of failures. */
  #ofFailed = { bytes: 0, attempts: 0, sent: 0, busyMs: 0 };
  readonly #statuses = new StatusCounts();
  #latency = new Histogram();
  /** By cause: error kinds and statuses, so bounded. */
  readonly #retries = new Map<string, number>();
  #late = { count: 0, ms: 0, maxMs: 0 };
  /** Of starts at a rate; undefined before there was one. */
  #ownLate: Histogram | undefined;
  /** Answers that succeeded with a status of 400 or more, which their records did not expect. */
  #tolerated = 0;
  readonly #hasExpectedStatuses: boolean;
  /** What of the statuses is that of failures. */
  readonly #failedStatuses = new Map<number, number>();
  readonly #errors = new Map<ErrorKind, Failures>();
  /** By expectation that was not met; at most `MAX_REASONS` and the others. */
  readonly #reasons = new Map<string, Failures>();
  /** No part of a journal: of a resumed run, what comes from then on. */
  readonly #details: {
    readonly hosts: HostTally;
    readonly slowest: Slowest;
    readonly messages: ErrorGroups;
  } | undefined;

  constructor({ details = false, expect }: StatsOptions = {}) {
    this.#hasExpectedStatuses = expect?.statuses !== undefined;
    this.#details = details
      ? { hosts: new HostTally(), slowest: new Slowest(), messages: new ErrorGroups() }
      : undefined;
  }

  /** Statistics with what others had counted when they gave their {@linkcode toJSON}. */
  static from(state: StatsState, options?: StatsOptions): Stats {
    const stats = new Stats(options);
    stats.requests = state.requests;
    stats.failed = state.failed;
    stats.#skipped = state.skipped ?? 0;
    stats.#bytes = state.bytes;
    stats.#attempts = state.attempts;
    stats.#sent = state.sent;
    stats.#busyMs = state.busyMs;
    const { statuses = {}, ...ofFailed } = state.ofFailed;
    stats.#ofFailed = ofFailed;
    for (const [status, count] of Object.entries(statuses)) {
      stats.#failedStatuses.set(Number(status), count);
    }
    for (const [status, count] of Object.entries(state.statuses)) {
      stats.#statuses.record(Number(status), count);
    }
    stats.#latency = Histogram.from(state.latency);
    for (const kind of ERROR_KINDS) {
      const error = state.errors[kind];
      if (error === undefined) continue;
      stats.#errors.set(kind, { count: error.count, examples: [...error.examples] });
      for (const { expectation, count, examples } of error.reasons ?? []) {
        stats.#reasons.set(expectation, { count, examples: [...examples] });
      }
    }
    for (const [cause, count] of Object.entries(state.retries ?? {})) {
      stats.#retries.set(cause, count);
    }
    stats.#late = { ...stats.#late, ...state.late };
    stats.#ownLate = state.ownLate && Histogram.from(state.ownLate);
    stats.#tolerated = state.tolerated ??
      countErrorStatuses(state.statuses) - countErrorStatuses(statuses);
    return stats;
  }

  /** All of it as plain data. */
  toJSON(): StatsState {
    return {
      requests: this.requests,
      failed: this.failed,
      skipped: this.#skipped,
      bytes: this.#bytes,
      attempts: this.#attempts,
      sent: this.#sent,
      busyMs: this.#busyMs,
      ofFailed: { ...this.#ofFailed, statuses: Object.fromEntries(this.#failedStatuses) },
      statuses: this.#statuses.toJSON(),
      latency: this.#latency.toJSON(),
      errors: this.#errorCounts(),
      retries: Object.fromEntries(this.#retries),
      late: { ...this.#late },
      ownLate: this.#ownLate?.toJSON(),
      tolerated: this.#tolerated,
    };
  }

  /**
   * The statistics without the failures, as though they had never been requested.
   *
   * @param refuted answers that have failed by a new expectation
   */
  withoutFailed(refuted?: Refuted): Stats {
    const state = refuted === undefined ? this.toJSON() : withFailed(this.toJSON(), refuted);
    const { bytes, attempts, sent, busyMs, statuses = {} } = state.ofFailed;
    return Stats.from({
      ...state,
      requests: state.requests - state.failed,
      failed: 0,
      skipped: 0,
      bytes: state.bytes - bytes,
      attempts: state.attempts - attempts,
      sent: state.sent - sent,
      busyMs: state.busyMs - busyMs,
      ofFailed: { bytes: 0, attempts: 0, sent: 0, busyMs: 0 },
      statuses: Object.fromEntries(
        Object.entries(state.statuses)
          .map(([status, count]) => [status, count - (statuses[status] ?? 0)]),
      ),
      errors: {},
    });
  }

  #errorCounts(): Snapshot["errors"] {
    return Object.fromEntries(
      ERROR_KINDS.filter((kind) => this.#errors.has(kind)).map((kind) => {
        const { count, examples } = this.#errors.get(kind)!;
        const error = { count, examples: [...examples] };
        return [kind, kind === "expect" ? { ...error, reasons: this.#reasonCounts() } : error];
      }),
    );
  }

  #reasonCounts(): NonNullable<ErrorCount["reasons"]> {
    return Array.from(this.#reasons, ([expectation, { count, examples }]) => ({
      expectation,
      count,
      examples: [...examples],
    }));
  }

  /** Only counts; {@linkcode snapshot} derives. */
  record(result: Result): void {
    this.requests++;
    this.#bytes += result.bytes;
    this.#attempts += result.attempts;
    if (result.attempts > 0) {
      this.#sent++;
      this.#busyMs += result.ms;
    }
    if (result.status !== null) this.#statuses.record(result.status);
    if (result.error !== undefined) this.#addError(result.error, result);
    else if (result.status !== null) {
      this.#latency.record(result.ms * 1000);
      if (
        result.status >= MIN_ERROR_STATUS && result.target.expect?.statuses === undefined
      ) this.#tolerated++;
    }
    if (this.#details === undefined) return;
    this.#details.hosts.record(result);
    this.#details.slowest.record(result);
  }

  /** Counts an attempt after which there is another. */
  recordRetry(cause: string, { ms }: Result): void {
    this.#retries.set(cause, (this.#retries.get(cause) ?? 0) + 1);
    this.#sent++;
    this.#busyMs += ms;
  }

  /** Counts a start at a rate. @param ownLateMs how late it was by the program's own doing */
  recordStart(ownLateMs: number): void {
    (this.#ownLate ??= new Histogram()).record(ownLateMs * 1000);
  }

  /** Counts a start that waited so long for a free place. */
  recordLateStart(ms: number): void {
    const late = this.#late;
    late.count++;
    late.ms += ms;
    late.maxMs = Math.max(late.maxMs, ms);
  }

  #addError(kind: ErrorKind, result: Result): void {
    const { status, bytes, attempts, ms, expectation } = result;
    this.failed++;
    if (isSkipped(result)) this.#skipped++;
    const of = this.#ofFailed;
    of.bytes += bytes;
    of.attempts += attempts;
    if (attempts > 0) {
      of.sent++;
      of.busyMs += ms;
    }
    if (status !== null) {
      this.#failedStatuses.set(status, (this.#failedStatuses.get(status) ?? 0) + 1);
    }
    const failure = { url: result.target.url, detail: result.detail ?? "" };
    addFailure(this.#errors, kind, failure);
    this.#details?.messages.record(kind, failure.detail, failure.url);
    if (expectation === undefined) return;
    const reasons = this.#reasons;
    const isKnown = reasons.has(expectation) || reasons.size < MAX_REASONS;
    addFailure(reasons, isKnown ? expectation : OTHERS, failure);
  }

  /**
   * The statistics now. Nothing in it is NaN or infinite.
   *
   * The utilization is the time in flight of all that was sent, over the time that all places
   * together had, and there are no more places than requests. By Little's law that is the rate as
   * a share of `places / mean time in flight`. What is still in flight does not count yet.
   */
  snapshot(moment: Moment): Statistics {
    const { seconds, concurrency, total } = moment;
    const histogram = this.#latency;
    const placeSeconds = Math.min(concurrency, total ?? Infinity) * seconds;
    return {
      ...moment,
      requests: this.requests,
      succeeded: this.requests - this.failed,
      failed: this.failed,
      skipped: this.#skipped,
      errors: this.#errorCounts(),
      statuses: this.#statuses.toJSON(),
      tolerated: this.#hasExpectedStatuses ? 0 : this.#tolerated,
      rate: seconds > 0 ? this.requests / seconds : 0,
      bytes: this.#bytes,
      latency: toLatency(histogram),
      histogram: histogram.clone(),
      hosts: this.#details?.hosts.figures() ?? [],
      slowest: this.#details?.slowest.list() ?? [],
      ...this.#details === undefined ? {} : { messages: this.#details.messages.list() },
      meanInFlightMs: this.#sent > 0 ? this.#busyMs / this.#sent : 0,
      utilization: placeSeconds > 0 ? Math.min(1, this.#busyMs / 1000 / placeSeconds) : 0,
      attempts: this.#attempts,
      retries: Object.fromEntries(this.#retries),
      late: {
        count: this.#late.count,
        meanMs: this.#late.count > 0 ? this.#late.ms / this.#late.count : 0,
        maxMs: this.#late.maxMs,
      },
      ownLate: this.#ownLate && toOwnLate(this.#ownLate),
      ownLateHistogram: this.#ownLate?.clone(),
    };
  }
}

/** Statistics as though some of the answers had failed from the beginning. */
function withFailed(state: StatsState, refuted: Refuted): StatsState {
  const { requests, bytes, attempts, busyMs, statuses, latency } = refuted;
  const { ofFailed, tolerated = 0 } = state;
  const all = new Map(Object.entries(ofFailed.statuses ?? {}));
  for (const [status, count] of Object.entries(statuses)) {
    all.set(status, (all.get(status) ?? 0) + count);
  }
  return {
    ...state,
    failed: state.failed + requests,
    ofFailed: {
      bytes: ofFailed.bytes + bytes,
      attempts: ofFailed.attempts + attempts,
      sent: ofFailed.sent + requests,
      // Records have whole microseconds: all together can be a little more than there were.
      busyMs: Math.min(state.busyMs, ofFailed.busyMs + busyMs),
      statuses: Object.fromEntries(all),
    },
    latency,
    // What a record expected itself was not among them.
    tolerated: Math.max(0, tolerated - countErrorStatuses(statuses)),
  };
}

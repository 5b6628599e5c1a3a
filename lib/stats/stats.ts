import type { ErrorKind, Result } from "../result.ts";
import type { Expectation } from "../target.ts";
import {
  type Check,
  findWrongMember,
  isCount,
  isMap,
  isNumber,
  isObject,
  isShape,
  type Shape,
} from "../text/json_shape.ts";
import { ErrorGroups } from "./error_groups.ts";
import { ErrorTally, isErrorCounts, isSkipped } from "./error_tally.ts";
import { Histogram, type HistogramState, isHistogramState } from "./histogram.ts";
import { HostTally } from "./host_tally.ts";
import { toLatency, toOwnLate } from "./latency.ts";
import { Slowest } from "./slowest.ts";
import type { Snapshot, Statistics } from "./snapshot.ts";
import {
  countErrorStatuses,
  isStatusCounts,
  MIN_ERROR_STATUS,
  StatusCounts,
} from "./status_counts.ts";

/** What the run knows of a moment, and the statistics do not. */
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
  | "transport"
  | "shortages"
  | "interrupted"
  | "resumed"
>;

/** Totals of requests that ended. */
interface Totals {
  /** Bytes of bodies. */
  readonly bytes: number;
  readonly attempts: number;
  /** Attempts whose time is known. */
  readonly sent: number;
  /** Milliseconds that these were in flight, all together. */
  readonly busyMs: number;
}

/**
 * Statistics as plain data, to be stored as JSON. Journals keep it: a change here takes a new
 * version of theirs.
 */
export interface StatsState extends Totals {
  readonly requests: number;
  readonly failed: number;
  /** The same of the failures alone. */
  readonly ofFailed: Totals & {
    /** Of responses that were not as expected. */
    readonly statuses: Readonly<Record<string, number>>;
  };
  /** By status. */
  readonly statuses: Readonly<Record<string, number>>;
  readonly latency: HistogramState;
  readonly errors: Snapshot["errors"];
  readonly retries: Snapshot["retries"];
  readonly skipped: number;
  readonly late: { readonly count: number; readonly ms: number; readonly maxMs: number };
  /** Missing without a rate. */
  readonly ownLate?: HistogramState | undefined;
  readonly tolerated: number;
}

/** A difference of two sums of milliseconds can be a little below 0. */
const isSum: Check = (value) => Number.isFinite(value);
const TOTALS = { bytes: isCount, attempts: isCount, sent: isCount, busyMs: isSum };
/** What each field has to be. */
const REQUIRED: Shape = {
  ...TOTALS,
  requests: isCount,
  failed: isCount,
  ofFailed: isShape({ ...TOTALS, statuses: isStatusCounts }),
  statuses: isStatusCounts,
  latency: isHistogramState,
  errors: isErrorCounts,
  retries: isMap(isCount),
  skipped: isCount,
  late: isShape({ count: isCount, ms: isNumber, maxMs: isNumber }),
  tolerated: isCount,
};
const OPTIONAL: Shape = { ownLate: isHistogramState };

/**
 * Checks what a journal holds, field by field, before {@linkcode Stats.from} takes it.
 *
 * @returns the name of the first field that is missing or wrong; undefined if all are right
 */
export function findWrongStat(state: unknown): string | undefined {
  return findWrongMember(isObject(state) ? state : {}, REQUIRED, OPTIONAL);
}

/** Responses that had counted as succeeded and do not any more; all of them had been sent. */
export interface Refuted extends Pick<StatsState, "requests" | "bytes" | "attempts" | "busyMs"> {
  readonly statuses: Readonly<Record<string, number>>;
  /** Of the responses that still count. */
  readonly latency: HistogramState;
}

/** What statistics are made for. */
export interface StatsOptions {
  /** Whether to keep hosts, the slowest responses and the words of failures. @default false */
  readonly details?: boolean;
  /** What each response of the run is checked against. */
  readonly expect?: Expectation;
}

/**
 * Counts results. Of fixed size, whatever their number.
 *
 * The latencies are those of responses that succeeded; how long failures took does not mix with
 * them.
 */
export class Stats {
  /** Results so far. */
  requests = 0;
  /** Those of them that failed. */
  failed = 0;
  #skipped = 0;
  #bytes = 0;
  #attempts = 0;
  /** Attempts that were sent, and how long they were in flight, all together. */
  #sent = 0;
  #inFlightMs = 0;
  /** The part of these totals that comes from failures. */
  readonly #failedTotals = { bytes: 0, attempts: 0, sent: 0, inFlightMs: 0 };
  #statuses = new StatusCounts();
  /** The part of the statuses that comes from failures. */
  #failedStatuses = new StatusCounts();
  #latency = new Histogram();
  /** By cause: error kinds and statuses, so bounded. */
  readonly #retries = new Map<string, number>();
  readonly #late = { count: 0, ms: 0, maxMs: 0 };
  /** Of starts at a rate; undefined before the first one. */
  #ownLate: Histogram | undefined;
  /** Responses that succeeded with a status of 400 or more, which their records did not expect. */
  #tolerated = 0;
  readonly #hasExpectedStatuses: boolean;
  #errors = new ErrorTally();
  /** Journals do not hold the details: those of a resumed run are those of its last part. */
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
    stats.#addState(state);
    return stats;
  }

  /**
   * Adds what the statistics of another event loop have counted, as if their results had been
   * recorded here. Only lists that keep the first of something depend on the order of adding.
   */
  add(other: Stats): void {
    this.#addState(other.toJSON());
    if (this.#details === undefined || other.#details === undefined) return;
    const { hosts, slowest, messages } = other.#details;
    this.#details.hosts.add(hosts);
    this.#details.slowest.add(slowest);
    this.#details.messages.add(messages);
  }

  #addState(state: StatsState): void {
    this.requests += state.requests;
    this.failed += state.failed;
    this.#skipped += state.skipped;
    this.#bytes += state.bytes;
    this.#attempts += state.attempts;
    this.#sent += state.sent;
    this.#inFlightMs += state.busyMs;
    const { statuses: failedStatuses, ...failedTotals } = state.ofFailed;
    const totals = this.#failedTotals;
    totals.bytes += failedTotals.bytes;
    totals.attempts += failedTotals.attempts;
    totals.sent += failedTotals.sent;
    totals.inFlightMs += failedTotals.busyMs;
    this.#failedStatuses.add(failedStatuses);
    this.#statuses.add(state.statuses);
    this.#latency.add(Histogram.from(state.latency));
    this.#errors.add(state.errors);
    addCounts(this.#retries, state.retries);
    const { count, ms, maxMs } = state.late;
    const late = this.#late;
    late.count += count;
    late.ms += ms;
    late.maxMs = Math.max(late.maxMs, maxMs);
    if (state.ownLate !== undefined) {
      (this.#ownLate ??= new Histogram()).add(Histogram.from(state.ownLate));
    }
    this.#tolerated += state.tolerated;
  }

  /** All of it as plain data, after which it begins from 0 again. */
  take(): StatsState {
    const state = this.toJSON();
    this.requests = this.failed = 0;
    this.#skipped =
      this.#bytes =
      this.#attempts =
      this.#sent =
      this.#inFlightMs =
        0;
    Object.assign(this.#failedTotals, { bytes: 0, attempts: 0, sent: 0, inFlightMs: 0 });
    this.#statuses = new StatusCounts();
    this.#failedStatuses = new StatusCounts();
    this.#latency = new Histogram();
    this.#retries.clear();
    Object.assign(this.#late, { count: 0, ms: 0, maxMs: 0 });
    this.#ownLate = undefined;
    this.#tolerated = 0;
    this.#errors = new ErrorTally();
    return state;
  }

  /** All of it as plain data. */
  toJSON(): StatsState {
    const { inFlightMs: busyMs, ...failedTotals } = this.#failedTotals;
    return {
      requests: this.requests,
      failed: this.failed,
      skipped: this.#skipped,
      bytes: this.#bytes,
      attempts: this.#attempts,
      sent: this.#sent,
      busyMs: this.#inFlightMs,
      ofFailed: { ...failedTotals, busyMs, statuses: this.#failedStatuses.toJSON() },
      statuses: this.#statuses.toJSON(),
      latency: this.#latency.toJSON(),
      errors: this.#errors.toJSON(),
      retries: Object.fromEntries(this.#retries),
      late: { ...this.#late },
      ownLate: this.#ownLate?.toJSON(),
      tolerated: this.#tolerated,
    };
  }

  /**
   * The statistics without the failures, as though they had never been requested.
   *
   * @param refuted responses that have failed by a new expectation
   */
  withoutFailed(refuted?: Refuted): Stats {
    const state = refuted === undefined ? this.toJSON() : withFailed(this.toJSON(), refuted);
    const { bytes, attempts, sent, busyMs, statuses } = state.ofFailed;
    return Stats.from({
      ...state,
      requests: state.requests - state.failed,
      failed: 0,
      skipped: 0,
      bytes: state.bytes - bytes,
      attempts: state.attempts - attempts,
      sent: state.sent - sent,
      busyMs: state.busyMs - busyMs,
      ofFailed: { bytes: 0, attempts: 0, sent: 0, busyMs: 0, statuses: {} },
      statuses: Object.fromEntries(
        Object.entries(state.statuses)
          .map(([status, count]) => [status, count - (statuses[status] ?? 0)]),
      ),
      errors: {},
    });
  }

  /** Counts a result. Only counts; {@linkcode snapshot} derives. */
  record(result: Result): void {
    this.requests++;
    this.#bytes += result.bytes;
    this.#attempts += result.attempts;
    if (result.attempts > 0) {
      this.#sent++;
      this.#inFlightMs += result.ms;
    }
    if (result.status !== null) this.#statuses.record(result.status);
    if (result.error !== undefined) this.#recordError(result.error, result);
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
    addCount(this.#retries, cause);
    this.#sent++;
    this.#inFlightMs += ms;
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

  #recordError(kind: ErrorKind, result: Result): void {
    const { status, bytes, attempts, ms, detail = "", target: { url } } = result;
    this.failed++;
    if (isSkipped(result)) this.#skipped++;
    const totals = this.#failedTotals;
    totals.bytes += bytes;
    totals.attempts += attempts;
    if (attempts > 0) {
      totals.sent++;
      totals.inFlightMs += ms;
    }
    if (status !== null) this.#failedStatuses.record(status);
    this.#errors.record(kind, { url, detail }, result.expectation);
    this.#details?.messages.record(kind, detail, url);
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
      errors: this.#errors.toJSON(),
      statuses: this.#statuses.toJSON(),
      tolerated: this.#hasExpectedStatuses ? 0 : this.#tolerated,
      rate: seconds > 0 ? this.requests / seconds : 0,
      bytes: this.#bytes,
      latency: toLatency(histogram),
      histogram: histogram.clone(),
      hosts: this.#details?.hosts.figures() ?? [],
      slowest: this.#details?.slowest.list() ?? [],
      ...this.#details === undefined ? {} : { messages: this.#details.messages.list() },
      meanInFlightMs: this.#sent > 0 ? this.#inFlightMs / this.#sent : 0,
      utilization: placeSeconds > 0 ? Math.min(1, this.#inFlightMs / 1000 / placeSeconds) : 0,
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

function addCount(counts: Map<string, number>, name: string, count = 1): void {
  counts.set(name, (counts.get(name) ?? 0) + count);
}

function addCounts(
  counts: Map<string, number>,
  others: Readonly<Record<string, number>>,
): void {
  for (const [name, count] of Object.entries(others)) addCount(counts, name, count);
}

/** Statistics as though some of the responses had failed from the beginning. */
function withFailed(state: StatsState, refuted: Refuted): StatsState {
  const { requests, bytes, attempts, busyMs, statuses, latency } = refuted;
  const { ofFailed, tolerated = 0 } = state;
  const all = new Map(Object.entries(ofFailed.statuses ?? {}));
  addCounts(all, statuses);
  return {
    ...state,
    failed: state.failed + requests,
    ofFailed: {
      bytes: ofFailed.bytes + bytes,
      attempts: ofFailed.attempts + attempts,
      sent: ofFailed.sent + requests,
      // Records have whole microseconds, whose sum can be a little above the exact one.
      busyMs: Math.min(state.busyMs, ofFailed.busyMs + busyMs),
      statuses: Object.fromEntries(all),
    },
    latency,
    // It does not count responses whose records had an expectation of their own.
    tolerated: Math.max(0, tolerated - countErrorStatuses(statuses)),
  };
}

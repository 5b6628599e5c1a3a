import type { ErrorKind, Result } from "../result.ts";
import type { Expectation } from "../target.ts";
import {
  type Check,
  findWrongMember,
  isCount,
  isList,
  isMap,
  isNumber,
  isObject,
  isShape,
  isSum,
  type Shape,
} from "../text/json_shape.ts";
import { ErrorGroups, type MessageDelta } from "./error_groups.ts";
import { ErrorTally, isErrorCounts, isSkipped } from "./error_tally.ts";
import { type CountedIteration, type FlowState, FlowTally, isFlowState } from "./flow_tally.ts";
import {
  addCounts,
  Histogram,
  type HistogramDelta,
  type HistogramState,
  isHistogramState,
  takeCounts,
  toDelta,
} from "./histogram.ts";
import { type HostDelta, HostTally, isHostDeltas } from "./host_tally.ts";
import { LateStarts, type LateState } from "./late_starts.ts";
import { toLatency, toOwnLate } from "./latency.ts";
import { NameCounts } from "./name_counts.ts";
import { isPhaseStates, PhaseTimes, toPhaseDeltas } from "./phase_times.ts";
import type { ByPhase } from "./phases.ts";
import { isSlowRequest, MAX_SLOWEST, Slowest } from "./slowest.ts";
import type { SlowRequest, Snapshot, Statistics } from "./snapshot.ts";
import {
  countErrorStatuses,
  isStatusCounts,
  MIN_ERROR_STATUS,
  StatusCounts,
} from "./status_counts.ts";
import { Sums } from "./sums.ts";

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
  | "threads"
  | "cluster"
  | "workersBusy"
  | "workers"
  | "engine"
  | "transport"
  | "shortages"
  | "interrupted"
  | "resumed"
>;

/** Totals of requests that ended. */
interface Totals {
  /**
   * Bytes of bodies. From 2^53 on, 9 PB, each addition is rounded to a multiple of 2, from 2^54 on
   * of 4: that is less than a millionth where bodies have 1 MB, and only those reach it.
   */
  readonly bytes: number;
  readonly attempts: number;
  /** Attempts whose time is known. */
  readonly sent: number;
  /** Milliseconds that these were in flight, all together. */
  readonly busyMs: number;
}

/** Statistics as plain data, with histograms in one form or another. */
interface PlainStats<H> extends Totals {
  readonly requests: number;
  readonly failed: number;
  /** The same of the failures alone. */
  readonly ofFailed: Totals & {
    /** Of responses that were not as expected. */
    readonly statuses: Readonly<Record<string, number>>;
  };
  /** By status. */
  readonly statuses: Readonly<Record<string, number>>;
  readonly latency: H;
  /** Of responses that succeeded, as the latency. */
  readonly phases: ByPhase<H>;
  readonly errors: Snapshot["errors"];
  readonly retries: Snapshot["retries"];
  readonly skipped: number;
  readonly late: LateState;
  /** Missing without a rate. */
  readonly ownLate?: H | undefined;
  readonly tolerated: number;
  /** Requests of the warm-up, which count nowhere else; missing without any. */
  readonly warmUp?: WarmUpCount | undefined;
}

/** How many requests a warm-up had. */
interface WarmUpCount {
  readonly requests: number;
  /** Those of them that failed. */
  readonly failed: number;
}

/**
 * Statistics as plain data, to be stored as JSON. Journals keep it: a change here takes a new
 * version of theirs.
 */
export interface StatsState extends PlainStats<HistogramState> {
  /** Of the details, what a summary with `--top` has; missing without. */
  readonly top?: Pick<Details, "hosts" | "slowest">;
  /** Missing where no flow makes the requests. */
  readonly flow?: FlowState;
}

/** What is known of hosts, of the slowest responses, and of the words of failures. */
interface Details {
  readonly hosts: readonly HostDelta[];
  readonly slowest: readonly SlowRequest[];
  readonly messages: readonly MessageDelta[];
}

/** What statistics have counted since they were last taken, to be sent to another thread. */
export interface StatsDelta extends PlainStats<HistogramDelta> {
  /** Undefined if they are not kept. */
  readonly details: Details | undefined;
  /** Of a journal alone: flows run in one thread. */
  readonly flow?: FlowState | undefined;
}

const TOTALS: Readonly<Record<keyof Totals, Check>> = {
  bytes: isSum,
  attempts: isCount,
  sent: isCount,
  // A difference of two sums can be a little below 0.
  busyMs: Number.isFinite,
};
const TOTAL_NAMES = Object.keys(TOTALS) as (keyof Totals)[];
/** What each field has to be. */
const REQUIRED: Shape = {
  ...TOTALS,
  requests: isCount,
  failed: isCount,
  ofFailed: isShape({ ...TOTALS, statuses: isStatusCounts }),
  statuses: isStatusCounts,
  latency: isHistogramState,
  phases: isPhaseStates,
  errors: isErrorCounts,
  retries: isMap(isCount),
  skipped: isCount,
  late: isShape({ count: isCount, ms: isNumber, maxMs: isNumber }),
  tolerated: isCount,
};
const OPTIONAL: Shape = {
  ownLate: isHistogramState,
  warmUp: isShape({ requests: isCount, failed: isCount }),
  top: isShape({ hosts: isHostDeltas, slowest: isList(isSlowRequest, MAX_SLOWEST) }),
  flow: isFlowState,
};

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
  /**
   * How many hosts and slow responses the summary has, from 1 to {@linkcode MAX_SLOWEST}; then the
   * details are kept, and those of a resumed run are complete. @default none
   */
  readonly top?: number | undefined;
  /** What each response of the run is checked against. */
  readonly expect?: Expectation;
  /** The flow that makes the requests. @default none */
  readonly flow?: object | undefined;
}

/** What counts the results of a pipeline. */
export type Recorder = Pick<Stats, "record" | "recordRetry" | "recordStart" | "recordLateStart">;

/** What counts the results of a flow, and its iterations. */
export type FlowRecorder = Recorder & Pick<Stats, "recordIteration">;

/**
 * Counts results. Of fixed size, whatever their number.
 *
 * The latencies are those of responses that succeeded; how long failures took does not mix with
 * them.
 */
export class Stats {
  /** Attempts and milliseconds are those of all that was sent; see {@linkcode Totals}. */
  readonly #sums = new Sums(
    "requests",
    "failed",
    "skipped",
    // Responses that succeeded with a status of 400 or more, which their records did not expect.
    "tolerated",
    ...TOTAL_NAMES,
  );
  /** The part of the totals that comes from failures. */
  readonly #ofFailed = new Sums(...TOTAL_NAMES);
  readonly #statuses = new StatusCounts();
  /** The part of the statuses that comes from failures. */
  readonly #failedStatuses = new StatusCounts();
  readonly #latency = new Histogram();
  readonly #phases = new PhaseTimes();
  /** By cause: error kinds and statuses, so bounded. */
  readonly #retries = new NameCounts();
  readonly #late = new LateStarts();
  /** Of starts at a rate; undefined before the first one. */
  #ownLate: Histogram | undefined;
  readonly #errors = new ErrorTally();
  readonly #warmUp = new Sums("requests", "failed");
  /** What a flow adds to; undefined where no flow makes the requests. */
  readonly flow: FlowTally | undefined;
  #hasExpectedStatuses: boolean;
  #top: number | undefined;
  /** Without `--top`, journals do not hold them: those of a resumed run are of its last part. */
  #details: {
    readonly hosts: HostTally;
    readonly slowest: Slowest;
    readonly messages: ErrorGroups;
  } | undefined;

  constructor({ details = false, top, expect, flow }: StatsOptions = {}) {
    this.#top = top;
    this.flow = flow && new FlowTally();
    this.#hasExpectedStatuses = expect?.statuses !== undefined;
    this.#details = details || top !== undefined
      ? { hosts: new HostTally(), slowest: new Slowest(top), messages: new ErrorGroups() }
      : undefined;
  }

  /** Statistics with what others had counted when they gave their {@linkcode toJSON}. */
  static from(state: StatsState, options?: StatsOptions): Stats {
    const { latency, phases, ownLate, top, flow } = state;
    const stats = new Stats({ flow, ...options });
    stats.add({
      ...state,
      latency: toDelta(latency),
      phases: toPhaseDeltas(phases),
      ownLate: ownLate && toDelta(ownLate),
      details: top && { ...top, messages: [] },
    });
    return stats;
  }

  /**
   * Statistics that have counted what these have and what others have given by {@linkcode take}, as
   * at this moment. Their details are those from here, and they are to be read only.
   */
  plus(deltas: Iterable<StatsDelta>): Stats {
    const sum = Stats.from(this.toJSON());
    for (const delta of deltas) sum.add(delta);
    sum.#hasExpectedStatuses = this.#hasExpectedStatuses;
    sum.#top = this.#top;
    sum.#details = this.#details;
    return sum;
  }

  /** Results so far. */
  get requests(): number {
    return this.#sums.of.requests;
  }

  /** The same together with those of the warm-up, which count nowhere else. */
  get results(): number {
    return this.requests + this.#warmUp.of.requests;
  }

  /** Those of them that failed. */
  get failed(): number {
    return this.#sums.of.failed;
  }

  /**
   * Adds what the statistics of another event loop have given by {@linkcode take}, as if their
   * results had been recorded here. Only lists that keep the first of something depend on the order
   * of adding.
   */
  add(delta: StatsDelta): void {
    const { ofFailed, ownLate, warmUp, details, flow } = delta;
    this.#sums.add(delta);
    this.#ofFailed.add(ofFailed);
    this.#failedStatuses.add(ofFailed.statuses);
    this.#statuses.add(delta.statuses);
    addCounts(this.#latency, delta.latency);
    this.#phases.add(delta.phases);
    this.#errors.add(delta.errors);
    this.#retries.add(delta.retries);
    this.#late.add(delta.late);
    if (warmUp !== undefined) this.#warmUp.add(warmUp);
    if (ownLate !== undefined) addCounts(this.#ownLate ??= new Histogram(), ownLate);
    if (flow !== undefined) this.flow?.add(flow);
    if (this.#details === undefined || details === undefined) return;
    this.#details.hosts.add(details.hosts);
    this.#details.slowest.add(details.slowest);
    this.#details.messages.add(details.messages);
  }

  /**
   * What was counted since the last call, to be added to the statistics of another event loop. It
   * can be cloned, and costs little enough to be sent with each block of results: about 5 us, and
   * twice as much for the clone; 1 ms if details of 1,000 hosts have changed.
   */
  take(): StatsDelta {
    const details = this.#details && {
      hosts: this.#details.hosts.take(),
      slowest: this.#details.slowest.take(),
      messages: this.#details.messages.take(),
    };
    return { ...this.#read("take") as PlainStats<HistogramDelta>, details };
  }

  /** All of it as plain data; of the details only what a summary has. */
  toJSON(): StatsState {
    const counted = this.#read("toJSON") as StatsState;
    const state = this.flow === undefined ? counted : { ...counted, flow: this.flow.toJSON() };
    if (this.#top === undefined) return state;
    const { hosts, slowest } = this.#details!;
    return { ...state, top: { hosts: hosts.toJSON(), slowest: slowest.list() } };
  }

  #read(how: "toJSON" | "take"): PlainStats<HistogramState | HistogramDelta> {
    const read = how === "take" ? takeCounts : (histogram: Histogram) => histogram.toJSON();
    return {
      ...this.#sums[how](),
      ofFailed: { ...this.#ofFailed[how](), statuses: this.#failedStatuses[how]() },
      statuses: this.#statuses[how](),
      latency: read(this.#latency),
      phases: this.#phases[how](),
      errors: this.#errors[how](),
      retries: this.#retries[how](),
      late: this.#late[how](),
      ownLate: this.#ownLate && read(this.#ownLate),
      warmUp: this.#warmUp.of.requests > 0 ? this.#warmUp[how]() : undefined,
    };
  }

  /**
   * The statistics without the failures, as though they had never been requested.
   *
   * @param refuted responses that have failed by a new expectation
   */
  withoutFailed(refuted?: Refuted): Stats {
    const state = refuted === undefined ? this.toJSON() : withFailed(this.toJSON(), refuted);
    const { ofFailed: { bytes, attempts, sent, busyMs, statuses }, top, warmUp } = state;
    return Stats.from({
      ...state,
      ...top && {
        top: {
          hosts: top.hosts
            .map((host) => ({ ...host, requests: host.requests - host.failed, failed: 0 }))
            .filter(({ requests }) => requests > 0),
          slowest: top.slowest,
        },
      },
      requests: state.requests - state.failed,
      failed: 0,
      skipped: 0,
      warmUp: warmUp && { requests: warmUp.requests - warmUp.failed, failed: 0 },
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
    }, { top: this.#top });
  }

  /** Counts a result. Only counts; {@linkcode snapshot} derives. */
  record(result: Result): void {
    const sums = this.#sums.of;
    sums.requests++;
    addTotals(sums, result);
    if (result.status !== null) this.#statuses.record(result.status);
    if (result.error !== undefined) this.#recordError(result.error, result);
    else if (result.status !== null) {
      this.#latency.record(result.ms * 1000);
      this.#phases.record(result);
      if (
        result.status >= MIN_ERROR_STATUS && result.target.expect?.statuses === undefined
      ) sums.tolerated++;
    }
    if (this.#details === undefined) return;
    this.#details.hosts.record(result);
    this.#details.slowest.record(result);
  }

  /** Counts a result of the warm-up, and nothing else of it. */
  recordWarmUp({ error }: Pick<Result, "error">): void {
    this.#warmUp.of.requests++;
    if (error !== undefined) this.#warmUp.of.failed++;
  }

  /** Counts an iteration of a flow, whose results were counted before. */
  recordIteration(iteration: CountedIteration): void {
    this.flow?.record(iteration);
  }

  /** Counts an attempt after which there is another. */
  recordRetry(cause: string, { ms }: Result): void {
    this.#retries.record(cause);
    this.#sums.of.sent++;
    this.#sums.of.busyMs += ms;
  }

  /** Counts a start at a rate. @param ownLateMs how late it was by the program's own doing */
  recordStart(ownLateMs: number): void {
    (this.#ownLate ??= new Histogram()).record(ownLateMs * 1000);
  }

  /** Counts a start that waited so long for a free place. */
  recordLateStart(ms: number): void {
    this.#late.record(ms);
  }

  #recordError(kind: ErrorKind, result: Result): void {
    const { status, detail = "", target: { url } } = result;
    this.#sums.of.failed++;
    if (isSkipped(result)) this.#sums.of.skipped++;
    addTotals(this.#ofFailed.of, result);
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
    const { requests, failed, skipped, tolerated, bytes, attempts, sent, busyMs } = this.#sums.of;
    const late = this.#late.toJSON();
    const histogram = this.#latency;
    const placeSeconds = Math.min(concurrency, total ?? Infinity) * seconds;
    return {
      ...moment,
      requests,
      succeeded: requests - failed,
      failed,
      warmUp: this.#warmUp.of.requests,
      skipped,
      errors: this.#errors.toJSON(),
      statuses: this.#statuses.toJSON(),
      tolerated: this.#hasExpectedStatuses ? 0 : tolerated,
      rate: seconds > 0 ? requests / seconds : 0,
      bytes,
      latency: toLatency(histogram),
      histogram: histogram.clone(),
      phases: this.#phases.clone(),
      top: this.#top,
      hosts: this.#details?.hosts.figures() ?? [],
      slowest: this.#details?.slowest.list() ?? [],
      ...this.#details === undefined ? {} : { messages: this.#details.messages.list() },
      meanInFlightMs: sent > 0 ? busyMs / sent : 0,
      utilization: placeSeconds > 0 ? Math.min(1, busyMs / 1000 / placeSeconds) : 0,
      attempts,
      retries: this.#retries.toJSON(),
      late: {
        count: late.count,
        meanMs: late.count > 0 ? late.ms / late.count : 0,
        maxMs: late.maxMs,
      },
      ...this.flow === undefined ? {} : { flow: this.flow.figures() },
      ownLate: this.#ownLate && toOwnLate(this.#ownLate),
      ownLateHistogram: this.#ownLate?.clone(),
    };
  }
}

/** Adds what a request took to totals. */
function addTotals(
  totals: Record<keyof Totals, number>,
  { bytes, attempts, ms, isAttemptCounted }: Pick<
    Result,
    "bytes" | "attempts" | "ms" | "isAttemptCounted"
  >,
): void {
  totals.bytes += bytes;
  totals.attempts += attempts;
  if (attempts === 0 || isAttemptCounted) return;
  totals.sent++;
  totals.busyMs += ms;
}

/** Statistics as though some of the responses had failed from the beginning. */
function withFailed(state: StatsState, refuted: Refuted): StatsState {
  const { requests, bytes, attempts, busyMs, statuses, latency } = refuted;
  const { ofFailed, tolerated = 0 } = state;
  const all = new NameCounts();
  all.add(ofFailed.statuses);
  all.add(statuses);
  return {
    ...state,
    failed: state.failed + requests,
    ofFailed: {
      bytes: ofFailed.bytes + bytes,
      attempts: ofFailed.attempts + attempts,
      sent: ofFailed.sent + requests,
      // Records have whole microseconds, whose sum can be a little above the exact one.
      busyMs: Math.min(state.busyMs, ofFailed.busyMs + busyMs),
      statuses: all.toJSON(),
    },
    latency,
    // It does not count responses whose records had an expectation of their own.
    tolerated: Math.max(0, tolerated - countErrorStatuses(statuses)),
    // Their phases and hosts are not known.
    phases: {},
    top: state.top && { hosts: [], slowest: [] },
  };
}

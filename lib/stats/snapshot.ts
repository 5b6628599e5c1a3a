/**
 * What statistics come to: everything that is shown of a run is rendered from a snapshot.
 *
 * @module
 */
import type { ErrorKind } from "../result.ts";
import type { Unit } from "../text/format.ts";
import type { Histogram } from "./histogram.ts";
import type { ByPhase } from "./phases.ts";

/** How late starts were by the program's own doing, in milliseconds; those in time count as 0. */
export type OwnLate = Pick<Latency, "mean" | "p50" | "p99" | "max">;

/** Latencies in milliseconds; all 0 without responses. */
export interface Latency {
  readonly min: number;
  readonly mean: number;
  readonly p50: number;
  readonly p75: number;
  readonly p90: number;
  readonly p95: number;
  readonly p99: number;
  readonly p999: number;
  readonly p9999: number;
  readonly max: number;
  readonly stddev: number;
}

/** A request that failed, and why, in words. */
export interface Example {
  readonly url: string;
  readonly detail: string;
}

/** Failures of one kind: how many, and the first few. */
export interface ErrorCount {
  readonly count: number;
  readonly examples: readonly Example[];
  /** For the error `expect`: the same by the expectation that was not met. */
  readonly reasons?: readonly (ErrorCount & { readonly expectation: string })[];
}

/** Failures of one kind that have the same words. */
export interface ErrorMessage {
  readonly kind: ErrorKind;
  /** The words without what differs between them, as in `longer than N bytes`. */
  readonly message: string;
  readonly count: number;
  /** The first few. */
  readonly examples: readonly Example[];
}

/** What came of the requests to a host. */
export interface HostFigures {
  /**
   * Its name, and its port unless that is the scheme's own and no other of the name was asked;
   * `others` for those beyond.
   */
  readonly host: string;
  readonly requests: number;
  readonly failed: number;
  /** Milliseconds that its responses took, on average and at most; 0 without responses. */
  readonly meanMs: number;
  readonly maxMs: number;
}

/** A response that took long. */
export interface SlowRequest {
  /** The request's number. */
  readonly i: number;
  /** Without user information, cut to 200 characters. */
  readonly url: string;
  /** Null where no response came. */
  readonly status: number | null;
  readonly ms: number;
  /** When it started, in milliseconds since the Unix epoch. */
  readonly at: number;
}

/**
 * What a worker of a run on several machines does: `busy` as long as it is heard of once a second,
 * `silent` after that, `gone` once others have its slices, and `left` if it said so.
 */
export const WORKER_STATES = ["busy", "silent", "gone", "left"] as const;

/** One of {@linkcode WORKER_STATES}. */
export type WorkerState = typeof WORKER_STATES[number];

/** A worker of a run on several machines, as it last told. */
export interface WorkerFigures {
  readonly name: string;
  readonly state: WorkerState;
  /** Results a second; 0 unless it is busy, as what follows. */
  readonly rate: number;
  readonly inFlight: number;
  /** Slices that it has open. */
  readonly open: number;
  /** The share of the time that its event loop was busy lately, 0 to 1. */
  readonly loopBusy: number;
  readonly rssBytes: number;
  /** Requests and slices of it that were collected. */
  readonly requests: number;
  readonly slices: number;
  /** The most memory so far, and the processor time that it has spent on the run. */
  readonly peakRssKb: number;
  readonly cpuSeconds: number;
}

/** What was collected from the workers of a run on several machines, and thereby is proved. */
export interface ClusterFigures {
  /** Its name on the bus; null for several runs. */
  readonly run: string | null;
  /** How many workers had slices that were collected. */
  readonly workers: number;
  /** Slices that were collected; each of them once, whole or in part. */
  readonly slices: number;
  /** Those of them that were handed out more than once. */
  readonly redone: number;
  /** The records in them: as many as numbers of requests, each of which was ticked off once. */
  readonly records: number;
  /**
   * SHA-256 over the digests of the parts, each of which was checked, in the order of collecting:
   * each step is that of the text of the last one and of the next digest, in hexadecimal. Null for
   * several runs, empty without parts.
   */
  readonly sha256: string | null;
}

/** What came of a step of a flow: of the requests that it gave one name. */
export interface StepFigures {
  /** Its name; `others` for those beyond a hundred. */
  readonly step: string;
  readonly requests: number;
  readonly failed: number;
  /** Of responses that succeeded; all 0 without any. */
  readonly latency: Latency;
  /** A copy of the same in full, in microseconds. */
  readonly histogram: Histogram;
}

/** A check of a flow, and how often it did and did not hold. */
export interface CheckFigures {
  /** Its name; `others` for those beyond a hundred. */
  readonly check: string;
  readonly passed: number;
  readonly failed: number;
}

/** What came of a flow. */
export interface FlowFigures {
  /** Iterations that ended. */
  readonly iterations: number;
  /** Those of them that threw, took too long, or had a check that did not hold. */
  readonly failed: number;
  /** How long the others took, with the time that they waited; all 0 without any. */
  readonly duration: Latency;
  /** A copy of the same in full, in microseconds. */
  readonly durationHistogram: Histogram;
  /** In the order in which they came, at most a hundred and the others. */
  readonly steps: readonly StepFigures[];
  readonly checks: readonly CheckFigures[];
}

/** What the numbers that a threshold bounds are counted in; `%` is of the requests. */
export type ThresholdUnit = Exclude<Unit, "us" | "KiB">;

/** What came of a threshold. */
export interface Verdict {
  /** As in `p99<500ms`. */
  readonly threshold: string;
  /** The number that it bounds, not rounded; null where nothing was measured. */
  readonly value: number | null;
  /** What the number was to stay below, or to reach. */
  readonly bound: number;
  /** The unit of both. */
  readonly unit: ThresholdUnit;
  readonly holds: boolean;
}

/** The statistics at a moment, before they are held against thresholds. */
export type Statistics = Omit<Snapshot, "thresholds" | "aborted">;

/** The statistics at a moment. Everything that is shown of a run is rendered from one of these. */
export interface Snapshot {
  /** Requests that ended; always `succeeded + failed`. */
  readonly requests: number;
  readonly succeeded: number;
  readonly failed: number;
  /** Requests of the warm-up; nothing else counts them. Missing where there can be none. */
  readonly warmUp?: number;
  /** How many requests there will be, without those of the warm-up so far; undefined if the source does not tell. */
  readonly total: number | undefined;
  /** The share that has its results, 0 to 1, or undefined if the source does not tell. */
  readonly progress: number | undefined;
  /** Requests that were not sent, since their host was given up; they count as failed. */
  readonly skipped: number;
  readonly inFlight: number;
  readonly errors: { readonly [kind in ErrorKind]?: ErrorCount };
  readonly statuses: Readonly<Record<string, number>>;
  /** Responses with a status of 400 or more that succeeded because nobody said what to expect. */
  readonly tolerated: number;
  /** Seconds since the run started. */
  readonly seconds: number;
  /**
   * When it started, in milliseconds since the Unix epoch; of a resumed run, as though nothing had
   * been between its parts.
   */
  readonly startedMs?: number;
  /** Requests a second, over the whole run. */
  readonly rate: number;
  /** Bytes of bodies. */
  readonly bytes: number;
  readonly latency: Latency;
  /** A copy of the latencies of responses so far, in microseconds. */
  readonly histogram: Histogram;
  /** Copies of how long the phases of responses took so far, in microseconds. */
  readonly phases: ByPhase<Histogram>;
  /** How many hosts and slow responses the summary has; undefined if none. */
  readonly top?: number | undefined;
  /**
   * By host, in the order in which they came; empty unless the run keeps details. At most 1,000,
   * the others together under `others`. Of a resumed run, of its last part only, unless the summary
   * has some.
   */
  readonly hosts: readonly HostFigures[];
  /**
   * The slowest responses, slowest first, 20 or as many as the summary has; empty unless the run
   * keeps details. Of a resumed run, of its last part only, unless the summary has some.
   */
  readonly slowest: readonly SlowRequest[];
  /**
   * Failures by their words, the most frequent first; missing unless the run keeps details. At most
   * 100, the others by kind. Of a resumed run, of its last part only.
   */
  readonly messages?: readonly ErrorMessage[];
  readonly concurrency: number;
  /** Milliseconds that a request was in flight on average, the failed ones too. */
  readonly meanInFlightMs: number;
  /**
   * The rate as a share of the most that the concurrency allows, which is requests in flight
   * divided by the mean time in flight (Little's law). 0 to 1.
   */
  readonly utilization: number;
  readonly attempts: number;
  /** Attempts after which there was another, by what failed: an error's kind, or a status. */
  readonly retries: Readonly<Record<string, number>>;
  /** Requests that wait for their next attempt. */
  readonly retrying: number;
  /** Requests that wait for their host. */
  readonly held: number;
  /** Hosts that are not asked at present, since all requests there failed. */
  readonly paused: number;
  /** Requests a second that were asked for; undefined without a schedule. */
  readonly targetRate: number | undefined;
  /** Starts later than their schedule, since no place was free. */
  readonly late: { readonly count: number; readonly meanMs: number; readonly maxMs: number };
  /** How late starts were by the program's own doing; undefined without a schedule. */
  readonly ownLate: OwnLate | undefined;
  /** A copy of the same in full, in microseconds. */
  readonly ownLateHistogram: Histogram | undefined;
  /** The process's resident memory now, in bytes. */
  readonly rssBytes: number;
  /** The maximum so far, in kilobytes. */
  readonly peakRssKb: number;
  /** Seconds of processor time, user and system, since the process started. */
  readonly cpuSeconds: number;
  /**
   * The share of the time, 0 to 1, that the event loop of the main thread was busy lately: at 1 it is
   * the bottleneck, and with one thread latencies are its own queueing. 0 unless the run keeps
   * details.
   */
  readonly loopBusy: number;
  /** How many event loops make requests; on several machines, the most that did at once. */
  readonly threads: number;
  /** Undefined where this process makes all requests. */
  readonly cluster?: ClusterFigures | undefined;
  /** The same share of each of them, by its number from 0; empty with one, which is the main thread. */
  readonly workersBusy: readonly number[];
  /**
   * The workers of a run on several machines, in the order in which they came, at most 1,000;
   * undefined of any other run.
   */
  readonly workers?: readonly WorkerFigures[];
  /** The names of the engines that made requests. */
  readonly engine: string;
  /** Whose sockets they used: `portable` or `native`. */
  readonly transport: string;
  /** What this machine ran out of, in words, and how often; requests waited for it. */
  readonly shortages: Readonly<Record<string, number>>;
  readonly interrupted: boolean;
  /** The threshold that ended the run before its time; undefined if none did. */
  readonly aborted: string | undefined;
  /** In the order in which they were given. */
  readonly thresholds: readonly Verdict[];
  /** Undefined where no flow makes the requests. */
  readonly flow?: FlowFigures | undefined;
  /** Whether it resumed an earlier run, whose requests are counted too. */
  readonly resumed: boolean;
}

/** The share of its requests that a run has done, 0 to 1; undefined if nobody knows it. */
export function computeProgress(
  { requests, total, progress }: Pick<Snapshot, "requests" | "total" | "progress">,
): number | undefined {
  return total !== undefined && total > 0 ? Math.min(1, requests / total) : progress;
}

/** How many of the workers are in a state. */
export function countWorkers(workers: readonly WorkerFigures[], wanted: WorkerState): number {
  return workers.reduce((count, { state }) => state === wanted ? count + 1 : count, 0);
}

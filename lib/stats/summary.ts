/**
 * The summary of a run as plain data.
 *
 * @module
 */
import type { HistogramState } from "./histogram.ts";
import type { PhaseFigures } from "./phase_times.ts";
import type { ByPhase, Phase } from "./phases.ts";
import type { SummaryFlow } from "./flow_summary.ts";
import type { FlowState } from "./flow_tally.ts";
import type { Latency, OwnLate, Snapshot, ThresholdUnit } from "./snapshot.ts";
import type { SummaryHost, SummarySlow } from "./top.ts";

/** The summary as plain data. Its names are a contract with the users' scripts. */
export interface Summary {
  /** Requests that ended; always `succeeded + failed`. */
  readonly requests: number;
  readonly succeeded: number;
  readonly failed: number;
  /** Requests of the warm-up, which no other figure counts. */
  readonly warm_up: number;
  /** Requests that were not sent, since their host was given up; they count as failed. */
  readonly skipped: number;
  /** Failures by kind. */
  readonly errors: Snapshot["errors"];
  /** Responses by status code. */
  readonly statuses: Readonly<Record<string, number>>;
  readonly seconds: number;
  /** When the run started, as in `2026-01-31T12:00:00.000Z`; null if that is not known. */
  readonly started: string | null;
  /** Requests a second. */
  readonly rate: number;
  /** Bytes of bodies. */
  readonly bytes: number;
  readonly latency_ms: Latency;
  /** How long the phases of responses took; null where nothing was measured. */
  readonly phases_ms: { readonly [phase in Phase]?: PhaseFigures | null };
  /** The maximum number of requests in flight. */
  readonly concurrency: number;
  readonly mean_in_flight_ms: number;
  /** The share of what the concurrency allows, 0 to 1. */
  readonly utilization: number;
  readonly attempts: number;
  /** Attempts after which there was another, by error kind or status. */
  readonly retries: Readonly<Record<string, number>>;
  /** Requests a second that were asked for; null without a rate. */
  readonly target_rate: number | null;
  /** Starts that had to wait for a free place. */
  readonly late: { readonly count: number; readonly mean_ms: number; readonly max_ms: number };
  /** How late starts at a rate were by the program's own doing; null without a rate. */
  readonly own_late_ms: OwnLate | null;
  readonly peak_rss_kb: number;
  readonly cpu_seconds: number;
  /** Several names are joined by `+`, in the order of the alphabet; those of sockets, too. */
  readonly engine: string;
  readonly transport: string;
  /** Event loops that made requests; those of several runs are added. */
  readonly threads: number;
  /** Null where one machine made all requests. */
  readonly cluster: SummaryCluster | null;
  /** Null where no flow made the requests. */
  readonly flow: SummaryFlow | null;
  /** How often this machine ran out of something, by what that was. */
  readonly shortages: Readonly<Record<string, number>>;
  /** The program's version. */
  readonly version: string;
  readonly resumed: boolean;
  readonly interrupted: boolean;
  /** The threshold that ended the run; null if none did. */
  readonly aborted: string | null;
  readonly thresholds: readonly SummaryThreshold[];
  /** The slowest first; null without `--top`, as the next. */
  readonly slowest: readonly SummarySlow[] | null;
  /** The busiest first, and then the others together. */
  readonly hosts: readonly SummaryHost[] | null;
  /** In microseconds, as the next ones; null without a rate. */
  readonly own_late_histogram: HistogramState | null;
  readonly phase_histograms: ByPhase<HistogramState>;
  /** What the figures of the flow are made of. */
  readonly flow_tally: FlowState | null;
  /** The latencies of the responses that succeeded. */
  readonly histogram: HistogramState;
}

/** What is proved of a run on several machines; see {@linkcode ClusterFigures}. */
export interface SummaryCluster {
  /** Null for several runs together. */
  readonly run: string | null;
  readonly workers: number;
  readonly slices: number;
  readonly redone: number;
  readonly records: number;
  /** Null for several runs together. */
  readonly parts_sha256: string | null;
}

/** What came of a threshold. */
export interface SummaryThreshold {
  /** As in `p99<500ms`. */
  readonly threshold: string;
  /** Null where nothing was measured. */
  readonly value: number | null;
  /** What the value was to stay below, or to reach; missing in older summaries. */
  readonly bound?: number;
  readonly unit: ThresholdUnit;
  readonly passed: boolean;
}

/** What is known of any run. The rest is missing where files do not tell it. */
export type KnownSummary =
  & Pick<Summary, "requests" | "succeeded" | "failed">
  & Partial<Summary>;

/** What a summary has that a snapshot does not. */
export interface SummaryContext {
  /** The program's version. */
  readonly version: string;
}

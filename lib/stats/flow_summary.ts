/**
 * A flow in the summary of a run.
 *
 * @module
 */
import type { FlowState } from "./flow_tally.ts";
import type { CheckFigures, FlowFigures, Latency } from "./snapshot.ts";

/** What came of a flow. */
export interface SummaryFlow {
  /** Iterations that ended. */
  readonly iterations: number;
  /** Those of them that threw, took too long, or had a check that did not hold. */
  readonly failed: number;
  /** How long the others took, with the time that they waited. */
  readonly duration_ms: Latency;
  readonly steps: readonly {
    readonly step: string;
    readonly requests: number;
    readonly failed: number;
    /** Of responses that succeeded. */
    readonly response_ms: Latency;
  }[];
  readonly checks: readonly CheckFigures[];
}

/** What came of a flow, in a summary. */
export function toSummaryFlow(
  { iterations, failed, duration, steps, checks }: FlowFigures,
): SummaryFlow {
  return {
    iterations,
    failed,
    duration_ms: duration,
    steps: steps.map(({ step, requests, failed, latency }) => ({
      step,
      requests,
      failed,
      response_ms: latency,
    })),
    checks,
  };
}

/** What {@linkcode FlowTally.add} takes, of figures. */
export function toFlowState(
  { iterations, failed, durationHistogram, steps, checks }: FlowFigures,
): FlowState {
  return {
    iterations,
    failed,
    duration: durationHistogram.toJSON(),
    steps: steps.map(({ step, requests, failed, histogram }) => ({
      step,
      requests,
      failed,
      latency: histogram.toJSON(),
    })),
    checks,
  };
}

import type { Result } from "../result.ts";
import { type Check, isCount, isList, isShape, isText } from "../text/json_shape.ts";
import { CheckTally, findTally, isCheckFigures, MAX_NAMES } from "./check_tally.ts";
import {
  addCounts,
  Histogram,
  type HistogramState,
  isHistogramState,
  toDelta,
} from "./histogram.ts";
import { toLatency } from "./latency.ts";
import type { CheckFigures, FlowFigures } from "./snapshot.ts";

/** What is counted of an iteration. */
export interface CountedIteration {
  /** In the order in which the requests were made. */
  readonly results: readonly Result[];
  readonly checks: readonly CheckFigures[];
  /** Whether it threw, took too long, or had a check that did not hold. */
  readonly hasFailed: boolean;
  /** When it started, in milliseconds since the Unix epoch. */
  readonly at: number;
  /** How long it took. */
  readonly ms: number;
}

/** What is counted of a step. */
interface Step {
  requests: number;
  failed: number;
  /** Of responses that succeeded, in microseconds. */
  readonly latency: Histogram;
}

/** What is counted of a flow, with histograms in one form or another. */
interface FlowCounts<H> {
  readonly iterations: number;
  readonly failed: number;
  readonly duration: H;
  readonly steps: readonly {
    readonly step: string;
    readonly requests: number;
    readonly failed: number;
    readonly latency: H;
  }[];
  readonly checks: readonly CheckFigures[];
}

/** The same as plain data, to be stored as JSON. */
export type FlowState = FlowCounts<HistogramState>;

/** Counts the iterations of a flow, its requests by step, and its checks. Of bounded size. */
export class FlowTally {
  #iterations = 0;
  #failed = 0;
  /** Of iterations that did not fail, in microseconds. */
  readonly #duration = new Histogram();
  /** By name; at most {@linkcode MAX_NAMES} and the others. */
  readonly #steps = new Map<string, Step>();
  readonly #checks = new CheckTally();

  /** Counts an iteration with its requests and its checks. */
  record({ results, checks, hasFailed, ms }: Omit<CountedIteration, "at">): void {
    for (const result of results) this.recordRequest(result);
    this.addChecks(checks);
    this.recordIteration(ms, hasFailed);
  }

  /** Counts an iteration. @param ms how long it took */
  recordIteration(ms: number, hasFailed: boolean): void {
    this.#iterations++;
    if (hasFailed) this.#failed++;
    else this.#duration.record(ms * 1000);
  }

  /** Counts a request, if its target has a step. */
  recordRequest({ target: { step }, status, error, ms }: Result): void {
    if (step === undefined) return;
    const tally = this.#findStep(step);
    tally.requests++;
    if (error !== undefined) tally.failed++;
    else if (status !== null) tally.latency.record(ms * 1000);
  }

  /** Adds checks that were counted elsewhere. */
  addChecks(checks: readonly CheckFigures[]): void {
    this.#checks.add(checks);
  }

  #findStep(name: string): Step {
    return findTally(
      this.#steps,
      name,
      () => ({ requests: 0, failed: 0, latency: new Histogram() }),
    );
  }

  /** Adds what another had counted when it gave its {@linkcode toJSON}. */
  add({ iterations, failed, duration, steps, checks }: FlowState): void {
    this.#iterations += iterations;
    this.#failed += failed;
    addCounts(this.#duration, toDelta(duration));
    for (const { step, requests, failed, latency } of steps) {
      const tally = this.#findStep(step);
      tally.requests += requests;
      tally.failed += failed;
      addCounts(tally.latency, toDelta(latency));
    }
    this.#checks.add(checks);
  }

  /** All of it as plain data. */
  toJSON(): FlowState {
    return this.#read((histogram) => histogram.toJSON());
  }

  #read<H>(read: (histogram: Histogram) => H): FlowCounts<H> {
    return {
      iterations: this.#iterations,
      failed: this.#failed,
      duration: read(this.#duration),
      steps: Array.from(this.#steps, ([step, { requests, failed, latency }]) => ({
        step,
        requests,
        failed,
        latency: read(latency),
      })),
      checks: this.#checks.list(),
    };
  }

  /** What it comes to; steps and checks in the order in which they came. */
  figures(): FlowFigures {
    const { duration, steps, ...counts } = this.#read((histogram) => histogram.clone());
    return {
      ...counts,
      duration: toLatency(duration),
      durationHistogram: duration,
      steps: steps.map(({ latency, ...rest }) => ({
        ...rest,
        latency: toLatency(latency),
        histogram: latency,
      })),
    };
  }
}

/** Whether a value of JSON is what {@linkcode FlowTally.toJSON} gives. */
export const isFlowState: Check = isShape({
  iterations: isCount,
  failed: isCount,
  duration: isHistogramState,
  steps: isList(
    isShape({ step: isText, requests: isCount, failed: isCount, latency: isHistogramState }),
    MAX_NAMES + 1,
  ),
  checks: isCheckFigures,
});

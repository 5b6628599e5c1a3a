import type { Result } from "../result.ts";
import { type Check, isMap } from "../text/json_shape.ts";
import {
  addCounts,
  Histogram,
  type HistogramDelta,
  type HistogramState,
  isHistogramState,
  takeCounts,
  toDelta,
} from "./histogram.ts";
import { toLatency } from "./latency.ts";
import { type ByPhase, mapPhases, type Phase, PHASES } from "./phases.ts";
import type { Latency } from "./snapshot.ts";

/** How long a phase took, in milliseconds, and how often that was measured. */
export interface PhaseFigures
  extends Pick<Latency, "mean" | "p50" | "p90" | "p95" | "p99" | "max"> {
  readonly count: number;
}

/** What is shown of a phase, in this order. */
export const PHASE_FIGURES: readonly (keyof PhaseFigures)[] = [
  "count",
  "mean",
  "p50",
  "p90",
  "p95",
  "p99",
  "max",
];

/** How long each phase took; null where nothing was measured. @param phases those that are known */
export function describePhases(
  times: ByPhase<Histogram>,
  phases: readonly Phase[] = PHASES,
): { readonly [phase in Phase]?: PhaseFigures | null } {
  return Object.fromEntries(phases.map((phase) => {
    const histogram = times[phase];
    return [phase, histogram === undefined ? null : toPhaseFigures(histogram)];
  }));
}

function toPhaseFigures(histogram: Histogram): PhaseFigures {
  const { mean, p50, p90, p95, p99, max } = toLatency(histogram);
  return { count: histogram.count, mean, p50, p90, p95, p99, max };
}

/** Counts how long the phases of responses took: 30 KB for each phase that was measured. */
export class PhaseTimes {
  readonly #histograms: { [phase in Phase]?: Histogram } = {};

  /** Counts the phases of a response. */
  record({ via, isReused, ttfbMs }: Pick<Result, "via" | "isReused" | "ttfbMs">): void {
    if (ttfbMs !== null) this.recordPhase("ttfb", ttfbMs);
    if (isReused || via === null) return;
    const { dnsMs, connectMs, tlsMs } = via;
    if (dnsMs !== null) this.recordPhase("dns", dnsMs);
    if (connectMs !== null) this.recordPhase("connect", connectMs);
    if (tlsMs !== null) this.recordPhase("tls", tlsMs);
  }

  recordPhase(phase: Phase, ms: number): void {
    this.#find(phase).record(ms * 1000);
  }

  #find(phase: Phase): Histogram {
    return this.#histograms[phase] ??= new Histogram();
  }

  /** Adds what another has given by {@linkcode take}. */
  add(deltas: ByPhase<HistogramDelta>): void {
    for (const phase of PHASES) {
      const delta = deltas[phase];
      if (delta !== undefined) addCounts(this.#find(phase), delta);
    }
  }

  /** A copy of what was counted so far. */
  clone(): ByPhase<Histogram> {
    return this.#read((histogram) => histogram.clone());
  }

  /** All of it as plain data. */
  toJSON(): ByPhase<HistogramState> {
    return this.#read((histogram) => histogram.toJSON());
  }

  /** What was counted since the last call, after which all phases begin from nothing again. */
  take(): ByPhase<HistogramDelta> {
    return this.#read(takeCounts);
  }

  #read<T>(read: (histogram: Histogram) => T): ByPhase<T> {
    return mapPhases(
      this.#histograms,
      (histogram) => histogram.count === 0 ? undefined : read(histogram),
    );
  }
}

/** What {@linkcode PhaseTimes.add} takes. */
export function toPhaseDeltas(states: ByPhase<HistogramState>): ByPhase<HistogramDelta> {
  return mapPhases(states, toDelta);
}

/** Whether a value of JSON is what {@linkcode PhaseTimes.toJSON} gives. */
export const isPhaseStates: Check = isMap(
  isHistogramState,
  (name) => (PHASES as readonly string[]).includes(name),
);

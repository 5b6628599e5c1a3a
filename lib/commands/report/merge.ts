import { roundSummary } from "../../report/json.ts";
import { ErrorTally, OTHERS } from "../../stats/error_tally.ts";
import type { Merge } from "../../stats/figure.ts";
import { FIGURE_ROWS } from "../../stats/figures.ts";
import type { KnownSummary, Summary, SummaryCluster } from "../../stats/summary.ts";
import { Histogram, type HistogramState } from "../../stats/histogram.ts";
import { toLatency, toOwnLate } from "../../stats/latency.ts";
import { describePhases, PhaseTimes, toPhaseDeltas } from "../../stats/phase_times.ts";
import { toSummaryFlow } from "../../stats/flow_summary.ts";
import { type FlowState, FlowTally } from "../../stats/flow_tally.ts";
import { mergeHosts, mergeSlowest, type SummaryHost, type SummarySlow } from "../../stats/top.ts";

/** The maximum number of names that counts are kept of, as of one run. */
const MAX_NAMES = 100;

/**
 * The summary of a run's parts, such as its shards: counts are added, percentiles are those of the
 * histograms together. A figure is missing where a part lacks it, or where the parts have no such
 * value together.
 */
export function mergeSummaries(parts: readonly KnownSummary[]): KnownSummary {
  if (parts.length === 1) return parts[0];
  const all = new Parts(parts);
  return roundSummary(
    Object.fromEntries(
      FIGURE_ROWS.flatMap(([key, { merge }]) =>
        merge === undefined ? [] : [[key, MERGES[merge](all, key)]]
      ),
    ) as unknown as KnownSummary,
  );
}

/** The summaries of parts. */
class Parts {
  readonly #parts: readonly KnownSummary[];

  constructor(parts: readonly KnownSummary[]) {
    this.#parts = parts;
  }

  /** The value of each part; undefined if one lacks it. */
  each<K extends keyof Summary>(key: K): NonNullable<Summary[K]>[] | undefined {
    const values = this.some(key);
    return values.length === this.#parts.length ? values : undefined;
  }

  /** The values of the parts that have one. */
  some<K extends keyof Summary>(key: K): NonNullable<Summary[K]>[] {
    return this.#parts.map((part) => part[key])
      .filter((value) => value !== undefined && value !== null) as NonNullable<Summary[K]>[];
  }
}

/** Merges the values of a figure, one for each part; undefined without values. */
const MERGES: Readonly<Record<Merge, (parts: Parts, key: keyof Summary) => unknown>> = {
  sum: (parts, key) => addAll(each<number>(parts, key)),
  greatest: (parts, key) => {
    const values = each<number>(parts, key);
    return values && Math.max(...values);
  },
  any: (parts, key) => each<boolean>(parts, key)?.some((value) => value),
  first: (parts, key) => parts.some(key)[0],
  earliest: (parts, key) =>
    each<string>(parts, key)?.toSorted((a, b) => Date.parse(a) - Date.parse(b))[0],
  "the same": (parts, key) => {
    const values = new Set(each<string>(parts, key));
    return values.size === 1 ? [...values][0] : undefined;
  },
  joined: (parts, key) => {
    const names = each<string>(parts, key)?.flatMap((value) => value.split("+"));
    return names && [...new Set(names)].sort().slice(0, MAX_NAMES).join("+");
  },
  counts: (parts, key) => mergeCounts(each<Counts>(parts, key), MAX_NAMES),
  statuses: (parts, key) => mergeCounts(each<Counts>(parts, key), Infinity),
  errors: (parts, key) => mergeErrors(each<Summary["errors"]>(parts, key)),
  clusters: (parts, key) => mergeClusters(parts.some(key) as SummaryCluster[]),
  "flow tallies": (parts) => mergeTallies(parts.each("flow_tally"))?.toJSON(),
  "flow of tally": (parts) => {
    const tally = mergeTallies(parts.each("flow_tally"));
    return tally && toSummaryFlow(tally.figures());
  },
  "phases of histograms": (parts) => {
    const times = mergePhases(parts.each("phase_histograms"));
    return times && describePhases(times.clone());
  },
  "histograms by phase": (parts) => mergePhases(parts.each("phase_histograms"))?.toJSON(),
  "slow responses": (parts, key) => {
    const responses = parts.each("succeeded")!;
    const lists = each<readonly SummarySlow[]>(parts, key);
    return lists && mergeSlowest(lists.map((list, k) => ({ list, responses: responses[k] })));
  },
  "host lists": (parts, key) => mergeHosts(each<readonly SummaryHost[]>(parts, key)),
  histogram: (parts, key) => mergeHistograms(each<HistogramState>(parts, key))?.toJSON(),
  "from first start to last end": measureSpan,
  "requests by seconds": (parts) => {
    const seconds = measureSpan(parts);
    return seconds ? addAll(parts.each("requests"))! / seconds : undefined;
  },
  "mean by attempts": (parts, key) => mean(each<number>(parts, key), parts.each("attempts")),
  late: (parts) => mergeLate(parts.each("late")),
  "latency of histogram": (parts) => {
    const histogram = mergeHistograms(parts.each("histogram"));
    return histogram && toLatency(histogram);
  },
  "own lateness of histogram": (parts) => {
    const histogram = mergeHistograms(parts.each("own_late_histogram"));
    return histogram && toOwnLate(histogram);
  },
};

/** The value of each part for a figure that has values of the type; undefined if a part lacks it. */
function each<T>(parts: Parts, key: keyof Summary): readonly T[] | undefined {
  return parts.each(key) as readonly T[] | undefined;
}

function addAll(values: readonly number[] | undefined): number | undefined {
  return values?.reduce((sum, value) => sum + value, 0);
}

/** All values of several histograms in one. */
function mergeHistograms(states: readonly HistogramState[] | undefined): Histogram | undefined {
  return states?.reduce((all, one) => (all.add(Histogram.from(one)), all), new Histogram());
}

/** All values of several histograms of each phase in one. */
function mergePhases(
  states: readonly Summary["phase_histograms"][] | undefined,
): PhaseTimes | undefined {
  if (states === undefined) return undefined;
  const times = new PhaseTimes();
  for (const one of states) times.add(toPhaseDeltas(one));
  return times;
}

/** What several runs of a flow have counted, in one. */
function mergeTallies(states: readonly FlowState[] | undefined): FlowTally | undefined {
  if (states === undefined) return undefined;
  const tally = new FlowTally();
  for (const one of states) tally.add(one);
  return tally;
}

/** The seconds from the first start to the last end. */
function measureSpan(parts: Parts): number | undefined {
  const [started, seconds] = [parts.each("started"), parts.each("seconds")];
  if (started === undefined || seconds === undefined) return undefined;
  const starts = started.map((text) => Date.parse(text));
  const ends = starts.map((start, k) => start + seconds[k] * 1000);
  return (Math.max(...ends) - Math.min(...starts)) / 1000;
}

/** The mean of values that count as often as their weights say. */
function mean(
  values: readonly number[] | undefined,
  weights: readonly number[] | undefined,
): number | undefined {
  if (values === undefined || weights === undefined) return undefined;
  const all = weights.reduce((sum, weight) => sum + weight, 0);
  return all > 0 ? values.reduce((sum, value, k) => sum + value * weights[k], 0) / all : undefined;
}

function mergeLate(all: readonly Summary["late"][] | undefined): Summary["late"] | undefined {
  if (all === undefined) return undefined;
  const counts = all.map(({ count }) => count);
  return {
    count: addAll(counts)!,
    mean_ms: mean(all.map(({ mean_ms }) => mean_ms), counts) ?? 0,
    max_ms: Math.max(...all.map(({ max_ms }) => max_ms)),
  };
}

/** Those of several runs have neither one name nor one digest. */
function mergeClusters(all: readonly SummaryCluster[]): SummaryCluster | undefined {
  if (all.length === 0) return undefined;
  const add = (name: "workers" | "slices" | "redone" | "records"): number =>
    addAll(all.map((one) => one[name]))!;
  return {
    run: null,
    workers: add("workers"),
    slices: add("slices"),
    redone: add("redone"),
    records: add("records"),
    parts_sha256: null,
  };
}

type Counts = Readonly<Record<string, number>>;

function mergeCounts(all: readonly Counts[] | undefined, max: number): Counts | undefined {
  if (all === undefined) return undefined;
  const counts = new Map<string, number>();
  for (const [name, count] of all.flatMap((one) => Object.entries(one))) {
    const key = counts.has(name) || counts.size < max ? name : OTHERS;
    counts.set(key, (counts.get(key) ?? 0) + count);
  }
  return Object.fromEntries(counts);
}

function mergeErrors(all: readonly Summary["errors"][] | undefined): Summary["errors"] | undefined {
  if (all === undefined) return undefined;
  const tally = new ErrorTally();
  for (const errors of all) tally.add(errors);
  return tally.toJSON();
}

import { rounded, roundedFigures } from "../../report/json.ts";
import type { PageSummary } from "../../report/page/data.ts";
import type { ErrorKind } from "../../result.ts";
import { EXAMPLES } from "../../stats/failure_examples.ts";
import { Histogram, type HistogramState } from "../../stats/histogram.ts";
import { toLatency, toOwnLate } from "../../stats/latency.ts";
import type { ErrorCount } from "../../stats/snapshot.ts";

/** Most names that counts are kept of, as of one run. */
const MAX_NAMES = 100;
const OTHERS = "others";

/**
 * The summary of parts of a run, such as its shards: counts are added, percentiles are those of the
 * histograms together. What not every part tells, or cannot be told of several, is missing.
 */
export function mergeSummaries(parts: readonly PageSummary[]): PageSummary {
  if (parts.length === 1) return parts[0];
  /** A value of each part; undefined if one lacks it. */
  function each<K extends keyof PageSummary>(name: K): NonNullable<PageSummary[K]>[] | undefined {
    const values = parts.map((part) => part[name]);
    return values.some((value) => value === undefined || value === null)
      ? undefined
      : values as NonNullable<PageSummary[K]>[];
  }
  const sum = (values: readonly number[] | undefined): number | undefined =>
    values?.reduce((sum, value) => sum + value, 0);
  const requests = sum(each("requests"))!;
  const seconds = addSeconds(each("started"), each("seconds"));
  const histogram = merged(each("histogram"));
  const ownLate = merged(each("own_late_histogram"));
  const attempts = each("attempts");
  const rounding = (value: number | undefined): number | undefined =>
    value === undefined ? undefined : rounded(value);
  const late = each("late");
  const engines = each("engine");
  const versions = each("version");
  const [started] = each("started")?.toSorted((a, b) => Date.parse(a) - Date.parse(b)) ?? [];
  const peaks = each("peak_rss_kb");
  return {
    requests,
    succeeded: sum(each("succeeded"))!,
    failed: sum(each("failed"))!,
    skipped: sum(each("skipped")),
    errors: mergedErrors(each("errors")),
    statuses: mergedCounts(each("statuses"), Infinity),
    seconds: rounding(seconds),
    started,
    rate: seconds ? rounded(requests / seconds) : undefined,
    bytes: sum(each("bytes")),
    latency_ms: histogram && roundedFigures(toLatency(histogram)),
    mean_in_flight_ms: rounding(mean(each("mean_in_flight_ms"), attempts)),
    attempts: sum(attempts),
    retries: mergedCounts(each("retries"), MAX_NAMES),
    late: late && {
      count: sum(late.map(({ count }) => count))!,
      mean_ms: rounded(mean(late.map((it) => it.mean_ms), late.map(({ count }) => count)) ?? 0),
      max_ms: Math.max(...late.map((it) => it.max_ms)),
    },
    own_late_ms: ownLate && roundedFigures(toOwnLate(ownLate)),
    // Of the largest of the processes: those of several machines have no sum.
    peak_rss_kb: peaks && Math.max(...peaks),
    cpu_seconds: rounding(sum(each("cpu_seconds"))),
    engine: engines && [...new Set(engines)].slice(0, MAX_NAMES).join(", "),
    shortages: mergedCounts(each("shortages"), MAX_NAMES),
    version: versions !== undefined && new Set(versions).size === 1 ? versions[0] : undefined,
    resumed: each("resumed")?.some((it) => it),
    interrupted: each("interrupted")?.some((it) => it),
    aborted: parts.find(({ aborted }) => typeof aborted === "string")?.aborted,
    own_late_histogram: ownLate?.toJSON(),
    histogram: histogram?.toJSON(),
  };
}

/** All values of several histograms in one. */
function merged(states: readonly HistogramState[] | undefined): Histogram | undefined {
  return states?.reduce((all, one) => (all.add(Histogram.from(one)), all), new Histogram());
}

/** From the first start to the last end. */
function addSeconds(
  started: readonly string[] | undefined,
  seconds: readonly number[] | undefined,
): number | undefined {
  if (started === undefined || seconds === undefined) return undefined;
  const starts = started.map((text) => Date.parse(text));
  const ends = starts.map((start, k) => start + seconds[k] * 1000);
  return (Math.max(...ends) - Math.min(...starts)) / 1000;
}

/** Each value as often as its weight says. */
function mean(
  values: readonly number[] | undefined,
  weights: readonly number[] | undefined,
): number | undefined {
  if (values === undefined || weights === undefined) return undefined;
  const all = weights.reduce((sum, weight) => sum + weight, 0);
  return all > 0 ? values.reduce((sum, value, k) => sum + value * weights[k], 0) / all : undefined;
}

type Counts = Readonly<Record<string, number>>;

function mergedCounts(all: readonly Counts[] | undefined, most: number): Counts | undefined {
  if (all === undefined) return undefined;
  const counts = new Map<string, number>();
  for (const [name, count] of all.flatMap((one) => Object.entries(one))) {
    const key = counts.has(name) || counts.size < most ? name : OTHERS;
    counts.set(key, (counts.get(key) ?? 0) + count);
  }
  return Object.fromEntries(counts);
}

function mergedErrors(
  all: readonly NonNullable<PageSummary["errors"]>[] | undefined,
): PageSummary["errors"] {
  if (all === undefined) return undefined;
  const kinds = new Set(all.flatMap((errors) => Object.keys(errors) as ErrorKind[]));
  return Object.fromEntries(Array.from(kinds, (kind) => {
    const errors = all.flatMap((errors) => errors[kind] ?? []);
    const reasons = new Map<string, ErrorCount[]>();
    for (const reason of errors.flatMap(({ reasons = [] }) => reasons)) {
      const { expectation } = reason;
      const key = reasons.has(expectation) || reasons.size < MAX_NAMES ? expectation : OTHERS;
      reasons.set(key, [...reasons.get(key) ?? [], reason]);
    }
    const merged = mergedCount(errors);
    if (reasons.size === 0) return [kind, merged];
    return [kind, {
      ...merged,
      reasons: Array.from(reasons, ([expectation, of]) => ({ expectation, ...mergedCount(of) })),
    }];
  }));
}

function mergedCount(counts: readonly ErrorCount[]): ErrorCount {
  return {
    count: counts.reduce((sum, { count }) => sum + count, 0),
    examples: counts.flatMap(({ examples }) => examples).slice(0, EXAMPLES),
  };
}

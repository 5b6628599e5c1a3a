import { UsageError } from "../../errors.ts";
import type { PageSummary } from "../../report/page/data.ts";
import { ERROR_KINDS } from "../../result.ts";
import { type HistogramState, SLOTS } from "../../stats/histogram.ts";
import { LATENCIES } from "../../stats/snapshot.ts";

/** Names of a map and characters of a text that are taken; a run has fewer. */
const MAX_NAMES = 1_000;
const MAX_CHARACTERS = 1_000;

type Check = (value: unknown) => boolean;

const isNumber: Check = (value) =>
  typeof value === "number" && value >= 0 && value <= Number.MAX_VALUE;
const isCount: Check = (value) => Number.isSafeInteger(value) && value as number >= 0;
const isText: Check = (value) => typeof value === "string" && value.length <= MAX_CHARACTERS;
const isSwitch: Check = (value) => typeof value === "boolean";
const orNull = (check: Check): Check => (value) => value === null || check(value);
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isMap = (check: Check, isName: (name: string) => boolean = () => true): Check => (value) =>
  isObject(value) && Object.keys(value).length <= MAX_NAMES &&
  Object.entries(value).every(([name, value]) => isText(name) && isName(name) && check(value));
const isList = (check: Check, most: number): Check => (value) =>
  Array.isArray(value) && value.length <= most && value.every(check);
const isShape = (shape: Readonly<Record<string, Check>>): Check => (value) =>
  isObject(value) &&
  Object.entries(shape).every(([name, check]) => Object.hasOwn(value, name) && check(value[name]));

const isExamples = isList(isShape({ url: isText, detail: isText }), 100);
const REASON = { count: isCount, examples: isExamples };
const isError: Check = (value) =>
  isShape(REASON)(value) && (!isObject(value) || !Object.hasOwn(value, "reasons") ||
    isList(isShape({ ...REASON, expectation: isText }), MAX_NAMES)(value.reasons));
const isSlot: Check = (value) =>
  Array.isArray(value) && value.length === 2 && isCount(value[0]) && value[0] < SLOTS &&
  isCount(value[1]);
const isHistogram: Check = (value) =>
  isShape({
    min: isNumber,
    max: isNumber,
    sum: isNumber,
    sumOfSquares: isNumber,
    counts: isList(isSlot, SLOTS),
  })(value) && isAscending((value as HistogramState).counts);
const isAscending = (counts: HistogramState["counts"]): boolean =>
  counts.every(([slot], k) => k === 0 || slot > counts[k - 1][0]);

/** What each value has to be; what stands here alone is read. */
const NAMES: Readonly<Record<keyof PageSummary, Check>> = {
  requests: isCount,
  succeeded: isCount,
  failed: isCount,
  skipped: isCount,
  errors: isMap(isError, (name) => (ERROR_KINDS as readonly string[]).includes(name)),
  statuses: isMap(isCount, (name) => /^[1-9]\d\d$/.test(name)),
  seconds: isNumber,
  started: orNull((value) => isText(value) && !Number.isNaN(Date.parse(value as string))),
  rate: isNumber,
  bytes: isCount,
  latency_ms: isShape(
    Object.fromEntries(LATENCIES.map((name) => [name, isNumber])),
  ),
  concurrency: isCount,
  mean_in_flight_ms: isNumber,
  utilization: isNumber,
  attempts: isCount,
  retries: isMap(isCount),
  target_rate: orNull(isNumber),
  late: isShape({ count: isCount, mean_ms: isNumber, max_ms: isNumber }),
  own_late_ms: orNull(
    isShape({ mean: isNumber, p50: isNumber, p99: isNumber, max: isNumber }),
  ),
  peak_rss_kb: isNumber,
  cpu_seconds: isNumber,
  engine: isText,
  shortages: isMap(isCount),
  version: isText,
  resumed: isSwitch,
  interrupted: isSwitch,
  aborted: orNull(isText),
  thresholds: isList(
    isShape({
      threshold: isText,
      value: orNull((value) => typeof value === "number"),
      unit: (value) => ["ms", "s", "count", "%", "/s", "bytes"].includes(value as string),
      passed: isSwitch,
    }),
    MAX_NAMES,
  ),
  own_late_histogram: orNull(isHistogram),
  histogram: isHistogram,
};
const NEEDED = ["requests", "succeeded", "failed"];

/**
 * Reads a summary as a run or `myriad report --json` wrote it. What an older one lacks is missing.
 *
 * @param name the argument that names the file, for messages
 * @throws {UsageError} If it is none.
 */
export function parseSummary(text: string, name: string): PageSummary {
  const fail = (why: string): never => {
    throw new UsageError(
      `Cannot read '${name}': ${why}: give the output of a run, or what --summary wrote`,
    );
  };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return fail("it is no whole JSON document");
  }
  if (!isObject(value)) return fail("it is no summary of a run");
  const summary: Record<string, unknown> = {};
  for (const [key, check] of Object.entries(NAMES)) {
    if (!Object.hasOwn(value, key)) {
      if (NEEDED.includes(key)) fail(`it is no summary of a run, as it has no '${key}'`);
      continue;
    }
    if (!check(value[key])) fail(`its '${key}' is not what a summary has`);
    summary[key] = value[key];
  }
  if (value.requests !== value.succeeded as number + (value.failed as number)) {
    fail("its 'requests' are not the sum of 'succeeded' and 'failed'");
  }
  return summary as unknown as PageSummary;
}

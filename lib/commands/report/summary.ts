import { UsageError } from "../../errors.ts";
import { isErrorCounts } from "../../stats/error_tally.ts";
import type { Kind } from "../../stats/figure.ts";
import { FIGURE_ROWS } from "../../stats/figures.ts";
import { LATENCIES } from "../../stats/latency_bound.ts";
import type { KnownSummary } from "../../stats/summary.ts";
import { isHistogramState } from "../../stats/histogram.ts";
import { isCheckFigures, MAX_NAMES } from "../../stats/check_tally.ts";
import { isFlowState } from "../../stats/flow_tally.ts";
import { MAX_HOSTS } from "../../stats/host_tally.ts";
import { isPhaseStates, PHASE_FIGURES } from "../../stats/phase_times.ts";
import { PHASES } from "../../stats/phases.ts";
import { MAX_SLOWEST } from "../../stats/slowest.ts";
import type { ThresholdUnit } from "../../stats/snapshot.ts";
import { isStatusCounts } from "../../stats/status_counts.ts";
import {
  type Check,
  isBoolean,
  isCount,
  isList,
  isMap,
  isNumber,
  isObject,
  isShape,
  isSum,
  isText,
  orNull,
  type Shape,
} from "../../text/json_shape.ts";

/** The maximum number of thresholds; a command line has fewer. */
const MAX_THRESHOLDS = 1_000;

const UNITS: readonly ThresholdUnit[] = ["ms", "s", "count", "%", "/s", "bytes"];

/** No run comes to it; what is shown in a smaller unit stays finite below. */
const MAX_FIGURE = 1e24;
const isFigure: Check = (value) => isNumber(value) && value as number <= MAX_FIGURE;

const isFinite: Check = (value) => Number.isFinite(value);

const isLatency = isShape(Object.fromEntries(LATENCIES.map((name) => [name, isFigure])));

/** What a value of each kind has to be. */
const CHECKS: Readonly<Record<Kind, Check>> = {
  count: isCount,
  sum: (value) => isSum(value) && isFigure(value),
  number: isFigure,
  "number or null": orNull(isFigure),
  boolean: isBoolean,
  text: isText,
  "text or null": orNull(isText),
  "time or null": orNull((value) => isText(value) && !Number.isNaN(Date.parse(value))),
  counts: isMap(isCount),
  statuses: isStatusCounts,
  errors: isErrorCounts,
  latency: isLatency,
  phases: isMap(
    orNull(isShape(
      Object.fromEntries(
        PHASE_FIGURES.map((name) => [name, name === "count" ? isCount : isFigure]),
      ),
    )),
    (name) => (PHASES as readonly string[]).includes(name),
  ),
  late: isShape({ count: isCount, mean_ms: isFigure, max_ms: isFigure }),
  "own lateness or null": orNull(
    isShape({ mean: isFigure, p50: isFigure, p99: isFigure, max: isFigure }),
  ),
  "cluster or null": orNull(
    isShape({
      run: orNull(isText),
      workers: isCount,
      slices: isCount,
      redone: isCount,
      records: isCount,
      parts_sha256: orNull(isText),
    }),
  ),
  "flow or null": orNull(
    isShape({
      iterations: isCount,
      failed: isCount,
      duration_ms: isLatency,
      steps: isList(
        isShape({ step: isText, requests: isCount, failed: isCount, response_ms: isLatency }),
        MAX_NAMES + 1,
      ),
      checks: isCheckFigures,
    }),
  ),
  "flow tally or null": orNull(isFlowState),
  thresholds: isList(
    isShape({
      threshold: isText,
      value: orNull(isFinite),
      unit: (value) => UNITS.includes(value as ThresholdUnit),
      passed: isBoolean,
    }, { bound: isFinite }),
    MAX_THRESHOLDS,
  ),
  "slow responses or null": orNull(
    isList(
      isShape({
        i: isCount,
        url: isText,
        status: orNull(isCount),
        ms: isFigure,
        at: orNull((value) => isText(value) && !Number.isNaN(Date.parse(value))),
      }),
      MAX_SLOWEST,
    ),
  ),
  "host list or null": orNull(
    isList(
      isShape({
        host: isText,
        requests: isCount,
        failed: isCount,
        mean_ms: isFigure,
        max_ms: isFigure,
      }),
      MAX_HOSTS + 1,
    ),
  ),
  histogram: isHistogramState,
  "histogram or null": orNull(isHistogramState),
  "histograms by phase": isPhaseStates,
};

/** What each figure has to be. */
const SHAPE: Shape = Object.fromEntries(FIGURE_ROWS.map(([key, { kind }]) => [key, CHECKS[kind]]));
/** The figures of every summary; older ones may lack others. */
const REQUIRED = ["requests", "succeeded", "failed"];

/**
 * Reads a summary as a run or `myriad report --json` wrote it. What an older one lacks is missing.
 *
 * @param name the argument that names the file, for messages
 * @throws {UsageError} If the text is not a summary.
 */
export function parseSummary(text: string, name: string): KnownSummary {
  const fail = (why: string): never => {
    throw new UsageError(
      `Cannot read '${name}': ${why}: pass the output of a run, or what --summary wrote`,
    );
  };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return fail("it is not a whole JSON document");
  }
  if (!isObject(value)) return fail("it is not a summary of a run");
  const summary: Record<string, unknown> = {};
  for (const [key, check] of Object.entries(SHAPE)) {
    if (!Object.hasOwn(value, key)) {
      if (REQUIRED.includes(key)) fail(`it is not a summary of a run, as it has no '${key}'`);
      continue;
    }
    if (!check(value[key])) fail(`its '${key}' is not what a summary has`);
    summary[key] = value[key];
  }
  if (value.requests !== value.succeeded as number + (value.failed as number)) {
    fail("its 'requests' are not the sum of 'succeeded' and 'failed'");
  }
  return summary as unknown as KnownSummary;
}

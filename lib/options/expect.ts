/**
 * What a run is held to.
 *
 * @module
 */
import { UsageError } from "../flags.ts";
import type { ThresholdOptions } from "../options.ts";
import { parseThreshold } from "../thresholds.ts";
import type { Values } from "./values.ts";

/**
 * The bounds for its numbers.
 *
 * @throws {UsageError} If one of them is none.
 */
export function thresholdsOf(values: Values): ThresholdOptions {
  const abortOnThreshold = values.isOn("abort-on-threshold");
  if (abortOnThreshold && !values.has("threshold")) {
    throw new UsageError("'--abort-on-threshold' is given without '--threshold': give both");
  }
  return { thresholds: values.list("threshold").map(parseThreshold), abortOnThreshold };
}

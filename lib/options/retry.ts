import { BELOW_400 } from "../check/status_set.ts";
import type { Expectation } from "../target.ts";
import type { RetryOptions } from "./run_options.ts";
import type { RunValues } from "./table.ts";

/**
 * Which requests are made again, and when.
 *
 * @param expect what each response of the run is held against
 * @throws {UsageError} If a value is not of its kind.
 */
export function parseRetry(values: RunValues, { statuses }: Expectation): RetryOptions {
  const retries = values.get("retries");
  const delayMs = values.get("retry-delay");
  return {
    retries,
    on: values.get("retry-on"),
    delayMs,
    maxDelayMs: Math.max(delayMs, values.get("retry-max-delay")),
    unsafe: values.get("retry-unsafe"),
    // `--fail` says which statuses are failures, not that the others are what the user waits for.
    expected: statuses === BELOW_400 ? undefined : statuses,
    failsOnStatus: retries > 0 || values.has("retry-on"),
  };
}

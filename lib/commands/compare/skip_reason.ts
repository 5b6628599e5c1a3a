import type { Conditions, Trial } from "./trial.ts";

/** A trial whose estimated time exceeds the limit by this factor is skipped. */
const SKIP_FACTOR = 2;

/**
 * Finds a reason to skip a trial in the trials of the same strategy with fewer requests; undefined
 * if there is no reason. No output shows the estimate: it was not measured.
 *
 * @param before the trials of this strategy so far, by ascending requests
 * @param concurrency requests that this strategy has in flight at most
 */
export function findSkipReason(
  requests: number,
  before: readonly Trial[],
  { concurrency, timeLimitMs }: Pick<Conditions, "concurrency" | "timeLimitMs">,
): string | undefined {
  const ended = before.find((trial) => trial.outcome === "stopped" || trial.outcome === "broken");
  if (ended !== undefined) return `did not get through ${ended.requests.toLocaleString("en-US")}`;
  const last = before.findLast((trial) => trial.outcome === "finished");
  if (last === undefined) return undefined;
  // As if all requests in flight started and ended together.
  const countRounds = (count: number): number => Math.ceil(count / concurrency);
  const estimatedMs = last.seconds * 1000 * countRounds(requests) / countRounds(last.requests);
  return estimatedMs > SKIP_FACTOR * timeLimitMs
    ? "would take far longer than the time limit"
    : undefined;
}

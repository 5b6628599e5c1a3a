import type { Conditions, Trial } from "./trial.ts";

/** How far beyond the limit a trial must be seen to go for it not to be run at all. */
const BEYOND = 2;

/**
 * Why a trial is not worth starting, by what came of the same strategy with fewer requests;
 * undefined if it is. What is foreseen decides, and is never shown as though it were measured.
 *
 * @param before the trials of this strategy so far, by ascending requests
 * @param concurrency most requests that this strategy has in flight
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
  // As many rounds as it takes when all that are in flight come and go together.
  const rounds = (count: number): number => Math.ceil(count / concurrency);
  const foreseenMs = last.seconds * 1000 * rounds(requests) / rounds(last.requests);
  return foreseenMs > BEYOND * timeLimitMs
    ? "would take far longer than the time limit"
    : undefined;
}

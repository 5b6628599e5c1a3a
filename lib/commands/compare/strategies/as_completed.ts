import { asCompleted } from "../../../as_completed.ts";
import type { StrategyContext } from "../strategy.ts";

/**
 * The bounded pool of `myriad`: lazy, results as they complete and only as fast as they are taken,
 * a completion at the same cost whatever is in flight.
 */
export async function asCompletedOfMyriad(
  { urls, concurrency, request, take }: StrategyContext,
): Promise<void> {
  for await (const answer of asCompleted(urls, request, { concurrency })) take(answer);
}

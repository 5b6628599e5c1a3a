import { asCompleted } from "../../../as_completed.ts";
import type { StrategyContext } from "../strategy.ts";

/**
 * The bounded pool of `myriad`: lazy, with results in the order of completion and only as fast as
 * the loop takes them. A completion costs the same however many requests are in flight.
 */
export async function asCompletedOfMyriad(
  { urls, concurrency, request, onResult }: StrategyContext,
): Promise<void> {
  for await (const result of asCompleted(urls, request, { concurrency })) onResult(result);
}

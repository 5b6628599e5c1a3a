import { pooledMap } from "@std/async/pool";
import type { Answer, StrategyContext } from "../strategy.ts";

/**
 * `pooledMap` of `@std/async`: lazy, bounded in flight, results in the order of the input. One that
 * is slow holds back all that are done behind it, and it races its whole pool for each.
 */
export async function pooledMapOfStd(
  { urls, concurrency, request, take }: StrategyContext,
): Promise<void> {
  const answers: AsyncIterable<Answer> = pooledMap(concurrency, urls, request);
  for await (const answer of answers) take(answer);
}

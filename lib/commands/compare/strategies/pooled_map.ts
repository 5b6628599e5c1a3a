import { pooledMap } from "@std/async/pool";
import type { StrategyContext, StrategyResult } from "../strategy.ts";

/**
 * `pooledMap` of `@std/async`: lazy, with bounded requests in flight and results in the order of the
 * input. A slow request holds back all results after it, and each completion races the whole pool.
 */
export async function pooledMapOfStd(
  { urls, concurrency, request, onResult }: StrategyContext,
): Promise<void> {
  const results: AsyncIterable<StrategyResult> = pooledMap(concurrency, urls, request);
  for await (const result of results) onResult(result);
}

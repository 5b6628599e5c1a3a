import type { StrategyContext } from "../strategy.ts";

/**
 * `Promise.race` over a full pool, like `asyncio.wait` with `FIRST_COMPLETED`. The cost of a
 * completion grows with the requests in flight, since each race subscribes to all of them.
 */
export async function race(
  { urls, concurrency, request, onResult }: StrategyContext,
): Promise<void> {
  const pool = new Set<Promise<void>>();
  for (const url of urls) {
    const promise = request(url).then(onResult).finally(() => pool.delete(promise));
    pool.add(promise);
    if (pool.size === concurrency) await Promise.race(pool);
  }
  await Promise.all(pool);
}

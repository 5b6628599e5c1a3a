import type { StrategyContext } from "../strategy.ts";

/**
 * `Promise.race` over a full pool, as `asyncio.wait` with `FIRST_COMPLETED`: a completion costs as
 * much as there are requests in flight, since each race looks at all of them anew.
 */
export async function race({ urls, concurrency, request, take }: StrategyContext): Promise<void> {
  const pool = new Set<Promise<void>>();
  for (const url of urls) {
    const promise = request(url).then(take).finally(() => pool.delete(promise));
    pool.add(promise);
    if (pool.size === concurrency) await Promise.race(pool);
  }
  await Promise.all(pool);
}

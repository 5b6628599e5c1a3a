import { Semaphore } from "../semaphore.ts";
import type { StrategyContext } from "../strategy.ts";

/**
 * The same semaphore, acquired before the promise is made, so that there are at most as many promises
 * as requests in flight. Completed promises leave the set, which would grow otherwise.
 */
export async function semaphoreFirst(
  { urls, concurrency, request, onResult }: StrategyContext,
): Promise<void> {
  const permits = new Semaphore(concurrency);
  const running = new Set<Promise<void>>();
  for (const url of urls) {
    await permits.acquire();
    const promise = request(url).then(onResult).finally(() => {
      running.delete(promise);
      permits.release();
    });
    running.add(promise);
  }
  await Promise.all(running);
}

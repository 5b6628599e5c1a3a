import { Semaphore } from "../semaphore.ts";
import type { StrategyContext } from "../strategy.ts";

/**
 * The same semaphore, acquired before the promise is made: at most as many promises as requests in
 * flight. The promises that are done have to be let go of, or their list would grow.
 */
export async function semaphoreFirst(
  { urls, concurrency, request, take }: StrategyContext,
): Promise<void> {
  const permits = new Semaphore(concurrency);
  const running = new Set<Promise<void>>();
  for (const url of urls) {
    await permits.acquire();
    const promise = request(url).then(take).finally(() => {
      running.delete(promise);
      permits.release();
    });
    running.add(promise);
  }
  await Promise.all(running);
}

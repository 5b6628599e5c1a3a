import { Semaphore } from "../semaphore.ts";
import type { StrategyContext } from "../strategy.ts";

/**
 * A promise for every request up front, each of which waits for a semaphore inside. What is in
 * flight is bounded; what is promised is not: every URL, closure and promise is in memory before
 * the first request is made.
 */
export async function semaphore(
  { urls, concurrency, request, take }: StrategyContext,
): Promise<void> {
  const permits = new Semaphore(concurrency);
  const promises: Promise<void>[] = [];
  const fetchOne = async (url: string): Promise<void> => {
    await permits.acquire();
    try {
      take(await request(url));
    } finally {
      permits.release();
    }
  };
  for (const url of urls) promises.push(fetchOne(url));
  await Promise.all(promises);
}

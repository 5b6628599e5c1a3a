import { Semaphore } from "../semaphore.ts";
import type { StrategyContext } from "../strategy.ts";

/**
 * A promise for every request up front, each of which waits for a semaphore inside. That bounds the
 * requests in flight, but not the promises: every URL, closure and promise is in memory before the
 * first request.
 */
export async function semaphore(
  { urls, concurrency, request, onResult }: StrategyContext,
): Promise<void> {
  const permits = new Semaphore(concurrency);
  const promises: Promise<void>[] = [];
  const fetchOne = async (url: string): Promise<void> => {
    await permits.acquire();
    try {
      onResult(await request(url));
    } finally {
      permits.release();
    }
  };
  for (const url of urls) promises.push(fetchOne(url));
  await Promise.all(promises);
}

import type { StrategyContext } from "../strategy.ts";

/** So many loops that take from one iterator: nothing to race, and nothing that waits in memory. */
export async function workers(
  { urls, concurrency, request, take }: StrategyContext,
): Promise<void> {
  const queue = urls[Symbol.iterator]();
  // Not `for…of`: the first worker to leave it would close the iterator for all.
  const work = async (): Promise<void> => {
    for (let next = queue.next(); !next.done; next = queue.next()) {
      take(await request(next.value));
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
}

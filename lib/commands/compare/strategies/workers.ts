import type { StrategyContext } from "../strategy.ts";

/** Loops that share one iterator: they race no promises, and no request waits in memory. */
export async function workers(
  { urls, concurrency, request, onResult }: StrategyContext,
): Promise<void> {
  const queue = urls[Symbol.iterator]();
  // The first worker to leave a `for…of` would close the iterator for all.
  const work = async (): Promise<void> => {
    for (let next = queue.next(); !next.done; next = queue.next()) {
      onResult(await request(next.value));
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
}

import type { StrategyContext } from "../strategy.ts";

/** `Promise.all` over one slice after another: each slice waits for its slowest request. */
export async function batches(
  { urls, concurrency, request, onResult }: StrategyContext,
): Promise<void> {
  let batch: Promise<void>[] = [];
  for (const url of urls) {
    batch.push(request(url).then(onResult));
    if (batch.length < concurrency) continue;
    await Promise.all(batch);
    batch = [];
  }
  await Promise.all(batch);
}

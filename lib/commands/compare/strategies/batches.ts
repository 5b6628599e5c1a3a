import type { StrategyContext } from "../strategy.ts";

/** `Promise.all` over one slice after another: each waits for its slowest request. */
export async function batches(
  { urls, concurrency, request, take }: StrategyContext,
): Promise<void> {
  let batch: Promise<void>[] = [];
  for (const url of urls) {
    batch.push(request(url).then(take));
    if (batch.length < concurrency) continue;
    await Promise.all(batch);
    batch = [];
  }
  await Promise.all(batch);
}

import type { StrategyContext } from "../strategy.ts";

/** One request after another, like a loop over Python's `requests`. */
export async function sync({ urls, request, onResult }: StrategyContext): Promise<void> {
  for (const url of urls) onResult(await request(url));
}

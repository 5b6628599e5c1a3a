import type { StrategyContext } from "../strategy.ts";

/** One after another, as a loop over Python's `requests` does. */
export async function sync({ urls, request, take }: StrategyContext): Promise<void> {
  for (const url of urls) take(await request(url));
}

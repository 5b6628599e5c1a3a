import type { Work } from "../strategy.ts";

/** One after another, as a loop over Python's `requests` does. */
export async function sync({ urls, request, take }: Work): Promise<void> {
  for (const url of urls) take(await request(url));
}

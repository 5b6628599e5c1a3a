/**
 * The peer of `bench/main.ts`: the least that native fetch costs. Worker loops on one counter, a
 * client of its own, bodies read whole; no timeout, no statistics, no records.
 *
 *     deno run --allow-net bench/bare_fetch.ts URL REQUESTS CONCURRENCY
 *
 * @module
 */
import process from "node:process";

const [url, requests, concurrency] = [Deno.args[0], Number(Deno.args[1]), Number(Deno.args[2])];
const client = Deno.createHttpClient({ poolMaxIdlePerHost: concurrency });
let next = 0;

async function work(): Promise<void> {
  while (next < requests) {
    const response = await fetch(url + next++, { client });
    await response.arrayBuffer();
  }
}

const start = performance.now();
await Promise.all(Array.from({ length: concurrency }, work));
const seconds = (performance.now() - start) / 1000;
client.close();
const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
// The same names as in the summary of `myriad --json`.
console.log(JSON.stringify({
  requests,
  seconds,
  rate: requests / seconds,
  cpu_seconds: (userCPUTime + systemCPUTime) / 1e6,
  peak_rss_kb: maxRSS,
}));

/**
 * The peer of `deno task bench fetch`: the least that native fetch costs. Worker loops on one
 * counter, a client of its own, bodies read whole; no timeout, no statistics, no records.
 *
 *     deno run --allow-net bench/bare_fetch.ts URL REQUESTS CONCURRENCY
 *
 * @module
 */
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
console.log(JSON.stringify({ requests, failed: 0, rate: requests / seconds }));

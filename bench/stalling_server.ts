/**
 * A server that holds its responses back, in one of the ways of {@linkcode DELAYS_MS}.
 *
 *     deno run --allow-net bench/stalling_server.ts WAY PORT
 *
 * @module
 */

/** How long the next response takes. */
const DELAYS_MS = {
  /** 20 s for the first of all numbers, no time for the rest. */
  head: ({ url }: Request) => url.endsWith("/0") ? 20_000 : 0,
  /** 20 ms; but in the first 2 s of each 10 s, so long after those. */
  periods() {
    const ms = performance.now() % 10_000;
    return Math.max(0, 2_000 - ms) + 20;
  },
};

/** A way in which it stalls. */
export type Stall = keyof typeof DELAYS_MS;

if (import.meta.main) {
  const delayMs = DELAYS_MS[Deno.args[0] as Stall];
  Deno.serve(
    { hostname: "127.0.0.1", port: Number(Deno.args[1]), onListen() {} },
    async (request) => {
      const ms = delayMs(request);
      if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms));
      return new Response("Hello, World!");
    },
  );
}

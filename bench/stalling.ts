/** A server that takes 20 ms for an answer, and at the beginning of each 10 s none at all for 2 s. */
const STALL_MS = 2_000;
const PERIOD_MS = 10_000;
const ANSWER_MS = 20;

const startMs = performance.now();

Deno.serve({ hostname: "127.0.0.1", port: Number(Deno.args[0]), onListen() {} }, async () => {
  const ms = (performance.now() - startMs) % PERIOD_MS;
  const left = ms < STALL_MS ? STALL_MS - ms : 0;
  await new Promise((resolve) => setTimeout(resolve, left + ANSWER_MS));
  return new Response("Hello, World!");
});

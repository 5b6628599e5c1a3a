/**
 * Measures how late timers of 10 ms are in the program that it is loaded before, and prints it on
 * standard error when that ends.
 *
 *     deno run --preload bench/late_timers.ts main.ts …
 *
 * @module
 */
const PERIOD_MS = 10;
/** As many as a run of 10 minutes has. */
const MAX_TIMERS = 60_000;

const latenessMs = new Float64Array(MAX_TIMERS);
let count = 0;

function next(): void {
  const dueMs = performance.now() + PERIOD_MS;
  const timer = setTimeout(() => {
    if (count < MAX_TIMERS) latenessMs[count++] = performance.now() - dueMs;
    next();
  }, PERIOD_MS);
  // The program ends as it does without it.
  Deno.unrefTimer(timer);
}

addEventListener("unload", () => {
  const sorted = latenessMs.subarray(0, count).sort();
  const at = (share: number): number => sorted[Math.min(count - 1, Math.floor(share * count))];
  const told = { timers: count, p50: at(0.5), p99: at(0.99), max: at(1) };
  Deno.stderr.writeSync(new TextEncoder().encode(`${JSON.stringify(told)}\n`));
});

next();

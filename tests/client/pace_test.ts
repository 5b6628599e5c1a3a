import { assert, assertEquals, assertRejects } from "@std/assert";
import { pace } from "../../lib/client/pace.ts";

Deno.test("pace() gives items at their times, and what is overdue at once", async () => {
  const times: number[] = [];
  // The schedule begins between the two.
  const begin = performance.now();
  let firstMs = Infinity;
  let hasTurned = false;
  let turn: ReturnType<typeof setTimeout> | undefined;
  for await (const item of pace([0, 1, 2, 3, 4, 5], { rate: "100/s" })) {
    times[item] = performance.now() - begin;
    if (item === 0) firstMs = performance.now();
    // The consumer is late for the next two: the event loop has no turn between them.
    if (item === 1) { while (performance.now() - firstMs < 35); }
    if (item === 2) turn = setTimeout(() => hasTurned = true, 0);
    if (item === 3) assertEquals(hasTurned, false);
  }
  for (const [k, ms] of times.entries()) assert(ms >= 10 * k - 5, `${k} came after ${ms} ms`);
  assertEquals(times.length, 6);
  clearTimeout(turn);
});

Deno.test("pace() ends with its stages, and closes the items", async () => {
  let isClosed = false;
  const items = function* () {
    try {
      for (let k = 0;; k++) yield k;
    } finally {
      isClosed = true;
    }
  };
  const taken = await Array.fromAsync(pace(items(), { stages: "0s:200/s,50ms:200/s" }));
  assertEquals(taken.length, 10);
  assertEquals(isClosed, true);
});

Deno.test("pace() waits no longer when its consumer stops, and closes the items", async () => {
  let isClosed = false;
  const items = function* () {
    try {
      for (let k = 0;; k++) yield k;
    } finally {
      isClosed = true;
    }
  };
  const paced = pace(items(), { rate: "1/h" });
  assertEquals(await paced.next(), { value: 0, done: false });
  const next = paced.next();
  assertEquals(await paced.return!(), { value: undefined, done: true });
  assertEquals(await next, { value: undefined, done: true });
  assertEquals(isClosed, true);
});

Deno.test("pace() refuses a wrong schedule", async () => {
  const take = (options: object) => Array.fromAsync(pace([1], options));
  await assertRejects(() => take({}), RangeError, "there is no rate");
  await assertRejects(
    () => take({ rate: 0 }),
    RangeError,
    "Cannot pace items: Cannot read 'rate 0'",
  );
  await assertRejects(() => take({ stages: "10s:5" }), RangeError, "there is no rate");
});

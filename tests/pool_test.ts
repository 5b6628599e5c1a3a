import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { Pool } from "../lib/pool.ts";
import type { Source } from "../lib/stream.ts";
import { turn } from "./fixtures/turn.ts";

// What the pool promises beyond `asCompleted()`, whose tests run it as well.

function* numbers(count: number): Generator<number> {
  for (let i = 0; i < count; i++) yield i;
}

Deno.test("Pool does not grow the stack when items complete synchronously", async () => {
  let sum = 0;
  await new Pool<number, number>(numbers(200_000), {
    concurrency: 3,
    start: (i, done) => done(i),
    onResult: (i) => void (sum += i),
  }).run();
  assertEquals(sum, 199_999 * 100_000);
});

Deno.test("Pool counts results that are not taken yet as started", async () => {
  let open = 0;
  let most = 0;
  let full = Promise.withResolvers<void>();
  const pool = new Pool<number, number>(numbers(100), {
    concurrency: 4,
    start: (i, done) => {
      most = Math.max(most, ++open);
      queueMicrotask(() => done(i));
    },
    onResult: (i) => {
      // A sink that is full now and then.
      const release = (): void => void open--;
      return i % 7 === 0 ? full.promise.then(release) : release();
    },
  });
  const running = pool.run();
  for (let opened = 0; opened < 15; opened++) {
    await turn();
    full.resolve();
    full = Promise.withResolvers();
  }
  full.resolve();
  await running;
  assertEquals([open, most], [0, 4]);
});

for (const how of ["throws", "rejects"]) {
  Deno.test(`Pool ends when the consumer ${how}, once nothing runs`, async () => {
    const failure = new Error("disk full");
    const running: (() => void)[] = [];
    let stops = 0;
    let taken = 0;
    let returned = 0;
    let next = 0;
    const source: Source<number> = {
      next: () => ({ value: next++, done: false }),
      return: () => void returned++,
    };
    const pool = new Pool<number, number>(source, {
      concurrency: 3,
      start: (i, done) => void running.push(() => done(i)),
      onResult: () => {
        taken++;
        if (how === "throws") throw failure;
        return Promise.reject(failure);
      },
      onStop: () => stops++,
    });
    let isOver = false;
    const over = pool.run().finally(() => isOver = true);
    over.catch(() => {});
    running.shift()!();
    await turn();
    assertEquals([stops, returned, isOver, pool.hasFailed], [1, 1, false, true]);
    for (const done of running) done();
    assertStrictEquals(await assertRejects(() => over), failure);
    // What came later was dropped.
    assertEquals([taken, next, stops], [1, 3, 1]);
  });
}

Deno.test("Pool.stop() ends it early after the running items", async () => {
  const running: (() => void)[] = [];
  const pool = new Pool<number, number>(numbers(1_000), {
    concurrency: 2,
    start: (i, done) => void running.push(() => done(i)),
    onResult: () => assert(false, "nothing is taken any more"),
  });
  const over = pool.run();
  pool.stop();
  for (const done of running) done();
  await over;
  assertEquals([running.length, pool.hasFailed], [2, false]);
});

Deno.test("Pool.stop() called by the source itself starts nothing more, and closes the source", async () => {
  let isClosed = false;
  const started: number[] = [];
  function* source(): Generator<number> {
    try {
      yield 0;
      pool.stop();
      yield 1;
    } finally {
      isClosed = true;
    }
  }
  const pool: Pool<number, number> = new Pool<number, number>(source(), {
    concurrency: 2,
    start: (i, done) => {
      started.push(i);
      done(i);
    },
    onResult: () => {},
  });
  await pool.run();
  assertEquals([started, isClosed, pool.hasFailed], [[0], true, false]);
});

for (
  const [how, end] of [
    ["at once", (done: () => void) => done()],
    ["without a turn of the event loop", queueMicrotask],
  ] as const
) {
  Deno.test(`Pool lets timers run when items complete ${how}`, async () => {
    let i = 0;
    const pool = new Pool<number, number>({ next: () => ({ value: i++, done: false }) }, {
      concurrency: 3,
      start: (i, done) => end(() => done(i)),
      onResult: () => {},
    });
    setTimeout(() => pool.stop(), 0);
    await pool.run();
    assert(i > 3);
  });
}

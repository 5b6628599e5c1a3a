import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { asCompleted } from "../lib/as_completed.ts";
import type { Source } from "../lib/stream.ts";
import { turn } from "./fixtures/turn.ts";

/** A task by hand: each call waits until the test settles it. */
function byHand<T>(): {
  task: (item: T, signal: AbortSignal) => Promise<T>;
  calls: {
    item: T;
    signal: AbortSignal;
    resolve: (value: T) => void;
    reject: (e: unknown) => void;
  }[];
} {
  const calls: ReturnType<typeof byHand<T>>["calls"] = [];
  const task = (item: T, signal: AbortSignal): Promise<T> => {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    calls.push({ item, signal, resolve, reject });
    return promise;
  };
  return { task, calls };
}

/** A source of 0, 1, 2 … that notes how it is used. */
class Counter implements Source<number> {
  pulled = 0;
  returned = 0;
  constructor(readonly length = Infinity) {}
  next(): IteratorResult<number> {
    return this.pulled < this.length
      ? { value: this.pulled++, done: false }
      : { value: undefined, done: true };
  }
  return(): void {
    this.returned++;
  }
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

for (
  const [name, items] of Object.entries<() => Iterable<number> | AsyncIterable<number>>({
    "an array": () => [0, 1, 2, 3, 4],
    "a generator": function* () {
      yield* [0, 1, 2, 3, 4];
    },
    "an async generator": async function* () {
      for (let i = 0; i < 5; i++) {
        await Promise.resolve();
        yield i;
      }
    },
    "a stream": () => ReadableStream.from([0, 1, 2, 3, 4]),
  })
) {
  for (const concurrency of [1, 2, 5, 100]) {
    Deno.test(`asCompleted() gives each result once from ${name} with ${concurrency} at once`, async () => {
      let most = 0;
      let running = 0;
      const results = await collect(asCompleted(items(), async (i) => {
        most = Math.max(most, ++running);
        await turn();
        running--;
        return i * 10;
      }, { concurrency }));
      assertEquals(results.toSorted((a, b) => a - b), [0, 10, 20, 30, 40]);
      assert(most <= concurrency, `${most} ran at once`);
    });
  }
}

Deno.test("asCompleted() gives results in the order of completion", async () => {
  const { task, calls } = byHand<number>();
  const results = asCompleted([0, 1, 2], task, { concurrency: 3 });
  const first = results.next();
  calls[2].resolve(2);
  assertEquals(await first, { value: 2, done: false });
  calls[0].resolve(0);
  calls[1].resolve(1);
  assertEquals((await results.next()).value, 0);
  assertEquals((await results.next()).value, 1);
  assertEquals(await results.next(), { value: undefined, done: true });
  assertEquals(await results.next(), { value: undefined, done: true });
});

Deno.test("asCompleted() runs nothing before the first next()", async () => {
  const source = new Counter();
  const results = asCompleted(source, (i) => i, { concurrency: 4 });
  await turn();
  assertEquals(source.pulled, 0);
  await results.return!();
  assertEquals([source.pulled, source.returned], [0, 1]);
});

Deno.test("asCompleted() pulls an item only when a worker is free, and waits for its consumer", async () => {
  const source = new Counter();
  const { task, calls } = byHand<number>();
  const results = asCompleted(source, task, { concurrency: 4 });
  const first = results.next();
  await turn();
  assertEquals(source.pulled, 4);
  for (const call of calls.slice(0, 4)) call.resolve(call.item);
  await first;
  await turn();
  // One result was taken, so one worker went on; three hold results that nobody took.
  assertEquals(source.pulled, 5);
  await results.next();
  await turn();
  assertEquals(source.pulled, 6);
  for (const call of calls) call.resolve(call.item);
  await results.return!();
  assertEquals(source.returned, 1);
});

Deno.test("asCompleted() gives other results while the first item is slow", async () => {
  const slow = Promise.withResolvers<number>();
  let done = 0;
  const results = asCompleted(new Counter(10_000), (i) => i === 0 ? slow.promise : i, {
    concurrency: 2,
  });
  for await (const i of results) {
    if (++done === 9_999) slow.resolve(0);
    if (i === 0) assertEquals(done, 10_000);
  }
  assertEquals(done, 10_000);
});

Deno.test("asCompleted() costs the same a completion at any concurrency", async () => {
  // Not timed: the settled handlers that a completion runs are counted, through the promises.
  for (const concurrency of [1, 10, 1_000]) {
    let thens = 0;
    class Counted<T> extends Promise<T> {
      override then<A = T, B = never>(
        onFulfilled?: ((value: T) => A | PromiseLike<A>) | null,
        onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
      ): Promise<A | B> {
        thens++;
        return super.then(onFulfilled, onRejected);
      }
      static override get [Symbol.species](): PromiseConstructor {
        return Promise;
      }
    }
    const items = 5_000;
    await collect(asCompleted(new Counter(items), (i) => Counted.resolve(i), { concurrency }));
    assertEquals(thens, items);
  }
});

Deno.test("asCompleted() closes the source and waits for the running tasks on break", async () => {
  const source = new Counter();
  let running = 0;
  let aborted = 0;
  for await (
    const i of asCompleted(source, async (i, signal) => {
      running++;
      if (i > 0) {
        await new Promise<void>((resolve) => {
          signal.addEventListener("abort", () => resolve(), { once: true });
        });
        aborted++;
      }
      running--;
      return i;
    }, { concurrency: 8 })
  ) {
    assertEquals(i, 0);
    break;
  }
  assertEquals(running, 0);
  assertEquals(source.returned, 1);
  assertEquals(aborted, source.pulled - 1);
});

Deno.test("asCompleted() runs a generator's finally on break", async () => {
  let closed = false;
  function* items(): Generator<number> {
    try {
      for (let i = 0;; i++) yield i;
    } finally {
      closed = true;
    }
  }
  for await (const _ of asCompleted(items(), (i) => i, { concurrency: 3 })) break;
  assert(closed);
});

for (const how of ["rejects", "throws"]) {
  Deno.test(`asCompleted() throws the task's error when it ${how}`, async () => {
    const source = new Counter();
    const failure = new Error("task");
    const { task, calls } = byHand<number>();
    const results = asCompleted(source, (i, signal) => {
      if (i === 2 && how === "throws") throw failure;
      return task(i, signal);
    }, { concurrency: 3 });
    const first = results.next();
    calls[0].resolve(0);
    if (how === "rejects") calls[2].reject(failure);
    // What was complete before the failure comes first.
    if (how === "rejects") assertEquals((await first).value, 0);
    const next = how === "rejects" ? results.next() : first;
    let settled = false;
    next.catch(() => {}).finally(() => settled = true);
    await turn();
    assert(!settled, "it waits for the tasks that run");
    assert(calls[1].signal.aborted);
    for (const call of calls) call.reject(new Error("later errors are dropped"));
    assertStrictEquals(await assertRejects(() => next), failure);
    assertEquals(source.returned, 1);
    assertEquals((await results.next()).done, true);
  });
}

Deno.test("asCompleted() throws the source's error and does not close the source", async () => {
  for (const kind of ["sync", "async"]) {
    const failure = new Error("source");
    const source: Source<number> & { returned: number } = {
      returned: 0,
      next: () => {
        if (kind === "sync") throw failure;
        return Promise.reject(failure);
      },
      return() {
        this.returned++;
      },
    };
    const caught = await assertRejects(() =>
      collect(asCompleted(source, (i) => i, { concurrency: 2 }))
    );
    assertStrictEquals(caught, failure);
    assertEquals(source.returned, 0);
  }
});

Deno.test("asCompleted() gives the results so far before it throws the source's error", async () => {
  const seen: number[] = [];
  function* items(): Generator<number> {
    yield 1;
    yield 2;
    throw new Error("broke off");
  }
  await assertRejects(
    async () => {
      for await (const i of asCompleted(items(), (i) => i, { concurrency: 1 })) seen.push(i);
    },
    Error,
    "broke off",
  );
  assertEquals(seen, [1, 2]);
});

Deno.test("asCompleted() throws the signal's reason when it aborts", async () => {
  const controller = new AbortController();
  const source = new Counter();
  const { task, calls } = byHand<number>();
  const next = asCompleted(source, task, { concurrency: 2, signal: controller.signal }).next();
  const reason = new Error("enough");
  controller.abort(reason);
  assert(calls.every((call) => call.signal.aborted));
  for (const call of calls) call.resolve(0);
  assertStrictEquals(await assertRejects(() => next), reason);
  assertEquals([source.pulled, source.returned], [2, 1]);
});

Deno.test("asCompleted() pulls nothing when the signal is already aborted", async () => {
  const source = new Counter();
  const signal = AbortSignal.abort(new Error("enough"));
  await assertRejects(() => collect(asCompleted(source, (i) => i, { concurrency: 2, signal })));
  assertEquals([source.pulled, source.returned], [0, 1]);
});

Deno.test("asCompleted() leaves no listener on the signal at any end", async () => {
  class Signal extends EventTarget {
    aborted = false;
    reason: unknown;
    listeners = 0;
    override addEventListener(...args: Parameters<EventTarget["addEventListener"]>): void {
      this.listeners++;
      super.addEventListener(...args);
    }
    override removeEventListener(...args: Parameters<EventTarget["removeEventListener"]>): void {
      this.listeners--;
      super.removeEventListener(...args);
    }
  }
  const ends: Record<string, (i: number) => number> = {
    done: (i) => i,
    break: (i) => i,
    error: () => {
      throw new Error("task");
    },
  };
  for (const [end, task] of Object.entries(ends)) {
    const signal = new Signal();
    const options = { concurrency: 2, signal: signal as unknown as AbortSignal };
    try {
      for await (const _ of asCompleted(new Counter(10), task, options)) if (end === "break") break;
    } catch (error) {
      assertEquals((error as Error).message, "task");
    }
    assert(signal.listeners <= 0, `${end} left ${signal.listeners}`);
  }
});

Deno.test("asCompleted() pulls one item at a time from an asynchronous source", async () => {
  let outstanding = 0;
  let i = 0;
  const source: Source<number> = {
    next: async () => {
      assertEquals(++outstanding, 1);
      await turn();
      outstanding--;
      return i < 20 ? { value: i++, done: false } : { value: undefined, done: true };
    },
  };
  assertEquals((await collect(asCompleted(source, (i) => i, { concurrency: 10 }))).length, 20);
});

Deno.test("asCompleted() settles several outstanding next() in order", async () => {
  const results = asCompleted([1, 2], (i) => i, { concurrency: 2 });
  const steps = await Promise.all([results.next(), results.next(), results.next()]);
  assertEquals(steps.map((step) => step.value), [1, 2, undefined]);
});

Deno.test("asCompleted() throws the consumer's error when closing the source fails too", async () => {
  const source = new Counter();
  source.return = () => {
    throw new Error("closing");
  };
  await assertRejects(
    async () => {
      for await (const _ of asCompleted(source, (i) => i, { concurrency: 1 })) {
        throw new Error("consumer");
      }
    },
    Error,
    "consumer",
  );
});

Deno.test("asCompleted() throws TypeError if there are no items", () => {
  for (const items of [null, undefined, 5, "a text"] as unknown as number[][]) {
    assertThrows(() => asCompleted(items, (i) => i, { concurrency: 1 }), TypeError, "'items'");
  }
});

Deno.test("asCompleted() throws RangeError unless the concurrency is a positive integer", () => {
  for (const concurrency of [0, -1, 1.5, NaN, Infinity]) {
    assertThrows(() => asCompleted([], (i) => i, { concurrency }), RangeError, "'concurrency'");
  }
});

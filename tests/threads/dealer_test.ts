import { assert, assertEquals } from "@std/assert";
import { InputError } from "../../lib/errors.ts";
import type { Item } from "../../lib/source/item.ts";
import type { Source } from "../../lib/stream.ts";
import { MAX_QUEUED_BYTES } from "../../lib/threads/block_queue.ts";
import { Dealt, numbers, Trickle } from "../fixtures/dealing.ts";
import { target } from "../fixtures/target.ts";
import { turn } from "../fixtures/turn.ts";

const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/** The same items; tells of each that is read. */
function counted(items: Source<Item>, onRead: () => void): Source<Item> {
  return {
    next() {
      onRead();
      return items.next();
    },
  };
}

/** Asks for a worker again and again, so that each block lasts so long. */
function askTimes(dealt: Dealt, worker: number, times: number, ms: number): void {
  for (let k = 0; k < times; k++) {
    dealt.dealer.ask(worker);
    dealt.now += ms;
  }
}

for (const workers of [1, 2, 5]) {
  Deno.test(`Dealer deals each item once to ${workers} workers, and ends each once`, () => {
    for (const count of [0, 1, workers, 1_234]) {
      const dealt = new Dealt(numbers(count), { workers, total: count });
      for (let k = 0; dealt.ended.length < workers; k++) dealt.dealer.ask(k % workers);
      assertEquals(dealt.numbers, upTo(count));
      assertEquals(dealt.ended.toSorted(), upTo(workers));
      assertEquals(dealt.dealer.dealt, count);
      dealt.dealer.ask(0);
      assertEquals(dealt.ended.length, workers);
    }
  });
}

Deno.test("Dealer gives each worker at first what it has places for", () => {
  const dealt = new Dealt(numbers(1e6), { concurrency: 20 });
  for (const worker of [0, 0, 1, 1]) dealt.dealer.ask(worker);
  assertEquals(dealt.blocks.map((blocks) => blocks.map(({ length }) => length)), [[10, 10], [
    10,
    10,
  ]]);
});

for (
  const [speed, ms, length, hasRecords] of [
    ["fast", 1, 10_000, false],
    ["fast", 1, 1_000, true],
    ["slow", 1_000, 1, false],
    ["middling", 100, 10, true],
  ] as const
) {
  const what = hasRecords ? "records" : "numbers";
  Deno.test(`Dealer gives a worker that is ${speed} blocks of ${length} ${what}`, () => {
    const dealt = new Dealt(numbers(1e6), { concurrency: 20, hasRecords });
    askTimes(dealt, 0, 20, ms);
    assertEquals(dealt.lastLength(0), length);
    // Others have their own.
    dealt.dealer.ask(1);
    assertEquals(dealt.lastLength(1), 10);
  });
}

for (
  const [what, options] of [
    ["by their total", { total: 4_000 }],
    ["by the last number", { end: 4_000 }],
  ] as const
) {
  Deno.test(`Dealer gives shorter blocks towards the end, known ${what}`, () => {
    const dealt = new Dealt(numbers(4_000), { concurrency: 2_000, ...options });
    const lengths: number[] = [];
    for (let k = 0; dealt.ended.length === 0; k++) {
      dealt.dealer.ask(k % 2);
      if (dealt.ended.length === 0) lengths.push(dealt.lastLength(k % 2));
    }
    assertEquals(lengths[0], 500);
    assertEquals(lengths, lengths.toSorted((a, b) => b - a));
    assertEquals(lengths.at(-1), 1);
  });
}

Deno.test("Dealer gives shorter blocks towards the end of a file", () => {
  let read = 0;
  const items = counted(numbers(1_000), () => read++);
  const dealt = new Dealt(items, { concurrency: 200, input: { progress: () => read / 1_000 } });
  const lengths: number[] = [];
  for (let k = 0; dealt.ended.length === 0; k++) {
    dealt.dealer.ask(k % 2);
    if (dealt.ended.length === 0) lengths.push(dealt.lastLength(k % 2));
  }
  // Nothing is known of an input that was not begun.
  assertEquals(lengths.slice(0, 2), [100, 100]);
  assertEquals(lengths.at(-1), 1);
  assertEquals(dealt.numbers, upTo(1_000));
});

Deno.test("Dealer gives a worker what it starts in a second at a rate", () => {
  for (const [rate, length] of [[1, 1], [20, 10], [1e6, 50]] as const) {
    const dealt = new Dealt(numbers(1e6), { concurrency: 100, rate });
    dealt.dealer.ask(0);
    assertEquals(dealt.lastLength(0), length);
  }
});

Deno.test("Dealer hands out at once what an input gives", async () => {
  const items = new Trickle();
  const dealt = new Dealt(items, { concurrency: 20 });
  for (const worker of [0, 1, 1]) dealt.dealer.ask(worker);
  assertEquals(dealt.blocks, [[], []]);
  for (const [more, blocks] of [[1, [[[0]], []]], [2, [[[0]], [[1, 2]]]]] as const) {
    items.add(more);
    await turn();
    assertEquals(dealt.blocks as unknown, blocks);
  }
  // A worker that asks while nothing is there waits for its turn.
  dealt.dealer.ask(0);
  items.end();
  await turn();
  assertEquals(dealt.ended.toSorted(), [0, 1]);
});

Deno.test("Dealer gives first to the worker with the fewest open items", async () => {
  const items = new Trickle();
  const dealt = new Dealt(items, { workers: 3, concurrency: 3 });
  dealt.dealer.ask(0, 0, 0, 1, 1, 2, 2);
  const give = async (count: number): Promise<void> => {
    items.add(count);
    await turn();
  };
  await give(3);
  assertEquals(dealt.blocks as unknown, [[[0]], [[1]], [[2]]]);
  for (const worker of [1, 2]) {
    dealt.dealer.settle(worker, 1);
    await give(1);
  }
  assertEquals(dealt.blocks as unknown, [[[0]], [[1], [3]], [[2], [4]]]);
});

Deno.test("Dealer gives a worker no more than it has places for, if others have places for it", () => {
  const dealt = new Dealt(numbers(100), { workers: 3, concurrency: 100, total: 100 });
  const count = (worker: number): number => dealt.blocks[worker].flat().length;
  for (let k = 0; k < 50; k++) dealt.dealer.ask(0);
  assertEquals(count(0), 34);
  dealt.dealer.settle(0, 2);
  assertEquals(count(0), 36);
  for (let k = 0; k < 50; k++) dealt.dealer.ask(1, 2);
  assertEquals(dealt.numbers, upTo(100));
  assertEquals([count(0), count(1), count(2)], [36, 32, 32]);
});

Deno.test("Dealer spreads an input that is slow", async () => {
  const items = new Trickle();
  const dealt = new Dealt(items, { concurrency: 4 });
  items.add(130);
  askTimes(dealt, 0, 8, 1);
  assertEquals(dealt.lastLength(0), 64);
  dealt.dealer.ask(0);
  dealt.dealer.ask(1);
  dealt.now += 100;
  items.add(100);
  await turn();
  assertEquals([dealt.lastLength(0), dealt.lastLength(1)], [2, 2]);
});

Deno.test("Dealer deals everything before an error, which it keeps", async () => {
  const error = new InputError("broken");
  for (const isLate of [false, true]) {
    const items = new Trickle();
    const dealt = new Dealt(items, { concurrency: 20 });
    if (isLate) dealt.dealer.ask(0);
    items.add(3);
    if (isLate) await turn();
    items.end(error);
    for (const worker of [0, 1, 0]) dealt.dealer.ask(worker);
    await turn();
    assertEquals(dealt.numbers, upTo(3));
    assertEquals([dealt.ended.toSorted(), dealt.dealer.failure], [[0, 1], error]);
  }
});

Deno.test("Dealer gives nothing after stop(), whatever comes", async () => {
  const items = new Trickle();
  const dealt = new Dealt(items);
  dealt.dealer.ask(0);
  dealt.dealer.stop();
  items.add(3);
  items.end(new InputError("broken"));
  await turn();
  dealt.dealer.ask(1);
  assertEquals([dealt.blocks, dealt.ended, dealt.dealer.failure], [[[], []], [], undefined]);
});

Deno.test("Dealer gives nothing to a worker that has left", async () => {
  const items = new Trickle();
  const dealt = new Dealt(items, { concurrency: 2 });
  for (const worker of [0, 0, 1, 1]) dealt.dealer.ask(worker);
  dealt.dealer.leave(0);
  items.add(2);
  items.end();
  await turn();
  for (const worker of [0, 1]) dealt.dealer.ask(worker);
  assertEquals([dealt.blocks, dealt.ended] as unknown, [[[], [[0], [1]]], [1]]);
});

/** Items whose hosts a test tells by their numbers. */
function byHost(hostOf: (i: number) => string): (item: Item) => ReturnType<typeof target> {
  return ({ i }) => target(`http://${hostOf(i)}/${i}`, { i });
}

Deno.test("Dealer gives each host to one worker", () => {
  const dealt = new Dealt(numbers(10_000), {
    workers: 3,
    concurrency: 3_000,
    makeForHost: byHost((i) => `h${i % 7}`),
  });
  for (let k = 0; dealt.ended.length < 3; k++) dealt.dealer.ask(k % 3);
  assertEquals(dealt.numbers, upTo(10_000));
  const hosts = dealt.blocks.map((blocks) => new Set(blocks.flat().map((i) => i % 7)).size);
  assertEquals(hosts.toSorted(), [2, 2, 3]);
});

Deno.test("Dealer stops reading while a worker does not ask for what is its own", () => {
  let read = 0;
  const items = counted(numbers(Infinity), () => read++);
  const dealt = new Dealt(items, {
    concurrency: 200,
    // Of the first worker, except for one item.
    makeForHost: byHost((i) => i === 5 ? "b" : "a"),
  });
  dealt.dealer.ask(1);
  assertEquals(dealt.blocks as unknown, [[], [[5]]]);
  assert(read < MAX_QUEUED_BYTES / 10, `${read} read`);
  const full = read;
  dealt.dealer.ask(1);
  assertEquals(read, full);
  dealt.dealer.ask(0);
  assertEquals(dealt.blocks[0][0][0], 0);
  assert(read > full, "there is room again");
});

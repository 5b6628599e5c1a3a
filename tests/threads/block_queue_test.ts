import { assert, assertEquals } from "@std/assert";
import { OverlongLine } from "../../lib/source/lines.ts";
import { BlockQueue, MAX_QUEUED_BYTES } from "../../lib/threads/block_queue.ts";
import type { RecordBlock } from "../../lib/threads/messages.ts";
import { numbersOf } from "../fixtures/dealing.ts";

Deno.test("BlockQueue puts numbers together to runs", () => {
  const queue = new BlockQueue(2);
  for (const i of [1, 3, 5, 9, 13, 15, 2 ** 53 - 3, 2 ** 53 - 1]) {
    queue.add({ i, record: "", line: 0, input: 0 }, 100);
  }
  assertEquals(queue.take(), {
    kind: "numbers",
    runs: Float64Array.of(1, 3, 9, 1, 13, 2, 2 ** 53 - 3, 2),
  });
  assertEquals(queue.take(), undefined);
});

Deno.test("BlockQueue puts records together to a text, long ones apart", () => {
  const queue = new BlockQueue(undefined);
  const overlong = new OverlongLine("o".repeat(300));
  for (const [k, record] of ["a", "", "\udc00", overlong, "b"].entries()) {
    queue.add({ i: 10 + k, record, line: 20 + k, input: 0 }, 100);
  }
  assertEquals(queue.take(), {
    kind: "records",
    places: Float64Array.of(10, 20, 1, 11, 21, 1, 12, 22, 2, 13, 23, 202, 14, 24, 203),
    texts: [`a\udc00${"o".repeat(200)}b`],
    overlong: [3],
    inputs: [],
  });
});

Deno.test("BlockQueue keeps each record in one text, of which none is long", () => {
  const queue = new BlockQueue(undefined);
  for (const [i, length] of [5_000, 5_000, 0, 20_000, 0, 1].entries()) {
    queue.add({ i, record: `${i}`.repeat(length), line: i, input: 0 }, 100);
  }
  const block = queue.take() as RecordBlock;
  assertEquals(block.texts.map(({ length }) => length), [10_000, 20_000, 1]);
  assertEquals([...block.places.filter((_, k) => k % 3 === 2)], [
    ...[5_000, 10_000, 10_000],
    ...[30_000, 30_000, 30_001],
  ]);
  assertEquals(numbersOf(block), [0, 1, 2, 3, 4, 5]);
});

Deno.test("BlockQueue ends a block at the limit, and where its text is long", () => {
  const queue = new BlockQueue(undefined);
  const lengths = (): number[] => {
    const all: number[] = [];
    for (let block; (block = queue.take()) !== undefined;) {
      all.push(block.kind === "records" ? block.places.length / 3 : 0);
    }
    return all;
  };
  for (let i = 0; i < 7; i++) queue.add({ i, record: "x", line: i, input: 0 }, 3);
  assert(queue.hasWhole && !queue.isEmpty);
  assertEquals(lengths(), [3, 3, 1]);
  assert(queue.isEmpty && !queue.hasWhole);
  for (let i = 0; i < 5; i++) {
    queue.add({ i, record: "x".repeat(32 * 1024), line: i, input: 0 }, 1_000);
  }
  assertEquals(lengths(), [2, 2, 1]);
});

Deno.test("BlockQueue is full after so many bytes, and has room once some were taken", () => {
  for (const step of [undefined, 1]) {
    const queue = new BlockQueue(step);
    let count = 0;
    while (!queue.isFull) {
      queue.add({ i: 7 * count++, record: "x".repeat(68), line: 0, input: 0 }, 100);
    }
    assert(count * 32 <= MAX_QUEUED_BYTES && count > 1_000, `${count}`);
    queue.take();
    assert(!queue.isFull);
    while (queue.take() !== undefined);
    assert(queue.isEmpty && !queue.isFull);
  }
});

Deno.test("BlockQueue tells the inputs of records where there are several", () => {
  const queue = new BlockQueue(undefined);
  for (const [i, input] of [0, 0, 2, 1].entries()) queue.add({ i, record: "x", line: 1, input }, 4);
  queue.add({ i: 4, record: "x", line: 1, input: 0 }, 4);
  const inputs = [queue.take(), queue.take()].map((block) =>
    block?.kind === "records" ? block.inputs : undefined
  );
  assertEquals(inputs, [[0, 0, 2, 1], []]);
});

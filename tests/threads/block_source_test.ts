import { assert, assertEquals } from "@std/assert";
import { gzipSync } from "node:zlib";
import type { Item } from "../../lib/source/item.ts";
import { openMaker } from "../../lib/source/make_target.ts";
import { Targets } from "../../lib/source/targets.ts";
import type { Target } from "../../lib/target.ts";
import { BlockSource, FIRST_BLOCKS } from "../../lib/threads/block_source.ts";
import { Dealer } from "../../lib/threads/dealer.ts";
import { folder } from "../fixtures/folder.ts";
import { all, open, openSourceOf } from "../fixtures/sources.ts";

const block = (...runs: number[]) => ({
  kind: "numbers" as const,
  runs: Float64Array.from(runs),
});

Deno.test("BlockSource asks for its first blocks, and for another when it begins one", () => {
  let asked = 0;
  const source = new BlockSource(1, () => asked++);
  source.begin();
  assertEquals(asked, FIRST_BLOCKS);
  source.add(block(0, 2));
  source.add(block(5, 1));
  assertEquals(asked, FIRST_BLOCKS);
  source.next();
  assertEquals(asked, FIRST_BLOCKS + 1);
  source.next();
  assertEquals(asked, FIRST_BLOCKS + 1);
  source.next();
  assertEquals(asked, FIRST_BLOCKS + 2);
});

Deno.test("BlockSource.next() is synchronous while it has items, and ends when it was told", async () => {
  const source = new BlockSource(3, () => {});
  source.add(block(2, 2, 11, 1));
  const numbers: number[] = [];
  for (let k = 0; k < 3; k++) {
    const step = source.next();
    assert(!(step instanceof Promise));
    numbers.push((step as IteratorYieldResult<Item>).value.i);
  }
  assertEquals(numbers, [2, 5, 11]);
  const later = source.next();
  assert(later instanceof Promise);
  source.add(block(14, 1));
  const step = await later;
  assertEquals(step.done ? undefined : step.value.i, 14);
  const end = source.next();
  source.end();
  assertEquals((await end).done, true);
  assertEquals((await source.next()).done, true);
});

Deno.test("BlockSource.return() ends a next() that waits, and drops what it has", async () => {
  let asked = 0;
  const waiting = new BlockSource(1, () => asked++);
  const end = waiting.next();
  waiting.return();
  assertEquals((await end).done, true);
  const source = new BlockSource(1, () => asked++);
  source.add(block(0, 5));
  source.add(block(5, 5));
  source.next();
  source.return();
  source.add(block(9, 1));
  assertEquals((await source.next()).done, true);
  assertEquals(asked, 1);
});

/** Records in which is all that a record can have; `NUMBER` stands for its own. */
const ODD = [
  "",
  "é€😀",
  "x".repeat(70_000),
  "NUMBER",
  "y".repeat(1024 * 1024 + 1),
];

const LATIN1 = (text: string): Uint8Array => Uint8Array.from(text, (it) => it.charCodeAt(0));

const repeat = (make: (i: number) => string): string =>
  Array.from({ length: 3_000 }, (_, i) => make(i)).join("");

for (
  const [what, format, content, options] of [
    ["numbers", undefined, "", { template: "http://h/{}", count: 3_000, start: 7 }],
    ["numbers of a shard", undefined, "", {
      template: "http://h/{}",
      count: 3_000,
      shard: { index: 2, count: 3 },
    }],
    ["lines", "lines", repeat((i) => `${ODD[i % 997] ?? ` line ${i} `}\n`), {
      template: "http://h/?q={}",
    }],
    ["lines that are not UTF-8", "lines", LATIN1(repeat((i) => i % 9 ? `${i}\r\n` : "caf\xe9\n")), {
      template: "http://h/{}",
    }],
    ["lines of a shard, from a start on", "lines", repeat((i) => `http://h/${i}\n`), {
      start: 100,
      shard: { index: 1, count: 4 },
    }],
    [
      "CSV with quotes over lines",
      "csv",
      `id,"na""me"\n${
        repeat((i) => i % 5 ? `${i},${ODD[i % 997] ?? "n"}\n` : `${i},"a\nb""\r\n${i}"\n`)
      }`,
      { template: 'http://h/{id}?n={na"me}' },
    ],
    ["CSV whose columns are secret", "csv", `token\n${repeat((i) => `${i},2\n`)}`, {
      template: "http://h/{token}",
    }],
    [
      "JSONL with expectations",
      "jsonl",
      repeat((i) =>
        i % 4
          ? `{"url":"/${i}","method":"PUT","body":{"a":"€${i}"},"expect":{"status":${
            200 + i % 3
          }}}\n`
          : `nonsense ${i}\n`
      ),
      { template: "http://h/base" },
    ],
    ["gzip", "lines", gzipSync(repeat((i) => `http://h/${i}\n`)), {}],
    ["rounds", "csv", `id\n${repeat((i) => `${i}\n`)}`, {
      template: "http://h/{id}",
      loop: true,
      start: 2_000,
      count: 9_000,
    }],
  ] as const
) {
  Deno.test(`BlockSources of three workers give the targets of one thread, each once: ${what}`, async () => {
    await using dir = await folder();
    const path = await dir.write("input", content);
    const input = format && { path, format };
    const expected = await all(await open({ ...options, input }));
    const source = await openSourceOf({ ...options, input });
    const inputs = input === undefined ? [] : [input];
    const plain = { method: "GET", headers: [], body: undefined, inputs };
    const workers = Array.from({ length: 3 }, (_, worker) => {
      const step = "shard" in options ? options.shard.count : 1;
      return new BlockSource(step, () => void Promise.resolve().then(() => dealer.ask(worker)));
    });
    const dealer = new Dealer({
      items: source.items,
      total: source.items.total,
      input: source.items,
      end: Infinity,
      step: "shard" in options ? options.shard.count : 1,
      hasRecords: input !== undefined,
      makeForHost: undefined,
      workers: 3,
      concurrency: 30,
      rate: undefined,
    }, {
      onBlock: (worker, block) => workers[worker].add(structuredClone(block)),
      onEnd: (worker) => workers[worker].end(),
    });
    const targets = await Promise.all(workers.map(async (items) => {
      items.begin();
      const make = await openMaker(
        { template: undefined, seed: "", ...plain, ...options },
        source.columns,
      );
      return await all(new Targets(items, make));
    }));
    const sorted = targets.flat().sort((a, b) => a.i - b.i);
    assertEquals(sorted.map(comparable), expected.map(comparable));
    assert(expected.length >= 700);
  });
}

/** A target whose expectation can be compared. */
function comparable(target: Target): unknown {
  return { ...target, expect: target.expect && String(target.expect.statuses?.text) };
}

import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { gzipSync } from "node:zlib";
import { InputError, UsageError } from "../../lib/errors.ts";
import type { OrderOptions } from "../../lib/source/order.ts";
import type { SourceOptions } from "../../lib/source/target_source.ts";
import { folder } from "../fixtures/folder.ts";
import { all, open, outcomes } from "../fixtures/sources.ts";

const ORDER: OrderOptions = {
  isShuffled: true,
  share: undefined,
  seed: 3,
  first: 0,
  count: Infinity,
};

/** Long enough that several blocks of a file are read. */
const COUNT = 1_000;

/** The content of an input of the numbers from one on, by format. */
const INPUTS: readonly [
  what: string,
  format: SourceOptions["inputs"][number]["format"],
  content: (from: number) => string | Uint8Array,
][] = [
  ["lines", "lines", (from) => `\ufeff${numbers(from, (n) => `\n${n}\r\n`)}`],
  ["lines without the last end", "lines", (from) => numbers(from, (n) => `${n}\n`).trimEnd()],
  ["lines that a CR ends", "lines", (from) => numbers(from, (n) => `${n}\r`)],
  ["lines of gzip", "lines", (from) => gzipSync(numbers(from, (n) => `${n}\n`))],
  ["lines with comments", "lines", (from) => numbers(from, (n) => `# ${n}\n${n}\n`)],
  ["CSV", "csv", (from) => `\nid,x\n${numbers(from, (n) => `${n},"a\n\nb"\n`)}`],
  [
    "CSV with a header far behind",
    "csv",
    (from) => `${"# a comment\n".repeat(400)}id,x\n${numbers(from, (n) => `${n},a\n`)}`,
  ],
  ["TSV", "tsv", (from) => `#\nx\tid\n${numbers(from, (n) => `é\t${n}\n`)}`],
  ["JSONL", "jsonl", (from) => numbers(from, (n) => `{"id":${n}}\n`)],
];

function numbers(from: number, line: (n: number) => string): string {
  return Array.from({ length: COUNT }, (_, k) => line(from + k)).join("");
}

for (const [what, format, content] of INPUTS) {
  Deno.test(`openSource() shuffles inputs of ${what}, each record once, and the same when resumed`, async () => {
    await using dir = await folder();
    const inputs = [
      { path: await dir.write("a", content(0)), format },
      {
        path: await dir.write("empty", format === "csv" || format === "tsv" ? "id\n" : ""),
        format,
      },
      { path: await dir.write("b", content(COUNT)), format },
    ];
    const template = format === "lines" ? "http://h/{}" : "http://h/{id}";
    const shuffled = { inputs, template, order: ORDER, comments: true };
    const source = await open(shuffled);
    assertEquals(source.total, 2 * COUNT);
    const targets = await all(source);
    assertEquals(source.ended, 2 * COUNT);
    assertEquals(targets.map(({ i }) => i), [...targets.keys()]);
    const urls = outcomes(targets);
    const sorted = urls.map((url) => Number(url.slice("http://h/".length))).sort((a, b) => a - b);
    assertEquals(sorted, Array.from({ length: 2 * COUNT }, (_, k) => k));
    assert(urls.filter((url, k) => url === `http://h/${k}`).length < 20);

    const rest = await all(await open({ ...shuffled, start: 1_500 }));
    assertEquals(outcomes(rest), urls.slice(1_500));
    const shard = await all(await open({ ...shuffled, shard: { index: 1, count: 3 }, count: 100 }));
    assertEquals(outcomes(shard), urls.slice(0, 100).filter((_, k) => k % 3 === 1));
    const part = await all(await open({ ...shuffled, order: { ...ORDER, share: 0.1 } }));
    assertEquals(part.length, 2 * COUNT / 10);
    assertEquals(new Set(outcomes(part)).size, 2 * COUNT / 10);
  });
}

Deno.test("openSource() takes no line in the midst of a file for its beginning when it shuffles", async () => {
  await using dir = await folder();
  const odd = ["\ufeffmark", "WARC/1.0", "\xff\xfe"];
  // Each stands at the start of a part that is read: they are as long as the blocks between places.
  const rest = (k: number) => `${k}`.padEnd(1_030, "x");
  const lines = Array.from({ length: 60 }, (_, k) => k % 2 === 0 ? rest(k) : odd[k % 3]);
  const encode = (line: string): Uint8Array =>
    line === "\xff\xfe"
      ? new Uint8Array([0xff, 0xfe, 0x0a])
      : new TextEncoder().encode(`${line}\n`);
  const inputs = [{
    path: await dir.write(
      "a",
      await new Blob(lines.map((line) => encode(line) as BlobPart)).bytes(),
    ),
    format: "lines" as const,
  }];
  const template = "http://h/{}";
  const plain = outcomes(await all(await open({ inputs, template })));
  const shuffled = outcomes(await all(await open({ inputs, template, order: ORDER })));
  assertEquals(shuffled.length, lines.length);
  assertEquals(shuffled.toSorted(), plain.toSorted());
});

Deno.test("openSource() tells the line of a record, and the input, also where they are shuffled", async () => {
  await using dir = await folder();
  const inputs = [
    { path: await dir.write("a", "\n1\n".repeat(2_000)), format: "lines" as const },
    { path: await dir.write("b", '\n\n"\nno"\n'.repeat(500)), format: "csv" as const },
  ];
  const template = "{x}";
  const targets = await all(await open({ inputs: inputs.slice(0, 1), order: ORDER }));
  const lines = targets.map(({ invalid }) => Number(/^line (\d+): /.exec(invalid!)![1]));
  assertEquals(lines.sort((a, b) => a - b), Array.from({ length: 2_000 }, (_, k) => 2 * k + 2));
  await assertRejects(() => open({ inputs, template, order: ORDER }), UsageError);
  const csv = await dir.write("c", `x\n${'\n"\nno"\n'.repeat(500)}`);
  const both = [inputs[0], { path: csv, format: "csv" as const }];
  const rows = await all(await open({ inputs: both.slice(1), template, order: ORDER }));
  const at = rows.map(({ invalid }) => Number(/^line (\d+): /.exec(invalid!)![1]));
  assertEquals(at.sort((a, b) => a - b), Array.from({ length: 500 }, (_, k) => 3 * k + 3));
});

Deno.test("openSource() shuffles each round of an input in another order", async () => {
  await using dir = await folder();
  const path = await dir.write("a", "1\n2\n3\n4\n5\n6\n7\n8\n");
  const inputs = [{ path, format: "lines" as const }];
  const looped = { inputs, template: "http://h/{}", order: ORDER, loop: true, count: 16 };
  const urls = outcomes(await all(await open(looped)));
  const [one, other] = [urls.slice(0, 8), urls.slice(8)];
  assertEquals(one.toSorted(), other.toSorted());
  assertNotEquals(one, other);
  assertEquals(outcomes(await all(await open({ ...looped, start: 11, count: 5 }))), urls.slice(11));
  await dir.write("empty", "");
  const empty = [{ path: dir.path("empty"), format: "lines" as const }];
  await assertRejects(() => open({ ...looped, inputs: empty }), UsageError, "it is empty");
});

Deno.test("openSource() breaks off where an input that is shuffled has changed", async () => {
  await using dir = await folder();
  const path = await dir.write("a", "1\n2\n3\n4\n");
  const source = await open({
    inputs: [{ path, format: "lines" }],
    template: "http://h/{}",
    order: ORDER,
  });
  await Deno.truncate(path);
  const error = await assertRejects(async () => await source.next(), InputError);
  assertEquals(
    error.message,
    `Cannot go on with '--input ${path}': it has changed: do not change inputs during a run`,
  );
  await source.return();
});

Deno.test("openSource() takes a sample of inputs, the same in each round and when resumed", async () => {
  await using dir = await folder();
  const inputs = [
    {
      path: await dir.write("a.csv", `\nid\n${numbers(0, (n) => `${n}\n\n`)}`),
      format: "csv" as const,
    },
    {
      path: await dir.write("b", numbers(COUNT, (n) => `{"id":${n}}\n`)),
      format: "jsonl" as const,
    },
  ];
  const order = { ...ORDER, isShuffled: false, share: 0.01 };
  const sampled = { inputs, template: "http://h/{id}", order };
  const targets = await all(await open(sampled));
  const urls = outcomes(targets);
  assertEquals(urls.length, 20);
  assertEquals(targets.map(({ i }) => i), [...urls.keys()]);
  const numbersOf = urls.map((url) => Number(url.slice("http://h/".length)));
  assertEquals(numbersOf.map((n) => Math.floor(n / 100)), [...urls.keys()]);
  assertEquals(outcomes(await all(await open({ ...sampled, start: 15 }))), urls.slice(15));
  const looped = { ...sampled, loop: true, start: 15, count: 10 };
  assertEquals(outcomes(await all(await open(looped))), [...urls.slice(15), ...urls.slice(0, 5)]);
});

Deno.test("openSource() shuffles and samples numbers, and templates follow them", async () => {
  const of = { first: 100, count: 50, seed: 1 };
  const range = { start: 100, count: 50, template: "http://h/{}?{i}" };
  const shuffled = outcomes(
    await all(await open({ ...range, order: { ...of, isShuffled: true, share: undefined } })),
  );
  const expected = Array.from({ length: 50 }, (_, k) => `http://h/${100 + k}?${100 + k}`);
  assertEquals(shuffled.toSorted(), expected);
  assertNotEquals(shuffled, expected);
  const order = { ...of, isShuffled: true, share: 0.1, count: 5 };
  const part = outcomes(await all(await open({ ...range, count: 5, order })));
  assertEquals(
    part.map((url) => Math.floor(Number(/\d+/.exec(url)![0]) / 10)).toSorted(),
    [10, 11, 12, 13, 14],
  );
});

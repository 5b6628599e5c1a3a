import { assert, assertEquals, assertRejects } from "@std/assert";
import { gzipSync } from "node:zlib";
import { InputError, UsageError } from "../../lib/errors.ts";
import type { SourceOptions } from "../../lib/source/target_source.ts";
import type { Target } from "../../lib/target.ts";
import { folder } from "../fixtures/folder.ts";
import { all, open, type OpenTargets, outcomes } from "../fixtures/sources.ts";

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Ids, more than are kept in memory, or less. */
const SHORT = 7;

const LONG = 30_000;

const ids = (count: number): string => Array.from({ length: count }, (_, k) => `${k}\n`).join("\n");

const targetOf = async (source: OpenTargets): Promise<Target> =>
  (await source.next()).value as Target;

/** Inputs of the ids from 0 on, by format. */
const INPUTS: readonly [
  what: string,
  format: "lines" | "csv" | "jsonl",
  content: (count: number) => Uint8Array,
][] = [
  ["lines", "lines", (count) => encode(`\ufeff${ids(count)}`)],
  ["lines of gzip", "lines", (count) => gzipSync(ids(count))],
  ["CSV", "csv", (count) => encode(`\n"id"\n${ids(count)}`)],
  ["CSV of gzip", "csv", (count) => gzipSync(`id\r\n${ids(count)}`)],
  ["JSONL", "jsonl", (count) => encode(ids(count).replaceAll(/\d+/g, '{"id":$&}'))],
];

for (const [what, format, content] of INPUTS) {
  for (const length of [SHORT, LONG]) {
    Deno.test(`openSource() repeats ${length} records of ${what}, and continues to count`, async () => {
      await using dir = await folder();
      const path = await dir.write("ids", content(length));
      const template = format === "lines" ? "http://h/{}" : "http://h/{id}";
      const last = 2 * length + 3;
      for (
        const [options, wanted] of [
          [{ count: last + 1 }, () => true],
          [{ start: length + 2, count: length + 2 }, (i) => i >= length + 2],
          [{ start: 1, count: last, shard: { index: 3, count: 5 } }, (i) => i % 5 === 3],
        ] as [Partial<SourceOptions>, (i: number) => boolean][]
      ) {
        const source = await open({ ...options, template, input: { path, format }, loop: true });
        const numbers = Array.from({ length: last + 1 }, (_, i) => i).filter(wanted);
        assertEquals([source.total, source.progress()], [numbers.length, undefined]);
        const targets = await all(source);
        assertEquals(targets.map(({ i }) => i), numbers);
        assertEquals(outcomes(targets), numbers.map((i) => `http://h/${i % length}`));
        assertEquals(source.ended, undefined);
      }
    });
  }
}

Deno.test("openSource() skips rounds without reading them", async () => {
  await using dir = await folder();
  for (const length of [SHORT, LONG]) {
    const path = await dir.write("ids", encode(ids(length)));
    const start = length * 1e9 + 5;
    const source = await open({
      template: "http://h/{}",
      input: { path, format: "lines" },
      loop: true,
      start,
      count: 3,
    });
    const targets = await all(source);
    assertEquals(
      targets.map(({ i, url }) => [i, url]),
      [0, 1, 2].map((k) => [
        start + k,
        `http://h/${(5 + k) % length}`,
      ]),
    );
  }
});

Deno.test("openSource() repeats an input until it is closed", async () => {
  await using dir = await folder();
  for (const length of [1, LONG]) {
    const path = await dir.write("ids", encode(ids(length)));
    const input = { path, format: "lines" } as const;
    const source = await open({ template: "http://h/{}", input, loop: true });
    assertEquals([source.total, source.progress()], [undefined, undefined]);
    for (let i = 0; i < LONG + 10; i++) {
      const { i: number, url } = await targetOf(source);
      assertEquals([number, url], [i, `http://h/${i % length}`]);
    }
    const pending = source.next();
    await source.return();
    await pending;
    assertEquals(await source.next(), { value: undefined, done: true });
  }
});

Deno.test("openSource() reports the same for a bad record in each round", async () => {
  await using dir = await folder();
  const path = await dir.write("urls", encode("http://h/0\n\nnonsense\n"));
  const input = { path, format: "lines" } as const;
  const targets = await all(await open({ input, loop: true, count: 4 }));
  const why = "line 3: not an absolute http or https URL";
  assertEquals(outcomes(targets), ["http://h/0", why, "http://h/0", why]);
  assertEquals(targets.map(({ i }) => i), [0, 1, 2, 3]);
});

for (
  const [what, format, content] of [
    ["nothing", "lines", ""],
    ["blank lines", "lines", "\n \r\n"],
    ["a header alone", "csv", "id\n"],
  ] as [string, "lines" | "csv", string][]
) {
  Deno.test(`openSource() does not loop over an input of ${what}`, async () => {
    await using dir = await folder();
    const path = await dir.write("input", encode(content));
    const template = format === "csv" ? "http://h/{id}" : "http://h/{}";
    const source = await open({ template, input: { path, format }, loop: true });
    const error = await assertRejects(async () => await source.next(), UsageError);
    assertEquals(
      error.message,
      `Cannot use '--loop' with '--input ${path}': it is empty: use an input with records`,
    );
    assertEquals(await source.next(), { value: undefined, done: true });
  });
}

Deno.test("openSource() ends when an input becomes empty, or its gzip is damaged", async () => {
  await using dir = await folder();
  const path = await dir.write("ids", encode(ids(LONG)));
  const input = { path, format: "lines" } as const;
  const template = "http://h/{}";
  const source = await open({ template, input, loop: true });
  for (let i = 0; i < LONG; i++) await source.next();
  await Deno.truncate(path);
  await assertRejects(async () => await source.next(), InputError, "it has become empty");

  const packed = await dir.write("ids.gz", new Uint8Array([...gzipSync("1\n2\n"), 1]));
  const damaged = await open({ template, input: { ...input, path: packed }, loop: true });
  assertEquals([(await targetOf(damaged)).i, (await targetOf(damaged)).i], [0, 1]);
  await assertRejects(async () => await damaged.next(), InputError, "something that is not gzip");
});

Deno.test({
  name: "openSource() does not loop over a pipe",
  ignore: Deno.build.os === "windows",
  async fn() {
    await using dir = await folder();
    const path = await dir.pipe("pipe");
    const opening = open({ input: { path, format: "lines" }, loop: true });
    const [writer, error] = await Promise.all([
      Deno.open(path, { write: true }),
      assertRejects(() => opening, UsageError),
    ]);
    writer.close();
    assert(error.message.endsWith(": a pipe or device is read once: put it in a file"));
  },
});

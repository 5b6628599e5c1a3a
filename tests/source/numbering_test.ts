import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { UsageError } from "../../lib/errors.ts";
import { countNumbers, createNumbering, toIndex } from "../../lib/source/numbering.ts";
import type { SourceOptions } from "../../lib/source/target_source.ts";
import type { HeaderList, Target } from "../../lib/target.ts";
import { all, open, outcomes } from "../fixtures/sources.ts";

Deno.test("createNumbering() gives a shard its numbers from the start on", () => {
  const of = (start: number, index: number, count: number) =>
    createNumbering({ start, shard: { index, count } });
  assertEquals(of(0, 0, 1), { first: 0, step: 1 });
  assertEquals(of(5, 1, 3), { first: 7, step: 3 });
  assertEquals(of(7, 1, 3), { first: 7, step: 3 });
  assertEquals(of(8, 1, 3), { first: 10, step: 3 });
});

Deno.test("toIndex() is the place of a number in its sequence", () => {
  assertEquals([7, 10, 13].map((i) => toIndex(i, { first: 7, step: 3 })), [0, 1, 2]);
});

Deno.test("countNumbers() adds up to the whole over all shards", () => {
  for (const [start, count, shards] of [[0, 10, 3], [7, 1, 4], [5, 0, 2], [3, 100, 7]] as const) {
    const counts = Array.from(
      { length: shards },
      (_, index) => countNumbers({ start, count, shard: { index, count: shards } })!,
    );
    assertEquals(counts.reduce((sum, one) => sum + one, 0), count);
    assert(Math.max(...counts) - Math.min(...counts) <= 1, counts.join());
  }
});

Deno.test("countNumbers() is undefined without a bound, and stops at 2^53 - 1", () => {
  const shard = { index: 0, count: 1 };
  assertEquals(countNumbers({ start: 0, count: Infinity, shard }), undefined);
  assertEquals(countNumbers({ start: Number.MAX_SAFE_INTEGER, count: 5, shard }), 1);
});

const MAX = Number.MAX_SAFE_INTEGER;

for (
  const [what, options, numbers] of [
    ["the first", { count: 3 }, [0, 1, 2]],
    ["from the start", { start: 5, count: 3 }, [5, 6, 7]],
    ["a shard", { count: 10, shard: { index: 1, count: 3 } }, [1, 4, 7]],
    ["a shard from the start", { start: 5, count: 10, shard: { index: 1, count: 3 } }, [7, 10, 13]],
    ["a shard that begins at the start", { start: 4, count: 4, shard: { index: 1, count: 3 } }, [
      4,
      7,
    ]],
    ["a shard with none", { start: 5, count: 1, shard: { index: 1, count: 3 } }, []],
    ["none", { count: 0 }, []],
    ["the largest", { start: MAX - 2, count: Infinity }, [MAX - 2, MAX - 1, MAX]],
    ["the largest, by count", { start: MAX - 1, count: 10 }, [MAX - 1, MAX]],
    ["a shard of the largest", {
      start: MAX - 4,
      count: 100,
      shard: { index: MAX % 3, count: 3 },
    }, [MAX - 3, MAX]],
  ] as [string, Partial<SourceOptions>, number[]][]
) {
  Deno.test(`NumberItems gives ${what}`, async () => {
    const source = await open({ template: "http://h/{}", ...options });
    if (options.count !== Infinity) assertEquals(source.total, numbers.length);
    assertEquals(source.progress(), undefined);
    const targets = await all(source);
    assertEquals(targets.map(({ i }) => i), numbers);
    assertEquals(outcomes(targets), numbers.map((i) => `http://h/${i}`));
  });
}

Deno.test("NumberItems.next() is synchronous, and endless without a bound", async () => {
  const source = await open({
    template: "http://h/?n={}",
    shard: { index: 999_999, count: 1_000_000 },
  });
  assertEquals(source.total, undefined);
  for (let k = 1; k <= 1000; k++) {
    const step = source.next();
    assert(!(step instanceof Promise));
    assertEquals((step as IteratorResult<Target>).value.i, k * 1_000_000 - 1);
  }
  await source.return();
  assertEquals(await source.next(), { value: undefined, done: true });
});

Deno.test("NumberItems shares the run's method, headers and body", async () => {
  const headers: HeaderList = [["A", "1"]];
  const body = new Uint8Array(3);
  const source = await open({ template: "http://h/", count: 2, method: "PUT", headers, body });
  for (const target of await all(source)) {
    assertStrictEquals(target.headers, headers);
    assertStrictEquals(target.body, body);
    assertEquals([target.method, target.url, target.invalid], ["PUT", "http://h/", undefined]);
  }
});

Deno.test("NumberItems looks at each URL when its origin is not fixed", async () => {
  const source = await open({ template: "http://h:{}/", start: 65535, count: 2 });
  assertEquals(outcomes(await all(source)), ["http://h:65535/", "not a URL"]);
  assertEquals(outcomes(await all(await open({ template: "http://h:{}/", count: 1 }))), [
    "port 0 cannot be requested",
  ]);
});

for (
  const [template, message] of [
    [undefined, "No URL is given"],
    ["http://h/{id}", "Cannot fill '{id}' of the URL"],
    [
      "http://h/{i|lowr}",
      "Cannot read the placeholder '{…|…}': use one of the filters lower, upper",
    ],
    ["nonsense", "Cannot request 'nonsense': not an absolute http or https URL: use one like"],
    ["nonsense/{}", "Cannot request 'nonsense/': not an absolute http or https URL: did you mean"],
    ["u:secret@h:80/", "Cannot request 'u:h:80/': not an absolute http or https URL: use one"],
    ["ftp://h/{}", "Cannot request 'ftp://h/'"],
    ["ftp://{}/", "Cannot request 'ftp://'"],
    ["http:/h/{}", "Cannot request 'http:/h/'"],
    ["http:///h/", "Cannot request 'http:///h/'"],
    ["http://h:0/{}", "Cannot request 'http://h:0/': port 0"],
    ["http://h:65536/{}", "Cannot request 'http://h:65536/': not a URL"],
    ["http://a b/{}", "Cannot request 'http://a b/': not a URL"],
    ["http://u:secret@a b/{}", "Cannot request 'http://a b/': not a URL"],
    ["http://u:secret@h:0/", "Cannot request 'http://h:0/'"],
    ["u:secret@h/", "Cannot request 'u:h/'"],
  ] as [string | undefined, string][]
) {
  Deno.test(`openSource() rejects the template ${template}`, async () => {
    const error = await assertRejects(() => open({ template }), UsageError);
    assert(error.message.startsWith(message), error.message);
  });
}

for (
  const [template, mend] of [
    ["localhost:8080/", "did you mean 'http://localhost:8080/'?"],
    ["localhost", "did you mean 'http://localhost'?"],
    ["h.example/a?id={}", "did you mean 'http://h.example/a?id={}'?"],
    ["127.0.0.1:80/x", "did you mean 'http://127.0.0.1:80/x'?"],
    ["[::1]:80/{}", "did you mean 'http://[::1]:80/{}'?"],
    ["h:0/{}", "use one like"],
    ["h:65536/", "use one like"],
    ["mailto:x", "use one like"],
    ["/path", "use one like"],
  ] as const
) {
  Deno.test(`openSource() suggests a URL for ${template}`, async () => {
    const why = "not an absolute http or https URL";
    const { message } = await assertRejects(() => open({ template }), UsageError);
    assert(message.includes(`: ${why}: ${mend}`), message);
  });
}

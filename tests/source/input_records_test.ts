import { assertEquals, assertRejects } from "@std/assert";
import { gzipSync } from "node:zlib";
import { InputError, UsageError } from "../../lib/errors.ts";
import type { NamedInput } from "../../lib/source/make_target.ts";
import { folder } from "../fixtures/folder.ts";
import { all, open, outcomes } from "../fixtures/sources.ts";

const named = (path: string, format: NamedInput["format"] = "lines"): NamedInput => ({
  path,
  format,
});

Deno.test("openSource() reads inputs one after the other, each in its format", async () => {
  await using dir = await folder();
  const inputs = [
    named(await dir.write("a.txt", "\n1\n2")),
    named(await dir.write("empty.txt", "")),
    named(await dir.write("b.txt.gz", gzipSync("3\n"))),
    named(await dir.write("c.csv", 'id,x\n4,"a\nb"\n'), "csv"),
    named(await dir.write("d.csv", "x,id\n,5\n"), "csv"),
    named(await dir.write("e.jsonl", '{"id":6}\n{"no":7}\n'), "jsonl"),
  ];
  const of = [named(inputs[3].path, "csv"), inputs[4], inputs[5]];
  const fields = await open({ inputs: of, template: "http://h/{id}" });
  const targets = await all(fields);
  assertEquals(outcomes(targets), [
    "http://h/4",
    "http://h/5",
    "http://h/6",
    `line 2 of '${inputs[5].path}': the record has no field 'id'`,
  ]);
  assertEquals(targets.map(({ i }) => i), [0, 1, 2, 3]);

  const lines = await open({ inputs: inputs.slice(0, 3), template: "http://h/{}" });
  assertEquals(outcomes(await all(lines)), ["http://h/1", "http://h/2", "http://h/3"]);
  assertEquals(lines.ended, 3);
});

for (const count of [3, 40_000]) {
  Deno.test(`openSource() starts inputs of ${count} records over, with their headers`, async () => {
    await using dir = await folder();
    const ids = Array.from({ length: count }, (_, k) => `${k}\n`).join("");
    const inputs = [
      named(await dir.write("a.csv", `id\n${ids}`), "csv"),
      named(await dir.write("b.jsonl", '{"id":"x"}'), "jsonl"),
    ];
    const wanted = { inputs, template: "http://h/{id}", loop: true, start: count, count: 4 };
    assertEquals(
      outcomes(await all(await open(wanted))),
      ["x", "0", "1", "2"].map((id) => `http://h/${id}`),
    );
  });
}

Deno.test("openSource() tells how much of all inputs was read", async () => {
  await using dir = await folder();
  const inputs = [
    named(await dir.write("a", "http://h/1\nhttp://h/2\n")),
    named(await dir.write("b", "http://h/3\nhttp://h/4\n")),
  ];
  const source = await open({ inputs });
  const shares = [];
  for (let k = 0; k < 4; k++) {
    await source.next();
    shares.push(source.progress());
  }
  assertEquals(shares, [0.25, 0.5, 0.75, 1]);
  assertEquals((await source.next()).done, true);
});

Deno.test("openSource() looks at all inputs before the first request", async () => {
  await using dir = await folder();
  const [first, header] = [await dir.write("a", "1\n"), await dir.write("b.csv", "id\n1\n")];
  const lacking = dir.path("lacking");
  for (
    const [second, message] of [
      [named(lacking), `Cannot read '--input ${lacking}': no such file`],
      [
        named(header, "csv"),
        `Cannot read '--input ${header}': it has no column 'url': it has id`,
      ],
    ] as const
  ) {
    const inputs = [named(first), second];
    const error = await assertRejects(() => open({ inputs }), UsageError);
    assertEquals(error.message, message);
  }
});

Deno.test("openSource() breaks off at an input that is no longer there, after all before it", async () => {
  await using dir = await folder();
  const [first, second] = [await dir.write("a", "1\n"), await dir.write("b", "2\n")];
  const source = await open({ inputs: [named(first), named(second)], template: "http://h/{}" });
  await Deno.remove(second);
  assertEquals((await source.next()).done, false);
  const error = await assertRejects(async () => await source.next(), InputError);
  assertEquals(
    error.message,
    `Cannot read '--input ${second}': no such file: do not change inputs during a run`,
  );
  await source.return();
});

import { assertEquals } from "@std/assert";
import { outcomes, targetsOf } from "../fixtures/sources.ts";

Deno.test("openSource() reads TSV by its columns; quotes and commas are characters", async () => {
  const text = 'id\tquery\n1\t"a", b\n\n2\t\n3\ta\tb\n';
  const targets = await targetsOf("tsv", text, { template: "http://h/{id}?q={query}" });
  assertEquals(outcomes(targets), [
    "http://h/1?q=%22a%22%2C%20b",
    "http://h/2?q=",
    "line 5: the record has 3 fields, and the header 2",
  ]);
});

for (
  const [format, text, urls] of [
    ["lines", "# list\nhttp://h/1\n  # x\n\nhttp://h/#2\n", ["http://h/1", "http://h/#2"]],
    ["csv", '# say "hi\nurl,x\n#,"\nhttp://h/1,"a\n# b"\n', ["http://h/1"]],
    ["tsv", "#\nurl\nhttp://h/1\n#\n", ["http://h/1"]],
    ["jsonl", '# a\n{"url":"http://h/1"}\n', ["http://h/1"]],
  ] as const
) {
  Deno.test(`openSource() skips comments in an input of ${format}`, async () => {
    assertEquals(outcomes(await targetsOf(format, text, { comments: true })), urls);
  });
}

Deno.test("openSource() takes lines with # as records where comments are not asked for", async () => {
  const targets = await targetsOf("lines", "#1\n2\n", { template: "http://h/{}" });
  assertEquals(outcomes(targets), ["http://h/#1", "http://h/2"]);
});

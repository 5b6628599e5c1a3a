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

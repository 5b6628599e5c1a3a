import { assertEquals } from "@std/assert";
import { CsvColumns, isQuoteOpen } from "../../lib/scan/csv_columns.ts";
import { INTEGER, integerAt, NULL } from "../../lib/scan/scanner.ts";

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

Deno.test("CsvColumns.scan() finds fields by their columns", () => {
  const columns = new CsvColumns(["status", "url", "ms"], 'i,"url",x,status');
  assertEquals([0, 1, 2].map((field) => columns.has(field)), [true, true, false]);
  const line = encode('7,"a ""b"", c",,200');
  assertEquals(columns.scan(line, 0, line.length), true);
  assertEquals(columns.text(1), 'a "b", c');
  assertEquals([columns.kinds[0], integerAt(columns, 0)], [INTEGER, 200]);
});

Deno.test("CsvColumns.scan() has null for an empty field", () => {
  const columns = new CsvColumns(["a", "b"], "a,b");
  for (const text of [",x", '"",x']) {
    const line = encode(text);
    assertEquals(columns.scan(line, 0, line.length), true);
    assertEquals([columns.kinds[0], columns.text(1)], [NULL, "x"]);
  }
});

for (const text of ["1", "1,2,3", '1,"2', '1,"2"3', '1,2"', ""]) {
  Deno.test(`CsvColumns.scan() is false when two columns are given ${JSON.stringify(text)}`, () => {
    const columns = new CsvColumns(["a"], "a,b");
    assertEquals(columns.scan(encode(text), 0, encode(text).length), false);
  });
}

Deno.test("isQuoteOpen() is true when a quoted field has no end in the line", () => {
  for (
    const [text, expected] of [
      ["a,b", false],
      ['"a","b"', false],
      ['"a ""b"""', false],
      ['"a', true],
      ['"a ""', true],
      ["", false],
    ] as const
  ) assertEquals(isQuoteOpen(encode(text), 0, encode(text).length), expected, text);
});

import { assert, assertEquals } from "@std/assert";
import { CsvReader, toFields } from "../../lib/source/csv.ts";
import { LineReader, type Lines, MAX_LINE, OverlongLine } from "../../lib/source/lines.ts";
import { all, Blocks, splits } from "../fixtures/sources.ts";

const encode = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

// Records of CSV.

for (
  const [what, text, records] of [
    ["plain fields", "a,b\n1,2\r\n", [["a", "b"], ["1", "2"]]],
    ["quoted fields", '"a","b, c"\r\n"d ""e""",f\n', [["a", "b, c"], ['d "e"', "f"]]],
    ["line breaks in quotes", '1,"a\nb\r\n\nc\rd\r\r\n",2\r3,4,5', [
      ["1", "a\nb\r\n\nc\rd\r\r\n", "2"],
      ["3", "4", "5"],
    ]],
    ["empty fields", ',,\n"",""\n', [["", "", ""], ["", ""]]],
    ["a field that ends in a quote", '"a""",b\n"""",c\n', [['a"', "b"], ['"', "c"]]],
    ["spaces, which belong to a field", " a , b \n", [[" a ", " b "]]],
    ["characters of several bytes in quotes", '"名\n😀",é\n', [["名\n😀", "é"]]],
    ["a quoted line of commas and quotes", '","",",x\n","\n', [[',",', "x"], [","]]],
  ] as [string, string, string[][]][]
) {
  Deno.test(`CsvReader reads ${what}, with any blocks`, async () => {
    for (const blocks of splits(encode(text))) {
      const found = await all(new CsvReader(new LineReader(blocks)));
      assertEquals(found.map((record) => toFields(record as string)), records);
      assert(blocks.isClosed);
    }
  });
}

for (
  const [what, text, records, bad] of [
    ["a quote in a field without", 'a"b,c\nd\n', ['a"b,c', "d"], 0],
    ["a quote behind a space", 'a, "b"\nd\n', ['a, "b"', "d"], 0],
    ["more behind a closed quote", '"a"b,c\nd\n', ['"a"b,c', "d"], 0],
    ["a quote that is not closed", 'd\n"a,b\nc\n', ["d", '"a,b\nc'], 1],
  ] as [string, string, string[], number][]
) {
  Deno.test(`CsvReader continues after ${what}`, async () => {
    for (const blocks of splits(encode(text))) {
      const found = await all(new CsvReader(new LineReader(blocks)));
      assertEquals(found, records);
      found.forEach((record, k) => {
        assertEquals(typeof toFields(record as string) === "string", k === bad);
      });
    }
  });
}

Deno.test("CsvReader marks a record over 1 MiB, and continues after its line", async () => {
  const line = `${"x".repeat(1023)}\n`;
  // The quote and 1,024 lines without the last one's end are 1 MiB.
  const text = `1,2\n"${line.repeat(1024)}z\n3,4\n"${"x".repeat(2 * MAX_LINE)}"\n5,6\n`;
  const reader = new CsvReader(new LineReader(new Blocks([encode(text)])));
  const found: unknown[] = [];
  const numbers: number[] = [];
  for (let step = await reader.next(); !step.done; step = await reader.next()) {
    found.push(step.value instanceof OverlongLine ? step.value.start.slice(0, 3) : step.value);
    numbers.push(reader.line);
  }
  assertEquals(found, ["1,2", '"xx', "3,4", '"xx', "5,6"]);
  assertEquals(numbers, [1, 2, 1027, 1028, 1029]);
});

Deno.test("CsvReader reads a record of 1 MiB in quotes", async () => {
  const text = `"${"x".repeat(MAX_LINE - 3)}\n"`;
  const reader: Lines = new CsvReader(new LineReader(new Blocks([encode(`${text}\na\n`)])));
  assertEquals((await all(reader)).map((record) => record === text || record), [true, "a"]);
});

Deno.test("CsvReader.return() ends it within a record", async () => {
  const blocks = new Blocks([encode('a\n"b\nc'), encode("d")]);
  const reader = new CsvReader(new LineReader(blocks));
  assertEquals(await reader.next(), { value: "a", done: false });
  const pending = reader.next();
  reader.return();
  assertEquals(await pending, { value: undefined, done: true });
  assertEquals(await reader.next(), { value: undefined, done: true });
  assert(blocks.isClosed);
});

import { assertEquals, assertThrows } from "@std/assert";
import { OutputError } from "../../../lib/errors.ts";
import { FIELDS } from "../../../lib/output/record.ts";
import {
  createRowFormatter,
  formatRow,
  readRow,
  readRowLines,
  toRowColumns,
} from "../../../lib/output/rows/row_lines.ts";
import { FAILED, HOSTILE, RESULT, TARGET } from "../../fixtures/hostile_result.ts";

const NAME = "--output x";
const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

Deno.test("readRowLines() reads what createRowFormatter() makes, whatever a server sent", () => {
  const fields = [...Object.keys(FIELDS), "c", "d"];
  const options = { fields, captures: ["c", "d"], isForTerminal: false, thread: 3 };
  const columns = toRowColumns(options);
  const results = [
    RESULT,
    { ...RESULT, captures: [17.5, true] },
    { ...FAILED, target: { ...TARGET, url: HOSTILE }, captures: [HOSTILE, null] },
  ];
  const lines = results.map(createRowFormatter(options)).join("");
  const rows = readRowLines(encode(lines), columns, NAME);
  assertEquals(rows, results.map((result) => readRow(columns, result, 3)));
  assertEquals(rows.map((row) => row.slice(-2)), [
    [null, null],
    ["17.5", "true"],
    [HOSTILE.toWellFormed(), null],
  ]);
  assertEquals(rows[0][fields.indexOf("at")], Date.parse("2026-01-01T00:00:00.007Z"));
  assertEquals(lines.split("\n").length, 4);
});

Deno.test("readRowLines() throws on a line that is not a row of the columns", () => {
  const columns = toRowColumns({ fields: ["i", "status", "ms", "url", "at"], captures: [] });
  const good = [1, null, 1.5, "u", 17];
  assertEquals(readRowLines(encode(formatRow(good)), columns, NAME), [good]);
  for (
    const bad of [
      "",
      "{}",
      "[1,null,1.5,",
      '[1,null,1.5,"u"]',
      '[1,null,1.5,"u",17,1]',
      '[null,null,1.5,"u",17]',
      '[1.5,null,1.5,"u",17]',
      '[1,"200",1.5,"u",17]',
      '[1,null,1e999,"u",17]',
      "[1,null,1.5,17,17]",
      '[1,null,1.5,"u","2026"]',
      '[9007199254740993,null,1.5,"u",17]',
    ]
  ) {
    assertThrows(
      () => readRowLines(encode(`${bad}\n`), columns, NAME),
      OutputError,
      "Cannot write '--output x': a record came in another form: resume the run",
      bad,
    );
  }
});

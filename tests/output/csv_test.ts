import { assert, assertEquals } from "@std/assert";
import { parse } from "@std/csv/parse";
import { createCsvFormatter } from "../../lib/output/csv.ts";
import { DEFAULT_FIELDS } from "../../lib/output/record.ts";
import { escapeForTerminal } from "../../lib/text/escape.ts";
import { FAILED, OF_TERMINAL, RESULT } from "../fixtures/hostile_result.ts";

const csv = (
  fields?: readonly string[],
  captures: readonly string[] = [],
  { isForTerminal = false } = {},
) => createCsvFormatter({ fields, captures, isForTerminal });

Deno.test("createCsvFormatter() keeps texts unchanged in a file, and escapes them for a terminal", () => {
  const result = { ...RESULT, location: `/a,"${OF_TERMINAL}\n`, captures: ["=1\x1b[2J"] };
  const [inFile, onTerminal] = [false, true].map((isForTerminal) =>
    csv(["location", "c"], ["c"], { isForTerminal }).format(result)
  );
  assertEquals(inFile, `"/a,""${OF_TERMINAL}\n",'=1\x1b[2J\n`);
  assertEquals(onTerminal, `"/a,""${escapeForTerminal(OF_TERMINAL)}\\x0a",'=1\\x1b[2J\n`);
});

Deno.test("createCsvFormatter() gives lines that a CSV reader reads back", () => {
  const { header, format } = csv();
  const text = header + format(RESULT) + format({ ...FAILED, detail: 'a "b",\r\nc' });
  const [first, second] = parse(text, { skipFirstRow: true }) as Record<string, string>[];
  assertEquals(Object.keys(first), [...DEFAULT_FIELDS]);
  assertEquals([first.i, first.status, first.error, first.detail], ["17", "200", "", ""]);
  assertEquals([second.status, second.error, second.detail], ["", "timeout", 'a "b",\nc']);
});

Deno.test("createCsvFormatter() writes no empty line, which readers pass over", () => {
  const { header, format } = csv(["error"]);
  assertEquals(format({ ...RESULT, error: undefined }), '""\n');
  const text = header + format(RESULT) + format(FAILED) + format(RESULT);
  const rows = parse(text, { skipFirstRow: true }) as Record<string, string>[];
  assertEquals(rows.map(({ error }) => error), ["", "timeout", ""]);
});

Deno.test("createCsvFormatter() defuses formulas", () => {
  const { format } = csv(["location"]);
  for (const start of ["=", "+", "-", "@", "\t", "\r"]) {
    const location = `${start}HYPERLINK("http://evil")`;
    assert(/^"?'/.test(format({ ...RESULT, location })), location);
  }
  assertEquals(format({ ...RESULT, location: "/next" }), "/next\n");
});

import { assertEquals } from "@std/assert";
import { RowScanner } from "../../../lib/output/rows/row_scanner.ts";
import {
  ABSENT,
  DECIMAL,
  INTEGER,
  integerAt,
  NULL,
  numberAt,
  OTHER,
  PLAIN,
} from "../../../lib/scan/scanner.ts";

Deno.test("RowScanner.setRow() shows values as scanners of lines do", () => {
  const scanner = new RowScanner(8);
  // A long text lets it grow, and a shorter row behind it must not show what is left of that.
  const long = `😀\u0000"${"x".repeat(10_000)}`;
  scanner.setRow([17, 1.75, long, null, undefined, true, 1e21, ""]);
  assertEquals([...scanner.kinds], [INTEGER, DECIMAL, PLAIN, NULL, ABSENT, OTHER, OTHER, PLAIN]);
  assertEquals(integerAt(scanner, 0), 17);
  assertEquals(numberAt(scanner, 1), 1.75);
  assertEquals(scanner.text(2), long);
  assertEquals(scanner.text(7), "");
  scanner.setRow([Number.MAX_SAFE_INTEGER, 3e9, "ü", "\ufeffx", null, 0, -1, "y"]);
  assertEquals([...scanner.kinds], [INTEGER, INTEGER, PLAIN, PLAIN, NULL, INTEGER, OTHER, PLAIN]);
  assertEquals(integerAt(scanner, 0), Number.MAX_SAFE_INTEGER);
  assertEquals(integerAt(scanner, 1), 3e9);
  assertEquals([2, 3, 7].map((k) => scanner.text(k)), ["ü", "\ufeffx", "y"]);
});

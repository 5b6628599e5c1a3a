import { assertEquals } from "@std/assert";
import { TimeReader } from "../../../lib/commands/report/time_reader.ts";
import { FlatJson } from "../../../lib/scan/flat_json.ts";

/** What a reader gives for each text in turn. */
function read(...texts: string[]): number[] {
  const reader = new TimeReader();
  const scanner = new FlatJson(["at"]);
  return texts.map((at) => {
    const bytes = new TextEncoder().encode(JSON.stringify({ at }));
    scanner.scan(bytes, 0, bytes.length);
    return reader.read(scanner, 0);
  });
}

Deno.test("TimeReader.read() gives the same as Date.parse()", () => {
  const texts = [
    "2026-01-31T12:00:00.000Z",
    "2026-01-31T12:00:00.999Z",
    "2026-01-31T12:00:01.001Z",
    "2026-01-31T12:00:00.5Z",
    "2026-01-31T12:00:00Z",
    "2026-01-31T13:00:00+01:00",
    "2026-01-31T12:00:00.123Z",
  ];
  assertEquals(read(...texts), texts.map((text) => Date.parse(text)));
});

Deno.test("TimeReader.read() gives NaN when the text is not a time", () => {
  const texts = [
    "",
    "soon",
    "2026-13-31T12:00:00.000Z",
    "2026-01-31T12:00:00.0x0Z",
    "x".repeat(24),
  ];
  assertEquals(read(...texts), texts.map(() => NaN));
});

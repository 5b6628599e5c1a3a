import { assertEquals } from "@std/assert";
import { countRecords } from "../../lib/output/count_records.ts";

const count = (text: string, hasQuotes: boolean) =>
  countRecords(new TextEncoder().encode(text), hasQuotes);

Deno.test("countRecords() counts lines, and breaks between quotes where a format has them", () => {
  for (
    const [text, lines, records] of [
      ["", 0, 0],
      ["a\n", 1, 1],
      ["a\n\nb\n", 3, 3],
      ['0,"a\nb",""\n1,"x""\ny"\n', 4, 2],
      ["a\nb", undefined, undefined],
      ['"a\n', 1, undefined],
    ] as const
  ) {
    assertEquals([count(text, false), count(text, true)], [lines, records], text);
  }
});

import { assertEquals } from "@std/assert";
import { WarcHead } from "../../lib/warc/warc_head.ts";

const parse = (...fields: string[]): WarcHead =>
  WarcHead.parse(
    ["WARC/1.1", "WARC-Type: response", "Content-Length: 0", ...fields].join("\r\n"),
  );

Deno.test("WarcHead reads dates of any precision that WARC has", () => {
  for (
    const [date, timeMs, digits] of [
      ["2026", Date.UTC(2026), "2026"],
      ["2026-02", Date.UTC(2026, 1), "202602"],
      ["2026-02-03", Date.UTC(2026, 1, 3), "20260203"],
      ["2026-02-03T04:05Z", Date.UTC(2026, 1, 3, 4, 5), "202602030405"],
      ["2026-02-03T04:05:06Z", Date.UTC(2026, 1, 3, 4, 5, 6), "20260203040506"],
      ["2026-02-03T04:05:06.5Z", Date.UTC(2026, 1, 3, 4, 5, 6, 500), "202602030405065"],
      ["2026-02-03T04:05:06.123456789Z", Date.UTC(2026, 1, 3, 4, 5, 6) + 123.456789, undefined],
      ["2026-02-03 04:05:06", NaN, undefined],
      ["Tue, 03 Feb 2026 04:05:06 GMT", NaN, undefined],
    ] as const
  ) {
    const head = parse(`WARC-Date: ${date}`);
    assertEquals(head.timeMs, timeMs, date);
    if (digits !== undefined) assertEquals(head.dateDigits, digits);
  }
  assertEquals([parse().timeMs, parse().dateDigits], [NaN, undefined]);
});

Deno.test("WarcHead takes the first value of a field, and joins lines that continue it", () => {
  const head = parse("warc-target-uri:<http://h/>", "X: a", " b", "\tc", "X: d", "Y :\t e ");
  assertEquals([head.targetUri, head.field("x"), head.field("y")], ["http://h/", "a b c", "e"]);
  assertEquals([head.isCapture, head.isHttp], [true, false]);
  assertEquals(parse("Content-Type: Application/HTTP; msgtype=response").isHttp, true);
});

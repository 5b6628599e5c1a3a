import { assertEquals } from "@std/assert";
import { parseRetryAfter } from "../../lib/schedule/retry_after.ts";

const NOW = Date.UTC(1994, 10, 6, 8, 49, 7);

for (
  const [text, expected] of [
    ["0", 0],
    ["120", 120_000],
    ["Sun, 06 Nov 1994 08:49:37 GMT", 30_000],
    ["Sunday, 06-Nov-94 08:49:37 GMT", 30_000],
    ["Sun Nov  6 08:49:37 1994", 30_000],
    ["Sun, 06 Nov 1994 08:00:00 GMT", 0],
    ["-1", undefined],
    ["1.5", undefined],
    ["", undefined],
    ["soon", undefined],
    ["9".repeat(40), undefined],
    ["Sun, 99 Nov 1994 08:49:37 GMT", undefined],
    ["1994-11-06T08:49:37Z", undefined],
    // Several fields, joined: the longest wait.
    ["120, 120", 120_000],
    ["1, 120, 5", 120_000],
    ["Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT", 30_000],
    ["Sunday, 06-Nov-94 08:49:37 GMT, Sun Nov  6 08:50:37 1994, 3", 90_000],
    ["soon, 5", 5_000],
    ["5, soon", 5_000],
  ] as const
) {
  Deno.test(`parseRetryAfter() gives ${expected} for "${text}"`, () => {
    assertEquals(parseRetryAfter(text, NOW), expected);
  });
}

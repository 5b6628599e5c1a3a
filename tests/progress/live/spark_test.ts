import { assertEquals } from "@std/assert";
import { formatShareBar, formatSpark } from "../../../lib/progress/live/spark.ts";

Deno.test("formatSpark() scales to the greatest value, and leaves gaps", () => {
  assertEquals(formatSpark([0, 1, 2, 3, 4, 5, 6, 7, 8]), "▁▁▂▃▄▅▆▇█");
  assertEquals(formatSpark([0, null, 0]), "▁ ▁");
  assertEquals(formatSpark([]), "");
});

Deno.test("formatShareBar() is full only at 100 %, and empty only at 0", () => {
  assertEquals([0, 1e-9, 0.5, 0.99999, 1].map((share) => formatShareBar(share, 4)), [
    "",
    "▏",
    "██",
    "███▉",
    "████",
  ]);
});

import { assertEquals } from "@std/assert";
import { formatLine } from "../../../lib/progress/live/line.ts";

Deno.test("formatLine() drops a number that does not fit, and cuts a text", () => {
  const line = [{ text: "name " }, { text: "1,234" }, { text: " and more", isElastic: true }];
  const at = (cells: number): string => formatLine(line, cells, false);
  assertEquals([19, 18, 14, 13, 10, 9, 5, 4, 0].map(at), [
    "name 1,234 and more",
    "name 1,234 and mo…",
    "name 1,234 an…",
    "name 1,234",
    "name 1,234",
    "name",
    "name",
    "",
    "",
  ]);
});

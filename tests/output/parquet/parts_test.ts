import { assertEquals } from "@std/assert";
import { listParts, toPartPath } from "../../../lib/output/parquet/parts.ts";
import { folder } from "../../fixtures/folder.ts";

Deno.test("toPartPath() puts the number before the ending", () => {
  for (
    const [path, expected] of [
      ["results.parquet", "results.0012.parquet"],
      ["./a.b/results", "./a.b/results.0012"],
      ["/a/.parquet", "/a/.parquet.0012"],
      ["a.b.parquet", "a.b.0012.parquet"],
    ]
  ) assertEquals([toPartPath(path, 0), toPartPath(path, 12)], [path, expected]);
});

Deno.test("listParts() ends with the first part that is missing", async () => {
  await using dir = await folder();
  const path = dir.path("o.parquet");
  assertEquals(await listParts(path), [path]);
  for (const part of [1, 2, 4]) await Deno.writeTextFile(toPartPath(path, part), "");
  assertEquals(await listParts(path), [path, toPartPath(path, 1), toPartPath(path, 2)]);
});

import { assertEquals } from "@std/assert";
import { NameCounts } from "../../lib/stats/name_counts.ts";

Deno.test("NameCounts.take() gives what came since the last call", () => {
  const [counts, all] = [new NameCounts(), new NameCounts()];
  for (const name of ["b", "a", "b"]) counts.record(name);
  all.add(counts.take());
  assertEquals(counts.toJSON(), {});
  counts.record("c");
  all.add(counts.take());
  assertEquals(JSON.stringify(all), '{"b":2,"a":1,"c":1}');
});

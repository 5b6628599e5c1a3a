import { assertEquals } from "@std/assert";
import { LateStarts } from "../../lib/stats/late_starts.ts";

Deno.test("LateStarts.take() gives what came since the last call", () => {
  const [late, all] = [new LateStarts(), new LateStarts()];
  late.record(3);
  late.record(1);
  all.add(late.take());
  assertEquals(late.toJSON(), { count: 0, ms: 0, maxMs: 0 });
  late.record(2);
  all.add(late.take());
  assertEquals(all.toJSON(), { count: 3, ms: 6, maxMs: 3 });
});

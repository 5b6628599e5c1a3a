import { assertEquals } from "@std/assert";
import { countErrorStatuses, StatusCounts } from "../../lib/stats/status_counts.ts";

Deno.test("StatusCounts.toJSON() has each status that came, ascending", () => {
  const counts = new StatusCounts();
  for (const status of [503, 200, 999, 200]) counts.record(status);
  assertEquals(JSON.stringify(counts), '{"200":2,"503":1,"999":1}');
  assertEquals(JSON.stringify(new StatusCounts()), "{}");
});

Deno.test("StatusCounts.add() adds what others have counted", () => {
  const counts = new StatusCounts();
  counts.record(200);
  counts.add({ 200: 2, 404: 5 });
  assertEquals(counts.toJSON(), { 200: 3, 404: 5 });
});

Deno.test("countErrorStatuses() counts from 400 on", () => {
  assertEquals(countErrorStatuses({ 200: 1, 399: 2, 400: 4, 599: 8, 999: 16 }), 28);
  assertEquals(countErrorStatuses({}), 0);
});

Deno.test("StatusCounts.take() gives what came since the last call", () => {
  const [counts, all] = [new StatusCounts(), new StatusCounts()];
  for (const status of [503, 200, 200]) counts.record(status);
  all.add(counts.take());
  assertEquals(counts.toJSON(), {});
  counts.record(200);
  counts.add({ 100: 4, 404: 0 });
  all.add(counts.take());
  assertEquals(JSON.stringify(all), '{"100":4,"200":3,"503":1}');
});

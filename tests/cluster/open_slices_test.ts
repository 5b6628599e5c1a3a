import { assertEquals, assertThrows } from "@std/assert";
import { OpenSlices } from "../../lib/cluster/open_slices.ts";
import { result } from "../fixtures/result.ts";
import { openSlice } from "../fixtures/slices.ts";

const record = (slices: OpenSlices, i: number): void => slices.record(result({}, { i }));

Deno.test("record() gives each result to the slice of its number, and tells which are whole", async () => {
  const whole: string[] = [];
  const slices = new OpenSlices((slice) => {
    whole.push(slice.lease.slice.id);
    slices.remove(slice);
  });
  const [a, b] = [await openSlice([0, 2], { id: "a" }), await openSlice([2, 1, 5, 1], { id: "b" })];
  slices.add(a);
  slices.add(b);
  for (const i of [1, 5, 0]) record(slices, i);
  assertEquals(whole, ["a"]);
  assertEquals([a.stats.requests, b.stats.requests], [2, 1]);
  record(slices, 2);
  assertEquals(whole, ["a", "b"]);
  assertEquals(slices.list, []);
  assertThrows(() => record(slices, 7), Error, "The result of request 7 belongs to no slice");
});

Deno.test("retries and starts are counted once", async () => {
  const slices = new OpenSlices(() => {});
  const [a, b] = [await openSlice([0, 2]), await openSlice([2, 2])];
  slices.add(a);
  slices.add(b);
  slices.recordRetry("503", result({}, { i: 3 }));
  assertEquals([a, b].map(({ stats }) => stats.toJSON().retries), [{}, { 503: 1 }]);
  record(slices, 2);
  slices.recordLateStart(5);
  slices.recordStart(1);
  assertEquals([a, b].map(({ stats }) => stats.toJSON().late.count), [0, 1]);
  slices.remove(b);
  slices.recordLateStart(5);
  assertEquals(a.stats.toJSON().late.count, 1);
});

import { assertEquals } from "@std/assert";
import { OrderCutter } from "../../lib/cluster/cutter.ts";

Deno.test("OrderCutter cuts slices in the order of the items, one after the other", () => {
  const cutter = new OrderCutter({ step: 2, hasRecords: false });
  cutter.length = 3;
  for (const i of [1, 3]) cutter.add({ i, record: "", line: 0, input: 0 });
  assertEquals([cutter.take(false), cutter.isFull, cutter.count], [undefined, false, 2]);
  cutter.add({ i: 7, record: "", line: 0, input: 0 });
  assertEquals([cutter.isFull, cutter.count], [true, 3]);
  const cut = { runs: [1, 2, 7, 1], count: 3, records: undefined, group: undefined };
  assertEquals(cutter.take(false), cut);
  assertEquals([cutter.isFull, cutter.count, cutter.take(true)], [false, 0, undefined]);
  cutter.add({ i: 9, record: "", line: 0, input: 0 });
  assertEquals(cutter.take(true)?.runs, [9, 1]);
});

import { assertEquals } from "@std/assert";
import { SlicePlan } from "../../lib/cluster/slice_plan.ts";

const BLOCK = { seqs: [1], bytes: 1, sha256: "0".repeat(64) };
const WHOLE = { index: 0, count: 1 };
const INPUT = { path: "x", format: "lines" } as const;

Deno.test("SlicePlan#fits() takes numbers of the run, each once", () => {
  const plan = new SlicePlan({ start: 10, requests: 90, shard: WHOLE, inputs: [] });
  const fits = (...runs: number[]): boolean => plan.fits({ runs, block: undefined });
  assertEquals([fits(10, 90), fits(10, 1, 99, 1), fits(50, 2, 53, 1)], [true, true, true]);
  assertEquals([fits(9, 2), fits(99, 2), fits(100, 1), fits(20, 2, 21, 1), fits(20, 1, 11, 1)], [
    ...[false, false, false, false, false],
  ]);
});

Deno.test("SlicePlan#fits() takes numbers of the shard", () => {
  const plan = new SlicePlan({
    start: 5,
    requests: 100,
    shard: { index: 1, count: 3 },
    inputs: [],
  });
  const fits = (...runs: number[]): boolean => plan.fits({ runs, block: undefined });
  // 7, 10, 13, … 103
  assertEquals([fits(7, 33), fits(7, 2, 13, 1), fits(7, 34), fits(8, 1), fits(4, 1)], [
    ...[true, true, false, false, false],
  ]);
  // 10 would be in both.
  assertEquals(fits(7, 2, 10, 1), false);
});

Deno.test("SlicePlan#fits() takes records only of a run with an input, which may have no bound", () => {
  const of = { start: 0, requests: Infinity, shard: WHOLE };
  const runs = [1e9, 5];
  assertEquals(new SlicePlan({ ...of, inputs: [INPUT] }).fits({ runs, block: BLOCK }), true);
  assertEquals(new SlicePlan({ ...of, inputs: [INPUT] }).fits({ runs, block: undefined }), false);
  assertEquals(new SlicePlan({ ...of, inputs: [] }).fits({ runs, block: BLOCK }), false);
});

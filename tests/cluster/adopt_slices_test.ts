import { assertEquals } from "@std/assert";
import { adoptSlices } from "../../lib/cluster/adopt_slices.ts";
import type { QueuedSlice } from "../../lib/cluster/bus/slice_queue.ts";
import { countRuns } from "../../lib/cluster/number_runs.ts";

const queued = (id: string, runs: number[]): QueuedSlice => ({
  seq: 1,
  slice: { id, runs, count: countRuns(runs), block: undefined },
});

function choose(all: readonly QueuedSlice[], done: readonly number[] = [], step = 1) {
  const { adopted, rejected, runs } = adoptSlices(all, {
    step,
    isOpen: (i) => !done.includes(i),
  });
  const idsOf = (list: readonly QueuedSlice[]): string[] => list.map(({ slice: { id } }) => id);
  return { adopted: idsOf(adopted), rejected: idsOf(rejected), runs };
}

Deno.test("adoptSlices() takes over slices whose numbers are all open", () => {
  const all = [queued("b", [10, 5]), queued("a", [0, 5, 7, 1])];
  assertEquals(choose(all), { adopted: ["b", "a"], rejected: [], runs: [0, 5, 7, 1, 10, 5] });
  assertEquals(choose(all, [7]), { adopted: ["b"], rejected: ["a"], runs: [10, 5] });
  assertEquals(choose(all, [8]).rejected, []);
  assertEquals(choose([queued("a", [1, 3])], [2], 3).adopted, ["a"]);
  assertEquals(choose([queued("a", [1, 3])], [4], 3).adopted, []);
});

Deno.test("adoptSlices() takes no number twice", () => {
  for (
    const other of [[4, 1], [0, 1], [2, 9], [0, 20], [3, 1, 30, 1], [30, 1, 3, 1], [6, 2, 7, 1]]
  ) {
    const all = [queued("a", [0, 5]), queued("b", other)];
    assertEquals(choose(all), { adopted: ["a"], rejected: ["b"], runs: [0, 5] }, `${other}`);
  }
});

import { assert, assertEquals, assertThrows } from "@std/assert";
import { gunzipSync } from "node:zlib";
import { OpenSlice } from "../../lib/cluster/open_slice.ts";
import { OverlongLine } from "../../lib/source/lines.ts";
import { result } from "../fixtures/result.ts";
import { encoders, lease, openSlice } from "../fixtures/slices.ts";

/** The numbers of all items that are left. */
function drain(slice: OpenSlice): number[] {
  const numbers: number[] = [];
  for (let step = slice.next(); !step.done; step = slice.next()) numbers.push(step.value.i);
  return numbers;
}

const write = (slice: OpenSlice, i: number, more = {}): void =>
  slice.write(slice.find(i)!, result(more, { i }));
const text = (bytes: Uint8Array): string =>
  bytes.length === 0 ? "" : new TextDecoder().decode(gunzipSync(bytes));

Deno.test("OpenSlice gives the numbers of its runs, by the step of the shard", async () => {
  assertEquals(drain(await openSlice([3, 2, 10, 1, 12, 3])), [3, 4, 10, 12, 13, 14]);
  assertEquals(drain(await openSlice([1, 3, 20, 2], { step: 5 })), [1, 6, 11, 20, 25]);
  const one = await openSlice([7, 1]);
  assertEquals(drain(one), [7]);
  assert(one.next().done);
});

Deno.test("OpenSlice gives the records of its numbers, with their lines", async () => {
  const slice = new OpenSlice({
    lease: lease("s", { runs: [5, 1, 9, 2] }),
    records: { texts: ["a", "b", "ccc"], lines: [1, 4, 6], overlong: [2], inputs: [] },
    step: 1,
    stats: {},
    encoders: await encoders(),
  });
  const seen: unknown[] = [];
  for (let step = slice.next(); !step.done; step = slice.next()) {
    const { i, record, line } = step.value;
    seen.push([i, record instanceof OverlongLine ? `${record.start}…` : record, line]);
  }
  assertEquals(seen, [[5, "a", 1], [9, "b", 4], [10, "ccc…", 6]]);
});

Deno.test("OpenSlice.write() refuses a second result of a request", async () => {
  const slice = await openSlice([0, 3]);
  write(slice, 1);
  assertThrows(() => write(slice, 1), Error, "Two results of request 1");
  assertEquals(slice.doneCount, 1);
  assertEquals(slice.find(3), undefined);
});

Deno.test("toPart() gives what came of all requests, when each has its result", async () => {
  const slice = await openSlice([0, 2, 8, 1]);
  for (const i of [8, 0]) write(slice, i);
  assert(!slice.isWhole);
  write(slice, 1, { error: "timeout", status: null });
  assert(slice.isWhole);
  const { runs, stats, records, failures } = slice.toPart();
  assertEquals(runs, [0, 2, 8, 1]);
  assertEquals([stats.requests, stats.failed], [3, 1]);
  assertEquals(text(records), "8\n0\n1\n");
  assertEquals(text(failures), "1\n");
});

Deno.test("toPart() gives the numbers that have a result, when others have none", async () => {
  const slice = await openSlice([0, 4, 10, 4], { step: 1 });
  for (const i of [11, 3, 0, 12, 1]) write(slice, i);
  const { runs, stats, records, failures } = slice.toPart();
  assertEquals(runs, [0, 2, 3, 1, 11, 2]);
  assertEquals(stats.requests, 5);
  assertEquals(text(records), "11\n3\n0\n12\n1\n");
  assertEquals(failures.length, 0);
});

Deno.test("toPart() has a member for each 256 KB of records, and leaves its encoders empty", async () => {
  const count = 100_000;
  const slice = await openSlice([1e9, count]);
  for (let i = 1e9; i < 1e9 + count; i++) write(slice, i);
  const lines = Array.from({ length: count }, (_, k) => `${1e9 + k}\n`).join("");
  const { records } = slice.toPart();
  assertEquals(text(records), lines);
  assertEquals(slice.encoders.records!.length, 0);
  assertEquals(slice.encoders.records!.take(), undefined);
});

Deno.test("hasSilence and isSilent tell of requests that failed on their way", async () => {
  const slice = await openSlice([0, 4]);
  write(slice, 0);
  write(slice, 1, { status: 500, error: "expect" });
  write(slice, 2, { status: null, error: "url", scope: undefined });
  assert(!slice.hasSilence && !slice.isSilent);
  write(slice, 3, { status: null, error: "refused" });
  assert(slice.hasSilence && !slice.isSilent);
  const other = await openSlice([0, 2]);
  for (const i of [0, 1]) write(other, i, { status: null, error: "timeout" });
  assert(other.hasSilence && other.isSilent);
});

import { assertEquals, assertStringIncludes } from "@std/assert";
import { gzipSync } from "node:zlib";
import { createClusterState } from "../../lib/checkpoint/cluster_state.ts";
import type { CommitKeys } from "../../lib/cluster/bus/commit_keys.ts";
import type { PieceStore } from "../../lib/cluster/bus/piece_store.ts";
import type { RunBus } from "../../lib/cluster/bus/run_bus.ts";
import type { SliceQueue } from "../../lib/cluster/bus/slice_queue.ts";
import { Codec } from "../../lib/cluster/codec.ts";
import { OrderCutter } from "../../lib/cluster/cutter.ts";
import { Lifecycle } from "../../lib/cluster/lifecycle.ts";
import type { LiveWorkers } from "../../lib/cluster/live_workers.ts";
import type { Commit, Slice } from "../../lib/cluster/messages.ts";
import { countRuns } from "../../lib/cluster/number_runs.ts";
import { Outstanding } from "../../lib/cluster/outstanding.ts";
import { encodePart } from "../../lib/cluster/part.ts";
import { Proof } from "../../lib/cluster/proof.ts";
import { Publisher } from "../../lib/cluster/publisher.ts";
import { SliceBlocks } from "../../lib/cluster/slice_blocks.ts";
import { SliceResults } from "../../lib/cluster/slice_results.ts";
import type { RunOptions } from "../../lib/options/run_options.ts";
import { packStats } from "../../lib/stats/packed_stats.ts";
import { Stats } from "../../lib/stats/stats.ts";
import { result } from "../fixtures/result.ts";

const OUTPUT = { path: "a.ndjson", format: "ndjson", gzip: false } as RunOptions["output"];
const SLICE: Slice = { id: "a-0", count: 10, runs: [0, 10], block: undefined };

/** The bytes of a part of some numbers, with a record for each. */
function makePart(runs: readonly number[]): Uint8Array<ArrayBuffer> {
  const count = countRuns(runs);
  const stats = new Stats({ details: false });
  for (let k = 0; k < count; k++) stats.record(result({ ms: 1 }));
  return encodePart({
    runs,
    stats: packStats(stats),
    records: gzipSync("{}\n".repeat(count)) as Uint8Array<ArrayBuffer>,
    failures: new Uint8Array(),
  });
}

/** What collects one slice of ten numbers that is out, from a bus with one part; and all it does. */
function open(bytes: Uint8Array<ArrayBuffer>) {
  const published: Slice[] = [];
  const freed: string[] = [];
  const queue: Pick<SliceQueue, "publish"> = {
    publish: (slice) => Promise.resolve(void published.push(slice)),
  };
  const commits: Pick<CommitKeys, "close"> = {
    close: (id) => Promise.resolve(void freed.push(`closed ${id}`)),
  };
  const store: Pick<PieceStore, "read" | "dropName"> = {
    read: () => Promise.resolve(bytes),
    dropName: (name) => Promise.resolve(void freed.push(`dropped ${name}`)),
  };
  const codec = new Codec("r", undefined);
  const bus = { codec, queue, commits, store } as unknown as RunBus;
  const lifecycle = new Lifecycle();
  const outstanding = new Outstanding();
  outstanding.add(SLICE, { group: undefined, isRedone: false });
  const blocks = new SliceBlocks(bus, lifecycle, { holdBytes: 1_000, step: 1 });
  const failures: unknown[] = [];
  const onFailure = (error: unknown) => failures.push(error);
  const publisher = new Publisher({
    run: bus,
    lifecycle,
    outstanding,
    blocks,
    cutter: new OrderCutter({ step: 1, hasRecords: false }),
    pending: { next: () => ({ done: true, value: undefined }) },
  }, {
    slice: 10,
    total: 10,
    items: {},
    rate: undefined,
    step: 1,
    hostDelayMs: 0,
    onFailure,
  });
  const stats = new Stats({ details: false });
  const workers: Partial<LiveWorkers> = { settle: () => {} };
  const numbers: number[] = [];
  const notices: string[] = [];
  const waiting: (() => void)[] = [];
  const results = new SliceResults(
    {
      run: bus,
      lifecycle,
      blocks,
      outstanding,
      publisher,
      workers: workers as LiveWorkers,
      proof: new Proof(createClusterState("r")),
      stats,
    },
    { step: 1, hasRecords: false, output: OUTPUT, isResumable: true },
    {
      isOpen: (i) => !numbers.includes(i),
      onResults: (taken) => void numbers.push(...taken.numbers!),
      onSafe: (call) => waiting.push(call),
      onTaken: () => {},
      onNotice: (text) => notices.push(text),
      onFailure,
    },
  );
  /** Waits for what goes on; a journal is written then. */
  const settle = async (): Promise<void> => {
    await results.idle;
    while (publisher.isPutting) await lifecycle.change();
    for (const call of waiting.splice(0)) call();
    await new Promise((resolve) => setTimeout(resolve));
  };
  return { results, published, freed, numbers, notices, failures, stats, lifecycle, settle };
}

const commit = (id: string, tries = 1): Commit => ({
  id,
  worker: "w",
  tries,
  count: 10,
  part: { seqs: [], bytes: 0, sha256: "ab" },
});

Deno.test("SliceResults takes a part once, and lets go of it when a journal has it", async () => {
  const all = open(makePart([0, 10]));
  all.results.add(commit("a-0", 2));
  await all.results.idle;
  assertEquals([all.numbers.length, all.stats.requests, all.results.taken], [10, 10, 10]);
  assertEquals(all.freed, []);
  await all.settle();
  assertEquals(all.freed, ["closed a-0", "dropped part.a-0.*"]);
  all.results.add(commit("a-0"));
  await all.settle();
  assertEquals([all.numbers.length, all.published], [10, []]);
  const { slices, redone, records, workers } = all.results.cluster;
  assertEquals({ slices, redone, records, workers }, {
    slices: 1,
    redone: 1,
    records: 10,
    workers: ["w"],
  });
  assertEquals(all.failures, []);
});

Deno.test("SliceResults takes a commit once that is told twice at once", async () => {
  const all = open(makePart([0, 10]));
  for (let k = 0; k < 3; k++) all.results.add(commit("a-0"));
  await all.settle();
  assertEquals([all.numbers.length, all.failures], [10, []]);
});

Deno.test("SliceResults ignores a commit of a slice that is not out", async () => {
  const all = open(makePart([0, 10]));
  all.results.add(commit("b-0"));
  await all.settle();
  assertEquals([all.numbers, all.freed], [[], []]);
});

Deno.test("SliceResults has the rest of a slice published under another id", async () => {
  const all = open(makePart([0, 3, 5, 2]));
  all.results.add(commit("a-0"));
  await all.settle();
  assertEquals(all.published.map(({ runs }) => runs), [[3, 2, 7, 3]]);
  assertEquals([all.numbers.length, all.results.taken, all.notices], [5, 5, []]);
});

Deno.test("SliceResults publishes no rest once the run stops", async () => {
  const all = open(makePart([0, 3]));
  all.lifecycle.stop();
  all.results.add(commit("a-0"));
  await all.settle();
  assertEquals([all.published, all.numbers], [[], [0, 1, 2]]);
});

Deno.test("SliceResults says of a damaged part that its slice is not done once the run stops", async () => {
  const all = open(new Uint8Array(7));
  all.lifecycle.stop();
  all.results.add(commit("a-0"));
  await all.settle();
  assertEquals(all.notices, ["slice 'a-0' is damaged: it is not done"]);
  assertEquals([all.published, all.numbers], [[], []]);
});

for (
  const [what, bytes] of [
    ["a part that is damaged", new Uint8Array(7)],
    ["a part of other requests", makePart([5, 10])],
  ] as const
) {
  Deno.test(`SliceResults has a slice done again after ${what}`, async () => {
    const all = open(bytes);
    all.results.add(commit("a-0"));
    await all.settle();
    assertEquals(all.published.map(({ runs }) => runs), [[0, 10]]);
    assertStringIncludes(all.notices[0], "'a-0'");
    assertEquals([all.numbers, all.freed, all.failures], [
      [],
      ["closed a-0", "dropped part.a-0.*"],
      [],
    ]);
  });
}

Deno.test("SliceResults takes what an earlier submitter has left, and what it has only once", async () => {
  const all = open(makePart([20, 4]));
  all.results.beginEarlier();
  for (const id of ["x-1", "x-2"]) all.results.add(commit(id));
  assertEquals(await all.results.endEarlier(), new Set(["x-1", "x-2"]));
  assertEquals(all.numbers, [20, 21, 22, 23]);
  all.results.add(commit("x-3"));
  await all.settle();
  assertEquals([all.numbers.length, all.results.taken], [4, 0]);
  assertEquals(all.freed.toSorted(), [
    "closed x-1",
    "closed x-2",
    "dropped part.x-1.*",
    "dropped part.x-2.*",
  ]);
});

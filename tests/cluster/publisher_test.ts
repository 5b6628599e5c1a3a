import { assertEquals } from "@std/assert";
import type { RunBus } from "../../lib/cluster/bus/run_bus.ts";
import type { SliceQueue } from "../../lib/cluster/bus/slice_queue.ts";
import { type Cutter, OrderCutter } from "../../lib/cluster/cutter.ts";
import { HostCutter } from "../../lib/cluster/host_cutter.ts";
import { Lifecycle } from "../../lib/cluster/lifecycle.ts";
import { CHECKS, type Slice } from "../../lib/cluster/messages.ts";
import { Outstanding } from "../../lib/cluster/outstanding.ts";
import { Publisher } from "../../lib/cluster/publisher.ts";
import { SliceBlocks } from "../../lib/cluster/slice_blocks.ts";
import type { Item } from "../../lib/source/item.ts";
import type { MaybePromise, Step } from "../../lib/stream.ts";
import { SimulatedClock } from "../fixtures/simulated_clock.ts";
import { until } from "../fixtures/until.ts";

const STEP = 1;
const CUTTING = { step: STEP, hasRecords: false };
const HOST_DELAY_MS = 500;

/** A publisher of slices with 10 numbers, and what it has published. */
function open(next: () => MaybePromise<Step<Item>>, cutter: Cutter = new OrderCutter(CUTTING)) {
  const published: Slice[] = [];
  const queue: Pick<SliceQueue, "publish"> = {
    publish: (slice) => Promise.resolve(void published.push(slice)),
  };
  const run = { queue } as unknown as RunBus;
  const lifecycle = new Lifecycle();
  const outstanding = new Outstanding();
  const failures: unknown[] = [];
  const publisher = new Publisher({
    run,
    lifecycle,
    outstanding,
    blocks: new SliceBlocks(run, lifecycle, { holdBytes: 1_000, step: STEP }),
    cutter,
    pending: { next },
  }, {
    slice: 10,
    total: undefined,
    items: {},
    rate: undefined,
    step: STEP,
    hostDelayMs: cutter instanceof HostCutter ? HOST_DELAY_MS : 0,
    onFailure: (error) => failures.push(error),
  });
  return { publisher, published, lifecycle, outstanding, failures };
}

/** Items of the numbers up to one, and then what follows. */
function countTo(end: number, then: () => MaybePromise<Step<Item>>) {
  let i = 0;
  return (): MaybePromise<Step<Item>> =>
    i < end ? { done: false, value: { i: i++, record: "", line: 0, input: 0 } } : then();
}

const done = (): Step<Item> => ({ done: true, value: undefined });

/** Waits until nothing is on its way to the bus. */
async function settle(
  { publisher, lifecycle }: Pick<ReturnType<typeof open>, "publisher" | "lifecycle">,
) {
  while (publisher.isPutting) await lifecycle.change();
}

Deno.test("Publisher publishes each item once, the last slice in part", async () => {
  const all = open(countTo(25, done));
  await all.publisher.publish();
  await settle(all);
  assertEquals(all.published.map(({ runs }) => runs), [[0, 10], [10, 10], [20, 5]]);
  assertEquals(new Set(all.published.map(({ id }) => id)).size, 3);
  assertEquals([all.publisher.given, all.publisher.hasEnded, all.outstanding.size], [25, true, 3]);
});

Deno.test("Publisher leaves out what is in slices that it takes over", async () => {
  const all = open(countTo(20, done));
  all.publisher.adopt([{ id: "a-0", count: 12, runs: [3, 12], block: undefined }], [3, 12]);
  await all.publisher.publish();
  await settle(all);
  assertEquals(all.published.map(({ runs }) => runs), [[0, 3, 15, 5]]);
  assertEquals([all.publisher.given, all.outstanding.size], [20, 2]);
});

Deno.test("Publisher has one slice of a host out at a time, also of one that it takes over", async () => {
  using clock = new SimulatedClock(0);
  const cutter = new HostCutter({ make: undefined, delayMs: HOST_DELAY_MS, ...CUTTING });
  const all = open(countTo(20, done), cutter);
  const { publisher, published, outstanding, lifecycle } = all;
  const runs = (): unknown => published.map(({ runs }) => runs);
  publisher.adopt([{ id: "old-0", count: 10, runs: [0, 10], block: undefined }], [0, 10]);
  const publishing = publisher.publish();
  await clock.to(1_000);
  assertEquals(runs(), []);
  // A worker that leaves has made four of its requests.
  const adopted = outstanding.get("old-0")!;
  outstanding.delete("old-0");
  void publisher.putAgain(adopted, [4, 6], false);
  lifecycle.notify();
  await clock.to(1_000 + HOST_DELAY_MS - 1);
  assertEquals(runs(), []);
  await clock.to(3_000);
  assertEquals(runs(), [[4, 6]]);
  outstanding.delete(published[0].id);
  lifecycle.notify();
  await clock.to(3_000 + HOST_DELAY_MS - 1);
  assertEquals(runs(), [[4, 6]]);
  await clock.to(4_000);
  assertEquals(runs(), [[4, 6], [10, 10]]);
  await publishing;
});

Deno.test("Publisher does not wait for a slice that it took over once the run stops", async () => {
  const cutter = new HostCutter({ make: undefined, delayMs: HOST_DELAY_MS, ...CUTTING });
  const all = open(countTo(20, done), cutter);
  all.publisher.adopt([{ id: "old-0", count: 10, runs: [0, 10], block: undefined }], [0, 10]);
  const publishing = all.publisher.publish();
  all.lifecycle.stop();
  await publishing;
  assertEquals([all.published, all.publisher.hasEnded], [[], true]);
});

Deno.test("Publisher waits while all slices are out, until the run stops", async () => {
  const all = open(countTo(Infinity, done));
  const publishing = all.publisher.publish();
  await until(() => all.outstanding.isFull);
  all.lifecycle.stop();
  await publishing;
  await settle(all);
  assertEquals(all.published.length, 200);
});

Deno.test("Publisher publishes what it has when the input is slow", async () => {
  const last = Promise.withResolvers<Step<Item>>();
  const all = open(countTo(3, () => last.promise));
  const publishing = all.publisher.publish();
  await until(() => all.published.length > 0);
  assertEquals(all.published[0].runs, [0, 3]);
  last.reject(new Error("the input is cut off"));
  await publishing;
  assertEquals((all.publisher.inputFailure as Error).message, "the input is cut off");
});

Deno.test("Publisher.putAgain() makes several slices of one with too many runs", async () => {
  const all = open(done);
  const runs = Array.from({ length: 60_000 }, (_, k) => k % 2 === 0 ? 1e9 + k : 1);
  const slice = { id: "a-0", count: 100_000, runs: [1e9, 100_000], block: undefined };
  const sinceMs = performance.now();
  const outstanding = { slice, group: undefined, sinceMs, isRedone: false, isMissing: false };
  await all.publisher.putAgain(outstanding, runs, false);
  await settle(all);
  assertEquals(all.published.flatMap((slice) => slice.runs), runs);
  assertEquals(JSON.parse(JSON.stringify(all.published)).every(CHECKS.slice), true);
  assertEquals(all.published.length, 8);
  assertEquals(all.failures, []);
});

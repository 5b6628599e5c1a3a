import { assertEquals, assertInstanceOf } from "@std/assert";
import type { CommitKeys } from "../../lib/cluster/bus/commit_keys.ts";
import type { RunBus } from "../../lib/cluster/bus/run_bus.ts";
import type { SliceQueue } from "../../lib/cluster/bus/slice_queue.ts";
import { Lifecycle } from "../../lib/cluster/lifecycle.ts";
import type { LiveWorkers } from "../../lib/cluster/live_workers.ts";
import type { Commit, Slice } from "../../lib/cluster/messages.ts";
import { Outstanding } from "../../lib/cluster/outstanding.ts";
import { RunWatch } from "../../lib/cluster/run_watch.ts";
import type { SliceResults } from "../../lib/cluster/slice_results.ts";
import { BusError } from "../../lib/errors.ts";

const COMMIT: Commit = {
  id: "a-0",
  worker: "w",
  tries: 1,
  count: 1,
  part: { seqs: [], bytes: 0, sha256: "" },
};

/** A watch over one slice that is out, which is old at each look; and all that it does. */
function open() {
  const slice: Slice = { id: "a-0", count: 1, runs: [0, 1], block: undefined };
  const bus = {
    isThere: true,
    isAway: false,
    queued: [slice],
    commit: undefined as Awaited<ReturnType<CommitKeys["read"]>>,
  };
  const queue: Pick<SliceQueue, "list"> = {
    list: () => Promise.resolve(bus.queued.map((slice) => ({ seq: 1, slice }))),
  };
  const commits: Pick<CommitKeys, "read"> = { read: () => Promise.resolve(bus.commit) };
  const run: Pick<RunBus, "exists"> = {
    exists: () =>
      bus.isAway ? Promise.reject(new BusError("no answer", "away")) : Promise.resolve(bus.isThere),
  };
  const done: unknown[] = [];
  const results: Partial<SliceResults> = {
    replace: (id, how) => done.push(`${id} ${how}`),
    add: (commit) => done.push(commit),
  };
  const workers: Partial<LiveWorkers> = { look: () => {}, heard: [] };
  const outstanding = new Outstanding();
  outstanding.add(slice, { group: undefined, isRedone: false });
  const lifecycle = new Lifecycle();
  const watch = new RunWatch(
    {
      run: { ...run, queue, commits } as unknown as RunBus,
      lifecycle,
      outstanding,
      results: results as SliceResults,
      workers: workers as LiveWorkers,
    },
    -1,
    {
      onLost: (reason) => done.push(reason),
      onNoProgress: (reason) => done.push(reason),
      onNotice: (text) => done.push(text),
    },
  );
  return { watch, bus, done, lifecycle, outstanding };
}

Deno.test("RunWatch leaves a slice alone that is in the queue", async () => {
  const { watch, done } = open();
  for (let k = 0; k < 3; k++) await watch.look();
  assertEquals(done, []);
});

Deno.test("RunWatch has a slice published anew that two looks in a row have not found", async () => {
  const { watch, bus, done } = open();
  const [slice] = bus.queued;
  bus.queued = [];
  await watch.look();
  bus.queued = [slice];
  await watch.look();
  bus.queued = [];
  await watch.look();
  assertEquals(done, []);
  await watch.look();
  assertEquals(done, ["a-0 was lost by the bus"]);
});

Deno.test("RunWatch has a commit collected that nobody told of", async () => {
  const { watch, bus, done } = open();
  bus.queued = [];
  bus.commit = COMMIT;
  await watch.look();
  assertEquals(done, []);
  await watch.look();
  assertEquals(done, [COMMIT]);
});

Deno.test("RunWatch ends a run that the bus does not have at two looks in a row", async () => {
  const { watch, bus, done } = open();
  bus.isThere = false;
  await watch.look();
  bus.isThere = true;
  await watch.look();
  bus.isThere = false;
  await watch.look();
  assertEquals([done, watch.hasLost], [[], false]);
  await watch.look();
  assertInstanceOf(done[0], BusError);
  assertEquals([done.length, watch.hasLost], [1, true]);
});

Deno.test("RunWatch says once that the bus does not answer, and once that it is back", async () => {
  const { watch, bus, done, lifecycle } = open();
  bus.isAway = true;
  await watch.look();
  await watch.look();
  bus.isAway = false;
  await watch.look();
  assertEquals(done, ["the bus does not answer: waiting for it", "the bus is back"]);
  lifecycle.end();
  bus.isAway = true;
  await watch.look();
  assertEquals(done.length, 2);
});

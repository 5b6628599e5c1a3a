import { assertEquals, assertInstanceOf } from "@std/assert";
import type { CommitKeys } from "../../lib/cluster/bus/commit_keys.ts";
import type { RunBus } from "../../lib/cluster/bus/run_bus.ts";
import type { SliceQueue } from "../../lib/cluster/bus/slice_queue.ts";
import { Lifecycle } from "../../lib/cluster/lifecycle.ts";
import { type LiveWorkers, SILENT_MS } from "../../lib/cluster/live_workers.ts";
import type { Commit, Slice } from "../../lib/cluster/messages.ts";
import { Outstanding } from "../../lib/cluster/outstanding.ts";
import { RunWatch } from "../../lib/cluster/run_watch.ts";
import type { SliceResults } from "../../lib/cluster/slice_results.ts";
import { BusError } from "../../lib/errors.ts";
import { SimulatedClock } from "../fixtures/simulated_clock.ts";
import { live } from "../fixtures/workers.ts";

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
      onBad: (id, why) => done.push(`${id} is ${why}`),
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

for (
  const [mark, what] of [
    ["closed", "a-0 was closed before it was done"],
    ["deadly", "a-0 is deadly"],
    ["damaged", "a-0 is damaged"],
  ] as const
) {
  Deno.test(`RunWatch waits for no slice that is marked '${mark}'`, async () => {
    const { watch, bus, done } = open();
    bus.queued = [];
    bus.commit = mark;
    await watch.look();
    assertEquals(done, []);
    await watch.look();
    assertEquals(done, [what]);
  });
}

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

/** What a worker tells that leaves as it could not reach anything. */
const gaveUp = (worker: string) => live(worker, { isShut: true, gaveUp: "the host is down" });

for (
  const [others, told, isOver] of [
    ["nobody is left", [gaveUp("a")], true],
    ["the other threads of the worker leave", [gaveUp("a-0"), live("a-1")], true],
    ["another worker leaves", [gaveUp("a"), live("b", { isShut: true })], true],
    ["another worker gives up, too", [gaveUp("a"), live("b"), gaveUp("b")], true],
    ["others give up at the same time", [gaveUp("a-0"), gaveUp("b-0"), live("a-1")], true],
    ["another worker goes on", [gaveUp("a"), live("b")], false],
  ] as const
) {
  Deno.test(`RunWatch ${isOver ? "ends" : "does not end"} a run after a worker gave up when ${others}`, async () => {
    using clock = new SimulatedClock(0);
    const { watch, done } = open();
    for (const one of told) watch.hear(one);
    // Nobody is heard of for longer than a worker may be silent.
    await clock.to(SILENT_MS + 1);
    await watch.look();
    assertEquals(done.map(String), isOver ? ["NoProgressError: the host is down"] : []);
  });
}

import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { CommonLimits, type LimitsBus } from "../../lib/cluster/common_limits.ts";
import type { Hold } from "../../lib/cluster/messages.ts";
import type { News } from "../../lib/schedule/news.ts";

const AHEAD_MS = 1e9;

/** A bus in this process, whose clock is ahead. */
class FakeBus implements LimitsBus {
  taken = 0;
  originMs: number | undefined;
  readonly written: Hold[] = [];
  readonly watches = new Set<unknown>();

  readonly turns = {
    take: () => Promise.resolve(++this.taken),
    readClock: () => Promise.resolve(performance.now() + AHEAD_MS),
    moveOrigin: (atMs: number, before: number | undefined) => {
      if (this.originMs === before) this.originMs = atMs;
      return Promise.resolve(this.originMs!);
    },
    watchOrigin: (take: (atMs: number) => void) => {
      this.watches.add(take);
      if (this.originMs !== undefined) take(this.originMs);
      return Promise.resolve(() => void this.watches.delete(take));
    },
  };

  readonly holds = {
    write: (hold: Hold) => {
      this.written.push(hold);
      return Promise.resolve();
    },
    watch: async (take: (hold: Hold) => Promise<void>) => {
      this.watches.add(take);
      for (const hold of this.written) await take(hold);
      return () => void this.watches.delete(take);
    },
  };
}

Deno.test("CommonLimits has one beginning of a ramp without a rate for all workers", async () => {
  const bus = new FakeBus();
  const open = () => CommonLimits.open(bus, { worker: "a", rate: undefined, rampUpMs: 5_000 });
  const first = await open();
  assert(first.rampStartMs !== undefined && first.rampStartMs <= performance.now());
  await new Promise((resolve) => setTimeout(resolve, 20));
  const second = await open();
  assertAlmostEquals(second.rampStartMs!, first.rampStartMs, 5);
  assertEquals([first.openPacer, bus.taken, bus.watches.size], [undefined, 0, 0]);
  first.close();
  second.close();
});

Deno.test("CommonLimits asks the bus for nothing where a run has no rate and no ramp", async () => {
  const bus = new FakeBus();
  bus.turns.readClock = () => Promise.reject(new Error("not needed"));
  const limits = await CommonLimits.open(bus, {
    worker: "a",
    rate: undefined,
    rampUpMs: undefined,
  });
  await limits.attach({ learn: () => {}, fail: () => {} });
  assertEquals([limits.openPacer, limits.rampStartMs], [undefined, undefined]);
  limits.close();
  assertEquals(bus.watches.size, 0);
});

Deno.test("CommonLimits tells a pipeline of holds from before, and others of its own", async () => {
  const bus = new FakeBus();
  bus.written.push({ host: "old:80", untilMs: performance.now() + AHEAD_MS + 60_000 });
  const limits = await CommonLimits.open(bus, { worker: "a", rate: 100, rampUpMs: undefined });
  const learnt: News[] = [];
  await limits.attach({ learn: (news) => learnt.push(news), fail: () => {} });
  assertEquals(learnt.map((news) => news.about === "hold" && news.key), ["old:80"]);
  const readyAtMs = performance.timeOrigin + performance.now() + 60_000;
  limits.onNews({ about: "slot" });
  limits.onNews({ about: "hold", key: "new:80", name: "new", readyAtMs });
  await new Promise((resolve) => setTimeout(resolve, 0));
  assertEquals(bus.written.map(({ host }) => host), ["old:80", "new:80"]);
  limits.close();
  assertEquals(bus.watches.size, 0);
});

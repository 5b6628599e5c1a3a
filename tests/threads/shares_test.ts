import { assertEquals } from "@std/assert";
import {
  belongsToOneThread,
  computeShare,
  countThreads,
  shareOptions,
} from "../../lib/threads/shares.ts";

const ALL = {
  threads: 8,
  concurrency: 100,
  connections: undefined,
  hostConcurrency: undefined,
  hostDelayMs: undefined,
  requests: Infinity,
};

Deno.test("countThreads() gives each thread a request in flight, a connection and a target", () => {
  const known = { hasOneHost: true };
  assertEquals(countThreads(ALL, known), 8);
  assertEquals(countThreads({ ...ALL, concurrency: 3 }, known), 3);
  assertEquals(countThreads({ ...ALL, connections: 2 }, known), 2);
  assertEquals(countThreads({ ...ALL, requests: 5 }, known), 5);
  assertEquals(countThreads(ALL, { ...known, total: 4 }), 4);
  assertEquals(countThreads(ALL, { ...known, total: 0 }), 1);
});

Deno.test("countThreads() gives a host with limits of its own to one thread", () => {
  for (const limit of [{ hostConcurrency: 2 }, { hostDelayMs: 1 }]) {
    assertEquals(belongsToOneThread({ ...ALL, ...limit }, { hasOneHost: true }), true);
    assertEquals(countThreads({ ...ALL, ...limit }, { hasOneHost: true }), 1);
    assertEquals(belongsToOneThread({ ...ALL, ...limit }, { hasOneHost: false }), false);
    assertEquals(countThreads({ ...ALL, ...limit }, { hasOneHost: false }), 8);
  }
  assertEquals(belongsToOneThread(ALL, { hasOneHost: true }), false);
});

Deno.test("computeShare() splits a number without a rest, into shares that differ by 1 at most", () => {
  for (const [whole, count] of [[1, 1], [100, 3], [7, 7], [256, 5], [1_000_000, 16]]) {
    const shares = Array.from(
      { length: count },
      (_, index) => computeShare(whole, { index, count }),
    );
    assertEquals(shares.reduce((a, b) => a + b), whole);
    assertEquals(Math.max(...shares) - Math.min(...shares) <= 1, true);
  }
});

Deno.test("shareOptions() splits requests in flight and connections, if they are bounded", () => {
  const place = { index: 1, count: 2 };
  const shared = shareOptions({ concurrency: 5, connections: 3, streams: 9 }, place);
  assertEquals(shared, { concurrency: 2, connections: 1, streams: 9 });
  assertEquals(
    shareOptions({ concurrency: 5, connections: undefined }, place).connections,
    undefined,
  );
});

import { assertEquals, assertMatch } from "@std/assert";
import { findSkipReason } from "../../../lib/commands/compare/skip_reason.ts";
import type { Trial } from "../../../lib/commands/compare/trial.ts";
import { finishedTrial } from "../../fixtures/trials.ts";

Deno.test("findSkipReason() skips only trials that are far beyond a limit", () => {
  const limits = { concurrency: 1000, timeLimitMs: 600_000 };
  const sync = { ...limits, concurrency: 1 };
  const before = (requests: number, seconds: number): Trial[] => [
    finishedTrial("x", requests, { seconds }),
  ];
  // Nothing is known.
  assertEquals(findSkipReason(1e9, [], limits), undefined);
  // 10 and 10,000 are one and ten rounds of a pool.
  assertEquals(findSkipReason(10_000, before(10, 3), limits), undefined);
  // One by one, 150 s for 100 are over four hours for 10,000.
  assertMatch(findSkipReason(10_000, before(100, 150), sync)!, /time limit/);
  // Up to twice the limit it is tried, since nobody knows.
  assertEquals(findSkipReason(800, before(100, 150), sync), undefined);
  assertMatch(findSkipReason(801, before(100, 150), sync)!, /time limit/);
  const stopped: Trial = {
    ...{ strategy: "x", requests: 10_000, outcome: "stopped" },
    ...{ limit: "memory", seconds: 9, peakKb: 9e6 },
  };
  assertEquals(
    findSkipReason(1e6, [...before(10, 3), stopped], limits),
    "did not get through 10,000",
  );
});

import { assertEquals } from "@std/assert";
import { Stats } from "../../lib/stats/stats.ts";
import { WarmUp } from "../../lib/stats/warm_up.ts";
import { result } from "../fixtures/result.ts";
import { SimulatedClock } from "../fixtures/simulated_clock.ts";

const END_MS = 1_000;

/** Statistics after a warm-up with two results, one of them a failure, and one result behind it. */
function warmedUp(): Stats {
  const stats = new Stats();
  const recorder = new WarmUp(stats, END_MS);
  recorder.record(result({ at: END_MS - 1, ms: 5_000, bytes: 7 }));
  recorder.recordRetry("timeout", result({ at: END_MS - 1 }));
  recorder.record(result({ at: END_MS - 1, status: null, error: "timeout" }));
  recorder.record(result({ at: END_MS, ms: 3, bytes: 2 }));
  recorder.recordRetry("refused", result({ at: END_MS }));
  return stats;
}

Deno.test("WarmUp counts what started in the warm-up apart from all figures", () => {
  const stats = warmedUp();
  const { warmUp, requests, failed, bytes, latency, errors, retries } = stats.snapshot(
    {
      seconds: 1,
      concurrency: 1,
      total: undefined,
    } as Parameters<Stats["snapshot"]>[0],
  );
  assertEquals([warmUp, requests, failed, bytes, latency.max], [2, 1, 0, 2, 3]);
  assertEquals([errors, retries, stats.results], [{}, { refused: 1 }, 3]);
});

Deno.test("WarmUp leaves out starts until its end", () => {
  const stats = new Stats();
  const begun = new WarmUp(stats, Date.now() + 60_000);
  begun.recordStart(5);
  begun.recordLateStart(5);
  assertEquals([stats.toJSON().ownLate, stats.toJSON().late.count], [undefined, 0]);
  const over = new WarmUp(stats, Date.now() - 60_000);
  over.recordStart(5);
  over.recordLateStart(5);
  assertEquals([stats.toJSON().ownLate?.counts.length, stats.toJSON().late.count], [1, 1]);
});

Deno.test("WarmUp ends though the clock of the machine is set back", async () => {
  const hour = 3_600_000;
  using clock = new SimulatedClock(Date.UTC(2026, 0, 1), hour);
  const stats = new Stats();
  const recorder = new WarmUp(stats, Date.now() + hour);
  const recordNow = (): void => {
    recorder.record(result({ at: Date.now() }));
    recorder.recordRetry("timeout", result({ at: Date.now() }));
    recorder.recordStart(1);
    recorder.recordLateStart(1);
  };
  for (const ms of [hour / 2, hour, 2 * hour]) {
    await clock.to(ms);
    recordNow();
  }
  clock.set(-2 * hour);
  recordNow();
  // A request that came before that, and is ended now.
  recorder.record(result({ at: Date.now() - 1.5 * hour }));
  const { warmUp, requests, retries, late, ownLate } = stats.toJSON();
  assertEquals([warmUp!.requests, requests, retries.timeout], [2, 3, 3]);
  assertEquals([late.count, ownLate!.counts[0][1]], [2, 3]);
});

Deno.test("Stats keep the warm-up in a journal and on the way between threads", () => {
  const stats = warmedUp();
  assertEquals(Stats.from(stats.toJSON()).toJSON(), stats.toJSON());
  assertEquals(stats.toJSON().warmUp, { requests: 2, failed: 1 });
  const main = new Stats();
  main.add(structuredClone(stats.take()));
  assertEquals([main.results, stats.results], [3, 0]);
  assertEquals(new Stats().toJSON().warmUp, undefined);
});

Deno.test("Stats.withoutFailed() leaves out the failures of the warm-up, which are made again", () => {
  const kept = warmedUp().withoutFailed();
  assertEquals([kept.results, kept.requests], [2, 1]);
});

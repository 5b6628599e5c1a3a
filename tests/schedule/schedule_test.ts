import { assert, assertEquals, assertMatch } from "@std/assert";
import { NoProgressError } from "../../lib/errors.ts";
import type { Result } from "../../lib/result.ts";
import { Schedule, type ScheduleOptions, type Start } from "../../lib/schedule/schedule.ts";
import { Stats } from "../../lib/stats/stats.ts";
import type { Target } from "../../lib/target.ts";
import { FakeTime } from "../fixtures/fake_time.ts";
import { result } from "../fixtures/result.ts";
import { at, BUSY, many, OPTIONS, REFUSED, RETRY, Rig, Slow } from "../fixtures/schedule_rig.ts";
import { target } from "../fixtures/target.ts";

Deno.test("Schedule.next() hands a target straight through when nothing is held back", () => {
  const schedule = new Schedule(
    many(2)[Symbol.iterator](),
    OPTIONS,
    { onLate: () => {}, onStart: () => {}, onRetry: () => {}, onNotice: () => {} },
  );
  const next = (): IteratorResult<Start> => schedule.next() as IteratorResult<Start>;
  const first = next();
  const { target } = first.value;
  assertEquals([first.done, target.i, first.value.dueMs, first.value.unsent], [
    false,
    0,
    undefined,
    undefined,
  ]);
  schedule.settle(result({ target }));
  const second = next();
  assertEquals(second.value.target.i, 1);
  // No object is made for a request.
  assertEquals(second === first && second.value === first.value, true);
  assertEquals(next().done, true);
});

Deno.test("Schedule starts at the rate for any responses", async () => {
  const rig = new Rig(many(50), { rate: 100, concurrency: 1_000 });
  await rig.time.to(245);
  assertEquals(rig.times, Array.from({ length: 25 }, (_, k) => [k, k * 10]));
  await rig.time.to(10_000);
  assertEquals([rig.starts.length, rig.late.length], [50, 0]);
  await rig.answerAll();
  assertEquals(rig.end, "over");
  assertEquals(rig.time.timers, 0);
});

for (
  const [rate, earlyMs, lateMs] of [
    [7, 0.2, 0],
    [2_500, 0.2, 0],
    [3_000, 0.3, 0.15],
    [5_000, 0.3, 0.15],
    [10_000, 0.5, 0.5],
    [100_000, 0.5, 0.5],
  ]
) {
  Deno.test(`Schedule keeps ${rate}/s from ${earlyMs} ms early to ${lateMs} ms late, in due bursts`, async () => {
    const count = Math.min(20_000, rate * 3);
    const rig = new Rig(many(count), { rate, concurrency: 100_000 }, () => ({}));
    await rig.time.to(count / rate * 1_000 + 1);
    assertEquals(rig.starts.length, count);
    const early = rig.starts.map(({ ms }, k) => k / rate * 1_000 - ms);
    const [least, most] = [Math.min(...early), Math.max(...early)];
    assert(least >= -lateMs - 1e-9 && most <= earlyMs + 1e-3, `${least} to ${most}`);
    const distances = early.map(Math.abs).sort((a, b) => a - b);
    if (rate <= 5_000) assert(distances[count >> 1] <= 0.2, `${distances[count >> 1]}`);
    assertEquals(rig.starts.map(({ dueMs }) => dueMs), rig.starts.map(({ ms }) => ms));
    assertEquals(rig.ownLate.length, count);
    assert(Math.max(...rig.ownLate) <= lateMs + 1e-9);
    const byTime = Map.groupBy(rig.starts, ({ ms }) => ms);
    const burst = Math.max(...[...byTime.values()].map((starts) => starts.length));
    assert(burst <= Math.ceil(rate * (earlyMs + lateMs) / 1_000) + 1, `${burst}`);
  });
}

Deno.test("Schedule catches up in small bursts when the process was late", async () => {
  const rig = new Rig(many(5_000), { rate: 1_000, concurrency: 100_000 });
  await rig.time.to(100);
  await rig.time.jump(1_000);
  await rig.time.to(3_000);
  const byTime = Map.groupBy(rig.starts, ({ ms }) => ms);
  assertEquals(Math.max(...[...byTime.values()].map((starts) => starts.length)), 4);
  assertEquals(rig.starts.length, 3_001);
  // No time of a request counts from before it started: the server is not to blame.
  assertEquals(rig.starts.map(({ dueMs }) => dueMs), rig.starts.map(({ ms }) => ms));
  assertEquals(rig.late, []);
  assertEquals(rig.ownLate, rig.starts.map(({ ms }, k) => ms - k));
  assertEquals(Math.max(...rig.ownLate), 999);
});

Deno.test("Schedule begins its rate at the first next()", async () => {
  const time = new FakeTime();
  const ownLate: number[] = [];
  const schedule = new Schedule(many(2)[Symbol.iterator](), { ...OPTIONS, rate: 10 }, {
    onLate: () => assert(false),
    onStart: (ms) => ownLate.push(ms),
    onRetry: () => {},
    onNotice: () => {},
  }, time);
  await time.to(70);
  await schedule.next();
  const next = schedule.next();
  await time.to(169);
  assertEquals(ownLate, [0]);
  await time.to(170);
  const { value } = await next;
  assertEquals([ownLate, (value as Start).dueMs], [[0, 0], 170]);
  await schedule.return();
});

Deno.test("Schedule counts no wait for a place while places are free", async () => {
  const rig = new Rig(many(100), { rate: 1_000, concurrency: 100 });
  await rig.time.to(20);
  await rig.time.jump(50);
  // Answers come while starts that are overdue are held back, so as not to come in one burst.
  for (let i = 0; i < 20; i += 2) {
    rig.time.pass(1);
    await Promise.all([rig.answer(i), rig.answer(i + 1)]);
  }
  assertEquals(rig.late, []);
  assert(Math.max(...rig.ownLate) > 40, `${Math.max(...rig.ownLate)}`);
});

Deno.test("Schedule starts slightly early when a response saves a wake-up", async () => {
  const rig = new Rig(many(3), { rate: 100 });
  await rig.time.to(9.7);
  await rig.answer(0);
  assertEquals(rig.starts.length, 1);
  await rig.time.to(19.85);
  await rig.answer(1);
  assertEquals(rig.starts.map(({ ms, dueMs }) => [ms, dueMs]), [[0, 0], [10, 10], [19.85, 19.85]]);
  assertEquals(rig.ownLate, [0, 0, 0]);
});

Deno.test("Schedule separates waits for a place from the process's own lateness", async () => {
  const time = new FakeTime();
  const late: number[] = [];
  const ownLate: number[] = [];
  const schedule = new Schedule(many(9)[Symbol.iterator](), {
    ...OPTIONS,
    rate: 10,
    concurrency: 3,
  }, {
    onLate: (ms) => late.push(ms),
    onStart: (ms) => ownLate.push(ms),
    onRetry: () => {},
    onNotice: () => {},
  }, time);
  const started: Target[] = [];
  let dueMs: number | undefined;
  const start = async (): Promise<void> => {
    const { target, ...last } = (await schedule.next()).value as Start;
    started.push(target);
    dueMs = last.dueMs;
  };
  // Every place is in use at 200 ms.
  const three = start().then(start).then(start);
  await time.to(200);
  await three;
  await time.to(1_000);
  // All places become free together, by results that nobody could take before.
  for (const target of started.splice(0)) schedule.settle(result({ target }));
  await start();
  assertEquals([late, ownLate, dueMs], [[700], [0, 0, 0, 0], 300]);
  // Not in one burst: the second one comes late by this process, which is then held up.
  const last = start();
  await time.jump(40);
  await last;
  assertEquals([late, ownLate, dueMs], [[700, 600], [0, 0, 0, 0, 40], 440]);
  await schedule.return();
});

Deno.test("Schedule does not count starts as late when an outage held them back", async () => {
  let isUp = false;
  const hosts = Array.from({ length: 4_000 }, (_, i) => `host${i}`);
  const rig = new Rig(
    at(hosts),
    { rate: 1_000, concurrency: 10 },
    () => isUp ? {} : { status: null, error: "connect", detail: "no route" },
  );
  await rig.time.to(5_000);
  assertEquals(rig.schedule.pausedCount, 1);
  isUp = true;
  await rig.time.to(20_000);
  assertEquals([rig.results.length, rig.end, rig.late], [4_000, "over", []]);
  assert(Math.max(...rig.ownLate) < 1, `${Math.max(...rig.ownLate)}`);
});

Deno.test("Schedule reports starts as late when every place was taken", async () => {
  const rig = new Rig(many(100), { rate: 10, concurrency: 2 });
  await rig.time.to(1_000);
  assertEquals(rig.inFlight, [0, 1]);
  await rig.answer(0);
  await rig.answer(1);
  // 11 were due by now: those that have a place start, and count from when they were due.
  assertEquals(rig.starts.slice(2).map(({ i, ms, dueMs }) => [i, ms, dueMs]), [
    [2, 1_000, 200],
    [3, 1_000, 300],
  ]);
  assertEquals(rig.late, [800, 700]);
  rig.answers = () => ({});
  await rig.answerAll();
  // As fast as places become free: nothing waits for a tick.
  assertEquals(rig.starts.filter(({ ms }) => ms === 1_000).length, 9);
  await rig.time.to(10_000);
  assertEquals(rig.end, "over");
});

Deno.test("Schedule does not catch up when the source had no targets", async () => {
  const source = new Slow();
  const rig = new Rig(source, { rate: 10 }, () => ({}));
  await rig.time.to(0);
  source.give(target("http://host/", { i: 0 }));
  await rig.time.to(5_000);
  source.give(target("http://host/", { i: 1 }));
  await rig.time.to(5_100);
  source.give(target("http://host/", { i: 2 }));
  await rig.time.to(6_000);
  assertEquals(rig.starts.map(({ ms, dueMs }) => [ms, dueMs]), [
    [0, 0],
    [5_000, 5_000],
    [5_100, 5_100],
  ]);
  assertEquals(rig.late, []);
  source.end();
  await rig.over;
  assertEquals(rig.end, "over");
});

Deno.test("Schedule raises the rate over the ramp", async () => {
  const rig = new Rig(many(1_000), { rate: 100, rampUpMs: 10_000, concurrency: 10_000 });
  await rig.time.to(5_000);
  assertEquals(rig.starts.length, 126);
  await rig.time.to(10_999.5);
  assertEquals(rig.starts.length, 600);
});

Deno.test("Schedule raises the concurrency over the ramp when there is no rate", async () => {
  const rig = new Rig(many(1_000), { concurrency: 10, rampUpMs: 1_000 });
  const places: number[] = [];
  for (let ms = 0; ms <= 1_000; ms += 100) {
    await rig.time.to(ms);
    places.push(rig.inFlight.length);
  }
  assertEquals(places, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 10]);
  await rig.answer(0);
  assertEquals(rig.inFlight.length, 10);
});

/** 500 starts in 10 s, then 1,000 in 10 s, and 250 in 5 s. */
const STAGES: ScheduleOptions["stages"] = {
  of: "rate",
  steps: [{ ms: 10_000, to: 100 }, { ms: 10_000, to: 100 }, { ms: 5_000, to: 0 }],
  lengthMs: 25_000,
};

for (const threads of [1, 3]) {
  const who = threads === 1 ? "Schedule makes" : `${threads} Schedules make`;
  Deno.test(`${who} exactly the starts of the stages, and ends with the last`, async () => {
    const options = { rate: 100, stages: STAGES, concurrency: 10_000 };
    const rig = new Rig(many(5_000), options, () => ({}), { count: threads, newsMs: 0.5 });
    const counts: number[] = [];
    for (const ms of [5_000, 10_000, 20_000, 24_990]) {
      await rig.time.to(ms - 1);
      counts.push(rig.starts.length);
    }
    assertEquals(counts, [125, 500, 1_500, 1_750]);
    await rig.time.to(26_000);
    assertEquals([rig.end, rig.starts.length, rig.late], ["over", 1_750, []]);
    const off = rig.starts.map(({ ms, dueMs }) => Math.abs(ms - dueMs!));
    assert(Math.max(...off) < 0.5, `${Math.max(...off)}`);
    await rig.close();
  });
}

for (const threads of [1, 2]) {
  Deno.test(`Schedule makes up for late starts no longer than 1 s after the stages (${threads} event loops)`, async () => {
    const stages = { of: "rate", steps: [{ ms: 0, to: 10 }, { ms: 2_000, to: 10 }] } as const;
    const options = { rate: 10, stages: { ...stages, lengthMs: 2_000 }, concurrency: 2 };
    const rig = new Rig(many(100), options, () => undefined, { count: threads, newsMs: 0.5 });
    await rig.time.to(2_500);
    assertEquals(rig.inFlight, [0, 1]);
    await rig.answer(0);
    await rig.time.to(2_510);
    assertEquals([rig.starts.length, rig.late], [3, [2_300]]);
    await rig.time.to(3_100);
    await rig.answerAll();
    await rig.time.to(4_000);
    assertEquals([rig.end, rig.starts.length], ["over", 3]);
    await rig.close();
  });
}

Deno.test("Schedule puts off its stages while it has nothing to start", async () => {
  const source = new Slow();
  const stages = { of: "rate", steps: [{ ms: 0, to: 10 }, { ms: 300, to: 10 }] } as const;
  const rig = new Rig(source, { rate: 10, stages: { ...stages, lengthMs: 300 } }, () => ({}));
  for (let i = 0; i < 3; i++) {
    await rig.time.to(5_000 * i);
    source.give(target("http://host/", { i }));
  }
  await rig.time.to(10_050);
  source.give(target("http://host/", { i: 3 }));
  await rig.time.to(12_000);
  assertEquals([rig.end, rig.starts.map(({ ms }) => ms)], ["over", [0, 5_000, 10_000]]);
  await rig.close();
});

for (const threads of [1, 3]) {
  Deno.test(`Schedule follows the stages of the concurrency (${threads} event loops)`, async () => {
    const steps = [{ ms: 1_000, to: 10 }, { ms: 1_000, to: 10 }, { ms: 1_000, to: 0 }];
    const stages = { of: "concurrency", steps, lengthMs: 3_000 } as const;
    const rig = new Rig(many(1_000), { concurrency: 10, stages }, undefined, {
      count: threads,
      newsMs: 0.5,
    });
    const places: number[] = [];
    for (let ms = 0; ms <= 3_200; ms += 200) {
      await rig.time.to(ms);
      places.push(rig.inFlight.length);
      if (ms === 2_000) await rig.answerAll();
      // Nothing takes the place of what ends above the level.
      if (ms > 2_000) await rig.together(rig.inFlight.slice(0, 2));
    }
    assertEquals(places.slice(0, 12), [1, 3, 5, 7, 9, 10, 10, 10, 10, 10, 10, 10]);
    const falling = places.slice(12);
    if (threads === 1) assertEquals(falling, [8, 6, 4, 2, 0]);
    // Both of those that ended can have belonged to one event loop.
    else assertEquals(falling.map((count, k) => count <= 9 - 2 * k), falling.map(() => true));
    await rig.close();
  });
}

for (const threads of [1, 2]) {
  Deno.test(`Schedule lets each place wait after a request (${threads} event loops)`, async () => {
    const think = { minMs: 1_000, maxMs: 1_000 };
    const rig = new Rig(many(7), { concurrency: 2, think }, () => undefined, {
      count: threads,
      newsMs: 0.5,
    });
    await rig.time.to(100);
    assertEquals(rig.inFlight, [0, 1]);
    await rig.answer(0);
    await rig.time.to(1_099);
    assertEquals(rig.inFlight, [1]);
    await rig.time.to(1_200);
    assertEquals(rig.inFlight, [1, 2]);
    rig.answers = () => ({});
    await rig.answerAll();
    await rig.time.to(1_200);
    assertEquals(rig.starts.length, 3);
    await rig.time.to(9_000);
    // Nobody waits after the last request.
    assertEquals(rig.starts.slice(3).map(({ ms }) => Math.round(ms / 100)), [22, 22, 32, 32]);
    await rig.over;
  });
}

Deno.test("Schedule lets places wait on a ramp, and after attempts that fail", async () => {
  const retry = { ...RETRY, retries: 1, delayMs: 1, maxDelayMs: 1 };
  const think = { minMs: 1_000, maxMs: 1_000 };
  const rig = new Rig(many(4), { concurrency: 2, rampUpMs: 500, think, retry }, () => BUSY);
  await rig.time.to(10_000);
  assertEquals(rig.end, "over");
  const starts = rig.starts.map(({ ms }) => Math.round(ms / 250) * 250);
  assertEquals(starts, [0, 250, 1_000, 1_250, 2_000, 2_250, 3_000, 3_250]);
});

Deno.test("Schedule starts as many requests to each host as its rate allows, and makes up for late ones", async () => {
  const hosts = Array.from({ length: 400 }, (_, i) => i % 2 === 0 ? "a" : "b");
  const options = { concurrency: 100, hostRate: 100, hostDelayMs: 10 };
  const rig = new Rig(at(hosts), options, () => ({}));
  await rig.time.to(500);
  // For 30 ms, this process does nothing.
  await rig.time.jump(30);
  await rig.time.to(1_000);
  const counts = [0, 1].map((rest) => rig.starts.filter(({ i }) => i % 2 === rest).length);
  assertEquals(counts, [101, 101]);
  // What took longer is not made up for.
  await rig.time.jump(500);
  await rig.time.to(2_000);
  assertEquals(rig.starts.length, 2 * (101 + 51));
  await rig.close();
});

Deno.test("Schedule keeps a place free until the ramp reaches it", async () => {
  const rig = new Rig(many(100), { concurrency: 4, rampUpMs: 4_000 });
  await rig.time.to(100);
  await rig.answer(0);
  assertEquals(rig.inFlight, [1]);
});

Deno.test("Schedule bounds each host's requests, and continues with the others", async () => {
  const hosts = ["slow", "slow", "slow", "slow", "a", "b", "slow", "c"];
  const rig = new Rig(at(hosts), { hostConcurrency: 2 });
  await rig.time.to(0);
  assertEquals(rig.inFlight, [0, 1, 4, 5, 7]);
  await rig.answer(1);
  assertEquals(rig.inFlight, [0, 4, 5, 7, 2]);
  await rig.answerAll();
  await rig.answerAll();
  await rig.answerAll();
  assertEquals(rig.starts.map(({ i }) => i), [0, 1, 4, 5, 7, 2, 3, 6]);
  assertEquals(rig.end, "over");
});

Deno.test("Schedule waits the host delay between starts", async () => {
  const hosts = ["a", "a", "b", "A:80", "b"];
  const rig = new Rig(at(hosts), { hostDelayMs: 500 }, () => ({}));
  await rig.time.to(2_000);
  assertEquals(rig.times, [[0, 0], [2, 0], [1, 500], [4, 500], [3, 1_000]]);
  assertEquals(rig.end, "over");
});

Deno.test("Schedule looks a bounded number of targets past a waiting host", async () => {
  function* source(): Generator<Target> {
    for (let i = 0; i < 1_000_000; i++) yield target(`http://slow/${i}`, { i });
  }
  const rig = new Rig(source(), { hostConcurrency: 1 });
  await rig.time.to(0);
  // Not all at once: what is in flight has its turn, too.
  assertEquals([rig.inFlight, rig.asked], [[0], 1_001]);
  await rig.time.to(10_000);
  const { asked } = rig;
  assert(asked > 100_000 && asked < 170_000, `${asked}`);
  assertEquals(rig.held, asked - 1);
  await rig.answer(0);
  assertEquals([rig.inFlight, rig.asked], [[1], asked + 1]);
});

Deno.test("Schedule looks past large bodies within its memory bound", async () => {
  const body = new Uint8Array(1 << 20);
  function* source(): Generator<Target> {
    for (let i = 0; i < 100; i++) yield target(`http://slow/${i}`, { i, body, method: "PUT" });
  }
  const rig = new Rig(source(), { hostConcurrency: 1 });
  await rig.time.to(0);
  assert(rig.asked <= 34, `${rig.asked}`);
});

Deno.test("Schedule holds back only the host that sent Retry-After", async () => {
  const rig = new Rig(at(["a", "b", "a", "b", "a"]), { concurrency: 2 });
  await rig.time.to(0);
  await rig.answer(0, { status: 429, retryAfter: "30" });
  await rig.answer(1);
  assertEquals(rig.inFlight, [3]);
  await rig.answer(3);
  await rig.time.to(29_999);
  assertEquals(rig.inFlight, []);
  await rig.time.to(30_000);
  assertEquals(rig.inFlight, [2, 4]);
});

Deno.test("Schedule accepts a date in Retry-After, and at most an hour", async () => {
  for (
    const [text, ms] of [
      ["Thu, 01 Jan 2026 00:00:10 GMT", 10_000],
      ["999999999", 3_600_000],
    ] as const
  ) {
    const rig = new Rig(many(2), { concurrency: 1 });
    await rig.time.to(0);
    await rig.answer(0, { ...BUSY, retryAfter: text });
    await rig.time.to(ms - 1);
    assertEquals(rig.inFlight, []);
    await rig.time.to(ms);
    assertEquals(rig.inFlight, [1]);
  }
});

Deno.test("Schedule repeats a request, and counts its attempts", async () => {
  const rig = new Rig(many(1), { retry: { ...RETRY, retries: 2 } });
  await rig.time.to(0);
  await rig.answer(0, BUSY);
  assertEquals([rig.results.length, rig.retrying], [0, 1]);
  await rig.time.to(1_000);
  await rig.answer(0, REFUSED);
  await rig.time.to(3_000);
  await rig.answer(0);
  assertEquals(rig.starts.map(({ ms }) => ms), [0, 1_000, 3_000]);
  assertEquals(rig.results.map(({ status, attempts }) => [status, attempts]), [[200, 3]]);
  assertEquals(rig.retried, ["503", "refused"]);
  assertEquals(rig.end, "over");
});

Deno.test("Schedule counts an engine's resends, and uses no retry for them", async () => {
  const rig = new Rig(many(1), { retry: { ...RETRY, retries: 1 } });
  await rig.time.to(0);
  await rig.answer(0, { ...BUSY, attempts: 3 });
  await rig.time.to(1_000);
  await rig.answer(0, { attempts: 2 });
  assertEquals(rig.results.map(({ status, attempts }) => [status, attempts]), [[200, 5]]);
  assertEquals(rig.retried, ["503"]);
});

Deno.test("Schedule gives the last result when no attempt is left", async () => {
  const rig = new Rig(many(1), { retry: { ...RETRY, retries: 2 } }, () => BUSY);
  await rig.time.to(100_000);
  assertEquals(rig.results.map(({ status, attempts }) => [status, attempts]), [[503, 3]]);
  assertEquals(rig.end, "over");
});

Deno.test("Schedule waits for Retry-After before a retry, also without pauses", async () => {
  for (const pauses of [true, false]) {
    const rig = new Rig(many(3), { concurrency: 2, pauses, retry: { ...RETRY, retries: 1 } });
    await rig.time.to(0);
    await rig.answer(0, { ...BUSY, retryAfter: "20" });
    // Without pauses nobody but the request itself waits.
    assertEquals(rig.inFlight, pauses ? [1] : [1, 2]);
    await rig.time.to(19_999);
    await rig.answerAll();
    assertEquals(rig.inFlight, []);
    await rig.time.to(20_001);
    assertEquals(rig.inFlight, pauses ? [0, 2] : [0]);
  }
});

Deno.test("Schedule gives a waiting request's place to others, up to a bound", async () => {
  function* source(): Generator<Target> {
    for (let i = 0; i < 1_000; i++) yield target(`http://host/${i}`, { i });
  }
  const rig = new Rig(source(), {
    concurrency: 5,
    retry: { ...RETRY, retries: 1, delayMs: 10_000 },
  }, () => BUSY);
  await rig.time.to(5_000);
  // Five wait, and what was in flight by then; the source is asked for no more.
  assert(rig.retrying >= 5 && rig.retrying <= 9, `${rig.retrying}`);
  assertEquals(rig.asked, rig.retrying);
  rig.answers = () => ({});
  await rig.time.to(20_000);
  assertEquals([rig.results.length, rig.end], [1_000, "over"]);
  assertEquals(rig.results.filter(({ attempts }) => attempts === 2).length, rig.retried.length);
});

Deno.test("Schedule spreads retries of simultaneous failures", async () => {
  const rig = new Rig(many(100), { concurrency: 100, retry: { ...RETRY, retries: 1 } });
  await rig.time.to(0);
  for (const i of rig.inFlight) {
    rig.time.chance = i / 100;
    await rig.answer(i, BUSY);
  }
  await rig.time.to(500);
  assertEquals(rig.inFlight.length, 51);
});

Deno.test("Schedule counts retries for the rate and the host's concurrency", async () => {
  const rig = new Rig(many(4), {
    rate: 10,
    hostConcurrency: 1,
    retry: { ...RETRY, retries: 1, delayMs: 1 },
  });
  await rig.time.to(0);
  await rig.answer(0, BUSY);
  await rig.time.to(100);
  await rig.answerAll();
  await rig.time.to(199);
  assertEquals(rig.inFlight, []);
  await rig.time.to(200);
  assertEquals(rig.inFlight.length, 1);
});

Deno.test("Schedule pauses after a run of failures, reports it, probes, and continues", async () => {
  let isUp = false;
  const rig = new Rig(many(500), { giveUpAfterMs: 1e6 }, () => isUp ? {} : REFUSED);
  await rig.time.to(900);
  // As many as make an outage, and those in flight meanwhile.
  const failed = rig.results.length;
  assert(failed >= 50 && failed < 60, `${failed}`);
  assertEquals(rig.notices.length, 1);
  assertEquals(
    rig.notices[0],
    "pausing host after repeated failures (refused: connection refused); probing after 1 s, 2 s, " +
      "up to 1 min; giving it up after 60 s if other hosts succeed ('--host-give-up D' sets the " +
      "time). Use '--no-pause' to go on without waiting",
  );
  const before = rig.starts.length;
  await rig.time.to(100_000);
  assertEquals(rig.starts.slice(before).map(({ ms }) => ms), [
    1_000,
    3_000,
    7_000,
    15_000,
    31_000,
    63_000,
  ]);
  assertEquals(rig.schedule.pausedCount, 0 + 1);
  isUp = true;
  await rig.time.to(123_000);
  assertEquals(rig.end, "over");
  assertEquals(rig.results.length, 500);
  assertEquals(rig.notices.slice(1), ["host can be reached again: going on"]);
  assertEquals(rig.schedule.pausedCount, 0);
});

Deno.test("Schedule uses no attempts while it pauses", async () => {
  let isUp = false;
  const options = { giveUpAfterMs: 1e6, retry: { ...RETRY, retries: 3, delayMs: 100 } };
  const rig = new Rig(many(1_000), options, () => isUp ? {} : REFUSED);
  await rig.time.to(50_000);
  isUp = true;
  await rig.time.to(200_000);
  assertEquals(rig.end, "over");
  const lost = rig.results.filter(({ error }) => error !== undefined).length;
  assert(lost <= 20, `${lost} of 1,000 were lost`);
});

Deno.test("Schedule pauses one host alone when there are many", async () => {
  const hosts = Array.from({ length: 2_000 }, (_, i) => i % 2 === 0 ? "down" : `up${i % 10}`);
  const rig = new Rig(at(hosts), {}, ({ url }) => url.includes("down") ? REFUSED : {});
  await rig.time.to(500);
  assertEquals(rig.results.filter(({ error }) => error === undefined).length, 1_000);
  const failed = rig.results.length - 1_000;
  assert(failed >= 50 && failed < 60, `${failed}`);
  assertEquals(rig.schedule.pausedCount, 1);
});

Deno.test("Schedule pauses all hosts when nothing succeeds, and probes with one", async () => {
  const hosts = Array.from({ length: 5_000 }, (_, i) => `host${i}`);
  const rig = new Rig(
    at(hosts),
    {},
    () => ({ status: null, error: "connect", detail: "no route" }),
  );
  await rig.time.to(900);
  const failed = rig.results.length;
  assert(failed >= 250 && failed < 260, `${failed}`);
  assertEquals(rig.notices.length, 1);
  assertMatch(rig.notices[0], /every host.* up to 1 min. Use '--no-pause' to go on /);
  await rig.time.to(3_500);
  assertEquals(rig.results.length, failed + 2);
  rig.answers = () => ({});
  await rig.time.to(7_100);
  assertEquals([rig.results.length, rig.end], [5_000, "over"]);
});

Deno.test("Schedule does not pause all hosts when each of many refuses", async () => {
  const hosts = Array.from({ length: 5_000 }, (_, i) => `host${i}`);
  const rig = new Rig(at(hosts), {}, () => REFUSED);
  await rig.time.to(0);
  assertEquals([rig.results.length, rig.end, rig.notices], [5_000, "over", []]);
});

Deno.test("Schedule never pauses with noPause", async () => {
  const rig = new Rig(many(2_000), { pauses: false }, () => ({ ...BUSY, retryAfter: "10" }));
  await rig.time.to(0);
  assertEquals([rig.results.length, rig.end, rig.notices], [2_000, "over", []]);
});

Deno.test("Schedule does not burst after a pause", async () => {
  let isUp = false;
  const rig = new Rig(many(1_000), { rate: 100 }, () => isUp ? {} : REFUSED);
  await rig.time.to(1_000);
  isUp = true;
  const before = rig.starts.length;
  await rig.time.to(60_000);
  const times = rig.starts.slice(before).map(({ ms }) => ms);
  const gaps = times.slice(2).map((ms, k) => ms - times[k + 1]);
  assert(gaps.every((gap) => gap > 9 && gap < 11), `${Math.min(...gaps)}`);
  assertEquals(rig.late, []);
});

Deno.test("Schedule gives up when its time is up, and leaves the rest", async () => {
  let isUp = true;
  const rig = new Rig(
    many(10_000),
    { giveUpAfterMs: 20_000 },
    ({ i }) => isUp && i < 100 ? {} : REFUSED,
  );
  await rig.time.to(100_000);
  isUp = false;
  assert(rig.end instanceof NoProgressError, String(rig.end));
  assertMatch((rig.end as Error).message, /failed for 20 s/);
  const last = rig.starts.at(-1)!.ms;
  assert(last < 20_000, `${last}`);
  await rig.close();
  assertEquals(rig.time.timers, 0);
});

Deno.test("Schedule gives up after a minute only when nothing ever worked", async () => {
  const reset = { status: null, error: "reset", detail: "connection reset" } as const;
  const retry = { ...RETRY, on: new Set(["reset"]) };
  const never = new Rig(many(1_000), { retry }, () => reset);
  await never.time.to(59_000);
  assertEquals(never.end, "not yet");
  await never.time.to(60_000);
  assert(never.end instanceof NoProgressError);
  const once = new Rig(many(5_000), { hostGiveUpMs: 1e6 }, ({ i }) => i === 0 ? {} : REFUSED);
  await once.time.to(86_400_000);
  assertEquals(once.end, "not yet");
  await once.close();
});

Deno.test("Schedule finishes waiting requests before it throws the source's error", async () => {
  function* source(): Generator<Target> {
    yield* many(3);
    throw new Error("broken off");
  }
  const rig = new Rig(
    source(),
    { hostDelayMs: 100, retry: { ...RETRY, retries: 1 } },
    ({ i }) => i === 1 ? BUSY : {},
  );
  await rig.time.to(10_000);
  assertEquals(rig.results.map(({ target }) => target.i).sort(), [0, 1, 2]);
  assertEquals((rig.end as Error).message, "broken off");
});

Deno.test("Schedule.drain() gives waiting requests with their last result or as interrupted", async () => {
  for (const isCutShort of [false, true]) {
    const rig = new Rig(many(2), { retry: { ...RETRY, retries: 5 } });
    await rig.time.to(0);
    await rig.answer(0, { ...BUSY, captures: ["a"], location: "/x" });
    await rig.answer(1, REFUSED);
    const left = [...rig.schedule.drain(isCutShort)];
    const of = ({ captures, location }: Result): unknown[] => [captures, location];
    assertEquals(of(left[0]), isCutShort ? [undefined, null] : [["a"], "/x"]);
    assertEquals(
      left.map(({ status, error, attempts }) => [status, error, attempts]),
      isCutShort
        ? [[null, "cancelled", 1], [null, "cancelled", 1]]
        : [[503, undefined, 1], [null, "refused", 1]],
    );
    await rig.close();
  }
});

Deno.test("Schedule spends neither time nor a host on an invalid target", async () => {
  const targets = at(["a", "a", "a"]).map((it) => ({ ...it, invalid: "no URL" }));
  const rig = new Rig(targets, { rate: 1, hostDelayMs: 1_000 }, () => ({
    status: null,
    error: "url",
    attempts: 0,
  }));
  await rig.time.to(0);
  assertEquals([rig.results.length, rig.end], [3, "over"]);
});

/** Two hosts in turn, of which one never answers. */
function* inTurn(count: number, [a, b] = ["up", "down"]): Generator<Target> {
  for (let i = 0; i < count; i++) yield target(`http://${i % 2 === 0 ? a : b}/${i}`, { i });
}

const DOWN_HOST: Rig["answers"] = ({ url }) => url.includes("down") ? REFUSED : {};

/** Of a rig, the numbers of results by whether and how they failed. */
function counts({ results }: Rig): Record<string, number> {
  const groups = Map.groupBy(results, ({ error, attempts }) => `${error} ${attempts}`);
  return Object.fromEntries([...groups].map(([name, all]) => [name, all.length]));
}

Deno.test("Schedule gives up a host that has failed for a minute while others succeed", async () => {
  const rig = new Rig(inTurn(60_000), {}, DOWN_HOST);
  await rig.time.to(1_000);
  assertEquals(counts(rig)["undefined 1"], 30_000);
  await rig.time.to(59_000);
  assertEquals(rig.schedule.pausedCount, 1);
  assert(rig.held > 29_000, `${rig.held}`);
  await rig.time.to(61_000);
  assertEquals([rig.results.length, rig.end], [60_000, "over"]);
  const { "undefined 1": good, "refused 1": failed, "refused 0": skipped } = counts(rig);
  assertEquals(good, 30_000);
  // Those that made the outage, and probes after 1, 3, 7, 15 and 31 s.
  assert(failed >= 55 && failed < 65, `${failed}`);
  assertEquals(skipped, 30_000 - failed);
  assertEquals(new Set(rig.results.map(({ target }) => target.i)).size, 60_000);
  assertEquals(rig.results.at(-1)!.detail, GIVEN_UP);
  assertMatch(
    rig.notices[1],
    /^gave up down, .*use '--host-give-up never' to wait for it instead$/,
  );
  assertEquals(rig.schedule.pausedCount, 0);
  assertEquals(rig.time.timers, 0);
});

const GIVEN_UP = "not sent: down was given up, since all requests to it failed for 60 s while " +
  "other hosts succeeded; the last failure: connection refused";

Deno.test("Schedule gives up a host for all later requests too", async () => {
  const source = new Slow();
  const rig = new Rig(source, {}, DOWN_HOST);
  let i = 0;
  const give = async (host: string): Promise<void> => {
    await rig.time.to(rig.time.now());
    source.give(target(`http://${host}/`, { i: i++ }));
    await rig.time.to(rig.time.now());
  };
  for (let k = 0; k < 60; k++) await give("down");
  await give("up");
  await rig.time.to(70_000);
  await give("down");
  assertEquals(rig.results.at(-1)!.detail, GIVEN_UP);
  await give("up");
  assertEquals(rig.results.at(-1)!.status, 200);
  source.end();
  await rig.over;
});

Deno.test("Schedule gives up no host while no other succeeds, nor for earlier failures", async () => {
  let isUp = true;
  const rig = new Rig(
    inTurn(10_000, ["down1", "down2"]),
    {},
    ({ i }) => isUp && i < 100 ? {} : REFUSED,
  );
  await rig.time.to(600_000);
  assertEquals([rig.schedule.pausedCount, rig.end], [2, "not yet"]);
  assertEquals(counts(rig)["refused 0"], undefined);
  // Both come back, one of them later: its minute begins with the other's first success.
  isUp = false;
  rig.answers = ({ url }) => url.includes("down1") ? {} : REFUSED;
  const before = rig.results.length;
  while (rig.results.length < before + 4_000) await rig.time.to(rig.time.now() + 1_000);
  await rig.time.to(rig.time.now() + 20_000);
  assertEquals(rig.schedule.pausedCount, 1);
  rig.answers = () => ({});
  await rig.time.to(800_000);
  assertEquals([rig.results.length, rig.end], [10_000, "over"]);
  const { "undefined 1": good, "refused 0": skipped = 0 } = counts(rig);
  assert(good > 9_800 && skipped === 0, `${good} ${skipped}`);
});

Deno.test("Schedule waits for a host that is never to be given up", async () => {
  const rig = new Rig(inTurn(2_000), { hostGiveUpMs: Infinity }, DOWN_HOST);
  await rig.time.to(3_600_000);
  assertEquals([rig.schedule.pausedCount, rig.end], [1, "not yet"]);
  rig.answers = () => ({});
  await rig.time.to(3_700_000);
  assertEquals([rig.results.length, rig.end], [2_000, "over"]);
  assertEquals(counts(rig)["refused 0"], undefined);
});

Deno.test("Schedule keeps a request's last result when its host is given up", async () => {
  const hour = 3_600_000;
  const retry = { ...RETRY, retries: 9, delayMs: hour, maxDelayMs: hour };
  const rig = new Rig(inTurn(500), { concurrency: 100, retry }, DOWN_HOST);
  await rig.time.to(59_000);
  // They take no place of others' retries.
  assertEquals([counts(rig), rig.retrying], [{ "undefined 1": 250 }, 0]);
  await rig.time.to(61_000);
  assertEquals([rig.results.length, rig.end], [500, "over"]);
  const { "undefined 1": _, "refused 0": unsent, "refused 1": once, ...often } = counts(rig);
  assert(once > 40 && unsent > 100, `${once} ${unsent}`);
  // The probes were of one request.
  assertEquals(Object.keys(often).length, 1);
  const last = rig.results.find(({ error, attempts }) => error === "refused" && attempts === 1);
  assertEquals(last!.detail, "connection refused");
});

for (const error of ["timeout", undefined] as const) {
  Deno.test(`Schedule.drain() gives results whose attempts are counted once (${error ?? "503"})`, async () => {
    const stats = new Stats();
    const rig = new Rig(many(2), { retry: { ...RETRY, retries: 3 } });
    rig.onRetry = (cause, result) => stats.recordRetry(cause, result);
    await rig.time.to(0);
    const status = error === undefined ? 503 : null;
    for (const i of [0, 1]) await rig.answer(i, { status, error, ms: 5_000 });
    const left = [...rig.schedule.drain(false)];
    for (const result of left) stats.record(result);
    assertEquals(left.map(({ ms }) => ms), [5_000, 5_000]);
    const { requests, attempts, sent, busyMs, retries } = stats.toJSON();
    assertEquals({ requests, attempts, sent, busyMs }, {
      requests: 2,
      attempts: 2,
      sent: 2,
      busyMs: 10_000,
    });
    assertEquals(retries, { [error ?? "503"]: 2 });
    await rig.close();
  });
}

Deno.test("Schedule.drain() gives retries that wait for their host", async () => {
  const rig = new Rig(many(2), { concurrency: 2, retry: { ...RETRY, retries: 1 } });
  await rig.time.to(0);
  await rig.answer(0, BUSY);
  await rig.answer(1, { ...BUSY, retryAfter: "3000" });
  await rig.time.to(2_000);
  // One waits for its time, the other for its host.
  assertEquals([rig.retrying, rig.held, rig.inFlight], [1, 1, []]);
  const left = [...rig.schedule.drain(false)];
  assertEquals(left.map(({ target: { i }, status }) => [i, status]), [[0, 503], [1, 503]]);
  await rig.close();
});

Deno.test("Schedule has room for other hosts while one is paused", async () => {
  function* source(): Generator<Target> {
    for (let i = 0; i < 400_000; i++) {
      yield target(`http://${i % 4 === 0 ? "up" : "down"}/${i}`, { i });
    }
  }
  const rig = new Rig(source(), {}, DOWN_HOST);
  await rig.time.to(5_000);
  assertEquals(counts(rig)["undefined 1"], 100_000);
  const { held } = rig;
  assert(held > 50_000 && held < 100_000, `${held}`);
  // Those that there was no room for.
  assert(counts(rig)["refused 0"] > 200_000);
  assertMatch(
    rig.results.findLast(({ attempts }) => attempts === 0)!.detail!,
    /^not sent: down fails, and no more requests can wait for it; the last failure: connection/,
  );
  // The others are made as soon as it is back.
  rig.answers = () => ({});
  await rig.time.to(20_000);
  assertEquals([rig.results.length, rig.end], [400_000, "over"]);
  assert(counts(rig)["undefined 1"] > 150_000);
});

Deno.test("Schedule gives up nothing early when only one host is in sight", async () => {
  function* source(): Generator<Target> {
    yield* inTurn(1_000);
    for (let i = 1_000; i < 300_000; i++) yield target(`http://down/${i}`, { i });
  }
  const rig = new Rig(source(), {}, DOWN_HOST);
  await rig.time.to(10_000);
  assertEquals(counts(rig)["refused 0"], undefined);
  rig.answers = () => ({});
  await rig.time.to(20_000);
  assertEquals([rig.results.length, rig.end], [300_000, "over"]);
  assert(counts(rig)["undefined 1"] > 299_900);
});

Deno.test("Schedule repeats a probe's request with the next probe", async () => {
  const tries = new Map<number, number>();
  const retry = { ...RETRY, retries: 3, delayMs: 10, on: new Set(["reset"]) };
  const rig = new Rig(many(200), { concurrency: 20, retry }, ({ i }) => {
    const count = (tries.get(i) ?? 0) + 1;
    tries.set(i, count);
    return count > 2 ? {} : { status: null, error: "reset", detail: "connection reset" };
  });
  await rig.time.to(30_000);
  assertEquals([rig.results.length, rig.end], [200, "over"]);
  assertEquals(counts(rig), { "undefined 3": 200 });
});

Deno.test("Schedule ends without waiting for a start that no request will use", async () => {
  for (const retries of [0, 2]) {
    const rig = new Rig(many(1), { rate: 0.1, retry: { ...RETRY, retries } });
    await rig.time.to(50);
    await rig.answer(0);
    assertEquals([rig.time.now(), rig.end], [50, "over"]);
  }
  const slow = new Slow();
  const rig = new Rig(slow, { rate: 0.1 }, () => ({}));
  await rig.time.to(0);
  slow.give(target("http://host/"));
  await rig.time.to(10);
  slow.end();
  await rig.time.to(20);
  assertEquals(rig.end, "over");
});

Deno.test("Schedule ends with its last result during an outage", async () => {
  const hosts = Array.from({ length: 262 }, (_, i) => `host${i}`);
  const rig = new Rig(
    at(hosts),
    {},
    () => ({ status: null, error: "connect", detail: "no route" }),
  );
  await rig.time.to(100_000);
  assertEquals([rig.results.length, rig.end], [262, "over"]);
});

for (
  const [name, failure] of [
    ["nobody listens", REFUSED],
    ["there is no such name", { status: null, error: "dns", detail: "no such name" }],
  ] as const
) {
  Deno.test(`Schedule ends at once when ${name} at its only host`, async () => {
    const retry = { ...RETRY, on: new Set(["refused", "dns"]) };
    const rig = new Rig(many(1_000), { concurrency: 100, retry }, () => failure);
    await rig.time.to(10);
    assert(rig.end instanceof NoProgressError, `${rig.end}`);
    assertMatch(
      (rig.end as Error).message,
      /^Cannot go on: the first \d+ requests failed, and host is the only host \(/,
    );
    assert(rig.results.length >= 50 && rig.results.length <= 150, `${rig.results.length}`);
    assertEquals(rig.notices, []);
    await rig.close();
    assertEquals(rig.time.timers, 0);
  });
}

const PROXY = { protocol: "http", hostname: "::1", port: 9, credentials: undefined } as const;
for (
  const [what, options, failure] of [
    ["the proxy \\[::1\\]:9", { proxy: PROXY }, {
      error: "connect",
      detail: "the proxy: connection refused",
      scope: "proxy",
      isUnreachable: true,
    }],
    ["the proxy \\[::1\\]:9", { proxy: PROXY }, {
      error: "connect",
      detail: "the proxy: the name does not resolve",
      scope: "proxy",
      isUnreachable: true,
    }],
    ["the Unix socket '/s'", { unixSocket: "/s" }, {
      error: "connect",
      detail: "no such Unix socket",
      scope: "proxy",
      isUnreachable: true,
    }],
    ["the Unix socket '/s'", { unixSocket: "/s" }, { error: "refused" }],
  ] as const
) {
  Deno.test(`Schedule ends at once with ${failure.error} when ${what} is on the way to all hosts`, async () => {
    const retry = { ...RETRY, on: new Set(["refused", "connect"]) };
    const hosts = Array.from({ length: 1_000 }, (_, i) => `host${i % 7}`);
    const answers = () => ({ status: null, ...failure });
    const rig = new Rig(at(hosts), { concurrency: 10, retry, ...options }, answers);
    await rig.time.to(10);
    assert(rig.end instanceof NoProgressError, `${rig.end}`);
    assertMatch(
      (rig.end as Error).message,
      new RegExp(
        `^Cannot go on: the first 50 requests failed, and all .* ${what} \\(${failure.error}`,
      ),
    );
    assert(rig.results.length >= 50 && rig.results.length <= 60, `${rig.results.length}`);
    assertEquals(rig.notices, []);
    // What is too short for that comes to its end.
    const few = new Rig(at(hosts.slice(0, 50)), { concurrency: 10, retry, ...options }, answers);
    await few.time.to(10);
    assertEquals([few.end, few.results.length], ["over", 50]);
    // Somebody was there.
    const mixed = new Rig(
      at(hosts),
      { retry, ...options },
      ({ i }) => i === 49 ? {} : { status: null, ...failure },
    );
    await mixed.time.to(10);
    assertEquals(mixed.end, "not yet");
    await mixed.close();
  });
}

Deno.test("Schedule does not end at once after any success, or when told to wait", async () => {
  const cases: [Partial<ScheduleOptions>, Rig["answers"], string?][] = [
    [{ hostGiveUpMs: Infinity }, () => REFUSED],
    [{ giveUpAfterMs: 120_000 }, () => REFUSED],
    [{}, ({ i }) => i === 49 ? {} : REFUSED],
    [{}, ({ i }) => i === 49 ? { status: null, error: "timeout" } : REFUSED],
    [{ retry: { ...RETRY, retries: 9 } }, () => REFUSED],
    // Far behind those of the first host.
    [{}, () => REFUSED, "other"],
  ];
  for (const [options, answers, last = "host"] of cases) {
    const targets = [...many(1_000), target(`http://${last}/`, { i: 1_000 })];
    const rig = new Rig(targets, options, answers);
    await rig.time.to(50_000);
    assertEquals(rig.end, "not yet");
    await rig.close();
  }
});

Deno.test("Schedule counts waiting requests that were not made yet", async () => {
  const rig = new Rig(many(20), { hostConcurrency: 2 });
  await rig.time.to(0);
  assertEquals([rig.inFlight.length, rig.held, rig.retrying], [2, 18, 0]);
  await rig.close();
});

/** What a host does that answers at once, and one of which nothing is heard. */
const SILENT_HOST: Rig["answers"] = ({ url }) => url.includes("silent") ? undefined : {};

const TIMEOUT = { status: null, error: "timeout", detail: "no answer" } as const;

Deno.test("Schedule leaves most places to responding hosts while others are silent", async () => {
  const names = ["up", "silent1", "up", "silent2", "silent3"];
  const hosts = Array.from({ length: 5_000 }, (_, i) => names[i % names.length]);
  const rig = new Rig(at(hosts), { concurrency: 100 }, SILENT_HOST);
  await rig.time.to(100);
  assertEquals(rig.results.length, 2_000);
  const silent = rig.inFlight.length;
  assert(silent >= 3 && silent <= 35, `${silent}`);
  assertEquals(rig.held, 3_000 - silent);
  // Nobody else needs the places that are left.
  await rig.time.to(2_000);
  assertEquals(rig.inFlight.length, 100);
  // A host that answers is not held back any more, and what waits is made in its order.
  rig.answers = () => ({});
  await rig.answerAll();
  assertEquals([rig.results.length, rig.end], [5_000, "over"]);
  await rig.close();
  assertEquals(rig.time.timers, 0);
});

Deno.test("Schedule starts held requests first, in order, when the host responds", async () => {
  const source = new Slow();
  const rig = new Rig(source, { concurrency: 4 });
  const give = async (host: string, i: number): Promise<void> => {
    await rig.time.to(0);
    source.give(target(`http://${host}/`, { i }));
    await rig.time.to(0);
  };
  for (const [i, host] of ["a", "b", "b", "b", "a"].entries()) await give(host, i);
  assertEquals([rig.inFlight, rig.held], [[0, 1], 3]);
  await rig.answer(1);
  assertEquals(rig.inFlight, [0, 2, 3]);
  await rig.answer(0);
  assertEquals([rig.inFlight, rig.held], [[2, 3, 4], 0]);
  await rig.answerAll();
  source.end();
  await rig.over;
});

Deno.test("Schedule holds nothing back without other hosts, or when told so", async () => {
  const sorted = ["up", ...new Array(20_000).fill("silent")];
  const cases: [Target[], Partial<ScheduleOptions>][] = [
    [many(1_000, "silent"), {}],
    [[...inTurn(1_000, ["silent", "silent2"])], { pauses: false }],
    [[...inTurn(1_000, ["silent", "silent2"])], { hasOneHost: true }],
    [at(sorted), {}],
  ];
  for (const [targets, options] of cases) {
    const rig = new Rig(targets, { concurrency: 100, ...options }, SILENT_HOST);
    await rig.time.to(0);
    // So much is looked past until no other host is in sight.
    if (targets.length > 10_000) await rig.time.to(100);
    assertEquals([rig.inFlight.length, rig.end], [100, "not yet"]);
    assert(rig.asked < 12_000, `${rig.asked}`);
    await rig.close();
  }
});

Deno.test("Schedule gives no more places to a host that falls silent", async () => {
  const rig = new Rig(
    inTurn(6_000, ["up", "banned"]),
    { concurrency: 200, rate: 1_000 },
    ({ url, i }) => i >= 1_000 && url.includes("banned") ? undefined : { ms: 1 },
  );
  await rig.time.to(2_500);
  assert(rig.inFlight.length <= 60, `${rig.inFlight.length}`);
  rig.answers = () => ({ ms: 1 });
  await rig.answerAll({ ms: 1 });
  await rig.time.to(7_000);
  assertEquals([rig.results.length, rig.end], [6_000, "over"]);
});

Deno.test("Schedule uses all places for hosts whose responses come together", async () => {
  const hosts = Array.from({ length: 10_000 }, (_, i) => i % 20 === 0 ? "silent" : `up${i % 2}`);
  const rig = new Rig(at(hosts), { concurrency: 100 });
  let most = 0;
  for (let ms = 0; ms < 400; ms += 20) {
    await rig.time.to(ms);
    const up = rig.starts.filter(({ i }) => hosts[i] !== "silent" && rig.inFlight.includes(i));
    most = up.length;
    await rig.together(up.map(({ i }) => i), { ms: 20 });
  }
  assert(most >= 85, `${most}`);
  await rig.close();
});

Deno.test("Schedule gives up a silent host after a minute when the others are done", async () => {
  const rig = new Rig(inTurn(10_000, ["up", "silent"]), { concurrency: 20 }, SILENT_HOST);
  for (let ms = 1_000; ms <= 200_000 && rig.end === "not yet"; ms += 1_000) {
    await rig.time.to(ms);
    // Each time out after 3 s.
    if (ms % 3_000 === 0) await rig.answerAll(TIMEOUT);
  }
  assertEquals(counts(rig)["undefined 1"], 5_000);
  assertEquals([rig.results.length, rig.end], [10_000, "over"]);
  // Three times 20 were needed for the outage; it lasted a minute.
  assert(rig.time.now() < 80_000, `${rig.time.now()}`);
});

Deno.test("Schedule gives up a refusing host when the others were done before its pause", async () => {
  const rig = new Rig(
    inTurn(600),
    { concurrency: 10 },
    ({ url }) => url.includes("up") ? {} : undefined,
  );
  await rig.time.to(0);
  for (let k = 0; k < 60; k++) await rig.answerAll(REFUSED);
  rig.answers = DOWN_HOST;
  await rig.time.to(70_000);
  assertEquals([rig.results.length, rig.end], [600, "over"]);
  assertEquals(counts(rig)["undefined 1"], 300);
});

Deno.test("Schedule keeps no place that a host's own limit forbids", async () => {
  const rig = new Rig(
    inTurn(400, ["up", "silent"]),
    { concurrency: 40, hostConcurrency: 2, hostDelayMs: 10 },
    SILENT_HOST,
  );
  await rig.time.to(10_000);
  assertEquals([rig.results.length, rig.inFlight.length], [200, 2]);
  rig.answers = () => ({});
  await rig.answerAll();
  await rig.time.to(20_000);
  assertEquals([rig.results.length, rig.end], [400, "over"]);
});

/** Numbers that look random, from 0 up to, but not, 1; the same for the same seed. */
function chance(seed: number): () => number {
  let state = seed + 1;
  return () => (state = state * 48_271 % 2_147_483_647) / 2_147_483_647;
}

for (const [count, seeds] of [[1, 100], [3, 50]]) {
  Deno.test(`Schedule gives each target one result when hosts fail at random (${count} threads)`, async () => {
    for (let seed = 0; seed < seeds; seed++) {
      const random = chance(seed * 7_919);
      const pick = <T>(...values: T[]): T => values[Math.floor(random() * values.length)];
      const all = 400;
      const names = ["a", "b", "c", "d"].slice(0, pick(1, 2, 4));
      // From when to when each is down.
      const downs = new Map(names.map((name) => {
        const fromMs = pick(0, 0, 2_000, Infinity);
        return [name, [fromMs, fromMs + pick(1_000, 20_000, 300_000)]];
      }));
      const options = {
        concurrency: pick(1, 5, 30),
        rate: pick(undefined, undefined, 50),
        hostConcurrency: pick(undefined, undefined, 2),
        hostDelayMs: pick(undefined, undefined, 10),
        hostGiveUpMs: pick(1, 5_000, 60_000, Infinity),
        giveUpAfterMs: 3_600_000,
        retry: { ...RETRY, retries: pick(0, 0, 3), delayMs: pick(10, 10_000) },
      };
      const failure = pick<Partial<Result>>(REFUSED, BUSY, { ...BUSY, retryAfter: "5" }, TIMEOUT);
      const targets = Array.from(
        { length: all },
        (_, i) => target(`http://${pick(...names)}/`, { i }),
      );
      // The first requests start before there is a rig.
      const rigs: Rig[] = [];
      const rig = new Rig(targets, options, ({ url }) => {
        const [fromMs, toMs] = downs.get(new URL(url).hostname)!;
        const nowMs = rigs.at(0)?.time.now() ?? 0;
        if (fromMs > nowMs || nowMs >= toMs) return random() < 0.8 ? {} : undefined;
        // It keeps its place until it is answered below.
        return failure === TIMEOUT ? undefined : failure;
      }, { count, newsMs: pick(0, 0.5, 20) });
      rigs.push(rig);
      rig.time.chance = random();
      for (let ms = 0; ms < 3_000_000 && rig.end === "not yet"; ms += ms < 10_000 ? 500 : 20_000) {
        await rig.time.to(ms);
        assert(rig.inFlight.length <= options.concurrency);
        for (const i of rig.inFlight) {
          const [fromMs, toMs] = downs.get(new URL(targets[i].url).hostname)!;
          await rig.answer(i, failure === TIMEOUT && fromMs <= ms && ms < toMs ? TIMEOUT : {});
        }
      }
      const told = `seed ${seed}: ${JSON.stringify(options)}`;
      assertEquals(rig.end, "over", told);
      const seen = rig.results.map(({ target: { i } }) => i).sort((a, b) => a - b);
      assertEquals(seen, Array.from({ length: all }, (_, i) => i), told);
      const sent = rig.results.reduce((sum, { attempts }) => sum + attempts, 0);
      assertEquals(rig.starts.length, sent, told);
      assertEquals([rig.held, rig.retrying], [0, 0], told);
      await rig.close();
      assertEquals(rig.time.timers, 0, told);
    }
  });
}

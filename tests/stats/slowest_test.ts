import { assertEquals } from "@std/assert";
import type { Result } from "../../lib/result.ts";
import { Slowest } from "../../lib/stats/slowest.ts";
import { result } from "../fixtures/result.ts";

const of = (url: string, more: Partial<Result> = {}): Result => result(more, { url });

Deno.test("Slowest keeps the 20 slowest responses, the earlier of equal ones", () => {
  const slowest = new Slowest();
  // 0 to 99 in an order of no pattern.
  for (let k = 0; k < 100; k++) {
    slowest.record(result({ ms: k * 37 % 100, at: k }, { i: k, url: `http://h/${k}` }));
  }
  const before = slowest.list();
  assertEquals(before.map(({ ms }) => ms), Array.from({ length: 20 }, (_, k) => 99 - k));
  assertEquals(
    before.every(({ i, ms, at, url }) =>
      i * 37 % 100 === ms && at === i && url === `http://h/${i}`
    ),
    true,
  );
  slowest.record(result({ ms: 80 }, { i: 1_000 }));
  assertEquals(slowest.list(), before);
  slowest.record(result({ ms: 99 }, { i: 1_001 }));
  assertEquals(slowest.list().slice(0, 2).map(({ i }) => i), [before[0].i, 1_001]);
  assertEquals([slowest.list().length, before[1].ms], [20, 98]);
});

Deno.test("Slowest keeps as many as are wanted, and not less than 20", () => {
  for (const [wanted, kept] of [[1, 20], [30, 30]]) {
    const slowest = new Slowest(wanted);
    for (let k = 0; k < 100; k++) slowest.record(result({ ms: k * 37 % 100 }, { i: k }));
    const times = slowest.list().map(({ ms }) => ms);
    assertEquals(times, Array.from({ length: kept }, (_, k) => 99 - k));
  }
});

Deno.test("Slowest keeps no failures and no secrets, and bounds texts", () => {
  const slowest = new Slowest();
  slowest.record(of("http://h/", { status: null, error: "timeout", ms: 30_000 }));
  slowest.record(of("http://h/", { status: 500, error: "expect", ms: 30_000 }));
  slowest.record(of(`http://name:password@h/${"x".repeat(5_000)}`, { ms: 0 }));
  const [{ url, status }, ...others] = slowest.list();
  assertEquals([url.length, url.slice(0, 9), status, others], [200, "http://h/", 200, []]);
});

Deno.test("Slowest.take() gives only those that are new, and keeps the others", () => {
  const [slowest, all] = [new Slowest(), new Slowest()];
  for (let k = 0; k < 20; k++) slowest.record(result({ ms: 100 - k, at: k }));
  all.add(slowest.take());
  assertEquals(slowest.take(), []);
  slowest.record(result({ ms: 50 }));
  assertEquals(slowest.take(), []);
  slowest.record(result({ ms: 90.5 }));
  const taken = slowest.take();
  assertEquals(taken.map(({ ms }) => ms), [90.5]);
  all.add(taken);
  assertEquals(all.list(), slowest.list());
});

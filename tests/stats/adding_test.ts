import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { MIGRATIONS } from "../../lib/checkpoint/migrations.ts";
import { ERROR_KINDS, type Result } from "../../lib/result.ts";
import type { Statistics } from "../../lib/stats/snapshot.ts";
import { findWrongStat, Stats, type StatsDelta, type StatsState } from "../../lib/stats/stats.ts";
import { moment } from "../fixtures/moment.ts";
import { generator } from "../fixtures/random_json.ts";
import { result } from "../fixtures/result.ts";

// Several event loops count apart, and what they have counted is added up.

/** Something that statistics count. */
type Event = (stats: Stats) => void;

/**
 * What happens in a run: results, retries and starts. Times are multiples of 1/64 ms and so small
 * that sums of them, and of their squares, are exact in any order.
 */
function makeEvents(count: number, random: (below: number) => number, hosts: number): Event[] {
  const pick = <T>(values: readonly T[]): T => values[random(values.length)];
  return Array.from({ length: count }, (_, i): Event => {
    const ms = random(2 ** 16) / 64;
    const kind = random(10);
    if (kind === 0) return (stats) => stats.recordLateStart(ms);
    if (kind === 1) return (stats) => stats.recordStart(ms);
    const origin = `http://h${random(hosts)}:8080`;
    const made: Partial<Result> = {
      origin: pick([origin, undefined]),
      ms,
      at: i,
      bytes: random(5_000),
      attempts: random(4),
      ttfbMs: pick([ms / 2, null]),
      via: { remote: null, dnsMs: pick([ms / 8, null]), connectMs: ms / 4, tlsMs: ms / 16 },
      isReused: random(3) > 0,
    };
    const target = { i, url: `${origin}/${i}` };
    if (kind === 2) {
      const cause = pick(["timeout", "503", "429"]);
      return (stats) => stats.recordRetry(cause, result(made, target));
    }
    if (kind > 4) {
      const answered = result({ ...made, status: pick([200, 204, 404, 500, 999]) }, target);
      return (stats) => stats.record(answered);
    }
    const error = pick(ERROR_KINDS);
    const failed = result({
      ...made,
      status: error === "expect" ? 503 : null,
      error,
      detail: pick([`nothing within ${random(900)} ms`, `connection reset`, `${origin} is down`]),
      expectation: error === "expect" ? `expectation ${random(120)}` : undefined,
    }, target);
    if (random(20) === 0) return (stats) => stats.recordWarmUp(failed);
    return (stats) => stats.record(failed);
  });
}

const take = (stats: Stats): Statistics => stats.snapshot(moment());
/** As plain data, which can be compared. */
const plain = (statistics: Statistics) => JSON.parse(JSON.stringify(statistics));

function count(events: readonly Event[]): Stats {
  const stats = new Stats({ details: true });
  for (const event of events) event(stats);
  return stats;
}

/** The statistics of parts of a run, which were counted apart. */
function addUp(parts: readonly StatsDelta[]): Stats {
  const sum = new Stats({ details: true });
  for (const part of parts) sum.add(part);
  return sum;
}

/** What does not depend on which result came first. */
function withoutOrder(statistics: Statistics): unknown {
  const { hosts, slowest, messages = [], errors, ...rest } = plain(statistics);
  const byText = (values: readonly unknown[]) => values.map((it) => JSON.stringify(it)).sort();
  const countsOf = (all: Record<string, { count: number; reasons?: { count: number }[] }>) =>
    Object.entries(all).map(([kind, { count, reasons = [] }]) => [
      kind,
      count,
      reasons.reduce((sum, { count }) => sum + count, 0),
    ]);
  return {
    ...rest,
    errors: countsOf(errors),
    hosts: byText(hosts),
    slowest: slowest.map(({ ms }: { ms: number }) => ms),
    messages: byText(
      messages.map(({ kind, message, count }: Record<string, unknown>) => [kind, message, count]),
    ),
  };
}

for (const [what, hosts, most] of [["few", 7, 500], ["too many", 5_000, 3_000]] as const) {
  Deno.test(`Stats.add() of parts gives the same as one that counted everything (${what} hosts)`, () => {
    const random = generator(hosts);
    for (let round = 0; round < 10; round++) {
      const events = makeEvents(random(most), random, hosts);
      const parts: Event[][] = [];
      // None has more hosts than are told apart, though all together may.
      for (let from = 0; from < events.length; from += parts.at(-1)!.length) {
        parts.push(events.slice(from, from + 1 + random(900)));
      }
      const sum = addUp(parts.map((part) => count(part).take()));
      assertEquals(plain(take(sum)), plain(take(count(events))));
      assertEquals(JSON.stringify(sum), JSON.stringify(count(events)));
      const [a, b] = [sum, count(events)].map((stats) => take(stats.withoutFailed()));
      assertEquals(plain(a), plain(b));
    }
  });
}

Deno.test("Stats.add() gives the same counts for any split, in any order", () => {
  const random = generator(1);
  for (let round = 0; round < 20; round++) {
    const events = makeEvents(random(1_500), random, 20);
    const parts: Event[][] = [[], [], [], []];
    for (const event of events) parts[random(parts.length)].push(event);
    const all = parts.map((part) => count(part).take());
    const expected = withoutOrder(take(count(events)));
    assertEquals(withoutOrder(take(addUp(all))), expected);
    assertEquals(withoutOrder(take(addUp(all.toReversed()))), expected);
  }
});

for (const [what, hosts] of [["few", 7], ["too many", 5_000]] as const) {
  Deno.test(`Stats.take() gives what came since the last call, as plain data (${what} hosts)`, () => {
    const random = generator(2 + hosts);
    for (let round = 0; round < 5; round++) {
      const events = makeEvents(random(3_000), random, hosts);
      const [stats, sum] = [count([]), count([])];
      for (const event of events) {
        event(stats);
        if (random(50) === 0) sum.add(structuredClone(stats.take()));
      }
      sum.add(structuredClone(stats.take()));
      assertEquals(plain(take(sum)), plain(take(count(events))));
      assertEquals(JSON.stringify(sum), JSON.stringify(count(events)));
      assertEquals(stats.requests, 0);
    }
  });
}

Deno.test("Stats.add() takes what another gives later, too, and both can continue", () => {
  const random = generator(2);
  const parts = [300, 400, 500, 600].map((n) => makeEvents(n, random, 5));
  const [first, second, third, fourth] = parts;
  const [sum, other] = [count(first), count(second)];
  sum.add(other.take());
  for (const event of third) event(sum);
  for (const event of fourth) event(other);
  sum.add(other.take());
  assertEquals(plain(take(sum)), plain(take(count(parts.flat()))));
});

Deno.test("Stats.take() leaves no statistic out", () => {
  const stats = count(makeEvents(2_000, generator(5), 5));
  const expected = plain(take(stats));
  const sum = count([]);
  const empty = plain(take(sum));
  sum.add(stats.take());
  const taken = plain(take(sum));
  for (const name of Object.keys(expected)) {
    assertEquals(taken[name], expected[name], name);
    // Events that do not change a statistic could not show that it is carried.
    if (!(name in moment())) assertNotEquals(expected[name], empty[name], name);
  }
});

Deno.test("findWrongStat() accepts what statistics give, and older journals", () => {
  const random = generator(3);
  const stats = count(makeEvents(1_000, random, 5));
  for (const one of [new Stats(), stats, stats.withoutFailed(), Stats.from(stats.toJSON())]) {
    const state = JSON.parse(JSON.stringify(one));
    assertEquals(findWrongStat(state), undefined);
    assertEquals(JSON.stringify(Stats.from(state)), JSON.stringify(one));
    for (const name of ["retries", "skipped", "late", "ownLate", "tolerated"]) delete state[name];
    delete state.ofFailed.statuses;
    const [fill] = MIGRATIONS;
    const { stats: filled } = fill({ stats: state });
    assertEquals(findWrongStat(filled), undefined);
    Stats.from(filled as StatsState).snapshot(moment());
  }
});

Deno.test("findWrongStat() names a missing or wrong field", () => {
  const state: StatsState = JSON.parse(JSON.stringify(count(makeEvents(500, generator(4), 5))));
  for (const name of Object.keys(state)) {
    for (const wrong of [null, "7", -1, 0.5, [], { a: -1 }]) {
      // Milliseconds can have a fraction, and their difference can be a little below 0.
      if (name === "busyMs" && typeof wrong === "number") continue;
      assertEquals(findWrongStat({ ...state, [name]: wrong }), name, JSON.stringify(wrong));
    }
  }
  const { bytes: _, ...lacking } = state;
  assertEquals(findWrongStat(lacking), "bytes");
  for (const value of [undefined, null, 7, "x", []]) assert(findWrongStat(value) !== undefined);
  const deep = structuredClone(state) as unknown as { latency: { counts: number[][] } };
  deep.latency.counts.reverse();
  assertEquals(findWrongStat(deep), "latency");
});

Deno.test("Stats.plus() counts what others have counted, and changes nothing", () => {
  const random = generator(7);
  const [own, other, another] = [200, 300, 100].map((count) => makeEvents(count, random, 3));
  const stats = count(own);
  const before = plain(take(stats));
  const deltas = [other, another].map((events) => count(events).take());
  const sum = plain(take(stats.plus(deltas)));
  const all = plain(take(count([...own, ...other, ...another])));
  const withTop = new Stats({ top: 3 });
  for (const event of own) event(withTop);
  assertEquals(take(withTop.plus(deltas)).top, 3);
  // The details are those from here.
  const { hosts, slowest, messages } = before;
  assertEquals(sum, { ...all, hosts, slowest, messages });
  assertEquals(plain(take(stats)), before);
});

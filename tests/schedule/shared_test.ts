import { assert, assertEquals } from "@std/assert";
import { NoProgressError } from "../../lib/errors.ts";
import type { ScheduleOptions } from "../../lib/schedule/schedule.ts";
import type { Target } from "../../lib/target.ts";
import { at, BUSY, many, REFUSED, RETRY, Rig, Slow } from "../fixtures/schedule_rig.ts";
import { target } from "../fixtures/target.ts";

// Three schedules that make one run, each with its own clock: news takes half a millisecond.

const NEWS_MS = 0.5;
const THREE = { count: 3, newsMs: NEWS_MS };

/** Sources of three threads, each with hosts of its own. Numbers go on from one to the next. */
function split(...hosts: readonly (readonly string[])[]): Target[][] {
  let i = 0;
  return hosts.map((some) => some.map((host) => target(`http://${host}/`, { i: i++ })));
}

const times = (count: number, host: string): string[] => new Array(count).fill(host);

for (
  const [rate, rampUpMs] of [[7, undefined], [100, undefined], [2_500, undefined], [100, 2_000]]
) {
  const ramp = rampUpMs === undefined ? "" : `, after a ramp of ${rampUpMs} ms`;
  Deno.test(`Schedules start at ${rate}/s together as one does${ramp}`, async () => {
    const count = 3 * rate!;
    const run = async (threads: number): Promise<Rig> => {
      const options = { rate, rampUpMs, concurrency: 10_000 };
      const rig = new Rig(many(count), options, () => ({}), { count: threads });
      await rig.time.to(10_000);
      return rig;
    };
    const [one, three] = [await run(1), await run(3)];
    assertEquals([three.end, three.late], ["over", []]);
    const off = three.starts.map(({ ms }, k) => Math.abs(ms - one.starts[k].ms));
    assert(Math.max(...off) < 0.5, `${Math.max(...off)}`);
    // Each of them makes its share.
    const shares = [0, 1, 2].map((it) => three.starts.filter(({ thread }) => thread === it).length);
    assert(shares.every((share) => share > count / 4), `${shares}`);
  });
}

Deno.test("Schedules leave no slot to one whose places are in use", async () => {
  const rig = new Rig(
    many(50),
    { rate: 100, concurrency: 3 },
    ({ i }) => i === 1 ? undefined : {},
    {
      count: 3,
    },
  );
  await rig.time.to(1_000);
  assertEquals(
    rig.starts.map(({ ms }) => Math.round(ms)),
    Array.from({ length: 50 }, (_, k) => k * 10),
  );
  assertEquals([rig.inFlight, rig.late], [[1], []]);
  await rig.close();
});

Deno.test("Schedules catch up in bursts that are no larger than those of one", async () => {
  const rig = new Rig(many(2_000), { rate: 1_000, concurrency: 10_000 }, undefined, THREE);
  await rig.time.to(100);
  await rig.time.jump(500);
  await rig.time.to(2_500);
  const byTime = Map.groupBy(rig.starts, ({ ms }) => Math.floor(ms));
  assertEquals(Math.max(...[...byTime.values()].map((starts) => starts.length)), 4);
  assertEquals([rig.starts.length, rig.late], [2_000, []]);
  await rig.close();
});

Deno.test("Schedules report starts as late while all their places are in use", async () => {
  const rig = new Rig(many(9), { rate: 10, concurrency: 3 }, () => undefined, THREE);
  await rig.time.to(1_000);
  assertEquals(rig.inFlight.length, 3);
  rig.answers = () => ({});
  await rig.answerAll();
  await rig.time.to(1_001);
  // Those of 300 to 800 ms.
  assertEquals(rig.late, [700, 600, 500, 400, 300, 200]);
  assertEquals(rig.end, "over");
});

Deno.test("Schedules take a slot that another cannot use, at its time", async () => {
  const sources = split(["a", "a"], times(3, "b"), []);
  const rig = new Rig([], { rate: 1, concurrency: 3 }, () => undefined, { ...THREE, sources });
  await rig.time.to(500);
  // The first one waits for slot 2, and cannot use it.
  await rig.answer(0, { ...BUSY, retryAfter: "100" });
  await rig.time.to(1_000);
  rig.answers = () => ({});
  await rig.answerAll();
  await rig.time.to(10_000);
  const started = rig.starts.map(({ ms, thread }) => [ms, thread]);
  assertEquals(started, [[0, 0], [1_000, 1], [2_000 + NEWS_MS, 1], [3_000, 1]]);
  assertEquals(rig.late, []);
  await rig.close();
});

Deno.test("Schedules do not make up for idle time, and put off their starts once for all", async () => {
  const source = new Slow();
  const rig = new Rig(source, { rate: 10 }, () => ({}), THREE);
  const give = async (i: number, ms: number): Promise<void> => {
    await rig.time.to(ms);
    source.give(target("http://host/", { i }));
  };
  await give(0, 0);
  for (let i = 1; i < 4; i++) await give(i, 5_000 + i);
  await rig.time.to(6_000);
  assertEquals(rig.starts.map(({ ms }) => ms), [0, 5_001, 5_101, 5_201]);
  assertEquals(rig.late, []);
  source.end();
  await rig.over;
});

Deno.test("Schedules do not burst after a pause of the network, also with places in use", async () => {
  let isUp = true;
  const hosts = Array.from({ length: 2_000 }, (_, i) => `host${i}`);
  const rig = new Rig(
    at(hosts),
    { rate: 1_000, concurrency: 30 },
    ({ i }) =>
      i < 9 ? undefined : isUp ? {} : { status: null, error: "connect", detail: "no route" },
    THREE,
  );
  await rig.time.to(500);
  isUp = false;
  await rig.time.to(2_500);
  assertEquals(rig.schedules.map(({ pausedCount }) => pausedCount), [1, 1, 1]);
  isUp = true;
  const before = rig.starts.length;
  await rig.time.to(20_000);
  const gaps = rig.starts.slice(before + 3).map(({ ms }, k) => ms - rig.starts[before + 2 + k].ms);
  assert(gaps.every((gap) => gap > 0.5 && gap < 1.6), `${Math.min(...gaps)} ${Math.max(...gaps)}`);
  assertEquals([rig.starts.length, rig.late], [2_000, []]);
  await rig.close();
});

Deno.test("Schedules have the places of one on a ramp", async () => {
  const rig = new Rig(many(1_000), { concurrency: 10, rampUpMs: 1_000 }, undefined, THREE);
  const places: number[] = [];
  for (let ms = 0; ms <= 1_000; ms += 100) {
    await rig.time.to(ms);
    places.push(rig.inFlight.length);
  }
  assertEquals(places, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 10]);
  await rig.close();
});

Deno.test("Schedules all hold back a host that sent Retry-After to one of them", async () => {
  const sources = split(times(9, "host"), times(9, "host"), times(9, "host"));
  const rig = new Rig([], { concurrency: 9 }, undefined, { ...THREE, sources });
  await rig.time.to(0);
  for (const i of rig.inFlight.slice(0, 3)) await rig.answer(i, { ...BUSY, retryAfter: "30" });
  await rig.time.to(NEWS_MS);
  await rig.answerAll();
  await rig.time.to(29_999);
  assertEquals([rig.starts.length, rig.inFlight], [9, []]);
  // Others may hold it for 50 ms more.
  await rig.time.to(30_050);
  assertEquals(rig.inFlight.length, 9);
  assertEquals(rig.news.length, 1);
  await rig.close();
});

Deno.test("Schedules pause a host after as many failures as one, and probe one at a time", async () => {
  let isUp = false;
  const rig = new Rig(many(600), { giveUpAfterMs: 1e6 }, () => REFUSED, { count: 3 });
  await rig.time.to(900);
  const failed = rig.results.length;
  assert(failed >= 50 && failed < 62, `${failed}`);
  assertEquals(rig.notices.length, 1);
  assertEquals(rig.schedules.map(({ pausedCount }) => pausedCount), [1, 1, 1]);
  // Each probe takes a second.
  rig.answers = () => isUp ? {} : undefined;
  const before = rig.starts.length;
  for (let ms = 1_000; ms < 90_000; ms += 250) {
    await rig.time.to(ms);
    assert(rig.inFlight.length <= 1);
    const [i] = rig.inFlight;
    if (i !== undefined && ms - rig.starts.at(-1)!.ms >= 1_000) await rig.answer(i, REFUSED);
  }
  const probes = rig.starts.slice(before).map(({ ms }) => ms);
  assertEquals(probes.map((ms) => Math.round(ms / 1_000)), [1, 4, 9, 18, 35, 68]);
  isUp = true;
  await rig.time.to(300_000);
  assertEquals([rig.results.length, rig.end], [600, "over"]);
  assertEquals(rig.notices.slice(1), ["host can be reached again: going on"]);
});

Deno.test("Schedules probe although the one that found the outage has nothing left", async () => {
  const sources = split(times(60, "down"), times(10, "down"), []);
  const rig = new Rig([], { giveUpAfterMs: 1e6 }, () => REFUSED, { ...THREE, sources });
  await rig.time.to(50_000);
  rig.answers = () => ({});
  await rig.time.to(100_000);
  assertEquals([rig.results.length, rig.end], [70, "over"]);
});

Deno.test("Schedules take no short streak of failures in one of them for an outage", async () => {
  const sources = split(times(40, "host"), times(40, "host"), times(40, "host"));
  const rig = new Rig([], {}, ({ i }) => i < 40 ? REFUSED : {}, { ...THREE, sources });
  await rig.time.to(10_000);
  assertEquals([rig.results.length, rig.end, rig.notices], [120, "over", []]);
});

Deno.test("Schedules pause the network together, with one notice, and probe with one", async () => {
  const hosts = Array.from({ length: 5_000 }, (_, i) => `host${i}`);
  const failure = { status: null, error: "connect", detail: "no route" } as const;
  const rig = new Rig(at(hosts), {}, () => failure, { count: 3 });
  await rig.time.to(900);
  const failed = rig.results.length;
  assert(failed >= 250 && failed < 280, `${failed}`);
  assertEquals(rig.notices.length, 1);
  await rig.time.to(3_500);
  assertEquals(rig.results.length, failed + 2);
  rig.answers = () => ({});
  await rig.time.to(7_500);
  assertEquals([rig.results.length, rig.end, rig.notices.length], [5_000, "over", 2]);
});

Deno.test("Schedules all end after the last stage, also in a pause of the network", async () => {
  const failure = { status: null, error: "connect", detail: "no route" } as const;
  const steps = [{ ms: 0, to: 1_000 }, { ms: 1_000, to: 1_000 }];
  const stages = { of: "rate", steps, lengthMs: 1_000 } as const;
  const hosts = Array.from({ length: 2_000 }, (_, i) => `host${i}`);
  const rig = new Rig(
    at(hosts),
    { rate: 1_000, stages, concurrency: 24 },
    ({ i }) => i < 745 ? {} : failure,
    THREE,
  );
  await rig.time.to(300_000);
  assertEquals(rig.end, "over");
  await rig.close();
});

Deno.test("Schedules give up a host together, by the successes of any of them", async () => {
  const sources = split(times(300, "down"), times(100, "up"), ["down", "down"]);
  const rig = new Rig(
    [],
    {},
    ({ url }) => url.includes("down") ? REFUSED : undefined,
    { ...THREE, sources },
  );
  await rig.time.to(5_000);
  rig.answers = ({ url }) => url.includes("down") ? REFUSED : {};
  await rig.answerAll();
  await rig.time.to(70_000);
  assertEquals([rig.results.length, rig.end], [402, "over"]);
  const unsent = rig.results.filter(({ attempts }) => attempts === 0);
  assert(unsent.length > 200, `${unsent.length}`);
  assert(unsent.every(({ detail }) => detail!.startsWith("not sent: down was given up")));
  assertEquals(rig.notices.filter((text) => text.startsWith("gave up")).length, 1);
});

Deno.test("Schedules give up a host when the others, in other threads, were done before its pause", async () => {
  const sources = split(times(300, "down"), times(100, "up"), []);
  const rig = new Rig([], { hostConcurrency: 3 }, undefined, { ...THREE, sources });
  await rig.time.to(0);
  await rig.answer(0, REFUSED);
  rig.answers = ({ url }) => url.includes("down") ? undefined : {};
  for (const i of rig.inFlight) if (i >= 300) await rig.answer(i);
  assertEquals(rig.results.length, 101);
  rig.answers = () => REFUSED;
  await rig.answerAll(REFUSED);
  await rig.time.to(70_000);
  assertEquals([rig.results.length, rig.end], [400, "over"]);
});

/** How a run ends, and when, with one thread and with three. */
async function compareEnds(
  make: () => Iterable<Target>,
  options: Partial<ScheduleOptions>,
  answers: Rig["answers"],
  toMs: number,
): Promise<void> {
  const told: unknown[] = [];
  for (const count of [1, 3]) {
    const rig = new Rig(make(), options, answers, { count });
    await rig.time.to(toMs);
    const { end } = rig;
    assert(end instanceof NoProgressError, `${count}: ${end}`);
    told.push([(end as Error).message, rig.notices.length]);
    await rig.close();
  }
  assertEquals(told[1], told[0]);
}

Deno.test("Schedules end as one does when nobody is at the only host", async () => {
  await compareEnds(() => many(1_000), { concurrency: 30 }, () => REFUSED, 10);
  // One of them has ended before.
  const sources = split(times(100, "host"), times(2, "host"), []);
  const rig = new Rig([], {}, () => REFUSED, { ...THREE, sources });
  await rig.time.to(2_000);
  assert(rig.end instanceof NoProgressError, `${rig.end}`);
  await rig.close();
});

Deno.test("Schedules end when nobody is at a host that leaves nothing to the others", async () => {
  const body = new Uint8Array(1_000_000);
  const large = Array.from({ length: 20 }, (_, k) => target("http://host/", { i: 100 + k, body }));
  const rig = new Rig(new Slow(), { hostConcurrency: 9 }, () => REFUSED, {
    ...THREE,
    sources: [[...split(times(100, "host"))[0], ...large]],
  });
  await rig.time.to(100);
  assert(rig.end instanceof NoProgressError, `${rig.end}`);
  assert(rig.results.length < 100, `${rig.results.length}`);
  await rig.close();
  // A target that waits for a place can be of another host.
  const sources = split(times(60, "host"), ["other"]);
  const ramp = new Rig(new Slow(), { hostConcurrency: 9, rampUpMs: 60_000 }, () => REFUSED, {
    ...THREE,
    sources,
  });
  await ramp.time.to(10_000);
  assert(ramp.results.some(({ target: { url } }) => url.includes("other")), `${ramp.end}`);
  await ramp.close();
});

Deno.test("Schedules end as one does when nobody is at the proxy", async () => {
  const unixSocket = "/s";
  const hosts = Array.from({ length: 1_000 }, (_, i) => `host${i}`);
  await compareEnds(() => at(hosts), { unixSocket }, () => REFUSED, 10);
});

Deno.test("Schedules end as one does when the time to give up is over", async () => {
  const answers: Rig["answers"] = ({ i }) => i < 100 ? {} : REFUSED;
  await compareEnds(() => many(10_000), { giveUpAfterMs: 20_000 }, answers, 20_001);
});

Deno.test("Schedules do not end while one of them finds somebody", async () => {
  const sources = split(times(200, "down"), times(100, "down"), [...times(50, "down"), "up"]);
  const answers: Rig["answers"] = ({ url }) => url.includes("down") ? REFUSED : undefined;
  const rig = new Rig([], {}, answers, { ...THREE, sources });
  await rig.time.to(5_000);
  assertEquals(rig.end, "not yet");
  await rig.close();
});

Deno.test("Schedules do not give up while one of them has successes", async () => {
  const sources = split(times(200, "down"), times(100, "up"), []);
  const options = { giveUpAfterMs: 20_000, hostGiveUpMs: Infinity, rate: 3 };
  const rig = new Rig([], options, ({ url }) => url.includes("down") ? REFUSED : {}, {
    ...THREE,
    sources,
  });
  // The last success is that of the last request to the other host.
  await rig.time.to(40_000);
  assertEquals(rig.end, "not yet");
  const up = () => rig.results.filter(({ error }) => error === undefined);
  while (up().length < 100) await rig.time.to(rig.time.now() + 100);
  const lastMs = rig.time.now();
  await rig.time.to(lastMs + 19_000);
  assertEquals(rig.end, "not yet");
  await rig.time.to(lastMs + 21_000);
  assert(rig.end instanceof NoProgressError, `${rig.end}`);
  await rig.close();
});

Deno.test("Schedules have 20 notices together", async () => {
  const hosts = Array.from({ length: 6_000 }, (_, i) => i % 2 === 0 ? "up" : `down${i % 60}`);
  const rig = new Rig(
    at(hosts),
    { concurrency: 30, hostGiveUpMs: 5_000, retry: { ...RETRY, retries: 0 } },
    ({ url }) => url.includes("down") ? REFUSED : {},
    THREE,
  );
  await rig.time.to(60_000);
  assertEquals([rig.results.length, rig.end, rig.notices.length], [6_000, "over", 20]);
});

Deno.test("Schedules hold no more targets than one", async () => {
  const body = new Uint8Array(1 << 20);
  function* source(): Generator<Target> {
    for (let i = 0; i < 200; i++) yield target(`http://slow/${i}`, { i, body, method: "PUT" });
  }
  const rig = new Rig(source(), { hostConcurrency: 1 }, undefined, THREE);
  await rig.time.to(0);
  assert(rig.asked <= 37, `${rig.asked}`);
  await rig.close();
});

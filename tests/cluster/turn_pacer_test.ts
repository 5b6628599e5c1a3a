import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { RateRig } from "../fixtures/rate_rig.ts";

const RATE = 1_000;
/** The numbers of workers and the round trips to the bus, in milliseconds, that are looked at. */
const WORKERS = [1, 3, 20, 100];
const ROUND_TRIPS = [0.2, 20, 100];
/** How many starts a turn has at that rate. */
const TURN = 5;

/** A rig whose workers have begun, and when the first start was. */
async function start(
  workers: number,
  roundTripMs: number,
  rate = RATE,
): Promise<{ rig: RateRig; fromMs: number }> {
  const rig = new RateRig({ rate }, roundTripMs);
  for (let k = 0; k < workers; k++) await rig.join();
  while (rig.starts.length === 0) await rig.time.to(rig.time.now() + 100);
  return { rig, fromMs: rig.starts[0].ms };
}

const largest = (numbers: readonly number[]): number => Math.max(...numbers);
const least = (numbers: readonly number[]): number => Math.min(...numbers);

for (const roundTripMs of ROUND_TRIPS) {
  for (const workers of WORKERS) {
    const who = workers === 1 ? "1 worker keeps" : `${workers} workers keep`;
    Deno.test(`TurnPacer: ${who} one rate, from the first second, at ${roundTripMs} ms to the bus`, async () => {
      const { rig, fromMs } = await start(workers, roundTripMs);
      await rig.time.to(fromMs + 5_000);
      for (const count of rig.perSecond(fromMs, fromMs + 5_000)) {
        assertAlmostEquals(count, RATE, RATE / 200);
      }
      // Nothing starts before its time, or late.
      const off = rig.starts.map(({ ms, dueMs }) => ms - dueMs);
      assert(least(off) > -0.5 && largest(off) < 0.5, `${least(off)} ${largest(off)}`);
      const shares = rig.perWorker(fromMs + 2_000, fromMs + 5_000).sort((a, b) => a - b);
      assert(shares[0] >= shares[workers >> 1] / 2, `${shares}`);
      assertEquals(rig.moves, 1);
      rig.close();
    });
  }
}

for (const roundTripMs of ROUND_TRIPS) {
  for (const workers of [3, 20]) {
    Deno.test(`TurnPacer: of ${workers} workers one dies and others join, at ${roundTripMs} ms to the bus`, async () => {
      const { rig, fromMs } = await start(workers, roundTripMs);
      await rig.time.to(fromMs + 2_000);
      rig.kill(0);
      await rig.time.to(fromMs + 3_000);
      await rig.join();
      await rig.join();
      await rig.time.to(fromMs + 11_000);
      const seconds = rig.perSecond(fromMs, fromMs + 11_000);
      // What it had at hand for the time of a message is lost: its share of that, and some turns.
      const lost = RATE / 1_000 * (1.25 * roundTripMs + 5) / workers + 3 * TURN;
      assert(seconds[2] + seconds[3] >= 2 * RATE - lost - 2, `${seconds}`);
      for (const [k, count] of seconds.entries()) {
        assert(count <= RATE * 1.002, `${seconds}`);
        if (k < 2 || k > 3) assert(count >= RATE * 0.998, `${seconds}`);
      }
      // The new ones have their share, some seconds later.
      const shares = rig.perWorker(fromMs + 8_000, fromMs + 11_000).slice(1).sort((a, b) => a - b);
      assert(shares[0] >= shares[shares.length >> 1] / 2, `${shares}`);
      rig.close();
    });
  }
}

Deno.test("TurnPacer: a worker that has nothing to start takes nothing from the others", async () => {
  const { rig, fromMs } = await start(3, 20);
  await rig.time.to(fromMs + 1_000);
  rig.rest(1);
  await rig.time.to(fromMs + 5_000);
  const seconds = rig.perSecond(fromMs, fromMs + 5_000);
  // What it had at hand when it ran out of requests is lost.
  assert(seconds[1] >= RATE - 30, `${seconds}`);
  assert(least(seconds.slice(2)) >= RATE - 2 && largest(seconds) <= RATE + 2, `${seconds}`);
  rig.close();
});

Deno.test("TurnPacer: time in which nobody had anything to start is not made up for", async () => {
  const { rig, fromMs } = await start(3, 20);
  await rig.time.to(fromMs + 1_000);
  for (const worker of [0, 1, 2]) rig.rest(worker);
  await rig.time.to(fromMs + 61_000);
  const before = rig.starts.length;
  for (const worker of [0, 1, 2]) rig.begin(worker);
  await rig.time.to(fromMs + 66_000);
  assertEquals(rig.moves, 2);
  const again = rig.starts[before].ms;
  const seconds = rig.perSecond(again, again + 4_000);
  assert(least(seconds) >= RATE - 2 && largest(seconds) <= RATE + 2, `${seconds}`);
  // Clocks differ by up to 2 ms after a minute, until they are put right.
  const late = rig.starts.slice(before).map(({ ms, dueMs }) => ms - dueMs);
  assert(largest(late) < 5, `${largest(late)}`);
  rig.close();
});

Deno.test("TurnPacer: starts that wait for a place are late, and made up for", async () => {
  const { rig, fromMs } = await start(2, 0.2);
  await rig.time.to(fromMs + 1_000);
  for (const worker of [0, 1]) rig.fill(worker);
  await rig.time.to(fromMs + 4_000);
  assert(rig.starts.length < RATE * 1.1, `${rig.starts.length}`);
  for (const worker of [0, 1]) rig.begin(worker);
  await rig.time.to(fromMs + 5_000);
  assertEquals(rig.moves, 1);
  assertAlmostEquals(rig.starts.length, 5 * RATE, 2);
  assertAlmostEquals(largest(rig.starts.map(({ ms, dueMs }) => ms - dueMs)), 3_000, 10);
  rig.close();
});

Deno.test("TurnPacer: a worker whose places are in use takes nothing from the others, and puts nothing off", async () => {
  const { rig, fromMs } = await start(3, 20);
  await rig.time.to(fromMs + 1_000);
  rig.fill(0);
  await rig.time.to(fromMs + 6_000);
  rig.begin(0);
  await rig.time.to(fromMs + 9_000);
  assertEquals(rig.moves, 1);
  const seconds = rig.perSecond(fromMs, fromMs + 9_000);
  const last = seconds.slice(7);
  assert(largest(seconds) <= RATE * 1.05 && least(last) >= RATE - 2, `${seconds}`);
  rig.close();
});

Deno.test("TurnPacer goes on after the bus was away, without a burst", async () => {
  const { rig, fromMs } = await start(20, 20);
  await rig.time.to(fromMs + 1_000);
  rig.isUp = false;
  await rig.time.to(fromMs + 6_000);
  const before = rig.starts.length;
  rig.isUp = true;
  await rig.time.to(fromMs + 15_000);
  const again = rig.starts[before].ms;
  const seconds = rig.perSecond(again, again + 5_000);
  assert(largest(seconds) <= RATE * 1.05, `${seconds}`);
  assert(least(seconds.slice(1)) >= RATE - 2, `${seconds}`);
  rig.close();
});

for (const killMs of [1_150, 1_200]) {
  Deno.test(`TurnPacer: a run begins although whoever had its first turn has died at ${killMs} ms`, async () => {
    const rig = new RateRig({ rate: RATE }, 100);
    await rig.join();
    // Its first turn is on its way, or when that is due is.
    await rig.time.to(killMs);
    assertEquals([rig.turns, rig.moves], [1, 0]);
    rig.kill(0);
    await rig.join();
    await rig.join();
    await rig.time.to(10_000);
    const fromMs = rig.starts[0].ms;
    assert(fromMs < 5_000, `${fromMs}`);
    const seconds = rig.perSecond(fromMs, fromMs + 4_000);
    assert(least(seconds.slice(1)) >= RATE - 2 && largest(seconds) <= RATE * 1.05, `${seconds}`);
    rig.close();
  });
}

Deno.test("TurnPacer: a short time in which nobody had anything to start is not made up for", async () => {
  for (const roundTripMs of ROUND_TRIPS) {
    for (const idleMs of [50, 300, 900]) {
      const { rig, fromMs } = await start(3, roundTripMs);
      await rig.time.to(fromMs + 1_000);
      for (const worker of [0, 1, 2]) rig.rest(worker);
      await rig.time.to(fromMs + 1_000 + idleMs);
      const before = rig.starts.length;
      for (const worker of [0, 1, 2]) rig.begin(worker);
      await rig.time.to(fromMs + 6_000);
      const again = rig.starts[before].ms;
      const seconds = rig.perSecond(again, again + 3_000);
      assert(largest(seconds) <= RATE * 1.05, `${roundTripMs}, ${idleMs}: ${seconds}`);
      assert(least(seconds.slice(1)) >= RATE - 2, `${roundTripMs}, ${idleMs}: ${seconds}`);
      rig.close();
    }
  }
});

Deno.test("TurnPacer does not make the starts of a turn again that the bus has forgotten", async () => {
  const { rig, fromMs } = await start(1, 20);
  await rig.time.to(fromMs + 1_000);
  rig.turns -= 100;
  await rig.time.to(fromMs + 3_000);
  const dues = new Set(rig.starts.map(({ dueMs }) => Math.round(dueMs * 10)));
  assertEquals(dues.size, rig.starts.length);
  assert(rig.starts.length > 2.5 * RATE, `${rig.starts.length}`);
  rig.close();
});

Deno.test("TurnPacer: workers begin one ramp together", async () => {
  const rig = new RateRig({ rate: RATE, rampUpMs: 10_000 }, 20);
  for (let k = 0; k < 3; k++) await rig.join();
  await rig.time.to(12_500);
  const fromMs = rig.starts[0].ms;
  const seconds = rig.perSecond(fromMs, fromMs + 12_000);
  // The area under the ramp: the rate times t^2 / 20 s.
  for (const [k, count] of seconds.entries()) {
    const wanted = k < 10 ? RATE * (2 * k + 1) / 20 : RATE;
    assertAlmostEquals(count, wanted, 3);
  }
  rig.close();
});

Deno.test("TurnPacer: workers make exactly the starts of the stages", async () => {
  const stages = [{ ms: 2_000, to: RATE }, { ms: 1_000, to: RATE }, { ms: 1_000, to: 0 }];
  const rig = new RateRig({ rate: RATE, stages }, 20);
  for (let k = 0; k < 3; k++) await rig.join();
  await rig.time.to(10_000);
  const fromMs = rig.starts[0].ms;
  for (const [k, count] of rig.perSecond(fromMs, fromMs + 4_000).entries()) {
    assertAlmostEquals(count, [250, 750, 1_000, 500][k], 3);
  }
  assertEquals([rig.starts.length, rig.moves], [2_500, 1]);
  rig.close();
});

Deno.test("TurnPacer: at a slow rate each turn is one start", async () => {
  const { rig, fromMs } = await start(3, 20, 0.5);
  await rig.time.to(fromMs + 61_000);
  const gaps = rig.starts.slice(1).map(({ ms }, k) => ms - rig.starts[k].ms);
  assertEquals(rig.starts.length, 31);
  for (const gap of gaps) assertAlmostEquals(gap, 2_000, 5);
  rig.close();
});

for (
  const [who, workers, turnsOfOthers] of [["all workers", 3, 0], [
    "one worker",
    1,
    360_000,
  ]] as const
) {
  Deno.test(`TurnPacer keeps the rate after ${who} slept for an hour, without a burst`, async () => {
    const rate = 100;
    const { rig, fromMs } = await start(workers, 20, rate);
    await rig.time.to(fromMs + 5_000);
    rig.sleep(3_600_000, turnsOfOthers);
    await rig.time.to(fromMs + 130_000);
    const seconds = rig.perSecond(fromMs, fromMs + 130_000);
    assert(largest(seconds) <= rate * 1.05, `${seconds}`);
    // The clock of the server is read once a minute.
    assert(least(seconds.slice(65)) >= rate - 1, `${seconds}`);
    rig.close();
  });
}

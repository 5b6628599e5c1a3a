import { assertEquals } from "@std/assert";
import { CommonBreaker } from "../../lib/schedule/common_breaker.ts";
import { CommonState, createCommonMemory } from "../../lib/schedule/common_state.ts";

/** The same breaker in three event loops. */
function breakers(key: string | undefined = "host"): CommonBreaker[] {
  const memory = createCommonMemory(3);
  return Array.from(
    { length: 3 },
    (_, index) => new CommonBreaker(new CommonState({ memory, index, count: 3 }), key),
  );
}

Deno.test("CommonBreaker.switch() is new once for each change", () => {
  const [a, b, c] = breakers();
  assertEquals([a.switch(true), b.switch(true), a.switch(true)], [true, false, false]);
  assertEquals([c.switch(false), a.switch(false)], [true, false]);
  assertEquals([b.switch(true), c.switch(false)], [true, true]);
});

Deno.test("CommonBreaker.beginProbe() lets one event loop begin, and none before it has learnt the last end", () => {
  const [a, b, c] = breakers(undefined);
  a.switch(true);
  for (const it of [b, c]) it.learn(a.turn);
  assertEquals([b.beginProbe(), a.beginProbe(), c.beginProbe()], [true, false, false]);
  b.endProbe();
  // One that has learnt of the end, and one that only tries again.
  c.learn(b.turn);
  assertEquals([c.beginProbe(), a.beginProbe()], [true, false]);
  // A probe that did not start changes nothing.
  c.endProbe(false);
  assertEquals([b.beginProbe(), b.beginProbe()], [true, true]);
  assertEquals([b.switch(false), a.switch(false)], [true, false]);
  b.endProbe();
  assertEquals(a.switch(true), true);
});

Deno.test("CommonBreaker.change() is for the first, also while its probe is in flight", () => {
  const [a, b] = breakers();
  a.switch(true);
  b.learn(a.turn);
  assertEquals([b.change(), a.change()], [true, false]);
  a.learn(b.turn);
  assertEquals([a.beginProbe(), b.change(), a.change()], [true, false, true]);
});

Deno.test("CommonBreaker.hasFailed() needs failures of its own, and as many as one breaker in all", () => {
  const [a, b] = breakers();
  a.addFailures(46);
  b.addFailures(3);
  assertEquals([a.hasFailed(46, 50), b.hasFailed(3, 49), b.hasFailed(5, 49)], [false, false, true]);
  a.addFailures(1);
  assertEquals([a.hasFailed(47, 50), b.hasFailed(3, 50)], [true, false]);
  a.addFailures(-47);
  assertEquals(b.hasFailed(5, 5), false);
});

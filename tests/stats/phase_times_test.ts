import { assertEquals } from "@std/assert";
import type { ConnectionInfo } from "../../lib/result.ts";
import {
  describePhases,
  isPhaseStates,
  PhaseTimes,
  toPhaseDeltas,
} from "../../lib/stats/phase_times.ts";
import { result } from "../fixtures/result.ts";

/** How often each phase was measured, and how long it took at most, in milliseconds. */
const counted = (times: PhaseTimes): Record<string, [count: number, maxMs: number]> =>
  Object.fromEntries(
    Object.entries(times.clone()).map(([phase, { count, max }]) => [phase, [count, max / 1000]]),
  );

const via = (more: Partial<ConnectionInfo> = {}): ConnectionInfo => ({
  ...{ remote: null, dnsMs: null, connectMs: null, tlsMs: null },
  ...more,
});

Deno.test("PhaseTimes.record() counts the phases of new connections, and each first byte", () => {
  const times = new PhaseTimes();
  assertEquals(counted(times), {});
  times.record(result());
  times.record(result({ via: via(), isReused: false }));
  assertEquals(counted(times), {});
  const all = via({ dnsMs: 1, connectMs: 2, tlsMs: 3 });
  times.record(result({ via: all, isReused: false, ttfbMs: 4 }));
  times.record(result({ via: all, isReused: true, ttfbMs: 5 }));
  times.record(result({ via: via({ connectMs: 7 }), isReused: false, ttfbMs: 0 }));
  assertEquals(counted(times), { dns: [1, 1], connect: [2, 7], tls: [1, 3], ttfb: [3, 5] });
});

Deno.test("PhaseTimes add up the same, whichever counted", () => {
  const [all, part, sum] = [new PhaseTimes(), new PhaseTimes(), new PhaseTimes()];
  for (let k = 0; k < 300; k++) {
    const one = result({ via: via({ connectMs: k / 7 }), isReused: k % 3 > 0, ttfbMs: k });
    for (const times of [all, part]) times.record(one);
    if (k % 50 === 0) sum.add(structuredClone(part.take()));
  }
  sum.add(part.take());
  assertEquals(sum.toJSON(), all.toJSON());
  assertEquals([isPhaseStates(JSON.parse(JSON.stringify(all))), isPhaseStates({})], [true, true]);
  const read = new PhaseTimes();
  read.add(toPhaseDeltas(JSON.parse(JSON.stringify(all))));
  assertEquals(read.toJSON(), all.toJSON());
  assertEquals([part.clone(), part.take(), part.toJSON()], [{}, {}, {}]);
});

Deno.test("isPhaseStates() refuses other phases, and what is not a histogram", () => {
  const times = new PhaseTimes();
  times.recordPhase("tls", 1);
  const { tls } = times.toJSON();
  for (const wrong of [null, [], { tcp: tls }, { tls: null }, { tls: { ...tls, counts: 1 } }]) {
    assertEquals(isPhaseStates(wrong), false);
  }
});

Deno.test("describePhases() gives milliseconds, or null where nothing was measured", () => {
  const times = new PhaseTimes();
  for (let k = 1; k <= 100; k++) times.recordPhase("ttfb", k / 1000);
  const ttfb = {
    ...{ count: 100, mean: 0.0505, p50: 0.05, p90: 0.09, p95: 0.095, p99: 0.099, max: 0.1 },
  };
  assertEquals(describePhases(times.clone()), { dns: null, connect: null, tls: null, ttfb });
  assertEquals(describePhases(times.clone(), ["tls", "ttfb"]), { tls: null, ttfb });
});

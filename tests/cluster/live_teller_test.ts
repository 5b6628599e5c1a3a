import { assert, assertEquals } from "@std/assert";
import { LiveTeller } from "../../lib/cluster/live_teller.ts";
import { CHECKS, type Live, MAX_NOTICES } from "../../lib/cluster/messages.ts";
import type { OpenSlice } from "../../lib/cluster/open_slice.ts";
import { Stats } from "../../lib/stats/stats.ts";
import { result } from "../fixtures/result.ts";

/** A slice as the teller sees it. */
class FakeSlice {
  readonly lease: { readonly slice: { readonly id: string } };
  readonly stats = new Stats();
  doneCount = 0;

  constructor(id: string) {
    this.lease = { slice: { id } };
  }

  /** Counts results, each of another latency. */
  add(count: number): void {
    for (let k = 0; k < count; k++) this.stats.record(result({ ms: 1.02 ** k }));
    this.doneCount += count;
  }
}

function rig(...ids: readonly string[]) {
  const slices = ids.map((id) => new FakeSlice(id));
  const committing = new Map<string, unknown>();
  const told: Live[] = [];
  const teller = new LiveTeller("w", {
    pipeline: {
      activity: { inFlight: 1, retrying: 0, held: 0, paused: 0, shortages: {} },
      engine: { name: "http1", transport: "portable" },
      isShut: false,
    } as never,
    open: slices as unknown as OpenSlice[],
    committing,
  }, (live) => told.push(live));
  /** Tells, and returns which slices were told of with their figures, and how many results. */
  const tell = (): Record<string, number | undefined> => {
    teller.tell();
    return Object.fromEntries(told.at(-1)!.open.map(({ id, stats }) => [id, stats?.requests]));
  };
  return { slices, committing, told, teller, tell };
}

Deno.test("LiveTeller tells the figures of slices that have changed, and of others now and then", () => {
  const { slices: [a, b], tell } = rig("a", "b");
  assertEquals(tell(), { a: undefined, b: undefined });
  a.add(5);
  assertEquals(tell(), { a: 5, b: undefined });
  assertEquals(tell(), { a: undefined, b: undefined });
  a.add(1);
  b.add(2);
  assertEquals(tell(), { a: 6, b: 2 });
  const later = Array.from({ length: 20 }, tell);
  assertEquals(later.filter(({ a }) => a === 6).length, 2);
});

Deno.test("LiveTeller tells a bounded amount of figures, each slice in its turn", () => {
  const ids = Array.from({ length: 8 }, (_, k) => `s${k}`);
  const { slices, told, tell } = rig(...ids);
  const counts = new Map(ids.map((id) => [id, 0]));
  for (let k = 0; k < 40; k++) {
    for (const slice of slices) slice.add(800);
    for (const [id, requests] of Object.entries(tell())) {
      if (requests !== undefined) counts.set(id, counts.get(id)! + 1);
    }
  }
  const lengths = told.map((live) => JSON.stringify(live).length);
  assert(Math.max(...lengths) < 40_000, `${lengths}`);
  const least = Math.min(...counts.values());
  const most = Math.max(...counts.values());
  assert(least >= 5 && most - least <= 1, JSON.stringify([...counts]));
});

Deno.test("LiveTeller names slices that are done and not committed, without figures", () => {
  const { committing, tell } = rig();
  committing.set("a", undefined);
  assertEquals(tell(), { a: undefined });
  committing.clear();
  assertEquals(tell(), {});
});

Deno.test("LiveTeller tells each notice three times, cut, and a bounded number at once", () => {
  const { teller, told, tell } = rig();
  for (let k = 0; k < 20; k++) teller.addNotice(`${k} ${"é".repeat(1_000)}`);
  for (let k = 0; k < 4; k++) tell();
  assertEquals(told.map(({ notices }) => notices.length), [
    MAX_NOTICES,
    MAX_NOTICES,
    MAX_NOTICES,
    0,
  ]);
  teller.addNotice("later");
  tell();
  assertEquals(told.at(-1)!.notices, [{ k: MAX_NOTICES, text: "later" }]);
  assert(told.every((live) => CHECKS.live(JSON.parse(JSON.stringify(live)))));
});

Deno.test("LiveTeller.stop() tells a last time, and why it gave up", () => {
  const { teller, told } = rig();
  teller.start();
  teller.countResult();
  teller.stop("the only host refuses connections");
  assertEquals(told.length, 1);
  assertEquals(told[0].gaveUp, "the only host refuses connections");
  assert(told[0].rate > 0);
});

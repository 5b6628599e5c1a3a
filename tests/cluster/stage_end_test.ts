import { assert, assertEquals } from "@std/assert";
import { StageEnd } from "../../lib/cluster/stage_end.ts";
import { MAX_OVERTIME_MS } from "../../lib/schedule/pacer.ts";

const AHEAD_MS = 1e9;

/** What the submitter sees of a bus whose clock is ahead. */
function fakeTurns(originMs: number | undefined) {
  let take: (atMs: number) => void = () => {};
  let isWatched = false;
  return {
    tell: (atMs: number) => take(atMs),
    get isWatched() {
      return isWatched;
    },
    turns: {
      take: () => Promise.reject(new Error("not needed")),
      readClock: () => Promise.resolve(performance.now() + AHEAD_MS),
      moveOrigin: () => Promise.reject(new Error("not needed")),
      watchOrigin: (listener: (atMs: number) => void) => {
        take = listener;
        isWatched = true;
        if (originMs !== undefined) take(originMs);
        return Promise.resolve(() => void (isWatched = false));
      },
    },
  };
}

const STAGES = { of: "rate", steps: [], lengthMs: 1_000 } as const;

Deno.test("StageEnd ends the run after the last stage, counted from the first start of any worker", async () => {
  const bus = fakeTurns(undefined);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const end = await StageEnd.watch(bus.turns, STAGES, { onEnd: resolve, onFailure: reject });
  // What was told last counts. A machine that is busy must not come to the end of the first one.
  const originMs = performance.now() + AHEAD_MS - 1_000 - MAX_OVERTIME_MS;
  const atMs = performance.now() + 30;
  bus.tell(originMs + 1e6);
  bus.tell(originMs + 30);
  await promise;
  assert(performance.now() > atMs - 5);
  end.close();
  assertEquals(bus.isWatched, false);
});

Deno.test("StageEnd.close() ends nothing any more", async () => {
  // The last stage was over long ago, which it finds out once it has read the clock.
  const bus = fakeTurns(0);
  const fail = () => {
    throw new Error("it was closed");
  };
  const end = await StageEnd.watch(bus.turns, STAGES, { onEnd: fail, onFailure: fail });
  end.close();
  assertEquals(bus.isWatched, false);
  await new Promise((resolve) => setTimeout(resolve));
});

import type { Strategy } from "./strategy.ts";

/** A strategy as the command knows it. */
export interface StrategyEntry {
  /** What it does, in a few words. */
  readonly about: string;
  /** Whether it has one request in flight at most, whatever the concurrency. */
  readonly isOneByOne?: true;
  /** Its code, loaded only where it runs: no client carries that of the others. */
  load(): Promise<Strategy>;
}

/** All strategies by name, in the order in which they run. */
export const STRATEGIES: Readonly<Record<string, StrategyEntry>> = {
  "sync": {
    about: "one after another",
    isOneByOne: true,
    load: async () => (await import("./strategies/sync.ts")).sync,
  },
  "semaphore": {
    about: "all promises up front, a semaphore inside",
    load: async () => (await import("./strategies/semaphore.ts")).semaphore,
  },
  "semaphore-first": {
    about: "the semaphore acquired before the promise is made",
    load: async () => (await import("./strategies/semaphore_first.ts")).semaphoreFirst,
  },
  "batches": {
    about: "Promise.all over slices",
    load: async () => (await import("./strategies/batches.ts")).batches,
  },
  "race": {
    about: "Promise.race over the pool, as asyncio.wait does",
    load: async () => (await import("./strategies/race.ts")).race,
  },
  "pooled-map": {
    about: "pooledMap of @std/async",
    load: async () => (await import("./strategies/pooled_map.ts")).pooledMapOfStd,
  },
  "workers": {
    about: "so many loops on one queue",
    load: async () => (await import("./strategies/workers.ts")).workers,
  },
  "as-completed": {
    about: "the pool of myriad, on native fetch",
    load: async () => (await import("./strategies/as_completed.ts")).asCompletedOfMyriad,
  },
  "http1": {
    about: "the pool of myriad, on its own engine",
    load: async () => (await import("./strategies/http1.ts")).http1,
  },
};

import type { Strategy } from "./strategy.ts";

/** A row of the table of strategies. */
export interface StrategyEntry {
  /** What it does, in a few words for the help. */
  readonly about: string;
  /** Whether it has at most one request in flight, whatever the concurrency. */
  readonly isOneByOne?: true;
  /** Loads its code; no client loads that of another strategy. */
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
    about: "loops that share one queue",
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

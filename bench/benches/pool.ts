import { pooledMap } from "@std/async/pool";
import process from "node:process";
import { setImmediate } from "node:timers";
import { asCompleted } from "../../lib/as_completed.ts";
import { type Bench, scaled } from "../bench.ts";
import { cell, grouped, printTable } from "../table.ts";

/** A pool over a lazy source: what it is given, and what it gives. */
type RunPool = <T, R>(
  concurrency: number,
  items: Iterable<T>,
  task: (item: T) => Promise<R>,
) => AsyncIterable<R>;

const POOLS: Record<string, RunPool> = {
  "pooledMap of @std/async": pooledMap,
  "asCompleted": (concurrency, items, task) => asCompleted(items, task, { concurrency }),
};

/**
 * Three surprises of `pooledMap`, beside `asCompleted`: it gives results in the order of the input,
 * it does not wait for its consumer, and it races its whole pool for each completion. The first two
 * are counts, and the same each time.
 */
export const pool: Bench = {
  measures: "what pooledMap of @std/async does with order, slow consumers and many at once, " +
    "beside our own pool",
  minutes: 0.2,
  async run(context) {
    await slowHead(scaled(100_000, context, 100));
    await slowConsumer(scaled(100_000, context, 1000));
    await completions(scaled(500, context, 100));
  },
};

/** The first item is done when all others are. */
async function slowHead(items: number): Promise<void> {
  const rows: string[][] = [];
  for (const [name, runPool] of Object.entries(POOLS)) {
    const others = Promise.withResolvers<void>();
    let done = 0;
    let taken = 0;
    let held = 0;
    const task = async (item: number): Promise<number> => {
      await (item === 0 ? others.promise : tick());
      done++;
      held = Math.max(held, done - taken);
      if (done === items - 1) others.resolve();
      return item;
    };
    for await (const _ of runPool(100, numbers(items), task)) taken++;
    rows.push([name, grouped(held)]);
  }
  console.log(`\nOrder: ${grouped(items)} items, 100 at once, the first one is done last\n`);
  printTable(["pool", "results that were done and not yet given"], rows);
}

/** Whoever takes the results takes ten, and then no more for a while. */
async function slowConsumer(items: number): Promise<void> {
  const rows: string[][] = [];
  for (const [name, runPool] of Object.entries(POOLS)) {
    let started = 0;
    const task = async (item: number): Promise<number> => {
      started++;
      await tick();
      return item;
    };
    let taken = 0;
    let startedWhileAway = 0;
    for await (const _ of runPool(100, numbers(items), task)) {
      if (++taken !== 10) continue;
      // Away until nothing more is started, or everything was.
      for (let before = -1; before < started;) {
        before = started;
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
      startedWhileAway = started;
    }
    rows.push([name, grouped(startedWhileAway)]);
  }
  console.log(`\nNo waiting: ${grouped(items)} items, 100 at once, ten results are taken\n`);
  printTable(["pool", "items started when ten results were taken"], rows);
}

async function completions(races: number): Promise<void> {
  const rows: string[][] = [];
  for (const [name, runPool] of Object.entries(POOLS)) {
    const row = [name];
    for (const concurrency of [10, 100, 1000, 10_000]) {
      const last = concurrency + races;
      // From when the pool is full until the last item starts, one starts for each completion.
      let full: ReturnType<typeof process.cpuUsage> | undefined;
      let end: ReturnType<typeof process.cpuUsage> | undefined;
      const task = (item: number): Promise<void> => {
        if (item === concurrency) full = process.cpuUsage();
        if (item === last) end = process.cpuUsage(full);
        return tick();
      };
      for await (const _ of runPool(concurrency, numbers(last + 1), task)) {
        /* that it is given */
      }
      row.push(cell((end!.user + end!.system) / races, 1, " us"));
    }
    rows.push(row);
  }
  console.log(
    `\nRace: CPU a completion, of ${grouped(races)}, by how many items there are at once\n`,
  );
  printTable(["pool", "10", "100", "1,000", "10,000"], rows);
}

function* numbers(count: number): Generator<number> {
  for (let number = 0; number < count; number++) yield number;
}

/** Done a turn of the event loop later. */
function tick(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

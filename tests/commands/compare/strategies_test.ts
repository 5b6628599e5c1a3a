import { assert, assertEquals } from "@std/assert";
import { STRATEGIES } from "../../../lib/commands/compare/strategies.ts";
import type { StrategyResult } from "../../../lib/commands/compare/strategy.ts";
import { DelayServer } from "../../../lib/commands/serve/delay_server.ts";
import { turn } from "../../fixtures/turn.ts";

/** What a strategy did to a source and to requests that end when they are told to. */
class Watched {
  pulled = 0;
  readonly taken: number[] = [];
  mostInFlight = 0;
  /** The most that were pulled and not taken. */
  mostHeld = 0;
  readonly #inFlight = new Map<number, (answer: StrategyResult) => void>();

  async run(name: string, requests: number, concurrency: number): Promise<void> {
    const strategy = await STRATEGIES[name].load();
    const done = strategy({
      urls: this.#urls(requests),
      concurrency,
      request: (url) => this.#request(Number(url)),
      onResult: ({ status }) => {
        this.taken.push(status!);
      },
    });
    let isOver = false;
    done.finally(() => isOver = true);
    while (!isOver) {
      // The newest first, so that nothing can lean on the order.
      const newest = [...this.#inFlight.keys()].at(-1);
      if (newest !== undefined) {
        const answer = this.#inFlight.get(newest)!;
        this.#inFlight.delete(newest);
        answer({ status: newest });
      }
      await turn();
    }
    await done;
  }

  *#urls(requests: number): Generator<string> {
    for (let number = 0; number < requests; number++) {
      this.pulled++;
      this.mostHeld = Math.max(this.mostHeld, this.pulled - this.taken.length);
      yield `${number}`;
    }
  }

  #request(number: number): Promise<StrategyResult> {
    const { promise, resolve } = Promise.withResolvers<StrategyResult>();
    this.#inFlight.set(number, resolve);
    this.mostInFlight = Math.max(this.mostInFlight, this.#inFlight.size);
    return promise;
  }
}

const OVER_FETCH = Object.keys(STRATEGIES).filter((name) => name !== "http1");

for (const name of OVER_FETCH) {
  Deno.test(`strategy ${name} takes each response once, within its concurrency`, async () => {
    const watched = new Watched();
    await watched.run(name, 40, 7);
    assertEquals(watched.taken.toSorted((a, b) => a - b), Array.from({ length: 40 }, (_, k) => k));
    assertEquals(watched.mostInFlight, name === "sync" ? 1 : 7);
  });

  Deno.test(`strategy ${name} ends when there are fewer requests than its concurrency`, async () => {
    for (const requests of [0, 1, 3]) {
      const watched = new Watched();
      await watched.run(name, requests, 7);
      assertEquals(watched.taken.length, requests);
    }
  });
}

Deno.test("only semaphore creates all promises first; only pooled-map holds results back", async () => {
  const held: Record<string, number> = {};
  for (const name of OVER_FETCH) {
    const watched = new Watched();
    await watched.run(name, 40, 7);
    held[name] = watched.mostHeld;
  }
  assertEquals(held.semaphore, 40);
  // The oldest is answered last.
  assert(held["pooled-map"] > 20, `${held["pooled-map"]}`);
  for (const name of ["sync", "semaphore-first", "batches", "race", "workers", "as-completed"]) {
    assert(held[name] <= 8, `${name}: ${held[name]}`);
  }
});

Deno.test("strategy http1 takes each response once, with an engine of its own", async () => {
  await using server = await DelayServer.start({});
  const statuses: (number | null)[] = [];
  const run = await STRATEGIES.http1.load();
  await run({
    urls: Array.from({ length: 50 }, (_, k) => `${server.url}${k}`),
    concurrency: 5,
    request: () => Promise.reject(new Error("it has an engine of its own")),
    onResult: ({ status }) => {
      statuses.push(status);
    },
  });
  assertEquals(statuses, Array.from({ length: 50 }, () => 200));
});

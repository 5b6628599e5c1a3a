import { setImmediate } from "node:timers";
import type { Engine } from "../lib/engine/engine.ts";
import { type Result, toResult } from "../lib/result.ts";
import type { openEngine } from "../lib/run/open_engine.ts";
import type { Target } from "../lib/target.ts";

/** A request that waits for the next turn of the event loop. */
interface Begun {
  readonly target: Target;
  readonly done: (result: Result) => void;
}

/** An engine without a network: each request is answered in the next turn of the event loop. */
class InstantEngine implements Engine {
  readonly name = "instant";
  readonly transport = "portable";
  readonly shortages = new Map();
  /** As many as are in flight, at most. */
  #begun: Begun[] = [];

  start(target: Target, done: (result: Result) => void): void {
    this.#begun.push({ target, done });
    if (this.#begun.length === 1) setImmediate(() => this.#answer());
  }

  #answer(): void {
    const begun = this.#begun;
    this.#begun = [];
    const at = Date.now();
    for (const { target, done } of begun) done(toAnswer(target, at));
  }

  cancelOne(): void {}

  cancel(): void {}

  close(): void {}
}

/** What it answers at a time, in milliseconds since the Unix epoch. */
export function toAnswer(target: Target, at: number): Result {
  return toResult({
    target,
    origin: undefined,
    status: 200,
    bytes: 13,
    size: 13,
    at,
    // Some hundreds of different latencies, as a server has them.
    ms: 0.1 + (target.i % 331) / 100,
    ttfbMs: null,
    attempts: 1,
    location: null,
    via: null,
    isReused: true,
    engine: "instant",
    version: "1.1",
    finalUrl: null,
    redirects: 0,
    contentType: null,
    retryAfter: null,
  }, undefined);
}

/** Opens the engine; it takes no option. */
export function openInstantEngine(): ReturnType<typeof openEngine> {
  return Promise.resolve({ engine: new InstantEngine(), check: undefined });
}

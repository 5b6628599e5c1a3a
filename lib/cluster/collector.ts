import type { MaybePromise } from "../stream.ts";
import type { Commit } from "./messages.ts";

/** The maximum number of parts that are in memory at once. */
const MAX_PARTS = 4;

/** Receives what a collector does. */
export interface CollectorHooks<Part> {
  /** Reads a part; undefined if it cannot be used. */
  read(commit: Commit): Promise<Part | undefined>;
  /** Takes a part. Returns a promise if the next one has to wait. */
  take(commit: Commit, part: Part): MaybePromise<void>;
  /** Called if one of these throws. */
  onFailure(error: unknown): void;
}

/** Reads parts that were committed, several at once, and hands them on one at a time. */
export class Collector<Part> {
  readonly #hooks: CollectorHooks<Part>;
  /** As many as there are slices on the bus, at most. */
  readonly #queue: Commit[] = [];
  #reading = 0;
  #hasStopped = false;
  #idle = Promise.withResolvers<void>();

  constructor(hooks: CollectorHooks<Part>) {
    this.#hooks = hooks;
    this.#idle.resolve();
  }

  add(commit: Commit): void {
    if (this.#hasStopped) return;
    this.#queue.push(commit);
    if (this.#reading === MAX_PARTS) return;
    if (this.#reading++ === 0) this.#idle = Promise.withResolvers();
    void this.#read().catch(this.#hooks.onFailure).finally(() => {
      if (--this.#reading === 0) this.#idle.resolve();
    });
  }

  async #read(): Promise<void> {
    for (let commit = this.#queue.shift(); commit !== undefined; commit = this.#queue.shift()) {
      const part = await this.#hooks.read(commit);
      // Later results are dropped once the run has ended.
      if (part === undefined || this.#hasStopped) continue;
      const full = this.#hooks.take(commit, part);
      if (full !== undefined) await full;
    }
  }

  /** Settles once all that was added has been taken. */
  get idle(): Promise<void> {
    return this.#idle.promise;
  }

  /** Drops what is not taken yet. */
  stop(): void {
    this.#hasStopped = true;
    this.#queue.length = 0;
  }
}

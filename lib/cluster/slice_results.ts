import type { ClusterState } from "../checkpoint/cluster_state.ts";
import type { RunOptions } from "../options/run_options.ts";
import { unpackStats } from "../stats/packed_stats.ts";
import type { Stats } from "../stats/stats.ts";
import type { MaybePromise } from "../stream.ts";
import type { Results } from "../threads/messages.ts";
import type { RunBus } from "./bus/run_bus.ts";
import { Collector } from "./collector.ts";
import { DamagedError } from "./damaged_error.ts";
import type { Lifecycle } from "./lifecycle.ts";
import type { LiveWorkers } from "./live_workers.ts";
import type { Commit } from "./messages.ts";
import { countRuns, listNumbers, subtractRuns } from "./number_runs.ts";
import type { Outstanding } from "./outstanding.ts";
import { decodePart } from "./part.ts";
import { type CheckedPart, checkPart } from "./part_check.ts";
import type { Proof } from "./proof.ts";
import type { Publisher } from "./publisher.ts";
import type { SliceBlocks } from "./slice_blocks.ts";

/** What the collecting of a run shares with the rest of a submitter. */
export interface SliceResultsParts {
  readonly run: RunBus;
  readonly lifecycle: Lifecycle;
  readonly blocks: SliceBlocks;
  readonly outstanding: Outstanding;
  readonly publisher: Publisher;
  readonly workers: LiveWorkers;
  readonly proof: Proof;
  readonly stats: Stats;
}

/** What is collected. */
export interface SliceResultsOptions {
  /** Between two numbers of the run. */
  readonly step: number;
  readonly hasRecords: boolean;
  /** Undefined without an output of records. */
  readonly output: RunOptions["output"];
  /** Whether the numbers of what is collected are needed. */
  readonly isResumable: boolean;
}

/** Receives what is collected. */
export interface SliceResultsHooks {
  /** Whether the run has a request of that number that has no result. */
  isOpen(i: number): boolean;
  /** Takes results. Returns a promise if the next ones have to wait. */
  onResults(results: Results): MaybePromise<void>;
  /** Calls back once the results so far are safe on the disk. */
  onSafe(call: () => void): void;
  /** Called with each part that was taken. */
  onTaken(): void;
  onNotice(text: string): void;
  /** Called if results cannot be read or taken. */
  onFailure(error: unknown): void;
}

/**
 * Collects what came of slices: each part is checked, taken once, and dropped from the bus when a
 * journal that has it is on the disk.
 */
export class SliceResults {
  readonly #run: RunBus;
  readonly #lifecycle: Lifecycle;
  readonly #blocks: SliceBlocks;
  readonly #outstanding: Outstanding;
  readonly #publisher: Publisher;
  readonly #workers: LiveWorkers;
  readonly #proof: Proof;
  readonly #stats: Stats;
  readonly #options: SliceResultsOptions;
  readonly #hooks: SliceResultsHooks;
  readonly #collector: Collector<CheckedPart>;
  /** Slices of an earlier submitter whose commits are collected first; undefined after that. */
  #earlier: Set<string> | undefined;
  #taken = 0;

  constructor(
    parts: SliceResultsParts,
    options: SliceResultsOptions,
    hooks: SliceResultsHooks,
  ) {
    this.#run = parts.run;
    this.#lifecycle = parts.lifecycle;
    this.#blocks = parts.blocks;
    this.#outstanding = parts.outstanding;
    this.#publisher = parts.publisher;
    this.#workers = parts.workers;
    this.#proof = parts.proof;
    this.#stats = parts.stats;
    this.#options = options;
    this.#hooks = hooks;
    this.#collector = new Collector({
      read: (commit) => this.#read(commit),
      take: (commit, part) => this.#take(commit, part),
      onFailure: hooks.onFailure,
    });
  }

  /** How many items of slices have their result. */
  get taken(): number {
    return this.#taken;
  }

  /** What was collected so far. */
  get cluster(): ClusterState {
    return this.#proof.toJSON();
  }

  /** Takes commits of an earlier submitter's slices as well, until {@linkcode endEarlier}. */
  beginEarlier(): void {
    this.#earlier = new Set();
  }

  /** @returns the slices of an earlier submitter that were collected, once all are */
  async endEarlier(): Promise<ReadonlySet<string>> {
    await this.#collector.idle;
    const earlier = this.#earlier!;
    this.#earlier = undefined;
    return earlier;
  }

  /** Collects what a worker has committed, if it is still to be collected. */
  add(commit: Commit): void {
    this.#earlier?.add(commit.id);
    if (this.#earlier !== undefined || this.#outstanding.has(commit.id)) {
      this.#collector.add(commit);
    }
  }

  /** Settles once all that was added has been taken. */
  get idle(): Promise<void> {
    return this.#collector.idle;
  }

  /** Drops what is not taken yet. */
  stop(): void {
    this.#collector.stop();
  }

  /** Reads a part; if it is damaged, its slice is published anew. */
  async #read({ id, part }: Commit): Promise<CheckedPart | undefined> {
    try {
      const bytes = await this.#lifecycle.persist(() => this.#run.store.read(part));
      return checkPart(decodePart(this.#run.codec.open("part", id, bytes)), this.#options.output);
    } catch (error) {
      if (!(error instanceof DamagedError)) throw error;
      this.replace(id, "is damaged");
      return undefined;
    }
  }

  /** Publishes a slice anew, as nothing can be collected under its id. @param how what befell it */
  replace(id: string, how: string): void {
    const outstanding = this.#outstanding.get(id);
    if (outstanding === undefined) return;
    this.#outstanding.delete(id);
    this.#workers.settle(id);
    this.#hooks.onNotice(`slice '${id}' ${how}: it is done again`);
    if (this.#lifecycle.isStopping) return;
    const { runs } = outstanding.slice;
    void this.#publisher.putAgain(outstanding, runs, true).then(() => this.#free(id));
  }

  /**
   * Takes what came of a slice. All of one moment: nothing is awaited between the records, the
   * numbers and the statistics.
   */
  #take(
    { id, worker, tries, part: { sha256 } }: Commit,
    { runs, stats: packed, records, failures }: CheckedPart,
  ): MaybePromise<void> {
    const { step, isResumable } = this.#options;
    const outstanding = this.#outstanding.get(id);
    // Another slice has taken its place, or it was collected.
    if (outstanding === undefined && this.#earlier === undefined) return;
    const rest = subtractRuns(outstanding?.slice.runs ?? runs, runs, step);
    if (rest === undefined) return this.replace(id, "has a part of other requests");
    const count = countRuns(runs);
    const numbers = new Float64Array(count);
    let k = 0;
    for (const i of listNumbers(runs, step)) numbers[k++] = i;
    // An earlier submitter may have collected it, or this one, which was told of the commit twice: a
    // journal may not have it yet.
    if (!numbers.every(this.#hooks.isOpen)) {
      if (outstanding !== undefined) throw new Error(`Two results of a request in slice '${id}'`);
      return this.#hooks.onSafe(() => void this.#free(id));
    }
    const delta = unpackStats(packed);
    this.#stats.add(delta);
    this.#workers.settle(id, { worker, requests: count });
    const full = this.#hooks.onResults({
      records,
      failures,
      numbers: isResumable ? numbers : undefined,
      stats: delta,
    });
    const isRedone = tries > 1 || outstanding?.isRedone === true;
    this.#proof.add({ worker, records: count, sha256, isRedone });
    // Its records are of use until the rest of them has a slice of its own.
    let again: Promise<void> = Promise.resolve();
    if (outstanding !== undefined) {
      const { group } = outstanding;
      this.#outstanding.delete(id);
      this.#taken += count;
      const hasRest = rest.length > 0 && !this.#lifecycle.isStopping;
      if (hasRest) again = this.#publisher.putAgain(outstanding, rest, false);
      else if (group !== undefined) this.#publisher.release(group);
    }
    this.#hooks.onTaken();
    this.#hooks.onSafe(() => void again.then(() => this.#free(id)));
    this.#lifecycle.notify();
    return full;
  }

  /** Lets go of what the bus holds for a slice: nothing more is to come of it. */
  async #free(id: string): Promise<void> {
    const lifecycle = this.#lifecycle;
    try {
      // First: a worker that gets it again must not do it.
      await lifecycle.persist(() => this.#run.commits.close(id));
      await lifecycle.persist(() => this.#run.store.dropName(`part.${id}.*`));
      if (this.#options.hasRecords) await this.#blocks.drop(id);
    } catch {
      // The run is over: all of it goes.
    }
  }
}

import type { RunLog } from "../checkpoint/log/run_log.ts";
import type { Jar } from "../cookies/jar.ts";
import type { Engine } from "../engine/engine.ts";
import { describeWithheld } from "../output/withheld.ts";
import type { RunOptions } from "../options/run_options.ts";
import { type Activity, addActivities, type RunningPipeline } from "../run/pipeline.ts";
import { createCommonMemory } from "../schedule/common_state.ts";
import { hasHostLimits } from "../schedule/hosts.ts";
import type { InputColumns, Item } from "../source/item.ts";
import { createNumbering } from "../source/numbering.ts";
import type { TargetSource } from "../source/target_source.ts";
import type { RequestIdOptions } from "../source/request_id.ts";
import type { Stats } from "../stats/stats.ts";
import type { MaybePromise, Source } from "../stream.ts";
import type { Target } from "../target.ts";
import { CheckedItems } from "./checked_items.ts";
import { Dealer } from "./dealer.ts";
import {
  countBytes,
  type FromWorker,
  type Results,
  type ToWorker,
  unpackError,
  type WorkerState,
} from "./messages.ts";
import { packOptions } from "./packed_options.ts";
import { shareOptions } from "./shares.ts";
import { findWorkerCode, startWorker, type WorkerCode } from "./start_worker.ts";
import { WorkerHandle } from "./worker_handle.ts";

/** What the pipelines are given once the outputs are open. */
export interface PipelinesParts {
  readonly source: TargetSource;
  /** What of its items is to be requested, and how many they are; undefined if that is not known. */
  readonly pending: Source<Item>;
  readonly total: number | undefined;
  /** The ids of requests; undefined without ids. */
  readonly ids: RequestIdOptions | undefined;
  readonly isResumable: boolean;
  /** The name of the run in the folder for bodies; undefined if they are not saved. */
  readonly bodiesRun: string | undefined;
  readonly durationMs: number | undefined;
  /** What workers log their results in; undefined where they do not. */
  readonly log?: Pick<RunLog, "place" | "share"> | undefined;
  /** Counts the results; it may have counted others before. */
  readonly stats: Stats;
}

/** Receives what the pipelines do. */
export interface PipelinesHooks {
  /**
   * Called before the first target is dealt; undefined if nothing needs to be checked.
   *
   * @throws Anything that has to end the run.
   */
  readonly beforeFirst: ((target: Target) => void) | undefined;
  /** Takes results. Returns a promise if their worker has to wait. */
  onResults(results: Results): MaybePromise<void>;
  onNotice(text: string): void;
}

async function createBudget(
  { maxBytesPerSecond }: RunOptions,
): Promise<SharedArrayBuffer | undefined> {
  if (maxBytesPerSecond === undefined) return undefined;
  const { createBudgetMemory } = await import("../engine/byte_budget.ts");
  return createBudgetMemory();
}

/**
 * Several pipelines, each in a worker, that make the requests of one run. Its members are those of
 * one pipeline.
 */
export class Pipelines implements RunningPipeline {
  readonly #workers: readonly WorkerHandle[];
  /** The concurrency of the run. */
  readonly #concurrency: number;
  readonly #jar: Jar | undefined;
  #parts!: PipelinesParts;
  #hooks!: PipelinesHooks;
  #dealer!: Dealer;
  /**
   * Workers that want a block before all have begun, once for each: connections of the first could
   * take all descriptors that the others need. Undefined after that.
   */
  #early: number[] | undefined = [];
  /** How many results the statistics had at the beginning. */
  #before = 0;
  #failures: string | undefined;
  /** Whether the user knows that credentials are left out of the failures. */
  #isWithheld = false;
  readonly #failure = Promise.withResolvers<never>();
  /** Whether no more blocks are dealt. */
  #isStopped = false;
  #isInterrupted = false;
  /** Whether it has ended by {@linkcode fail} or {@linkcode close}: later results are dropped. */
  #hasFailed = false;
  /** Why a worker has ended before its source did. */
  #sourceFailure: unknown;

  /**
   * Starts the workers, and opens their engines; requests nothing.
   *
   * @param columns what the headers of the inputs have
   * @param seed the random part of the run
   * @param jar gets the cookies of all
   * @param findCode finds the code that they run
   * @throws {UsageError} If they cannot be started, or their engine cannot be used.
   */
  static async open(
    options: RunOptions,
    count: number,
    { columns, seed, jar, findCode = findWorkerCode }: {
      columns: InputColumns;
      seed: string;
      jar?: Jar | undefined;
      findCode?: () => Promise<WorkerCode>;
    },
  ): Promise<Pipelines> {
    const code = await findCode();
    const pipelines = new Pipelines(code, count, options.concurrency, jar);
    const transcripts = options.verbose === undefined
      ? undefined
      : (await import("../transcript/channel.ts")).createChannelMemory();
    try {
      const budget = await createBudget(options);
      for (const [index, worker] of pipelines.#workers.entries()) {
        const own = packOptions(shareOptions(options, { index, count }));
        const cookies = jar?.all();
        worker.send({
          type: "open",
          setup: { index, count, options: own, columns, seed, cookies, budget, transcripts },
        });
      }
      await Promise.all(pipelines.#workers.map(({ ready }) => ready));
    } catch (error) {
      await pipelines.close();
      throw error;
    }
    return pipelines;
  }

  private constructor(
    code: WorkerCode,
    count: number,
    concurrency: number,
    jar: Jar | undefined,
  ) {
    this.#concurrency = concurrency;
    this.#jar = jar;
    const take = (worker: WorkerHandle, message: FromWorker): void => {
      try {
        this.#take(worker, message);
      } catch (error) {
        this.fail(error);
      }
    };
    this.#workers = Array.from(
      { length: count },
      () => new WorkerHandle(startWorker(code), take),
    );
    this.#failure.promise.catch(() => {});
  }

  /** Gives them what they need for {@linkcode run}. */
  begin(options: RunOptions, parts: PipelinesParts, hooks: PipelinesHooks): void {
    const { source, pending, total, stats } = parts;
    const { start, requests, concurrency, rate } = options;
    this.#parts = parts;
    this.#failures = options.failures;
    this.#hooks = hooks;
    const { beforeFirst } = hooks;
    this.#before = stats.results;
    const workers = this.#workers;
    this.#dealer = new Dealer({
      items: beforeFirst === undefined
        ? pending
        : new CheckedItems(pending, source.make, (target) => this.#checkFirst(target)),
      total,
      input: source.items,
      end: start + requests,
      step: createNumbering(options).step,
      hasRecords: options.inputs.length > 0,
      makeForHost: hasHostLimits(options) ? source.make : undefined,
      workers: workers.length,
      concurrency,
      rate,
    }, {
      // It is copied: to transfer so little takes longer.
      onBlock: (worker, block) => workers[worker].send({ type: "block", block }),
      onEnd: (worker) => workers[worker].send({ type: "end" }),
    });
  }

  /** Whether the first target may be requested. If not, that ends the run. */
  #checkFirst(target: Target): boolean {
    try {
      this.#hooks.beforeFirst!(target);
      return true;
    } catch (error) {
      this.fail(error);
      return false;
    }
  }

  #take(worker: WorkerHandle, message: FromWorker): void {
    switch (message.type) {
      case "ready":
        return worker.onReady(message.state);
      case "wants":
        return this.#deal(this.#workers.indexOf(worker));
      case "results":
        worker.state = message.state;
        worker.taken = this.#takeResults(worker, message.results).catch((error) =>
          this.fail(error)
        );
        return;
      case "cookies":
        this.#jar!.add(message.cookies);
        return this.#tellOthers(worker, message);
      case "news":
        return this.#tellOthers(worker, message);
      case "notice":
        return this.#hooks.onNotice(message.text);
      case "withheld":
        if (!this.#isWithheld) this.#hooks.onNotice(describeWithheld(this.#failures!));
        this.#isWithheld = true;
        return;
      case "stopped":
        return worker.onStopped(message.state);
      case "done":
        this.#dealer?.leave(this.#workers.indexOf(worker));
        if (message.failure !== undefined) this.#breakOff(unpackError(message.failure));
        return void worker.taken.then(() => worker.onDone());
      case "failed":
        return worker.onFailed(unpackError(message.error));
    }
  }

  #deal(worker: number): void {
    if (this.#early === undefined) return this.#dealer.ask(worker);
    this.#early.push(worker);
    if (new Set(this.#early).size < this.#workers.length) return;
    const early = this.#early;
    this.#early = undefined;
    this.#dealer.ask(...early);
  }

  #tellOthers(worker: WorkerHandle, message: ToWorker): void {
    for (const other of this.#workers) if (other !== worker) other.send(message);
  }

  async #takeResults(worker: WorkerHandle, results: Results): Promise<void> {
    // The outputs may be closed.
    if (this.#hasFailed) return;
    // They may be empty once they are written.
    const bytes = countBytes(results);
    // Of one moment: nothing is awaited between the records and their statistics.
    this.stats.add(results.stats);
    this.#dealer.settle(
      this.#workers.indexOf(worker),
      results.stats.requests + (results.stats.warmUp?.requests ?? 0),
    );
    const full = this.#hooks.onResults(results);
    if (full !== undefined) await full;
    if (bytes > 0) worker.send({ type: "taken", bytes });
  }

  #tell(message: ToWorker): void {
    for (const worker of this.#workers) worker.send(message);
  }

  async run(): Promise<void> {
    const { source, ids, durationMs, isResumable, bodiesRun, log } = this.#parts;
    const { hasOneHost } = source;
    const count = this.#workers.length;
    const memory = createCommonMemory(count);
    const startMs = performance.timeOrigin + performance.now();
    log?.share(count, (file) => this.#tell({ type: "turn", file }));
    for (const [index, worker] of this.#workers.entries()) {
      const shared = { memory, index, count, concurrency: this.#concurrency, startMs };
      worker.send({
        type: "begin",
        durationMs,
        hasOneHost,
        isResumable,
        bodiesRun,
        ids,
        log: log?.place,
        shared,
      });
    }
    await Promise.race([
      Promise.all(this.#workers.map(({ done }) => done)),
      this.#failure.promise,
    ]);
  }

  async stop(): Promise<void> {
    this.#isInterrupted = true;
    this.#stopDealing();
    this.#tell({ type: "stop" });
    await Promise.all(this.#workers.map(({ stopped }) => stopped));
  }

  cancel(): void {
    this.#tell({ type: "cancel" });
  }

  fail(reason: unknown): void {
    this.#stopDealing();
    this.#hasFailed = true;
    this.#failure.reject(reason);
  }

  /** A worker cannot go on: nothing more starts, and what is in flight ends. */
  #breakOff(failure: Error): void {
    this.#sourceFailure ??= failure;
    this.#stopDealing();
    this.#tell({ type: "stop" });
  }

  #stopDealing(): void {
    this.#isStopped = true;
    this.#dealer?.stop();
  }

  async close(): Promise<void> {
    this.#stopDealing();
    this.#hasFailed = true;
    await Promise.all(this.#workers.map((worker) => worker.end()));
    await this.#parts?.pending.return?.();
  }

  get #states(): readonly WorkerState[] {
    return this.#workers.map(({ state }) => state);
  }

  get stats(): Stats {
    return this.#parts.stats;
  }

  get isShut(): boolean {
    return this.#isStopped || this.#states.every(({ isShut }) => isShut);
  }

  get isCutShort(): boolean {
    return this.#isInterrupted || this.sourceFailure !== undefined;
  }

  get sourceFailure(): unknown {
    if (this.#sourceFailure !== undefined) return this.#sourceFailure;
    // The input was read ahead: what is missing counts only if the run has come so far.
    return this.openCount === 0 ? this.#dealer.failure : undefined;
  }

  get openCount(): number {
    return this.#dealer.dealt - (this.stats.results - this.#before);
  }

  get engine(): Pick<Engine, "name" | "transport"> {
    const states = this.#states;
    // A worker without a response does not know yet what its server speaks.
    const told = states.filter(({ hasResponses }) => hasResponses);
    const names = (told.length > 0 ? told : states).flatMap(({ engine }) => engine.split("+"));
    return { name: [...new Set(names)].sort().join("+"), transport: states[0].transport };
  }

  /** How busy the event loop of each worker was lately, 0 to 1. */
  get workersBusy(): readonly number[] {
    return this.#states.map(({ loopBusy }) => loopBusy);
  }

  get activity(): Activity {
    return this.#states.map(({ activity }) => activity).reduce(addActivities);
  }
}

import type { Jar } from "../cookies/jar.ts";
import type { Engine } from "../engine/engine.ts";
import type { RunOptions } from "../options/run_options.ts";
import { type Activity, addActivities, type RunningPipeline } from "../run/pipeline.ts";
import type { Stats } from "../stats/stats.ts";
import type { MaybePromise, Source } from "../stream.ts";
import type { Target } from "../target.ts";
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
  /** The targets that are to be requested. */
  readonly source: Source<Target>;
  /** How many there are; undefined if that is not known. */
  readonly total: number | undefined;
  readonly hasOneHost: boolean;
  readonly isResumable: boolean;
  /** The name of the run in the folder for bodies; undefined if they are not saved. */
  readonly bodiesRun: string | undefined;
  readonly durationMs: number | undefined;
  /** Counts the results; it may have counted others before. */
  readonly stats: Stats;
}

/** Receives what the pipelines do. */
export interface PipelinesHooks {
  /** Takes results. Returns a promise if their worker has to wait. */
  onResults(results: Results): MaybePromise<void>;
  onNotice(text: string): void;
}

/**
 * Several pipelines, each in a worker, that make the requests of one run. Its members are those of
 * one pipeline.
 */
export class Pipelines implements RunningPipeline {
  readonly #workers: readonly WorkerHandle[];
  readonly #jar: Jar | undefined;
  #parts!: PipelinesParts;
  #hooks!: PipelinesHooks;
  #dealer!: Dealer;
  /** The tail of the queue of those that want a block. */
  #dealing: Promise<void> = Promise.resolve();
  readonly #failure = Promise.withResolvers<never>();
  /** Whether no more blocks are dealt. */
  #isStopped = false;
  #isInterrupted = false;
  /** Whether it has ended by {@linkcode fail} or {@linkcode close}: later results are dropped. */
  #hasFailed = false;
  #sourceFailure: unknown;

  /**
   * Starts the workers, and opens their engines; requests nothing.
   *
   * @param jar gets the cookies of all
   * @param findCode finds the code that they run
   * @throws {UsageError} If they cannot be started, or their engine cannot be used.
   */
  static async open(
    options: RunOptions,
    count: number,
    { jar, findCode = findWorkerCode }: {
      jar?: Jar | undefined;
      findCode?: () => Promise<WorkerCode>;
    } = {},
  ): Promise<Pipelines> {
    const code = await findCode();
    const pipelines = new Pipelines(code, count, jar);
    try {
      for (const [index, worker] of pipelines.#workers.entries()) {
        const own = packOptions(shareOptions(options, { index, count }));
        worker.send({ type: "open", setup: { index, count, options: own, cookies: jar?.all() } });
      }
      await Promise.all(pipelines.#workers.map(({ ready }) => ready));
    } catch (error) {
      await pipelines.close();
      throw error;
    }
    return pipelines;
  }

  private constructor(code: WorkerCode, count: number, jar: Jar | undefined) {
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
  begin(parts: PipelinesParts, hooks: PipelinesHooks, step: number): void {
    this.#parts = parts;
    this.#hooks = hooks;
    this.#dealer = new Dealer(parts.source, {
      step,
      total: parts.total,
      workers: this.#workers.length,
    });
  }

  #take(worker: WorkerHandle, message: FromWorker): void {
    switch (message.type) {
      case "ready":
        return worker.onReady(message.state);
      case "wants":
        this.#dealing = this.#dealing.then(() => this.#deal(worker)).catch((error) =>
          this.fail(error)
        );
        return;
      case "results":
        worker.state = message.state;
        worker.taken = this.#takeResults(worker, message.results).catch((error) =>
          this.fail(error)
        );
        return;
      case "cookies":
        this.#jar!.add(message.cookies);
        for (const other of this.#workers) if (other !== worker) other.send(message);
        return;
      case "notice":
        return this.#hooks.onNotice(message.text);
      case "done":
        return void worker.taken.then(() => worker.onDone());
      case "failed":
        return worker.onFailed(unpackError(message.error));
    }
  }

  async #deal(worker: WorkerHandle): Promise<void> {
    let block;
    try {
      block = this.#isStopped ? undefined : await this.#dealer.next();
    } catch (error) {
      // What was dealt before has its results first.
      this.#sourceFailure = error;
      this.#isStopped = true;
    }
    worker.send(block === undefined ? { type: "end" } : { type: "block", block });
  }

  async #takeResults(worker: WorkerHandle, results: Results): Promise<void> {
    // The outputs may be closed.
    if (this.#hasFailed) return;
    // They may be empty once they are written.
    const bytes = countBytes(results);
    // Of one moment: nothing is awaited between the records and their statistics.
    this.stats.add(results.stats);
    const full = this.#hooks.onResults(results);
    if (full !== undefined) await full;
    if (bytes > 0) worker.send({ type: "taken", bytes });
  }

  #tell(message: ToWorker): void {
    for (const worker of this.#workers) worker.send(message);
  }

  async run(): Promise<void> {
    const { durationMs, hasOneHost, isResumable, bodiesRun } = this.#parts;
    this.#tell({ type: "begin", durationMs, hasOneHost, isResumable, bodiesRun });
    await Promise.race([
      Promise.all(this.#workers.map(({ done }) => done)),
      this.#failure.promise,
    ]);
  }

  stop(): void {
    this.#isInterrupted = true;
    this.#isStopped = true;
    this.#tell({ type: "stop" });
  }

  cancel(): void {
    this.#tell({ type: "cancel" });
  }

  fail(reason: unknown): void {
    this.#isStopped = true;
    this.#hasFailed = true;
    this.#failure.reject(reason);
  }

  async close(): Promise<void> {
    this.#isStopped = true;
    this.#hasFailed = true;
    await Promise.all(this.#workers.map((worker) => worker.end()));
    await this.#parts?.source.return?.();
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
    return this.#isInterrupted || this.#sourceFailure !== undefined;
  }

  get sourceFailure(): unknown {
    return this.#sourceFailure;
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
    return this.#workers.map(({ state }) => state?.loopBusy ?? 0);
  }

  get activity(): Activity {
    return this.#states.map(({ activity }) => activity).reduce(addActivities);
  }
}

import type { Engine } from "../engine/engine.ts";
import type { RunOptions } from "../options/run_options.ts";
import { type Activity, addActivities, type RunningPipeline } from "../run/pipeline.ts";
import { Stats } from "../stats/stats.ts";
import type { MaybePromise, Source } from "../stream.ts";
import type { Target } from "../target.ts";
import { Dealer } from "./dealer.ts";
import {
  type FromWorker,
  type Results,
  type ToWorker,
  unpackError,
  type WorkerState,
} from "./messages.ts";
import { packOptions } from "./packed_options.ts";
import { findWorkerCode } from "./start_worker.ts";

/** What the pipelines are given once the outputs are open. */
export interface PipelinesParts {
  /** The targets that are to be requested. */
  readonly source: Source<Target>;
  /** How many there are; undefined if that is not known. */
  readonly total: number | undefined;
  readonly hasOneHost: boolean;
  readonly isResumable: boolean;
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

const IDLE: Activity = { inFlight: 0, retrying: 0, held: 0, paused: 0, shortages: {} };

/** A worker, as the main thread sees it. */
class WorkerHandle {
  readonly #worker: Worker;
  readonly ready = Promise.withResolvers<void>();
  readonly done = Promise.withResolvers<void>();
  state: WorkerState | undefined;

  constructor(worker: Worker) {
    this.#worker = worker;
    this.done.promise.catch(() => {});
    this.ready.promise.catch(() => {});
  }

  send(message: ToWorker): void {
    this.#worker.postMessage(message);
  }

  fail(error: unknown): void {
    this.ready.reject(error);
    this.done.reject(error);
  }

  listen(take: (message: FromWorker) => void): void {
    this.#worker.onmessage = ({ data }) => take(data);
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.fail(new Error(`Cannot go on: an event loop has failed: ${event.message}`));
    };
    this.#worker.onmessageerror = () => this.fail(new Error("Cannot go on: a message is broken"));
  }

  end(): void {
    this.#worker.terminate();
  }
}

/**
 * Several pipelines, each in a worker, that make the requests of one run. Its members are those of
 * one pipeline.
 */
export class Pipelines implements RunningPipeline {
  readonly #workers: readonly WorkerHandle[];
  #parts!: PipelinesParts;
  #hooks!: PipelinesHooks;
  #dealer!: Dealer;
  /** The tail of the queue of those that want a block. */
  #dealing: Promise<void> = Promise.resolve();
  readonly #failure = Promise.withResolvers<never>();
  #isShut = false;
  #isInterrupted = false;

  /**
   * Starts the workers, and opens their engines; requests nothing.
   *
   * @param findCode returns the URL of the code that they run
   * @throws {UsageError} If they cannot be started, or their engine cannot be used.
   */
  static async open(
    options: RunOptions,
    count: number,
    findCode = findWorkerCode,
  ): Promise<Pipelines> {
    const code = await findCode();
    const workers = Array.from(
      { length: count },
      () => new WorkerHandle(new Worker(code, { type: "module" })),
    );
    const pipelines = new Pipelines(workers);
    try {
      for (const [index, worker] of workers.entries()) {
        worker.send({ type: "open", setup: { index, count, options: packOptions(options) } });
      }
      await Promise.all(workers.map(({ ready }) => ready.promise));
    } catch (error) {
      await pipelines.close();
      throw error;
    }
    return pipelines;
  }

  private constructor(workers: readonly WorkerHandle[]) {
    this.#workers = workers;
    this.#failure.promise.catch(() => {});
    for (const worker of workers) worker.listen((message) => this.#take(worker, message));
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
        return worker.ready.resolve();
      case "wants":
        this.#dealing = this.#dealing.then(() => this.#deal(worker)).catch((error) =>
          this.fail(error)
        );
        return;
      case "results":
        worker.state = message.state;
        return void this.#takeResults(worker, message.results).catch((error) => this.fail(error));
      case "notice":
        return this.#hooks.onNotice(message.text);
      case "done":
        return worker.done.resolve();
      case "failed":
        return worker.fail(unpackError(message.error));
    }
  }

  async #deal(worker: WorkerHandle): Promise<void> {
    const block = this.#isShut ? undefined : await this.#dealer.next();
    if (block === undefined) this.#isShut = true;
    worker.send(block === undefined ? { type: "end" } : { type: "block", block });
  }

  async #takeResults(worker: WorkerHandle, results: Results): Promise<void> {
    const bytes = (results.records?.length ?? 0) + (results.failures?.length ?? 0);
    // Of one moment: nothing is awaited between the records and their statistics.
    this.stats.add(Stats.from(results.stats));
    const full = this.#hooks.onResults(results);
    if (full !== undefined) await full;
    if (bytes > 0) worker.send({ type: "taken", bytes });
  }

  #tell(message: ToWorker): void {
    for (const worker of this.#workers) worker.send(message);
  }

  async run(): Promise<void> {
    const { durationMs, hasOneHost, isResumable } = this.#parts;
    this.#tell({ type: "begin", durationMs, hasOneHost, isResumable });
    await Promise.race([
      Promise.all(this.#workers.map(({ done }) => done.promise)),
      this.#failure.promise,
    ]);
  }

  stop(): void {
    this.#isInterrupted = true;
    this.#isShut = true;
    this.#tell({ type: "stop" });
  }

  cancel(): void {
    this.#tell({ type: "cancel" });
  }

  fail(reason: unknown): void {
    this.#isShut = true;
    this.#failure.reject(reason);
  }

  async close(): Promise<void> {
    for (const worker of this.#workers) worker.end();
    await this.#parts?.source.return?.();
  }

  get stats(): Stats {
    return this.#parts.stats;
  }

  get isShut(): boolean {
    return this.#isShut;
  }

  get isCutShort(): boolean {
    return this.#isInterrupted;
  }

  get sourceFailure(): unknown {
    return undefined;
  }

  get engine(): Pick<Engine, "name" | "transport"> {
    const states = this.#workers.flatMap(({ state }) => state === undefined ? [] : [state]);
    const names = new Set(states.flatMap(({ engine }) => engine.split("+")));
    return { name: [...names].sort().join("+"), transport: states[0]?.transport ?? "portable" };
  }

  get activity(): Activity {
    return this.#workers.reduce(
      (sum, { state }) => state === undefined ? sum : addActivities(sum, state.activity),
      IDLE,
    );
  }
}

import config from "../../deno.json" with { type: "json" };
import type { ClusterState } from "../checkpoint/cluster_state.ts";
import type { Engine } from "../engine/engine.ts";
import { BusError, NoProgressError } from "../errors.ts";
import type { RecordedCommand } from "../options/recorded_command.ts";
import type { RunOptions, StageOptions } from "../options/run_options.ts";
import type { Activity, RunningPipeline } from "../run/pipeline.ts";
import { hasHostLimits } from "../schedule/hosts.ts";
import { MAX_TIMER_MS } from "../schedule/long_timer.ts";
import type { InputColumns } from "../source/item.ts";
import { createNumbering } from "../source/numbering.ts";
import type { Stats } from "../stats/stats.ts";
import type { PipelinesHooks, PipelinesParts } from "../threads/pipelines.ts";
import type { BadSlice } from "./bus/commit_keys.ts";
import type { RunBus } from "./bus/run_bus.ts";
import { type Cutter, OrderCutter } from "./cutter.ts";
import { HostCutter } from "./host_cutter.ts";
import { Lifecycle } from "./lifecycle.ts";
import { LiveWorkers, SILENT_MS } from "./live_workers.ts";
import type { Control, Live } from "./messages.ts";
import { Outstanding } from "./outstanding.ts";
import { Proof } from "./proof.ts";
import { Publisher } from "./publisher.ts";
import { RunWatch } from "./run_watch.ts";
import { GuardedItems, refuseSecretColumns } from "./secret_guard.ts";
import { SliceBlocks } from "./slice_blocks.ts";
import { SliceResults } from "./slice_results.ts";
import { SubmittedRun, type SubmittedRunOptions } from "./submitted_run.ts";
import { takeOver } from "./take_over.ts";

/** How long the end waits for the next part; requests in flight have half of it. */
const STOP_MS = 10_000;
/** How often the bus is asked whether the run is there. */
const LOOK_MS = 2_000;

/** How a run is submitted. */
export interface SubmitterOptions extends SubmittedRunOptions {
  /** What was collected of it before, and its name. */
  readonly before: ClusterState;
  /** The maximum number of requests in a slice, from 1. @default by the number of requests */
  readonly slice: number | undefined;
  /** Whether secrets may go through the bus in clear. */
  readonly isPlain: boolean;
  /** What the headers of the inputs have. */
  readonly columns: InputColumns;
  readonly command: RecordedCommand;
}

/** Receives what a submitter does. */
export interface SubmitterHooks extends PipelinesHooks {
  /** Whether the run has a request of that number that has no result. */
  isOpen(i: number): boolean;
  /** Calls back once the results so far are safe on the disk. */
  onSafe(call: () => void): void;
}

/** Whether secrets of the run may go to the bus. */
function isProtected({ key, isPlain }: Pick<SubmitterOptions, "key" | "isPlain">): boolean {
  return key !== undefined || isPlain;
}

/**
 * A run on several machines, to its submitter: its members are those of one pipeline.
 *
 * ```text
 * pending items ──► Publisher ──► slices on the bus ──► commits ──► SliceResults ──► outputs, journal
 *                       ▲                │ found missing by RunWatch     │
 *                       └────────────────┴── damaged, or done in part ───┘
 * ```
 */
export class Submitter implements RunningPipeline {
  readonly #opened: SubmittedRun;
  readonly #run: RunBus;
  readonly #options: SubmitterOptions;
  readonly #lifecycle = new Lifecycle();
  readonly #outstanding = new Outstanding();
  readonly workers: LiveWorkers;
  // Those that follow are undefined until `begin()`.
  #details!: boolean;
  #stages: StageOptions | undefined;
  #step!: number;
  #parts!: PipelinesParts;
  #hooks!: SubmitterHooks;
  #publisher!: Publisher;
  #results!: SliceResults;
  #watch!: RunWatch;
  #isInterrupted = false;
  /** Ends the run at its duration; after that, the end itself. */
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #failure = Promise.withResolvers<never>();
  readonly #broken = Promise.withResolvers<void>();

  /** @throws {UsageError} If the bus cannot be used. */
  static async open(options: SubmitterOptions): Promise<Submitter> {
    if (!isProtected(options)) refuseSecretColumns(options.columns);
    const opened = await SubmittedRun.open(options.before.run, config.version, options);
    return new Submitter(opened, options);
  }

  private constructor(opened: SubmittedRun, options: SubmitterOptions) {
    this.#opened = opened;
    this.#run = opened.run;
    this.#options = options;
    this.workers = new LiveWorkers({
      lostAfterMs: options.lostAfterMs,
      version: config.version,
      command: this.workCommand,
      isOut: (id) => this.#outstanding.has(id),
      onNotice: (text) => this.#hooks.onNotice(text),
    }, opened.isAttached);
    this.#failure.promise.catch(() => {});
  }

  /** The command that starts a worker of the run. */
  get workCommand(): string {
    const { bus: { servers, tls }, before: { run }, key } = this.#options;
    const scheme = tls === undefined ? "nats" : "tls";
    const flags = key === undefined ? "" : " --cluster-key FILE";
    return `myriad work ${scheme}://${servers[0]} ${run}${flags}`;
  }

  /** Gives it what it needs for {@linkcode run}. */
  begin(options: RunOptions, parts: PipelinesParts, hooks: SubmitterHooks): void {
    this.#parts = parts;
    this.#hooks = hooks;
    this.#details = options.details;
    this.#stages = options.stages;
    this.#run.onNotice = hooks.onNotice;
    const { lostAfterMs, holdBytes, slice, before } = this.#options;
    const { output, rate, hostDelayMs = 0 } = options;
    const { pending, total, source: { items }, stats, isResumable } = parts;
    const run = this.#run;
    const lifecycle = this.#lifecycle;
    const outstanding = this.#outstanding;
    const workers = this.workers;
    const step = this.#step = createNumbering(options).step;
    const hasRecords = options.inputs.length > 0;
    const isGuarded = hasRecords && !isProtected(this.#options);
    const onFailure = (error: unknown): void => this.#end(error);
    const blocks = new SliceBlocks(run, lifecycle, { holdBytes, step });
    const publisher = this.#publisher = new Publisher({
      run,
      lifecycle,
      blocks,
      outstanding,
      cutter: this.#openCutter(options),
      pending: isGuarded ? new GuardedItems(pending) : pending,
    }, { slice, total, items, rate, step, hostDelayMs, onFailure });
    const proof = new Proof(before);
    const results = this.#results = new SliceResults(
      { run, lifecycle, blocks, outstanding, publisher, workers, proof, stats },
      { step, hasRecords, output, isResumable },
      {
        ...hooks,
        onTaken: () => {
          if (lifecycle.isStopping) this.#limitEnd();
        },
        onFailure,
      },
    );
    this.#watch = new RunWatch({ run, lifecycle, outstanding, results, workers }, lostAfterMs, {
      onLost: onFailure,
      onBad: (id, why) => this.#onBad(id, why),
      onNoProgress: (reason) => this.#giveUp(reason),
      onNotice: hooks.onNotice,
    });
  }

  #openCutter(run: RunOptions): Cutter {
    const { source: { make, hasOneHost } } = this.#parts;
    const options = { step: this.#step, hasRecords: run.inputs.length > 0 };
    if (!hasHostLimits(run)) return new OrderCutter(options);
    if (hasOneHost) {
      this.#hooks.onNotice(
        "one worker at a time makes requests, as they go to one host that has limits",
      );
    }
    return new HostCutter({
      ...options,
      make: hasOneHost ? undefined : make,
      delayMs: run.hostDelayMs ?? 0,
    });
  }

  async run(): Promise<void> {
    const { durationMs } = this.#parts;
    const looks = setInterval(() => void this.#watch.look(), LOOK_MS);
    if (durationMs !== undefined) this.#stopAt(performance.now() + durationMs);
    const ends: (() => void)[] = [];
    try {
      await Promise.race([this.#work(ends), this.#broken.promise, this.#failure.promise]);
    } catch (error) {
      if (error !== this.#lifecycle.breakdown) throw error;
    } finally {
      clearInterval(looks);
      clearTimeout(this.#timer);
      for (const end of ends) end();
      this.#results.stop();
      this.workers.end();
    }
  }

  async #work(ends: (() => void)[]): Promise<void> {
    const run = this.#run;
    const lifecycle = this.#lifecycle;
    const publisher = this.#publisher;
    const results = this.#results;
    const { isAttached, isReplaced } = this.#opened;
    if (isReplaced) {
      this.#hooks.onNotice(
        "the run on the bus had another --cluster-key or version of myriad: it is made anew, and " +
          "requests whose results were not collected are made again",
      );
    }
    await this.#tellSpec();
    ends.push(run.live.listen((live) => this.#hear(live), (theirs) => this.workers.refuse(theirs)));
    const listed = Promise.withResolvers<void>();
    // What is queued is listed first: a slice that is gone from the queue has its commit then.
    const queued = isAttached ? await lifecycle.persist(() => run.queue.list()) : [];
    if (isAttached) results.beginEarlier();
    const watching = lifecycle.persist(() =>
      run.commits.watch({
        onCommit: (commit) => results.add(commit),
        onListed: listed.resolve,
        onForeign: (id) => results.replace(id, "has a commit that is damaged"),
        onBad: (id, why) => this.#onBad(id, why),
      })
    );
    ends.push(await watching);
    await listed.promise;
    if (isAttached) {
      const { isOpen, onNotice } = this.#hooks;
      const parts = { run, lifecycle, publisher, results };
      const count = await takeOver(parts, queued, { step: this.#step, isOpen });
      onNotice(
        "the bus still has the run: it goes on" +
          (count === 0 ? "" : `, with ${count} slices that are handed out already`),
      );
    }
    ends.push(await lifecycle.persist(() => run.control.watch((control) => this.#obey(control))));
    if (this.#stages !== undefined) ends.push(await this.#watchStages(this.#stages));
    await publisher.publish();
    await this.#whenCollected();
    if (!lifecycle.isStopping && publisher.inputFailure === undefined && this.openCount !== 0) {
      throw new Error(
        `${publisher.given} requests were handed out, and ${results.taken} collected`,
      );
    }
  }

  /** Ends the run after the last stage. */
  async #watchStages(stages: StageOptions): Promise<() => void> {
    const { StageEnd } = await import("./stage_end.ts");
    const end = await this.#lifecycle.persist(() =>
      StageEnd.watch(this.#run.turns, stages, {
        onEnd: () => void this.#stopWorkers(),
        onFailure: (error) => this.#end(error),
      })
    );
    return () => end.close();
  }

  async #tellSpec(): Promise<void> {
    const { source: { columns, seed, hasOneHost }, ids = null } = this.#parts;
    const { command, lostAfterMs } = this.#options;
    const spec = { command, columns, seed, hasOneHost, ids, lostAfterMs, details: this.#details };
    await this.#lifecycle.persist(() => this.#run.writeSpec(spec, config.version));
    await this.#lifecycle.persist(() => this.#run.control.write("run"));
  }

  /** Ends the run, as nobody can do one of its slices; what others hold is collected. */
  #onBad(id: string, why: BadSlice): void {
    const slice = this.#outstanding.get(id)?.slice;
    if (slice === undefined) return;
    const { runs } = slice;
    const last = runs[runs.length - 2] + (runs[runs.length - 1] - 1) * this.#step;
    const reason = why === "deadly"
      ? "too many of its workers have died: look at what they said last"
      : "its records on the bus are damaged";
    this.#giveUp(
      new BusError(
        `Cannot go on: nobody can do slice '${id}' (requests ${runs[0]} to ${last}): ${reason}`,
        "failed",
      ),
    );
  }

  #hear(live: Live): void {
    this.workers.hear(live);
    this.#watch.hear(live);
  }

  /** Somebody else can stop the run. Whether the bus has lost it, {@linkcode RunWatch} finds out. */
  #obey(control: Control): void {
    if (control !== "stop" || this.#lifecycle.isStopping) return;
    this.#giveUp(new BusError("Cannot go on: the run was stopped by 'myriad runs'", "failed"));
  }

  /** Ends the run for a reason, once what the workers hold is collected. */
  #giveUp(reason: Error): void {
    if (this.#lifecycle.isStopping) return;
    this.#lifecycle.breakDown(reason);
    void this.#stopWorkers();
  }

  async #whenCollected(): Promise<void> {
    while (
      (this.#outstanding.size > 0 || this.#publisher.isPutting) && !this.#lifecycle.isStopping
    ) {
      await this.#lifecycle.change();
    }
    if (this.#lifecycle.isStopping) await this.#whenStopped();
    await this.#results.idle;
  }

  /**
   * Settles once the workers have committed what they hold. They tell once a second what that is, and
   * may have begun more since: nobody holds anything if no part has come for longer.
   */
  async #whenStopped(): Promise<void> {
    const outstanding = this.#outstanding;
    let left = outstanding.size;
    let sinceMs = performance.now();
    while (
      left > 0 && !this.#lifecycle.isOver &&
      (performance.now() - sinceMs < SILENT_MS / 2 ||
        this.workers.heard.some(({ open }) => open.length > 0))
    ) {
      await this.#lifecycle.change(100);
      if (outstanding.size < left) sinceMs = performance.now();
      left = outstanding.size;
    }
  }

  #stopAt(atMs: number): void {
    const leftMs = atMs - performance.now();
    if (leftMs <= 0) return void this.#stopWorkers();
    this.#timer = setTimeout(() => this.#stopAt(atMs), Math.min(leftMs, MAX_TIMER_MS));
  }

  /** The end takes no longer than this after the last part: a worker, or the bus, can be away. */
  #limitEnd(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#broken.resolve(), STOP_MS);
  }

  async #stopWorkers(): Promise<void> {
    if (!this.#lifecycle.stop()) return;
    this.#limitEnd();
    await this.#lifecycle.persist(() => this.#run.control.write("stop")).catch(() => {});
  }

  async stop(): Promise<void> {
    this.#isInterrupted = true;
    await Promise.race([
      this.#stopWorkers(),
      new Promise((resolve) => setTimeout(resolve, LOOK_MS)),
    ]);
  }

  /** The workers cancel by themselves what is in flight. */
  cancel(): void {}

  fail(reason: unknown): void {
    this.#results.stop();
    this.#failure.reject(reason);
  }

  /** Ends the run: nothing more is published or collected. */
  #end(error: unknown): void {
    if (this.#lifecycle.isOver) return;
    const isOfBus = error instanceof BusError || error instanceof NoProgressError;
    if (!isOfBus) return this.fail(error);
    this.#lifecycle.breakDown(error);
    this.#results.stop();
    this.#broken.resolve();
    this.#lifecycle.stop();
  }

  async close(): Promise<void> {
    this.#lifecycle.end();
    await this.#parts?.pending.return?.();
    // It has not begun.
    if (this.#parts === undefined) await this.release(this.#opened.isAttached);
  }

  /** Lets go of the bus, once all outputs are on the disk. */
  release(isKept: boolean): Promise<boolean> {
    return this.#opened.release(isKept, this.#watch?.hasLost === true);
  }

  /** What was collected so far. */
  get cluster(): ClusterState {
    return this.#results.cluster;
  }

  get stats(): Stats {
    return this.#parts.stats;
  }

  get isShut(): boolean {
    return this.#lifecycle.isStopping || this.#publisher.hasEnded && this.#outstanding.size === 0;
  }

  get isCutShort(): boolean {
    return this.#isInterrupted || this.sourceFailure !== undefined;
  }

  get sourceFailure(): unknown {
    const { breakdown } = this.#lifecycle;
    if (breakdown !== undefined) return breakdown;
    // The input was read ahead: what is missing counts only if the run has come so far.
    return this.openCount === 0 ? this.#publisher.inputFailure : undefined;
  }

  get openCount(): number {
    return this.#publisher.given - this.#results.taken;
  }

  get engine(): Pick<Engine, "name" | "transport"> {
    return this.workers.engine;
  }

  get workersBusy(): readonly number[] {
    return this.workers.heard.map(({ loopBusy }) => loopBusy);
  }

  get activity(): Activity {
    return this.workers.activity;
  }
}

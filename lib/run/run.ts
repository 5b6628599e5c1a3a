/**
 * The composition of a run: the only file that knows all the pieces.
 *
 * @module
 */
import process from "node:process";
import type { ClusterState } from "../checkpoint/cluster_state.ts";
import type { JarFile } from "../cookies/jar_file.ts";
import { UsageError } from "../errors.ts";
import type { FlowPipeline } from "../flow/flow_pipeline.ts";
import type { OtlpExporter } from "../metrics/otlp_exporter.ts";
import type { MetricsServer } from "../metrics/server.ts";
import type { Submitter } from "../cluster/submitter.ts";
import type { ClusterOptions, RunOptions, StageOptions } from "../options/run_options.ts";
import { describeWithheld } from "../output/withheld.ts";
import { countFreeDescriptors } from "../process/descriptors.ts";
import { EventLoopLoad } from "../process/event_loop_load.ts";
import { PeakMemory } from "../process/peak_memory.ts";
import { createHostCheck } from "../process/permission.ts";
import { toStretches } from "../schedule/levels.ts";
import { PreciseTimer } from "../schedule/precise_timer.ts";
import { openSource } from "../source/open.ts";
import type { TargetSource } from "../source/target_source.ts";
import { drawSeed } from "../source/run_random.ts";
import { addIds, drawIds } from "../source/request_id.ts";
import { describeShortfall } from "../source/shortfall.ts";
import { Targets } from "../source/targets.ts";
import type { ClusterFigures, Snapshot } from "../stats/snapshot.ts";
import type { Stats } from "../stats/stats.ts";
import { checkSockets } from "./check_sockets.ts";
import { type JournalSnapshot, type MadeAgain, Outputs } from "./outputs.ts";
import { formatFinalText } from "./final_texts.ts";
import { formatWait, GRACE_MS } from "./grace.ts";
import { openEngine } from "./open_engine.ts";
import { openRecorder } from "./open_recorder.ts";
import { type Activity, Pipeline, type RunningPipeline, sumCounts } from "./pipeline.ts";
import { requirePermission } from "./require_permission.ts";
import type { MaybePromise } from "../stream.ts";
import type { Pipelines } from "../threads/pipelines.ts";
import type { WorkerCode } from "../threads/start_worker.ts";
import { belongsToOneThread, countThreads } from "../threads/shares.ts";
import type { RunPage } from "./run_page.ts";
import type { WarmUpPhase } from "./warm_up_phase.ts";

/** How often a run checks whether a threshold is lost. */
const CHECK_INTERVAL_MS = 1_000;

/** Why a retry does not count as a success where its time, or its input, has ended it early. */
const LEFT_RETRY = "it ended before all failed requests were made again";

/** Where the engines of a run come from. */
export interface RunEngines {
  readonly open: typeof openEngine;
  /** Finds the code of the workers. @default the program's own */
  readonly findCode?: () => Promise<WorkerCode>;
}

/** A run: everything it needs is open before the first request is made. */
export class Run {
  readonly #options: RunOptions;
  readonly #source: TargetSource;
  readonly #outputs: Outputs;
  readonly #onNotice: (text: string) => void;
  readonly #permits = createHostCheck();
  #pipeline!: RunningPipeline;
  #jar: JarFile | undefined;
  #metrics: MetricsServer | undefined;
  #otlp: OtlpExporter | undefined;
  #page: RunPage | undefined;
  #warmUp: WarmUpPhase | undefined;
  #startMs = performance.now();
  #startedMs = Date.now();
  readonly #peak = new PeakMemory();
  readonly #loop: EventLoopLoad | undefined;
  /** Whether {@linkcode stop} ended it. */
  #isInterrupted = false;
  /** The threshold that ended it, if one did. */
  #aborted: string | undefined;
  /** The timer that cancels requests in flight at the end of their grace. */
  #grace: ReturnType<typeof setTimeout> | undefined;

  /**
   * Opens the source and the outputs; requests nothing.
   *
   * @param onNotice called with what the user should know before the end; it can hold what a server
   * sent
   * @param engines where its engines come from; the benches have an engine of their own
   * @throws {UsageError} If one of them cannot be opened, or there are fewer sockets than the
   * concurrency asks for where each request may need one.
   */
  static async open(
    options: RunOptions,
    onNotice: (text: string) => void = () => {},
    engines: RunEngines = { open: openEngine },
  ): Promise<Run> {
    if (options.cluster === undefined) checkSockets(options);
    const onWithheld = (): void => onNotice(describeWithheld(options.failures!));
    const outputs = await Outputs.find({ ...options, onWithheld });
    let metrics;
    let otlp;
    let source;
    let page;
    try {
      if (options.metrics !== undefined) {
        const { MetricsServer } = await import("../metrics/server.ts");
        metrics = MetricsServer.listen(options.metrics);
      }
      if (options.otlp !== undefined) {
        const { OtlpExporter } = await import("../metrics/otlp_exporter.ts");
        otlp = OtlpExporter.open(options.otlp);
      }
      const { remainingRange, onlyLf } = outputs;
      const seed = await drawSeed(outputs.restored?.salt);
      source = options.flow === undefined
        ? await openSource({
          ...options,
          ...remainingRange,
          onlyLf,
          template: options.url,
          seed,
        })
        : (await import("../flow/iterations.ts")).openIterations({
          ...options,
          ...remainingRange,
          seed,
        });
      const run = new Run(options, source, outputs, onNotice);
      run.#jar = await openJar(options);
      if (options.report !== undefined) {
        const { RunPage } = await import("./run_page.ts");
        run.#page = page = await RunPage.open(options.report);
      }
      run.#metrics = metrics;
      run.#otlp = otlp;
      await run.#openPipeline(engines);
      if (options.metrics?.port === 0) onNotice(`metrics at ${metrics!.url}`);
      return run;
    } catch (error) {
      metrics?.close();
      otlp?.close();
      await outputs.abandon();
      await page?.abandon();
      await source?.items.return();
      throw error;
    }
  }

  private constructor(
    options: RunOptions,
    source: TargetSource,
    outputs: Outputs,
    onNotice: (text: string) => void,
  ) {
    this.#options = options;
    this.#source = source;
    this.#outputs = outputs;
    this.#onNotice = onNotice;
    const { details, metrics, otlp } = options;
    const isWatched = details || metrics !== undefined || otlp !== undefined;
    this.#loop = isWatched ? new EventLoopLoad() : undefined;
  }

  /** Opens the outputs, and puts the pipeline between them and the source. */
  async #openPipeline(engines: RunEngines): Promise<void> {
    const options = this.#options;
    const outputs = this.#outputs;
    const fail = (error: unknown): void => this.#pipeline.fail(error);
    // Before the outputs: if they cannot be opened, no file has changed.
    const pipelines = await this.#openPipelines(engines);
    const flow = await this.#openFlow();
    const hasEngine = pipelines !== undefined || flow !== undefined;
    const parts = hasEngine ? undefined : await engines.open(options, {
      permits: this.#permits,
      cookies: this.#jar?.jar,
      bodyFor: options.saveBodies === undefined
        ? undefined
        : (target, head) => outputs.bodyFor!(target, head),
      exchanges: options.archive === undefined
        ? undefined
        : { begin: (target) => outputs.exchanges!.begin(target) },
      onSinkFailure: fail,
    });
    try {
      await outputs.open(() => this.#journalState(), fail);
    } catch (error) {
      parts?.engine.close();
      await pipelines?.close();
      await flow?.close();
      throw error;
    }
    const { items, hasOneHost, make } = this.#source;
    const pending = outputs.pending(items);
    const ids = options.requestId === undefined
      ? undefined
      : await drawIds(options.requestId, outputs.restored?.salt);
    const { isComplete, isResumable, bodiesRun } = outputs;
    const stats = outputs.restoreStats();
    const durationMs = isComplete ? 0 : limitDuration(options);
    if (pipelines !== undefined) {
      const all = outputs.computeTotal(items.total);
      const total = all === undefined ? undefined : all - stats.results;
      const end = options.start + options.requests;
      const source = this.#source;
      const { log } = outputs;
      pipelines.begin(
        options,
        { source, pending, total, ids, stats, isResumable, bodiesRun, durationMs, log },
        {
          beforeFirst: this.#permits && (({ url }) => this.#checkPermission(url)),
          onResults: (results) => outputs.writeEncoded(results),
          onNotice: this.#onNotice,
          isOpen: (i) => i < end && outputs.isOpen(i),
          onSafe: (call) => outputs.onSafe(call),
        },
      );
      this.#pipeline = pipelines;
    } else {
      const source = new Targets(pending, ids === undefined ? make : addIds(make, ids));
      const isPaced = options.rate !== undefined && !isComplete;
      const timer = isPaced ? await PreciseTimer.open() : undefined;
      const counted = isComplete ? stats : await outputs.openLog(stats);
      const recorder = await openRecorder(counted, options);
      if (flow !== undefined) {
        flow.begin({ source, stats, recorder, timer, durationMs, isResumable }, {
          onIteration: (results, i) => outputs.writeIteration(results, i),
          onNotice: this.#onNotice,
        });
        this.#pipeline = flow;
        return;
      }
      this.#pipeline = new Pipeline({ source, stats, recorder, timer, ...parts! }, {
        ...options,
        durationMs,
        hasOneHost,
        isResumable,
      }, {
        beforeFirst: ({ url }) => this.#checkPermission(url),
        complete: outputs.complete,
        onResult: (result) => outputs.write(result),
        onNotice: this.#onNotice,
      });
    }
    if (!isComplete) return;
    const { path } = options.output!;
    this.#onNotice(
      options.retryFailed
        ? `nothing to retry: no request of '${path}' has failed`
        : `nothing to resume: the run of '${path}' is complete`,
    );
  }

  /** Loads the flow that makes the requests; undefined without one, and if nothing is left to do. */
  async #openFlow(): Promise<FlowPipeline | undefined> {
    if (this.#options.flow === undefined || this.#outputs.isComplete) return undefined;
    const { FlowPipeline } = await import("../flow/flow_pipeline.ts");
    return await FlowPipeline.open(this.#options, {
      beforeFirst: ({ url }) => this.#checkPermission(url),
      onNotice: this.#onNotice,
    });
  }

  /** Starts what makes the requests elsewhere; undefined if this event loop makes them. */
  async #openPipelines(engines: RunEngines): Promise<Pipelines | Submitter | undefined> {
    const { isComplete, leftRun } = this.#outputs;
    if (isComplete) return undefined;
    if (leftRun !== undefined) this.#noteLeft(leftRun);
    const { cluster } = this.#options;
    const pipelines = cluster === undefined
      ? await this.#startThreads(engines)
      : await this.#submit(cluster);
    if (pipelines === undefined) return undefined;
    // The run begins when its threads have started.
    this.#startMs = performance.now();
    this.#startedMs = Date.now();
    return pipelines;
  }

  /** Starts a pipeline in each of several threads; undefined if one thread makes all requests. */
  async #startThreads(engines: RunEngines): Promise<Pipelines | undefined> {
    const options = this.#options;
    const { items: { total }, hasOneHost, columns, seed } = this.#source;
    const known = { total, hasOneHost };
    const threads = countThreads(options, known);
    if (options.threads > 1 && belongsToOneThread(options, known)) {
      this.#onNotice("one thread makes all requests, as they go to one host that has limits");
    }
    if (threads === 1) return undefined;
    const { Pipelines } = await import("../threads/pipelines.ts");
    const jar = this.#jar?.jar;
    return await Pipelines.open(options, threads, { columns, seed, jar, ...engines });
  }

  /** Makes the run known to the workers of a cluster. */
  async #submit(cluster: ClusterOptions): Promise<Submitter> {
    const [{ Submitter }, { createClusterState }] = await Promise.all([
      import("../cluster/submitter.ts"),
      import("../checkpoint/cluster_state.ts"),
    ]);
    const { slice, lostAfterMs, holdBytes, replicas, runName } = this.#options;
    const { cluster: before = createClusterState(runName), isResumed } = this.#outputs;
    const submitter = await Submitter.open({
      ...cluster,
      columns: this.#source.columns,
      before,
      isResumed,
      slice,
      lostAfterMs,
      holdBytes,
      replicas,
    });
    this.#onNotice(`the run is '${before.run}': start workers by '${submitter.workCommand}'`);
    return submitter;
  }

  /** Makes the requests, writes the records and the summary, and closes everything. */
  async finish(version: string): Promise<Outcome> {
    const pipeline = this.#pipeline;
    let failure: unknown;
    const looks = this.#options.abortOnThreshold
      ? setInterval(() => void this.#abortIfLost(), CHECK_INTERVAL_MS)
      : undefined;
    const source = { version, takeSnapshot: () => this.snapshot(), onNotice: this.#onNotice };
    this.#metrics?.serve(source);
    this.#otlp?.start(source);
    this.#loop?.start();
    const cpuMs = readThreadCpuMs();
    this.#page?.start(() => this.snapshot());
    const { warmUpMs } = this.#options;
    if (warmUpMs !== undefined && !this.#outputs.isComplete) await this.#openWarmUp(warmUpMs);
    try {
      await pipeline.run();
      this.#noteShortfall();
    } catch (error) {
      failure = error;
    }
    clearInterval(looks);
    this.#warmUp?.close();
    this.#loop?.stop();
    clearTimeout(this.#grace);
    const hasFailed = failure !== undefined;
    failure ??= pipeline.sourceFailure;
    const snapshot = this.snapshot();
    const tookMs = performance.now() - this.#startMs;
    const busyShare = this.#loop?.busy ?? Math.min(1, (readThreadCpuMs() - cpuMs) / tookMs);
    if (!hasFailed && !this.#outputs.isComplete && !this.#options.silent) {
      await this.#advise(snapshot, busyShare);
    }
    await pipeline.close();
    const end = hasFailed ? "failed" : pipeline.isCutShort ? "interrupted" : "complete";
    let isWritten = !hasFailed;
    const { expect } = this.#options;
    const { leavesRetry } = this.#outputs;
    const unfinished = end === "complete" && leavesRetry ? LEFT_RETRY : undefined;
    await this.#outputs.close(
      end,
      (text, unwritten) =>
        formatFinalText(text, snapshot, {
          version,
          expect,
          failure: failure ?? unwritten ?? unfinished,
        }),
    ).catch((error) => {
      isWritten = false;
      failure ??= error;
    });
    const isReleased = await pipeline.release?.(!isWritten && this.#outputs.isResumable) ?? true;
    if (!isReleased) this.#noteLeft(this.#cluster!.run);
    this.#metrics?.close();
    await this.#otlp?.finish(snapshot);
    await this.#jar?.save().catch((error) => failure ??= error);
    await this.#endPage(snapshot, version, failure).catch((error) => failure ??= error);
    const madeAgain = this.#outputs.countMadeAgain(pipeline.stats);
    return { snapshot, failure, madeAgain, leavesRetry };
  }

  /** Tells the user what the figures suggest to do. @param busyShare of the event loop, 0 to 1 */
  async #advise(figures: Snapshot, busyShare: number): Promise<void> {
    const { advise } = await import("../advice/advise.ts");
    const sentences = advise({
      figures,
      options: this.#options,
      busyShare,
      cores: navigator.hardwareConcurrency,
      countSockets: countFreeDescriptors,
    });
    for (const sentence of sentences) this.#onNotice(sentence);
  }

  async #openWarmUp(ms: number): Promise<void> {
    const { WarmUpPhase } = await import("./warm_up_phase.ts");
    this.#warmUp = new WarmUpPhase(ms, {
      readUsage: () => this.#readUsage(),
      onNotice: this.#onNotice,
    });
  }

  /** Tells the user that a run may be left on a bus. @param run its name */
  #noteLeft(run: string): void {
    this.#onNotice(
      `run '${run}' may still be on its bus: 'myriad runs URL ${run} --delete' removes it`,
    );
  }

  /** Tells the user if the input had fewer records than requested. */
  #noteShortfall(): void {
    const { ended } = this.#source.items;
    const { isCutShort, openCount } = this.#pipeline;
    if (ended === undefined || isCutShort || openCount > 0 || this.#options.retryFailed) return;
    const shortfall = describeShortfall(this.#options, ended);
    if (shortfall !== undefined) this.#onNotice(shortfall);
  }

  /** Writes the page, however the run ended, unless it could not begin. */
  async #endPage(snapshot: Snapshot, version: string, failure: unknown): Promise<void> {
    if (failure instanceof UsageError) return await this.#page?.abandon();
    await this.#page?.finish(snapshot, { version, before: this.#outputs.restored });
  }

  /** @throws {UsageError} If this process may not connect to the host of the first request. */
  #checkPermission(url: string): void {
    requirePermission(url, this.#options, this.#permits);
  }

  /**
   * Interrupts it: no more requests start, and those in flight have {@linkcode GRACE_MS}.
   *
   * @returns how many are in flight, once no more start
   */
  async stop(): Promise<number> {
    this.#isInterrupted = true;
    await this.#drain();
    return this.#pipeline.activity.inFlight;
  }

  /** Ends it if a threshold is lost. */
  async #abortIfLost(): Promise<void> {
    // If nothing starts any more, an early end would spare nothing.
    if (this.#pipeline.isShut) return;
    const figures = this.snapshot();
    const lost = this.#options.thresholds.find((threshold) => threshold.isLost(figures));
    if (lost === undefined) return;
    this.#aborted = lost.text;
    await this.#drain();
    const wait = formatWait(this.#pipeline.activity.inFlight);
    this.#onNotice(`aborting: '${lost.text}' can no longer hold${wait === "" ? "" : `; ${wait}`}`);
  }

  #drain(): MaybePromise<void> {
    const stopped = this.#pipeline.stop();
    clearTimeout(this.#grace);
    this.#grace = setTimeout(() => this.#pipeline.cancel(), GRACE_MS);
    return stopped;
  }

  /** What was collected from other machines; undefined without. */
  get #cluster(): ClusterState | undefined {
    return this.#pipeline.cluster ?? this.#outputs.cluster;
  }

  /** The part of the journal that tells about the whole run so far. */
  #journalState(): ReturnType<JournalSnapshot> {
    const { stats, activity } = this.#pipeline;
    const cluster = this.#cluster ?? null;
    return { stats: stats.toJSON(), cluster, ...this.#resourceUsage(activity) };
  }

  /**
   * The resources that the run used, including its parts before a resume. If nothing was left to do,
   * what it had used then.
   */
  #resourceUsage(
    activity: Activity,
  ): Pick<Snapshot, "seconds" | "cpuSeconds" | "peakRssKb" | "shortages"> {
    const before = this.#outputs.restored;
    if (before !== undefined && this.#outputs.isComplete) {
      const { seconds, cpuSeconds, peakRssKb, shortages } = before;
      return { seconds, cpuSeconds, peakRssKb, shortages };
    }
    const { maxRSS } = process.resourceUsage();
    const { peakRssKb = 0 } = this.#pipeline.workers?.usage ?? {};
    const all = this.#readUsage();
    const { seconds, cpuSeconds } = this.#warmUp?.without(all) ?? all;
    return {
      seconds: (before?.seconds ?? 0) + seconds,
      cpuSeconds: (before?.cpuSeconds ?? 0) + cpuSeconds,
      peakRssKb: Math.max(before?.peakRssKb ?? 0, this.#peak.update(maxRSS), peakRssKb),
      shortages: sumCounts(before?.shortages ?? {}, activity.shortages),
    };
  }

  /** What this process, and the workers of the run, took so far. */
  #readUsage(): Pick<Snapshot, "seconds" | "cpuSeconds"> {
    const { userCPUTime, systemCPUTime } = process.resourceUsage();
    const { cpuSeconds = 0 } = this.#pipeline.workers?.usage ?? {};
    return {
      seconds: (performance.now() - this.#startMs) / 1000,
      cpuSeconds: (userCPUTime + systemCPUTime) / 1e6 + cpuSeconds,
    };
  }

  /** The share of the input that has results; records that were only read do not count. */
  #progress({ results: known }: Stats): number | undefined {
    const read = this.#source.items.progress?.();
    if (read === undefined) return undefined;
    const { stats: { results }, openCount } = this.#pipeline;
    return known === 0 ? 0 : read * Math.min(1, known / (results + openCount));
  }

  snapshot(): Snapshot {
    const { stats, activity, engine, workersBusy, workers } = this.#pipeline;
    const { concurrency, rate, stages, flow } = this.#options;
    const known = workers?.addTo(stats) ?? stats;
    const all = this.#outputs.computeTotal(this.#source.items.total);
    const figures = known.snapshot({
      ...activity,
      ...this.#resourceUsage(activity),
      startedMs: this.#startedMs - (this.#outputs.restored?.seconds ?? 0) * 1000,
      // Each process has its own.
      concurrency: concurrency * (workers?.mostProcesses || 1),
      targetRate: flow !== undefined
        ? undefined
        : stages?.of === "rate"
        ? computeMean(stages)
        : rate,
      total: all === undefined ? undefined : all - (known.results - known.requests),
      progress: this.#progress(known),
      rssBytes: Deno.memoryUsage().rss,
      loopBusy: this.#loop?.busy ?? 0,
      threads: workers?.most || Math.max(1, workersBusy.length),
      workersBusy,
      ...workers === undefined ? {} : { workers: workers.figures },
      ...this.#cluster === undefined ? {} : { cluster: toFigures(this.#cluster) },
      engine: engine.name,
      transport: engine.transport,
      interrupted: this.#isInterrupted,
      resumed: this.#outputs.isResumed,
    });
    const thresholds = this.#options.thresholds.map((threshold) => threshold.verdict(figures));
    return { ...figures, thresholds, aborted: this.#aborted };
  }
}

function toFigures({ workers, ...rest }: ClusterState): ClusterFigures {
  return { ...rest, workers: workers.length };
}

/**
 * After how many milliseconds nothing more starts; undefined if the time alone does not decide. The
 * stages of a rate end with their last start; those on several machines begin with the first worker.
 */
function limitDuration(
  { durationMs, stages, cluster }: Pick<RunOptions, "durationMs" | "stages" | "cluster">,
): number | undefined {
  if (stages?.of !== "concurrency" || cluster !== undefined) return durationMs;
  return Math.min(stages.lengthMs, durationMs ?? Infinity);
}

/** The processor time that this event loop's thread has used, in milliseconds. */
function readThreadCpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}

/** The mean of the levels of stages, by the time, with three decimals. */
function computeMean({ steps, lengthMs }: StageOptions): number {
  const area = toStretches(steps)
    .reduce((sum, { startMs, endMs, from, to }) => sum + (from + to) / 2 * (endMs - startMs), 0);
  return Math.round(1_000 * area / lengthMs) / 1_000;
}

/** @throws {UsageError} If the jar's file cannot be read or written. */
async function openJar({ cookieJar }: RunOptions): Promise<JarFile | undefined> {
  if (cookieJar === undefined) return undefined;
  const { JarFile } = await import("../cookies/jar_file.ts");
  return await JarFile.open(cookieJar.path);
}

/** The outcome of a run. */
export interface Outcome {
  readonly snapshot: Snapshot;
  /**
   * Why it could not continue: a {@linkcode UsageError} if the permission for the first host is
   * missing, an `OutputError`, a `ClosedPipe`, or an `InputError`, before which every target of the
   * source was requested. Undefined if it could.
   */
  readonly failure: unknown;
  /** What a retry made again; undefined without a retry. */
  readonly madeAgain: MadeAgain | undefined;
  /** Whether the retry has left requests, so that the same command goes on with it. */
  readonly leavesRetry: boolean;
}

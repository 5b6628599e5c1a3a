/**
 * The composition of a run: the only file that knows all the pieces.
 *
 * @module
 */
import process from "node:process";
import { AutoEngine } from "../engine/auto.ts";
import type { Engine } from "../engine/engine.ts";
import { FetchEngine } from "../engine/fetch/fetch.ts";
import { Http1Engine } from "../engine/http1/http1.ts";
import { UsageError } from "../errors.ts";
import { parseHost } from "../http/host.ts";
import { formatAuthority } from "../http/url.ts";
import type { MetricsServer } from "../metrics/server.ts";
import type { RunOptions } from "../options/run_options.ts";
import { Pool } from "../pool.ts";
import { countFreeDescriptors } from "../process/descriptors.ts";
import { EventLoopLoad } from "../process/event_loop_load.ts";
import { PeakMemory } from "../process/peak_memory.ts";
import { hostPermission } from "../process/permission.ts";
import { formatHdr } from "../report/hdr.ts";
import { formatSummary } from "../report/json.ts";
import { type Result, toUnsentResult } from "../result.ts";
import { Schedule } from "../schedule/schedule.ts";
import { StopGate } from "../schedule/stop_gate.ts";
import { openSource, type TargetSource } from "../source/open.ts";
import { RequestIds } from "../source/request_id.ts";
import { describeShortfall } from "../source/shortfall.ts";
import type { Snapshot } from "../stats/snapshot.ts";
import type { MaybePromise } from "../stream.ts";
import type { Target } from "../target.ts";
import { formatCount } from "../text/format.ts";
import { Answers } from "./answers.ts";
import { type JournalSnapshot, type MadeAgain, Outputs } from "./outputs.ts";
import type { RunPage } from "./run_page.ts";

/** How long requests in flight have once no more are to start. */
const GRACE_MS = 5_000;
/** How often a run looks whether a threshold is lost. */
const CHECK_INTERVAL_MS = 1_000;

/** What a run that ends early waits for, to stand behind why it ends; empty if for nothing. */
export function formatWait(inFlight: number): string {
  if (inFlight === 0) return "";
  const requests = `${formatCount(inFlight)} ${inFlight === 1 ? "request" : "requests"}`;
  return `waiting up to ${GRACE_MS / 1000} s for ${requests} in flight`;
}

const ENGINES = { auto: AutoEngine, fetch: FetchEngine, http1: Http1Engine };

/** A run: everything it needs is open before the first request is made. */
export class Run {
  readonly #options: RunOptions;
  readonly #source: TargetSource;
  readonly #outputs: Outputs;
  readonly #answers: Answers;
  readonly #onNotice: (text: string) => void;
  readonly #permits = hostPermission();
  readonly #engine: Engine;
  #schedule!: Schedule;
  #gate!: StopGate<Target>;
  #pool: Pool<Target, Result> | undefined;
  #metrics: MetricsServer | undefined;
  readonly #startMs = performance.now();
  readonly #startedMs = Date.now();
  readonly #peak = new PeakMemory();
  readonly #loop: EventLoopLoad | undefined;
  #page: RunPage | undefined;
  #inFlight = 0;
  #isInterrupted = false;
  /** The threshold that ended it. */
  #aborted: string | undefined;
  /** Runs while requests in flight have their grace. */
  #grace: ReturnType<typeof setTimeout> | undefined;
  #outputFailure: unknown;

  /**
   * Opens the source and the outputs; requests nothing.
   *
   * @param onNotice told what the user should know before the end; it can hold what a server sent
   * @throws {UsageError} If one of them cannot be opened, or there are fewer sockets than the
   * concurrency asks for.
   */
  static async open(
    options: RunOptions,
    onNotice: (text: string) => void = () => {},
  ): Promise<Run> {
    checkSockets(options);
    const outputs = await Outputs.find(options);
    let metrics;
    let source;
    let answers;
    let page;
    try {
      if (options.metrics !== undefined) {
        const { MetricsServer } = await import("../metrics/server.ts");
        metrics = MetricsServer.listen(options.metrics);
      }
      const { remainingRange, onlyLf } = outputs;
      source = await openSource({ ...options, ...remainingRange, onlyLf, template: options.url });
      const { isResumed: isGoneOn, isComplete } = outputs;
      answers = await Answers.open(options, { isGoneOn, isComplete });
      if (options.report !== undefined) {
        const { RunPage } = await import("./run_page.ts");
        page = await RunPage.open(options.report);
      }
      const run = new Run(options, source, outputs, answers, onNotice);
      run.#page = page;
      await outputs.open(() => run.#journalState(), (error) => run.#fail(error));
      const pending = outputs.pending(source);
      const ids = options.requestId === undefined
        ? undefined
        : await RequestIds.open(options.requestId, outputs.restored?.salt);
      run.#schedule = new Schedule(ids?.over(pending) ?? pending, {
        ...options,
        hasOneHost: source.hasOneHost,
      }, {
        onLate: (ms) => outputs.stats.recordLateStart(ms),
        onStart: (ownLateMs) => outputs.stats.recordStart(ownLateMs),
        onRetry: (cause, result) => outputs.stats.recordRetry(cause, result),
        onNotice,
      });
      run.#gate = new StopGate(run.#schedule, options.durationMs);
      if (outputs.isComplete) {
        run.#gate.stop();
        const { path } = options.output!;
        onNotice(
          options.retryFailed
            ? `nothing to retry: no request of '${path}' has failed`
            : `nothing to resume: the run of '${path}' is complete`,
        );
      }
      run.#metrics = metrics;
      if (options.metrics?.port === 0) onNotice(`metrics at ${metrics!.url}`);
      return run;
    } catch (error) {
      metrics?.close();
      await outputs.abandon();
      answers?.abandon();
      await page?.abandon();
      await source?.return();
      throw error;
    }
  }

  private constructor(
    options: RunOptions,
    source: TargetSource,
    outputs: Outputs,
    answers: Answers,
    onNotice: (text: string) => void,
  ) {
    this.#options = options;
    this.#source = source;
    this.#outputs = outputs;
    this.#answers = answers;
    this.#onNotice = onNotice;
    this.#loop = options.details || options.metrics !== undefined ? new EventLoopLoad() : undefined;
    this.#engine = new ENGINES[options.engine]({
      ...options,
      permits: this.#permits,
      ttfb: options.output?.fields?.includes("ttfb_ms") ?? false,
      ...answers.hooks,
      onSinkFailure: (error) => this.#fail(error),
    });
  }

  /** Makes the requests, writes the records and the summary, and closes everything. */
  async finish(version: string): Promise<Outcome> {
    let failure: unknown;
    const looks = this.#options.abortOnThreshold
      ? setInterval(() => this.#abortIfLost(), CHECK_INTERVAL_MS)
      : undefined;
    this.#metrics?.serve({ version, takeSnapshot: () => this.snapshot() });
    this.#loop?.start();
    this.#page?.start(() => this.snapshot());
    try {
      await this.#requestAll();
    } catch (error) {
      failure = error;
    }
    clearInterval(looks);
    this.#loop?.stop();
    clearTimeout(this.#grace);
    failure ??= this.#outputFailure;
    if (failure === undefined) await this.#endRetries().catch((error) => failure = error);
    if (failure === undefined) this.#noteShortfall();
    const hasFailed = failure !== undefined;
    failure ??= this.#gate.failure;
    const snapshot = this.snapshot();
    this.#engine.close();
    await this.#gate.return();
    const end = hasFailed ? "failed" : this.#isCutShort ? "interrupted" : "complete";
    await this.#outputs.close(end, {
      summary: () => formatSummary(snapshot, { version }),
      hdr: () => formatHdr(snapshot),
    }).catch((error) => failure ??= error);
    this.#metrics?.close();
    await this.#answers.close().catch((error) => failure ??= error);
    await this.#endPage(snapshot, version, failure).catch((error) => failure ??= error);
    return { snapshot, failure, madeAgain: this.#outputs.madeAgain };
  }

  /** Says so where the input held less than was asked for. */
  #noteShortfall(): void {
    const { ended } = this.#source;
    if (ended === undefined || this.#isCutShort || this.#options.retryFailed) return;
    const shortfall = describeShortfall(this.#options, ended);
    if (shortfall !== undefined) this.#onNotice(shortfall);
  }

  /** Makes the page, however the run ended, unless it could not begin. */
  async #endPage(snapshot: Snapshot, version: string, failure: unknown): Promise<void> {
    if (failure instanceof UsageError) return await this.#page?.abandon();
    await this.#page?.finish(snapshot, { version, before: this.#outputs.restored });
  }

  #requestAll(): Promise<void> {
    this.#pool = new Pool<Target, Result>(this.#gate, {
      concurrency: this.#options.concurrency,
      start: (target, done) => this.#start(target, done),
      take: (result) => {
        this.#inFlight--;
        const final = this.#schedule.settle(this.#answers.judge(result));
        return final === undefined ? undefined : this.#take(final);
      },
      // Nobody will see what the requests in flight bring: not worth waiting for.
      onStop: () => this.#engine.cancel(),
    });
    return this.#pool.run();
  }

  /** Takes as results what the run left no time to be made again. */
  async #endRetries(): Promise<void> {
    for (const result of this.#schedule.drain(this.#isCutShort)) await this.#take(result);
  }

  #take(result: Result): MaybePromise<void> {
    return this.#outputs.take(this.#answers.take(result));
  }

  /** Whether it ends before its time, so that there is something to go on with. */
  get #isCutShort(): boolean {
    return this.#isInterrupted || this.#aborted !== undefined || this.#gate.failure !== undefined;
  }

  /** Ends the run, since an output cannot be written any more. */
  #fail(error: unknown): void {
    this.#outputFailure ??= error;
    this.#pool?.stop();
  }

  #start(target: Target, done: (result: Result) => void): void {
    this.#inFlight++;
    const { invalid } = target;
    if (invalid !== undefined) {
      return done(toUnsentResult(target, { error: "url", detail: invalid }));
    }
    const { unsent } = this.#schedule;
    if (unsent !== undefined) return done(toUnsentResult(target, unsent));
    if (this.#gate.passed === 1) this.#checkPermission(target.url);
    this.#engine.start(target, done, this.#schedule.dueMs);
  }

  /** @throws {UsageError} If this process may not connect to where the first request goes. */
  #checkPermission(url: string): void {
    const { proxy, unixSocket } = this.#options;
    if (this.#permits === undefined || unixSocket !== undefined) return;
    const to = proxy === undefined ? url : `http://${formatAuthority(proxy)}/`;
    if (this.#permits(to)) return;
    const host = parseHost(to);
    throw new UsageError(`Cannot request '${host}': no permission: run with --allow-net=${host}`);
  }

  /** Interrupts it: no more requests start, those in flight have {@linkcode GRACE_MS}. */
  stop(): void {
    this.#isInterrupted = true;
    this.#drain();
  }

  /** Ends it if a threshold is lost. */
  #abortIfLost(): void {
    // Where nothing is to start any more, there is nothing to be spared.
    if (this.#gate.isShut) return;
    const figures = this.snapshot();
    const lost = this.#options.thresholds.find((threshold) => threshold.isLost(figures));
    if (lost === undefined) return;
    this.#aborted = lost.text;
    this.#drain();
    const wait = formatWait(figures.inFlight);
    this.#onNotice(`aborting: '${lost.text}' can no longer hold${wait === "" ? "" : `; ${wait}`}`);
  }

  #drain(): void {
    this.#gate.stop();
    clearTimeout(this.#grace);
    this.#grace = setTimeout(() => this.#engine.cancel(), GRACE_MS);
  }

  /** What a journal is to say of the run so far. */
  #journalState(): ReturnType<JournalSnapshot> {
    return { stats: this.#outputs.stats.toJSON(), ...this.#resourceUsage() };
  }

  /**
   * What the run took, together with the parts of it that went before; where nothing was left to
   * do, what it had taken then.
   */
  #resourceUsage(): Pick<Snapshot, "seconds" | "cpuSeconds" | "peakRssKb" | "shortages"> {
    const before = this.#outputs.restored;
    if (before !== undefined && this.#outputs.isComplete) {
      const { seconds, cpuSeconds, peakRssKb, shortages = {} } = before;
      return { seconds, cpuSeconds, peakRssKb, shortages };
    }
    const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
    return {
      seconds: (before?.seconds ?? 0) + (performance.now() - this.#startMs) / 1000,
      cpuSeconds: (before?.cpuSeconds ?? 0) + (userCPUTime + systemCPUTime) / 1e6,
      peakRssKb: Math.max(before?.peakRssKb ?? 0, this.#peak.kbOf(maxRSS)),
      shortages: addCounts(before?.shortages, this.#engine.shortages),
    };
  }

  /** The share of the input that has its records; what was only read is not done yet. */
  #progress(): number | undefined {
    const read = this.#source.progress?.();
    if (read === undefined) return undefined;
    const { requests } = this.#outputs.stats;
    const { retrying, held } = this.#schedule;
    const open = this.#inFlight + retrying + held;
    return requests === 0 ? 0 : read * requests / (requests + open);
  }

  snapshot(): Snapshot {
    const figures = this.#outputs.stats.snapshot({
      ...this.#resourceUsage(),
      startedMs: this.#startedMs - (this.#outputs.restored?.seconds ?? 0) * 1000,
      concurrency: this.#options.concurrency,
      inFlight: this.#inFlight,
      retrying: this.#schedule.retrying,
      held: this.#schedule.held,
      paused: this.#schedule.outages,
      targetRate: this.#options.rate,
      total: this.#outputs.computeTotal(this.#source.total),
      progress: this.#progress(),
      rssBytes: Deno.memoryUsage().rss,
      loopBusy: this.#loop?.busy ?? 0,
      engine: this.#engine.name,
      interrupted: this.#isInterrupted,
      resumed: this.#outputs.isResumed,
    });
    const thresholds = this.#options.thresholds.map((threshold) => threshold.verdict(figures));
    return { ...figures, thresholds, aborted: this.#aborted };
  }
}

/** Counts by name, those of before and those of now. */
function addCounts(
  before: Readonly<Record<string, number>> = {},
  now: ReadonlyMap<string, number>,
): Record<string, number> {
  const sums = { ...before };
  for (const [name, count] of now) sums[name] = (sums[name] ?? 0) + count;
  return sums;
}

/** What came of a run. */
export interface Outcome {
  readonly snapshot: Snapshot;
  /**
   * Why it could not go on, if so: a {@linkcode UsageError} if the first request lacks the
   * permission for its host, an `OutputError`, a `ClosedPipe`, or an `InputError`; all that the
   * source gave before that was requested.
   */
  readonly failure: unknown;
  /** What a retry made again; undefined if this was none. */
  readonly madeAgain: MadeAgain | undefined;
}

/** Sockets and files that a run needs besides its connections: name servers, signals. */
const SPARE_DESCRIPTORS = 16;
/** What the metrics' server listens at, and the connections that it holds. */
const DESCRIPTORS_OF_METRICS = 17;
/** So many in flight are no matter for any system. */
const ALWAYS_AVAILABLE = 200;

function checkSockets({ concurrency, requests, metrics }: RunOptions): void {
  const wanted = Math.min(concurrency, requests);
  if (wanted <= ALWAYS_AVAILABLE) return;
  const spare = SPARE_DESCRIPTORS + (metrics === undefined ? 0 : DESCRIPTORS_OF_METRICS);
  const most = countFreeDescriptors(wanted + spare) - spare;
  if (most >= wanted) return;
  throw new UsageError(
    `Cannot have ${wanted} requests in flight, as this process may open ${most} sockets only: ` +
      `give '--concurrency ${most}', or raise the limit by 'ulimit -n'`,
  );
}

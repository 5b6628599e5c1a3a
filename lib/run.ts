/**
 * The composition of a run: the only file that knows all the pieces.
 *
 * @module
 */
import process from "node:process";
import { freeDescriptors } from "./descriptors.ts";
import { AutoEngine } from "./engine/auto.ts";
import { FetchEngine } from "./engine/fetch.ts";
import { Http1Engine } from "./engine/http1.ts";
import { UsageError } from "./flags.ts";
import { Gate } from "./gate.ts";
import type { OutputOptions, RunOptions } from "./options.ts";
import { hostOf, hostPermission } from "./permission.ts";
import { Pool } from "./pool.ts";
import { formatSummary } from "./report/json.ts";
import { type BlockWriter, openBlocks } from "./sink/blocks.ts";
import { failureLines, isFailure } from "./sink/failures.ts";
import { csv, ndjson } from "./sink/record.ts";
import { openSource, type TargetSource } from "./source/open.ts";
import { Stats } from "./stats.ts";
import type { Engine, MaybePromise, Result, Snapshot, Target } from "./types.ts";

const ENGINES = { auto: AutoEngine, fetch: FetchEngine, http1: Http1Engine };

/** Something that takes results; a promise if the caller has to wait. */
interface Output {
  readonly blocks: BlockWriter;
  write(result: Result): MaybePromise<void>;
}

/** A run: everything it needs is open before the first request is made. */
export class Run {
  readonly #options: RunOptions;
  readonly #source: TargetSource;
  readonly #outputs: readonly Output[];
  readonly #summary: BlockWriter | undefined;
  readonly #permits = hostPermission();
  readonly #gate: Gate<Target>;
  readonly #engine: Engine;
  readonly #stats = new Stats();
  readonly #startMs = performance.now();
  #isInterrupted = false;

  /**
   * Opens the source and the outputs; requests nothing.
   *
   * @throws {UsageError} If one of them cannot be opened, or there are fewer sockets than the
   * concurrency asks for.
   */
  static async open(options: RunOptions): Promise<Run> {
    checkSockets(options);
    const source = await openSource({ ...options, template: options.url, count: options.requests });
    const outputs: Output[] = [];
    const { output, failures, summary } = options;
    try {
      if (output !== undefined) outputs.push(await openRecords(output));
      if (failures !== undefined) {
        // It can hold what the input held: bodies, and fields whose names tell nothing.
        const blocks = await openBlocks(failures, { flag: "--failures", mode: 0o600 });
        const format = failureLines(options);
        outputs.push({
          blocks,
          write: (result) => isFailure(result) ? blocks.write(format(result)) : undefined,
        });
      }
      const file = summary === undefined
        ? undefined
        : await openBlocks(summary, { flag: "--summary" });
      return new Run(options, source, outputs, file);
    } catch (error) {
      for (const { blocks } of outputs) await blocks.close();
      await source.return();
      throw error;
    }
  }

  private constructor(
    options: RunOptions,
    source: TargetSource,
    outputs: readonly Output[],
    summary: BlockWriter | undefined,
  ) {
    this.#options = options;
    this.#source = source;
    this.#outputs = outputs;
    this.#summary = summary;
    this.#gate = new Gate(source, options.durationMs);
    this.#engine = new ENGINES[options.engine]({
      ...options,
      permits: this.#permits,
      ttfb: options.output?.fields?.includes("ttfb_ms") ?? false,
    });
  }

  /** Makes the requests, writes the records and the summary, and closes everything. */
  async finish(version: string): Promise<Outcome> {
    let failure: unknown;
    try {
      await this.#requestAll();
    } catch (error) {
      failure = error;
    }
    failure ??= this.#gate.failure;
    const snapshot = this.snapshot();
    this.#engine.close();
    await this.#gate.return();
    for (const { blocks } of this.#outputs) {
      await blocks.close().catch((error) => failure ??= error);
    }
    try {
      await this.#summary?.write(formatSummary(snapshot, { version }));
      await this.#summary?.close();
    } catch (error) {
      failure ??= error;
    }
    return { snapshot, failure };
  }

  #requestAll(): Promise<void> {
    return new Pool<Target, Result>(this.#gate, {
      concurrency: this.#options.concurrency,
      start: (target, done) => this.#start(target, done),
      take: (result) => this.#take(result),
      // Nobody will see what the requests in flight bring: not worth waiting for.
      onStop: () => this.#engine.cancel(),
    }).run();
  }

  #take(result: Result): MaybePromise<void> {
    this.#stats.add(result);
    let written: MaybePromise<unknown>;
    for (const output of this.#outputs) {
      const full = output.write(result);
      if (full !== undefined) written = written === undefined ? full : Promise.all([written, full]);
    }
    return written as MaybePromise<void>;
  }

  #start(target: Target, done: (result: Result) => void): void {
    if (target.invalid !== undefined) return done(unsent(target, target.invalid));
    if (this.#permits !== undefined && this.#gate.passed === 1 && !this.#permits(target.url)) {
      const host = hostOf(target.url);
      throw new UsageError(`Cannot request '${host}': no permission: run with --allow-net=${host}`);
    }
    this.#engine.start(target, done);
  }

  /** Starts no more requests; those in flight go on. */
  stop(): void {
    this.#isInterrupted = true;
    this.#gate.stop();
  }

  /** Gives up the requests in flight. */
  cancel(): void {
    this.#engine.cancel();
  }

  snapshot(): Snapshot {
    const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
    return this.#stats.snapshot({
      seconds: (performance.now() - this.#startMs) / 1000,
      concurrency: this.#options.concurrency,
      inFlight: this.#gate.passed - this.#stats.requests,
      total: this.#source.total,
      progress: this.#source.progress?.(),
      rssBytes: Deno.memoryUsage().rss,
      peakRssKb: maxRSS,
      cpuSeconds: (userCPUTime + systemCPUTime) / 1e6,
      engine: this.#engine.name,
      shortages: Object.fromEntries(this.#engine.shortages),
      interrupted: this.#isInterrupted,
    });
  }
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
}

/** Sockets and files that a run needs besides its connections: name servers, signals. */
const SPARE_DESCRIPTORS = 16;
/** So many in flight are no matter for any system. */
const ALWAYS_THERE = 200;

function checkSockets({ concurrency, requests }: RunOptions): void {
  const wanted = Math.min(concurrency, requests);
  if (wanted <= ALWAYS_THERE) return;
  const most = freeDescriptors(wanted + SPARE_DESCRIPTORS) - SPARE_DESCRIPTORS;
  if (most >= wanted) return;
  throw new UsageError(
    `Cannot have ${wanted} requests in flight, as this process may open ${most} sockets only: ` +
      `give '--concurrency ${most}', or raise the limit by 'ulimit -n'`,
  );
}

async function openRecords(options: OutputOptions): Promise<Output> {
  const blocks = await openBlocks(options.path, { flag: "--output", gzip: options.gzip });
  if (options.format === "ndjson") {
    const format = ndjson(options.fields);
    return { blocks, write: (result) => blocks.write(format(result)) };
  }
  const { header, format } = csv(options.fields);
  await blocks.write(header);
  return { blocks, write: (result) => blocks.write(format(result)) };
}

/** The result of a target of which no request can be made. */
function unsent(target: Target, why: string): Result {
  return {
    target,
    status: null,
    bytes: 0,
    size: 0,
    at: Date.now(),
    ms: 0,
    ttfbMs: null,
    attempts: 0,
    location: null,
    via: null,
    isReused: false,
    engine: null,
    error: "url",
    detail: why,
  };
}

import config from "../../deno.json" with { type: "json" };
import type { Engine } from "../engine/engine.ts";
import type { BusOptions } from "../options/run_options.ts";
import type { RecordedCommand } from "../options/recorded_command.ts";
import type { RunOptions } from "../options/run_options.ts";
import { type Activity, addActivities, IDLE, type RunningPipeline } from "../run/pipeline.ts";
import { createNumbering } from "../source/numbering.ts";
import { unpackStats } from "../stats/packed_stats.ts";
import type { Stats } from "../stats/stats.ts";
import type { PipelinesHooks, PipelinesParts } from "../threads/pipelines.ts";
import { encodeBlock } from "./block.ts";
import { Bus, type RunBus } from "./bus.ts";
import { gunzip } from "./codec.ts";
import { type Cut, Cutter } from "./cutter.ts";
import type { Commit, Live, Slice } from "./messages.ts";
import { listNumbers } from "./number_runs.ts";
import { decodePart } from "./part.ts";

/** The maximum number of slices that are on the bus and not collected. */
const MAX_OUTSTANDING = 200;
const MIN_SLICE = 1_000;
const MAX_SLICE = 20_000;
const SLICES = 1_000;
/** The maximum number of bytes of a slice's records that are not compressed. */
const MAX_TEXT_BYTES = 1024 * 1024 * 1024;
/** After so much silence, a worker counts as gone. */
const SILENT_MS = 3_000;
/** How long the workers have to commit what they hold, at the end. */
const STOP_MS = 10_000;

/** How a run is submitted. */
export interface SubmitterOptions {
  readonly bus: BusOptions;
  readonly run: string;
  readonly lostAfterMs: number;
  readonly holdBytes: number;
  readonly replicas: number;
  /** The maximum number of requests in a slice, from 1. @default by the number of requests */
  readonly slice: number | undefined;
  /** What the run is sealed with; undefined if it is not. */
  readonly key: Uint8Array | undefined;
  readonly command: RecordedCommand;
}

/** A run on several machines, to its submitter: its members are those of one pipeline. */
export class Submitter implements RunningPipeline {
  readonly #bus: Bus;
  readonly #run: RunBus;
  readonly #options: SubmitterOptions;
  readonly #step: number;
  readonly #hasRecords: boolean;
  readonly #gzip: boolean;
  readonly #details: boolean;
  #parts!: PipelinesParts;
  #hooks!: PipelinesHooks;
  #cutter!: Cutter;
  readonly #outstanding = new Map<string, Slice>();
  readonly #live = new Map<string, { live: Live; heardMs: number }>();
  readonly #term = crypto.randomUUID().slice(0, 8);
  #count = 0;
  #hasEnded = false;
  #isInterrupted = false;
  #sourceFailure: unknown;
  readonly #failure = Promise.withResolvers<never>();
  #wake: (() => void) | undefined;
  /** Commits are collected one after the other. */
  #collecting: Promise<void> = Promise.resolve();

  static async open(options: RunOptions, submit: SubmitterOptions): Promise<Submitter> {
    const bus = await Bus.connect(submit.bus);
    const run = await bus.createRun(submit.run, submit);
    return new Submitter(bus, run, options, submit);
  }

  private constructor(bus: Bus, run: RunBus, options: RunOptions, submit: SubmitterOptions) {
    this.#bus = bus;
    this.#run = run;
    this.#options = submit;
    this.#step = createNumbering(options).step;
    this.#hasRecords = options.input !== undefined;
    this.#gzip = options.output?.gzip ?? false;
    this.#details = options.details;
    this.#failure.promise.catch(() => {});
  }

  begin(_options: RunOptions, parts: PipelinesParts, hooks: PipelinesHooks): void {
    this.#parts = parts;
    this.#hooks = hooks;
    this.#run.onNotice = hooks.onNotice;
    const { total = Infinity } = parts;
    const length = this.#options.slice ??
      Math.min(MAX_SLICE, Math.max(MIN_SLICE, Math.ceil(total / SLICES)));
    this.#cutter = new Cutter(length, { step: this.#step, hasRecords: this.#hasRecords });
  }

  async run(): Promise<void> {
    const { source, ids } = this.#parts;
    const { command, lostAfterMs } = this.#options;
    const { columns, hasOneHost } = source;
    await this.#run.writeSpec({
      command,
      columns,
      hasOneHost,
      ids: ids ?? null,
      lostAfterMs,
      details: this.#details,
    }, config.version);
    await this.#run.setControl("run");
    const stopWatching = await this.#run.watchCommits((commit) => this.#onCommit(commit));
    const stopListening = this.#run.onLive((live) =>
      this.#live.set(live.worker, { live, heardMs: performance.now() })
    );
    try {
      await Promise.race([
        this.#publish().then(() => this.#whenCollected()),
        this.#failure.promise,
      ]);
    } finally {
      stopWatching();
      stopListening();
    }
  }

  async #publish(): Promise<void> {
    const { pending } = this.#parts;
    while (!this.#isInterrupted) {
      while (this.#outstanding.size >= MAX_OUTSTANDING && !this.#isInterrupted) {
        await this.#change();
      }
      let step;
      try {
        const next = pending.next();
        step = next instanceof Promise ? await next : next;
      } catch (error) {
        this.#sourceFailure = error;
        break;
      }
      if (step.done) break;
      const cut = this.#cutter.add(step.value);
      if (cut !== undefined) await this.#put(cut);
    }
    const rest = this.#cutter.take();
    if (rest !== undefined && !this.#isInterrupted) await this.#put(rest);
    this.#hasEnded = true;
  }

  async #put({ runs, count, records }: Cut): Promise<void> {
    const id = `${this.#term}-${this.#count++}`;
    const block = records &&
      await this.#run.store(
        `block.${id}`,
        this.#run.codec.seal("block", id, encodeBlock(records)),
      );
    const slice: Slice = { id, count, runs, block };
    this.#outstanding.set(id, slice);
    await this.#run.publishSlice(slice);
  }

  /** Settles at the next change. */
  #change(): Promise<void> {
    return new Promise((resolve) => this.#wake = resolve);
  }

  #changed(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }

  async #whenCollected(): Promise<void> {
    while (this.#outstanding.size > 0 && !this.#isInterrupted) await this.#change();
    if (!this.#isInterrupted) return;
    const deadline = performance.now() + STOP_MS;
    while (performance.now() < deadline && this.activity.inFlight > 0) {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    await this.#collecting;
  }

  #onCommit(commit: Commit): void {
    const slice = this.#outstanding.get(commit.id);
    if (slice === undefined) return;
    this.#collecting = this.#collecting.then(() => this.#collect(slice, commit))
      .catch((error) => this.fail(error));
  }

  async #collect(slice: Slice, commit: Commit): Promise<void> {
    const { runs, stats, records, failures } = decodePart(
      this.#run.codec.open("part", slice.id, await this.#run.read(commit.part)),
    );
    const numbers = Float64Array.from(listNumbers(runs, this.#step));
    // Of one moment: nothing is awaited between the records and their statistics.
    const delta = unpackStats(stats);
    this.stats.add(delta);
    const full = this.#hooks.onResults({
      records: this.#toRecords(records, this.#gzip),
      failures: this.#toRecords(failures, false),
      numbers: this.#parts.isResumable ? numbers : undefined,
      stats: delta,
    });
    this.#outstanding.delete(slice.id);
    if (full !== undefined) await full;
    await this.#run.drop(commit.part);
    if (slice.block !== undefined) await this.#run.drop(slice.block);
    this.#changed();
  }

  #toRecords(bytes: Uint8Array<ArrayBuffer>, isPacked: boolean) {
    if (bytes.length === 0) return undefined;
    return { bytes: isPacked ? bytes : gunzip(bytes, MAX_TEXT_BYTES), isPacked };
  }

  async stop(): Promise<void> {
    this.#isInterrupted = true;
    this.#changed();
    await this.#run.setControl("stop");
  }

  cancel(): void {}

  fail(reason: unknown): void {
    this.#failure.reject(reason);
  }

  async close(): Promise<void> {
    await this.#run.setControl("over");
    await this.#bus.deleteRun(this.#options.run);
    await this.#bus.close();
    await this.#parts?.pending.return?.();
  }

  get #workers(): readonly Live[] {
    const since = performance.now() - SILENT_MS;
    return [...this.#live.values()].filter(({ heardMs }) => heardMs > since)
      .map(({ live }) => live);
  }

  get stats(): Stats {
    return this.#parts.stats;
  }

  get isShut(): boolean {
    return this.#isInterrupted || this.#hasEnded && this.#outstanding.size === 0;
  }

  get isCutShort(): boolean {
    return this.#isInterrupted || this.#sourceFailure !== undefined;
  }

  get sourceFailure(): unknown {
    return this.#sourceFailure;
  }

  get openCount(): number {
    let count = 0;
    for (const slice of this.#outstanding.values()) count += slice.count;
    return count;
  }

  get engine(): Pick<Engine, "name" | "transport"> {
    const workers = this.#workers;
    const names = new Set(workers.flatMap(({ engine }) => engine.split("+")));
    return { name: [...names].sort().join("+"), transport: workers[0]?.transport ?? "portable" };
  }

  get workersBusy(): readonly number[] {
    return this.#workers.map(({ loopBusy }) => loopBusy);
  }

  get activity(): Activity {
    return this.#workers.map(({ activity }) => activity).reduce(addActivities, IDLE);
  }
}

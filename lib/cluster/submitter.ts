import config from "../../deno.json" with { type: "json" };
import type { ClusterState } from "../checkpoint/cluster_state.ts";
import type { Engine } from "../engine/engine.ts";
import { BusError, ClusterError, NoProgressError } from "../errors.ts";
import type { RecordedCommand } from "../options/recorded_command.ts";
import type { BusOptions, RunOptions } from "../options/run_options.ts";
import { countRecords } from "../output/count_records.ts";
import { OUTPUT_FORMATS } from "../output/formats.ts";
import type { EncodedRecords } from "../output/record_encoder.ts";
import type { Activity, RunningPipeline } from "../run/pipeline.ts";
import type { Item } from "../source/item.ts";
import { createNumbering } from "../source/numbering.ts";
import { MAX_TIMER_MS } from "../schedule/stop_gate.ts";
import { unpackStats } from "../stats/packed_stats.ts";
import type { Stats } from "../stats/stats.ts";
import type { MaybePromise, Step } from "../stream.ts";
import type { PipelinesHooks, PipelinesParts } from "../threads/pipelines.ts";
import { adoptSlices } from "./adopt_slices.ts";
import { decodeBlock, encodeBlock, type RecordTexts } from "./block.ts";
import { type BadSlice, Bus, type RunBus } from "./bus.ts";
import { gunzip } from "./codec.ts";
import { Collector } from "./collector.ts";
import { type Cutter, OrderCutter } from "./cutter.ts";
import { DamagedError } from "./damaged_error.ts";
import { HostCutter } from "./host_cutter.ts";
import { LiveWorkers, SILENT_MS } from "./live_workers.ts";
import type { Commit, Control, Live, Slice, Stored } from "./messages.ts";
import { countRuns, listNumbers, NumberPlaces, subtractRuns } from "./number_runs.ts";
import { decodePart, type Part } from "./part.ts";
import { Proof } from "./proof.ts";
import { GuardedItems, refuseSecretColumns } from "./secret_guard.ts";
import type { Cut } from "./slice_builder.ts";

/**
 * The maximum number of slices that are on the bus and not collected. With {@linkcode MAX_SLICE} it
 * is less than the reach of a journal.
 */
const MAX_OUTSTANDING = 200;
/** The maximum number of requests of a slice, and the minimum, unless the user sets it. */
const MAX_SLICE = 20_000;
const MIN_SLICE = 100;
/**
 * A slice is one part in so many of what is left: no worker has much to do when others are done. Each
 * slice costs its worker 1.4 ms, so 1 million requests in 210 slices cost 2 % more than in one.
 */
const PARTS_OF_REST = 30;
/** How many requests a slice has while nobody knows how many are left. */
const USUAL_SLICE = 2_000;
/** At a rate, a slice takes no longer: a death repeats it. */
const SLICE_SECONDS = 10;
/** Blocks of records take at most this share of the store: parts need the rest. */
const SHARE_OF_BLOCKS = 1 / 4;
/** The maximum number of slices that are on their way to the bus. */
const MAX_PUTS = 8;
/** How many items are cut before the clock is read again. */
const ITEMS_A_READ = 256;
/** Items wait no longer for others of their slice. */
const SLOW_INPUT_MS = 100;
/** How long the end waits for the next part; requests in flight have half of it. */
const STOP_MS = 10_000;
/** How often the bus is asked whether the run is there. */
const LOOK_MS = 2_000;
/** How often in a row a run has to be missing to be lost: a server that starts has not found all. */
const MIN_MISSING = 2;
const RETRY_MS = 500;
/** The maximum number of bytes of a slice's records that are not compressed. */
const MAX_TEXT_BYTES = 512 * 1024 * 1024;
/** How long the end of a run tries to leave nothing on the bus. */
const RELEASE_MS = 10_000;

/** How a run is submitted. */
export interface SubmitterOptions {
  readonly bus: BusOptions;
  /** What was collected of it before, and its name. */
  readonly before: ClusterState;
  /** Whether the run may be on the bus already. */
  readonly isResumed: boolean;
  readonly lostAfterMs: number;
  readonly holdBytes: number;
  readonly replicas: number;
  /** The maximum number of requests in a slice, from 1. @default by the number of requests */
  readonly slice: number | undefined;
  /** What the run is sealed with; undefined if it is not. */
  readonly key: Uint8Array | undefined;
  /** Whether secrets may go through the bus in clear. */
  readonly isPlain: boolean;
  /** What the header of the input has; empty without one. */
  readonly columns: readonly string[];
  readonly command: RecordedCommand;
}

/** Receives what a submitter does. */
export interface SubmitterHooks extends PipelinesHooks {
  /** Whether the run has a request of that number that has no result. */
  isOpen(i: number): boolean;
  /** Calls back once the results so far are safe on the disk. */
  onSafe(call: () => void): void;
}

/** A slice that is on the bus, or on its way there, and not collected. */
interface Outstanding {
  readonly slice: Slice;
  /** That of {@linkcode Cut}. */
  readonly group: number | undefined;
  /** When it was put there, on the clock of `performance.now()`. */
  sinceMs: number;
  /** Whether its requests were in a slice before. */
  readonly isRedone: boolean;
  /** Whether the last look found neither it in the queue, nor a commit. */
  isMissing: boolean;
}

/** What came of a slice, checked. */
interface CheckedPart extends Pick<Part, "runs" | "stats"> {
  readonly records: EncodedRecords | undefined;
  readonly failures: EncodedRecords | undefined;
}

/** Whether secrets of the run may go to the bus. */
function isProtected({ key, isPlain }: Pick<SubmitterOptions, "key" | "isPlain">): boolean {
  return key !== undefined || isPlain;
}

function unpack(members: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return members.length === 0 ? members : gunzip(members, MAX_TEXT_BYTES);
}

function toEncoded(bytes: Uint8Array<ArrayBuffer>): EncodedRecords | undefined {
  return bytes.length === 0 ? undefined : { bytes, isPacked: false };
}

/**
 * A run on several machines, to its submitter: its members are those of one pipeline.
 *
 * ```text
 * pending items ──► cutter ──► slices on the bus ──► commits ──► collector ──► outputs, journal
 *                     ▲            │ vanished, damaged, or done in part            │ journal on disk
 *                     └────────────┘                                               ▼
 *                                                       the slice is closed, its part is dropped
 * ```
 */
export class Submitter implements RunningPipeline {
  readonly #bus: Bus;
  readonly #run: RunBus;
  readonly #options: SubmitterOptions;
  readonly #step: number;
  readonly #hasRecords: boolean;
  readonly #details: boolean;
  /** Undefined without an output of records. */
  readonly #output: RunOptions["output"];
  readonly #proof: Proof;
  /** Whether the bus had the run already. */
  readonly isAttached: boolean;
  /** Whether the bus had the run, but of another version of this program, or with another key. */
  readonly #isReplaced: boolean;
  #parts!: PipelinesParts;
  #hooks!: SubmitterHooks;
  #cutter!: Cutter;
  #hostDelayMs = 0;
  #rate: number | undefined;
  /** By id: at most {@linkcode MAX_OUTSTANDING}, and the rest of those that were done in part. */
  readonly #slices = new Map<string, Outstanding>();
  /** The numbers of slices that were taken over, which are not cut again; undefined without any. */
  #adopted: NumberPlaces | undefined;
  /** Slices of an earlier submitter whose commits are collected first; undefined after that. */
  #earlier: Set<string> | undefined;
  readonly #puts = new Set<Promise<void>>();
  /** The bytes of blocks of records that are on the bus, by the slice. */
  readonly #blocks = new Map<string, number>();
  #blockBytes = 0;
  readonly #collector: Collector<CheckedPart>;
  readonly workers: LiveWorkers;
  /** Why workers have left that could not reach anything; the last of them, and when that was. */
  #gaveUp: { readonly why: string; readonly atMs: number } | undefined;
  /** Slices of different processes have different ids. */
  readonly #term = crypto.randomUUID().slice(0, 8);
  #count = 0;
  /** How many items are in slices or on their way there, and how many of them have their results. */
  #given = 0;
  #taken = 0;
  /** The step that the source promised, once it is there. */
  #promised: Step<Item> | undefined;
  #isPulling = false;
  /** When the first item of the next slice came. */
  #cutSinceMs = 0;
  /** Whether no more items come. */
  #hasEnded = false;
  /** Whether no more slices are published, and the workers have to commit what they hold. */
  #isStopping = false;
  #isInterrupted = false;
  /** Whether it has ended: the bus is not asked again. */
  #isOver = false;
  #inputFailure: unknown;
  /** Why the run cannot go on. */
  #breakdown: Error | undefined;
  /** How often in a row the bus did not have the run. */
  #missing = 0;
  #isLooking = false;
  /** Whether the bus did not answer lately. */
  #isAway = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #failure = Promise.withResolvers<never>();
  readonly #broken = Promise.withResolvers<void>();
  #wake: (() => void) | undefined;

  /** @throws {UsageError} If the bus cannot be used. */
  static async open(options: RunOptions, submit: SubmitterOptions): Promise<Submitter> {
    if (!isProtected(submit)) refuseSecretColumns(submit.columns);
    const bus = await Bus.connect(submit.bus);
    try {
      const { before: { run: name }, isResumed } = submit;
      const found = isResumed ? await bus.openRun(name, submit.key) : undefined;
      // What another version or key has made of it is of no use.
      const isThere = found !== undefined && await found.exists();
      const isAttached = isThere && await found.isReadable(config.version);
      if (isResumed && !isAttached) await bus.deleteRun(name);
      const run = isAttached ? found : await bus.createRun(name, submit);
      const isReplaced = isThere && !isAttached;
      return new Submitter({ bus, run, isAttached, isReplaced }, options, submit);
    } catch (error) {
      await bus.close();
      throw error;
    }
  }

  private constructor(
    { bus, run, isAttached, isReplaced }: {
      bus: Bus;
      run: RunBus;
      isAttached: boolean;
      isReplaced: boolean;
    },
    options: RunOptions,
    submit: SubmitterOptions,
  ) {
    this.#bus = bus;
    this.#run = run;
    this.isAttached = isAttached;
    this.#isReplaced = isReplaced;
    this.#options = submit;
    this.#step = createNumbering(options).step;
    this.#hasRecords = options.input !== undefined;
    this.#details = options.details;
    this.#output = options.output;
    this.#proof = new Proof(submit.before);
    this.#collector = new Collector({
      read: (commit) => this.#read(commit),
      take: (commit, part) => this.#take(commit, part),
      onFailure: (error) => this.#end(error),
    });
    this.workers = new LiveWorkers({
      lostAfterMs: submit.lostAfterMs,
      version: config.version,
      command: this.workCommand,
      isOut: (id) => this.#slices.has(id),
      onNotice: (text) => this.#hooks.onNotice(text),
    }, isAttached);
    this.#failure.promise.catch(() => {});
  }

  /** The command that starts a worker of the run. */
  get workCommand(): string {
    const { bus: { servers, tls }, before: { run }, key } = this.#options;
    const scheme = tls === undefined ? "nats" : "tls";
    const flags = key === undefined ? "" : " --cluster-key FILE";
    return `myriad work ${scheme}://${servers[0]} ${run}${flags}`;
  }

  begin(options: RunOptions, parts: PipelinesParts, hooks: SubmitterHooks): void {
    const isGuarded = this.#hasRecords && !isProtected(this.#options);
    this.#parts = isGuarded ? { ...parts, pending: new GuardedItems(parts.pending) } : parts;
    this.#hooks = hooks;
    this.#run.onNotice = hooks.onNotice;
    this.#rate = options.rate;
    this.#cutter = this.#openCutter(options);
  }

  #openCutter({ hostConcurrency, hostDelayMs }: RunOptions): Cutter {
    this.#hostDelayMs = hostDelayMs ?? 0;
    const { source: { make, hasOneHost } } = this.#parts;
    const options = { step: this.#step, hasRecords: this.#hasRecords };
    if (hostConcurrency === undefined && hostDelayMs === undefined) return new OrderCutter(options);
    if (hasOneHost) {
      this.#hooks.onNotice(
        "one worker at a time makes requests, as they go to one host that has limits",
      );
    }
    return new HostCutter({
      ...options,
      make: hasOneHost ? undefined : make,
      delayMs: this.#hostDelayMs,
    });
  }

  async run(): Promise<void> {
    const { durationMs } = this.#parts;
    const looks = setInterval(() => void this.#look(), LOOK_MS);
    if (durationMs !== undefined) this.#stopAt(performance.now() + durationMs);
    const ends: (() => void)[] = [];
    try {
      await Promise.race([this.#work(ends), this.#broken.promise, this.#failure.promise]);
    } catch (error) {
      if (error !== this.#breakdown) throw error;
    } finally {
      clearInterval(looks);
      clearTimeout(this.#timer);
      for (const end of ends) end();
      this.#collector.stop();
      this.workers.end();
    }
  }

  async #work(ends: (() => void)[]): Promise<void> {
    if (this.#isReplaced) {
      this.#hooks.onNotice(
        "the run on the bus had another --cluster-key or version of myriad: it is made anew, and " +
          "requests whose results were not collected are made again",
      );
    }
    await this.#tellSpec();
    ends.push(
      this.#run.onLive((live) => this.#hear(live), (theirs) => this.workers.refuse(theirs)),
    );
    const listed = Promise.withResolvers<void>();
    // What is queued is listed first: a slice that is gone from the queue has its commit then.
    const queued = this.isAttached ? await this.#persist(() => this.#run.listSlices()) : [];
    if (this.isAttached) this.#earlier = new Set();
    ends.push(
      await this.#persist(() =>
        this.#run.watchCommits(
          (commit) => this.#onCommit(commit),
          listed.resolve,
          (id) => this.#replace(id, "has a commit that is damaged"),
          (id, why) => this.#onBad(id, why),
        )
      ),
    );
    await listed.promise;
    if (this.isAttached) await this.#attach(queued);
    ends.push(await this.#persist(() => this.#run.watchControl((control) => this.#obey(control))));
    await this.#publish();
    await this.#whenCollected();
    if (!this.#isStopping && this.#inputFailure === undefined && this.#given !== this.#taken) {
      throw new Error(`${this.#given} requests were handed out, and ${this.#taken} collected`);
    }
  }

  async #tellSpec(): Promise<void> {
    const { source: { columns, hasOneHost }, ids = null } = this.#parts;
    const { command, lostAfterMs } = this.#options;
    const spec = { command, columns, hasOneHost, ids, lostAfterMs, details: this.#details };
    await this.#persist(() => this.#run.writeSpec(spec, config.version));
    await this.#persist(() => this.#run.setControl("run"));
  }

  /** Takes over what an earlier submitter has left on the bus. */
  async #attach(queued: Awaited<ReturnType<RunBus["listSlices"]>>): Promise<void> {
    const earlier = this.#earlier!;
    await this.#collector.idle;
    this.#earlier = undefined;
    const { isOpen } = this.#hooks;
    const { adopted, rejected, runs } = adoptSlices(
      queued.filter(({ slice }) => !earlier.has(slice.id)),
      { step: this.#step, isOpen },
    );
    for (const one of rejected) await this.#persist(() => this.#run.removeSlice(one));
    for (const { slice } of adopted) {
      this.#add(slice, false);
      this.#given += slice.count;
      // It may have come before.
      const commit = await this.#persist(() => this.#run.readCommit(slice.id));
      if (commit !== undefined && commit !== "closed") this.#collector.add(commit);
    }
    if (runs.length > 0) this.#adopted = new NumberPlaces(runs, this.#step);
    // What was collected meanwhile goes once a journal has it.
    const known = new Set([...earlier, ...adopted.map(({ slice }) => slice.id)]);
    for (const name of await this.#persist(() => this.#run.listStored())) {
      const [kind, id] = name.split(".");
      if (kind === "spec" || known.has(id)) continue;
      await this.#persist(() => this.#run.dropName(name));
    }
    this.#hooks.onNotice(
      "the bus still has the run: it goes on" +
        (adopted.length === 0 ? "" : `, with ${adopted.length} slices that are handed out already`),
    );
  }

  /** Cuts what is pending into slices, and publishes them while there is room. */
  async #publish(): Promise<void> {
    const cutter = this.#cutter;
    cutter.length = this.#computeLength();
    // Nobody knows the groups of slices that were taken over.
    while (cutter instanceof HostCutter && this.#slices.size > 0 && !this.#isStopping) {
      await this.#change();
    }
    let hasMore = true;
    // To read the clock takes longer than to cut an item.
    let now = performance.now();
    let sinceRead = 0;
    while (!this.#isStopping && (hasMore || cutter.count > 0)) {
      if (sinceRead === 0) now = performance.now();
      if (!this.#hasRoom) {
        await this.#change();
        sinceRead = 0;
        continue;
      }
      const cut = cutter.take(!hasMore || cutter.isFull, now);
      if (cut !== undefined) {
        this.#put(cut);
        continue;
      }
      if (!hasMore || cutter.isFull) {
        await this.#change(cutter.readyAtMs - performance.now());
        sinceRead = 0;
        continue;
      }
      const step = this.#pull();
      if (step === undefined) {
        await this.#waitForItem();
        sinceRead = 0;
      } else if (step.done) {
        hasMore = false;
      } else if (this.#adopted?.find(step.value.i) === undefined) {
        this.#given++;
        sinceRead = (sinceRead + 1) % ITEMS_A_READ;
        if (cutter.count === 0) this.#cutSinceMs = now;
        cutter.add(step.value);
      }
    }
    this.#hasEnded = true;
  }

  /** Waits for the next item, but not for long while others wait for it. */
  async #waitForItem(): Promise<void> {
    const cutter = this.#cutter;
    const now = performance.now();
    const readyMs = cutter.readyAtMs - now;
    const patienceMs = cutter.count === 0 ? Infinity : this.#cutSinceMs + SLOW_INPUT_MS - now;
    if (patienceMs > 0) return await this.#change(Math.min(patienceMs, readyMs));
    const cut = cutter.take(true, now);
    if (cut === undefined) await this.#change(readyMs);
    else this.#put(cut);
  }

  get #hasRoom(): boolean {
    return this.#slices.size < MAX_OUTSTANDING && this.#puts.size < MAX_PUTS &&
      (this.#blockBytes === 0 ||
        this.#blockBytes < this.#options.holdBytes * SHARE_OF_BLOCKS);
  }

  /** The next step of the source; undefined if it has to be waited for. */
  #pull(): Step<Item> | undefined {
    if (this.#isPulling) return undefined;
    const step = this.#promised;
    this.#promised = undefined;
    if (step !== undefined) return step;
    const fail = (error: unknown): Step<Item> => {
      this.#inputFailure = error;
      return { value: undefined, done: true };
    };
    try {
      const next = this.#parts.pending.next();
      if (!(next instanceof Promise)) return next;
      this.#isPulling = true;
      next.catch(fail).then((step) => {
        this.#promised = step;
        this.#isPulling = false;
        this.#changed();
      });
      return undefined;
    } catch (error) {
      return fail(error);
    }
  }

  /** How many requests the next slice has. */
  #computeLength(): number {
    const { slice } = this.#options;
    if (slice !== undefined) return slice;
    const { total, source: { items } } = this.#parts;
    const read = items.progress?.();
    const left = total !== undefined
      ? total - this.#given
      : read !== undefined && read > 0
      ? this.#given / read - this.#given
      : USUAL_SLICE * PARTS_OF_REST;
    const length = Math.min(MAX_SLICE, Math.max(MIN_SLICE, Math.ceil(left / PARTS_OF_REST)));
    return Math.max(1, Math.min(length, Math.floor((this.#rate ?? Infinity) * SLICE_SECONDS)));
  }

  /** Publishes a slice. */
  #put(cut: Cut, isRedone = false): void {
    this.#cutter.length = this.#computeLength();
    const id = `${this.#term}-${this.#count++}`;
    const putting = this.#publishSlice(id, cut, isRedone)
      .catch((error) => this.#end(error))
      .finally(() => {
        this.#puts.delete(putting);
        this.#changed();
      });
    this.#puts.add(putting);
  }

  async #publishSlice(
    id: string,
    { runs, count, records, group }: Cut,
    isRedone: boolean,
  ): Promise<void> {
    let block;
    if (records !== undefined) {
      const bytes = encodeBlock(records);
      this.#blocks.set(id, bytes.length);
      this.#blockBytes += bytes.length;
      const sealed = this.#run.codec.seal("block", id, bytes);
      block = await this.#persist(() => this.#run.store(`block.${id}`, sealed));
    }
    const slice: Slice = { id, count, runs, block };
    this.#add(slice, isRedone, group);
    await this.#persist(() => this.#run.publishSlice(slice));
  }

  #add(slice: Slice, isRedone: boolean, group?: number): void {
    const sinceMs = performance.now();
    this.#slices.set(slice.id, { slice, group, sinceMs, isRedone, isMissing: false });
  }

  /** Publishes a slice once more, or some of its requests, under another id. */
  #putAgain(
    { slice, group }: Outstanding,
    runs: readonly number[],
    isRedone: boolean,
  ): Promise<void> {
    // Its last request may have started just before.
    const waitMs = group === undefined ? 0 : this.#hostDelayMs;
    const putting = new Promise((resolve) => setTimeout(resolve, waitMs))
      .then(() => this.#readRecords(slice, runs))
      .then((records) => this.#put({ runs, count: countRuns(runs), records, group }, isRedone))
      .catch((error) => this.#end(error))
      .finally(() => this.#puts.delete(putting));
    this.#puts.add(putting);
    return putting;
  }

  /** The records of some of a slice's requests; undefined without an input. */
  async #readRecords(
    { id, runs, count, block }: Slice,
    wanted: readonly number[],
  ): Promise<RecordTexts | undefined> {
    if (block === undefined) return undefined;
    const { texts, lines, overlong } = await this.#readBlock(id, block, count);
    const places = new NumberPlaces(runs, this.#step);
    const chosen = [...listNumbers(wanted, this.#step)].map((i) => places.find(i)!);
    const isOverlong = new Set(overlong);
    return {
      texts: chosen.map((place) => texts[place]),
      lines: chosen.map((place) => lines[place]),
      overlong: [...chosen.keys()].filter((k) => isOverlong.has(chosen[k])),
    };
  }

  async #readBlock(id: string, block: Stored, count: number): Promise<RecordTexts> {
    try {
      const bytes = await this.#persist(() => this.#run.read(block));
      return decodeBlock(this.#run.codec.open("block", id, bytes), count);
    } catch (error) {
      if (!(error instanceof DamagedError)) throw error;
      throw new ClusterError(`Cannot go on: the bus has damaged the records of slice '${id}'`);
    }
  }

  #onCommit(commit: Commit): void {
    this.#earlier?.add(commit.id);
    if (this.#earlier !== undefined || this.#slices.has(commit.id)) this.#collector.add(commit);
  }

  /** Ends the run, as nobody can do one of its slices; what others hold is collected. */
  #onBad(id: string, why: BadSlice): void {
    const slice = this.#slices.get(id)?.slice;
    if (slice === undefined) return;
    const { runs } = slice;
    const last = runs[runs.length - 2] + (runs[runs.length - 1] - 1) * this.#step;
    const reason = why === "deadly"
      ? "too many of its workers have died: look at what they said last"
      : "its records on the bus are damaged";
    this.#giveUp(
      new ClusterError(
        `Cannot go on: nobody can do slice '${id}' (requests ${runs[0]} to ${last}): ${reason}`,
      ),
    );
  }

  /** Reads a part; if it is damaged, its slice is published anew. */
  async #read(commit: Commit): Promise<CheckedPart | undefined> {
    try {
      const bytes = await this.#persist(() => this.#run.read(commit.part));
      return this.#check(decodePart(this.#run.codec.open("part", commit.id, bytes)));
    } catch (error) {
      if (!(error instanceof DamagedError)) throw error;
      this.#replace(commit.id, "is damaged");
      return undefined;
    }
  }

  /**
   * Whether the texts of a part are whole, and hold a record for each of its numbers.
   *
   * @throws {DamagedError} If not.
   */
  #check({ runs, stats, records, failures }: Part): CheckedPart {
    const output = this.#output;
    const texts = unpack(records);
    const found = countRecords(
      texts,
      output !== undefined && OUTPUT_FORMATS[output.format].hasColumns,
    );
    if (output !== undefined && found !== countRuns(runs)) {
      throw new DamagedError("A part of the run on the bus has not as many records as numbers");
    }
    return {
      runs,
      stats,
      records: output?.gzip === true && records.length > 0
        ? { bytes: records, isPacked: true }
        : toEncoded(texts),
      failures: toEncoded(unpack(failures)),
    };
  }

  /** Publishes a slice anew, as nothing can be collected under its id. */
  #replace(id: string, how: string): void {
    const outstanding = this.#slices.get(id);
    if (outstanding === undefined) return;
    this.#slices.delete(id);
    this.workers.settle(id);
    this.#hooks.onNotice(`slice '${id}' ${how}: it is done again`);
    if (this.#isStopping) return;
    const { runs } = outstanding.slice;
    void this.#putAgain(outstanding, runs, true).then(() => this.#free(id));
  }

  /**
   * Takes what came of a slice. All of one moment: nothing is awaited between the records, the
   * numbers and the statistics.
   */
  #take(
    commit: Commit,
    { runs, stats: packed, records, failures }: CheckedPart,
  ): MaybePromise<void> {
    const { id, worker, delivery, part: { sha256 } } = commit;
    const outstanding = this.#slices.get(id);
    // Another slice has taken its place, or it was collected.
    if (outstanding === undefined && this.#earlier === undefined) return;
    const rest = subtractRuns(outstanding?.slice.runs ?? runs, runs, this.#step);
    if (rest === undefined) return this.#replace(id, "has a part of other requests");
    const count = countRuns(runs);
    const numbers = new Float64Array(count);
    let k = 0;
    for (const i of listNumbers(runs, this.#step)) numbers[k++] = i;
    // An earlier submitter may have collected it, or this one, which was told of the commit twice: a
    // journal may not have it yet.
    if (!numbers.every(this.#hooks.isOpen)) {
      if (outstanding !== undefined) throw new Error(`Two results of a request in slice '${id}'`);
      return this.#hooks.onSafe(() => void this.#free(id));
    }
    const delta = unpackStats(packed);
    this.stats.add(delta);
    this.workers.settle(id, { worker, requests: count });
    const full = this.#hooks.onResults({
      records,
      failures,
      numbers: this.#parts.isResumable ? numbers : undefined,
      stats: delta,
    });
    const isRedone = delivery > 1 || outstanding?.isRedone === true;
    this.#proof.add({ worker, records: count, sha256, isRedone });
    // Its records are of use until the rest of them has a slice of its own.
    let again: Promise<void> = Promise.resolve();
    if (outstanding !== undefined) {
      this.#slices.delete(id);
      this.#taken += count;
      const { group } = outstanding;
      if (rest.length > 0 && !this.#isStopping) again = this.#putAgain(outstanding, rest, false);
      else if (group !== undefined) this.#cutter.release(group, performance.now());
    }
    if (this.#isStopping) this.#limitEnd();
    this.#hooks.onSafe(() => void again.then(() => this.#free(id)));
    this.#changed();
    return full;
  }

  /** Lets go of what the bus holds for a slice: nothing more is to come of it. */
  async #free(id: string): Promise<void> {
    try {
      // First: a worker that gets it again must not do it.
      await this.#persist(() => this.#run.closeSlice(id));
      await this.#persist(() => this.#run.dropName(`part.${id}.*`));
      const bytes = this.#blocks.get(id);
      if (this.#hasRecords) await this.#persist(() => this.#run.dropName(`block.${id}`));
      if (bytes === undefined) return;
      this.#blocks.delete(id);
      this.#blockBytes -= bytes;
      this.#changed();
    } catch {
      // The run is over: all of it goes.
    }
  }

  #hear(live: Live): void {
    this.workers.hear(live);
    if (live.gaveUp !== null) this.#gaveUp = { why: live.gaveUp, atMs: performance.now() };
  }

  /** Somebody else can stop the run. Whether the bus has lost it, {@linkcode #look} finds out. */
  #obey(control: Control): void {
    if (control !== "stop" || this.#isStopping || this.#isOver) return;
    this.#giveUp(new ClusterError("Cannot go on: the run was stopped by 'myriad runs'"));
  }

  /** Ends the run for a reason, once what the workers hold is collected. */
  #giveUp(reason: Error): void {
    if (this.#isStopping || this.#isOver) return;
    this.#breakdown ??= reason;
    void this.#stopWorkers();
  }

  /** Looks for what nobody tells: a run that the bus has lost, slices that it has lost. */
  async #look(): Promise<void> {
    this.workers.look();
    if (this.#isLooking) return;
    this.#isLooking = true;
    try {
      await this.#lookOnce();
      this.#noteAway(false);
    } catch {
      this.#noteAway(true);
    } finally {
      this.#isLooking = false;
    }
  }

  #noteAway(isAway: boolean): void {
    if (this.#isAway === isAway || this.#isOver) return;
    this.#isAway = isAway;
    this.#hooks.onNotice(isAway ? "the bus does not answer: waiting for it" : "the bus is back");
  }

  async #lookOnce(): Promise<void> {
    const exists = await this.#run.exists();
    this.#missing = exists ? 0 : this.#missing + 1;
    if (this.#isOver) return;
    if (this.#missing >= MIN_MISSING) {
      return this.#end(
        new ClusterError(
          "Cannot go on: the run is not on the bus any more: its store is lost, or 'myriad runs' " +
            "has deleted the run",
        ),
      );
    }
    const now = performance.now();
    const { length } = this.workers.heard;
    if (this.#gaveUp !== undefined && length === 0 && now - this.#gaveUp.atMs > SILENT_MS) {
      return this.#giveUp(new NoProgressError(this.#gaveUp.why));
    }
    if (exists) await this.#findMissing(now);
  }

  /** Publishes slices anew that are neither in the queue nor committed. */
  async #findMissing(now: number): Promise<void> {
    const { lostAfterMs } = this.#options;
    const old = [...this.#slices.values()].filter(({ sinceMs }) => now - sinceMs > lostAfterMs);
    if (old.length === 0) return;
    // The next look at them is as far off.
    for (const one of old) one.sinceMs = now;
    const queued = new Set((await this.#run.listSlices()).map(({ slice }) => slice.id));
    for (const one of old) {
      const { id } = one.slice;
      if (queued.has(id)) {
        one.isMissing = false;
        continue;
      }
      const commit = await this.#run.readCommit(id);
      if (!this.#slices.has(id)) continue;
      if (commit === undefined && one.isMissing) this.#replace(id, "was lost by the bus");
      else if (commit === undefined) one.isMissing = true;
      else if (commit !== "closed" && one.isMissing) this.#collector.add(commit);
      else one.isMissing = true;
    }
  }

  async #whenCollected(): Promise<void> {
    while ((this.#slices.size > 0 || this.#puts.size > 0) && !this.#isStopping) {
      await this.#change();
    }
    if (this.#isStopping) await this.#whenStopped();
    await this.#collector.idle;
  }

  /** Settles once the workers have committed what they hold. */
  async #whenStopped(): Promise<void> {
    // Each worker has told once more what it does.
    await this.#change(SILENT_MS / 2);
    while (
      this.#slices.size > 0 &&
      this.workers.heard.some(({ open }) => open.length > 0)
    ) {
      await this.#change(100);
    }
  }

  /** Settles at the next change, or after a time. There is one waiter. */
  #change(ms = Infinity): Promise<void> {
    return new Promise((resolve) => {
      const timer = ms === Infinity
        ? undefined
        : setTimeout(() => this.#changed(), Math.min(ms, MAX_TIMER_MS));
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #changed(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }

  /**
   * Tries again what fails while the bus is away.
   *
   * @throws {ClusterError} If the bus has lost the run.
   * @throws Whatever else does not mend by itself.
   */
  async #persist<T>(act: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await act();
      } catch (error) {
        const isAway = error instanceof BusError &&
          ["away", "full", "gone"].includes(error.trouble);
        if (this.#isOver || this.#breakdown !== undefined || !isAway) {
          throw this.#breakdown ?? error;
        }
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
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
    if (this.#isStopping) return;
    this.#isStopping = true;
    this.#limitEnd();
    this.#changed();
    await this.#persist(() => this.#run.setControl("stop")).catch(() => {});
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
    this.#collector.stop();
    this.#failure.reject(reason);
  }

  /** Ends the run: nothing more is published or collected. */
  #end(error: unknown): void {
    if (this.#isOver) return;
    const isOfBus = error instanceof ClusterError || error instanceof BusError ||
      error instanceof NoProgressError;
    if (!isOfBus) return this.fail(error);
    this.#breakdown ??= error;
    this.#isStopping = true;
    this.#collector.stop();
    this.#broken.resolve();
    this.#changed();
  }

  async close(): Promise<void> {
    this.#isOver = true;
    this.#isStopping = true;
    this.#changed();
    await this.#parts?.pending.return?.();
    // It has not begun.
    if (this.#parts === undefined) await this.release(this.isAttached);
  }

  /** Lets go of the bus, once all outputs are on the disk. */
  async release(isKept: boolean): Promise<void> {
    const { before: { run } } = this.#options;
    const leave = async (): Promise<void> => {
      await this.#run.setControl(isKept ? "stop" : "over");
      if (!isKept) await this.#bus.deleteRun(run);
    };
    const deadline = performance.now() + RELEASE_MS;
    let hasLeft = this.#missing >= MIN_MISSING;
    while (!hasLeft && performance.now() < deadline) {
      hasLeft = await leave().then(() => true, () => false);
      if (!hasLeft) await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
    if (!hasLeft) {
      this.#hooks?.onNotice(
        `run '${run}' may still be on the bus: 'myriad runs URL ${run} --delete' removes it`,
      );
    }
    await this.#bus.close();
  }

  /** What was collected so far. */
  get cluster(): ClusterState {
    return this.#proof.toJSON();
  }

  get stats(): Stats {
    return this.#parts.stats;
  }

  get isShut(): boolean {
    return this.#isStopping || this.#hasEnded && this.#slices.size === 0;
  }

  get isCutShort(): boolean {
    return this.#isInterrupted || this.sourceFailure !== undefined;
  }

  get sourceFailure(): unknown {
    if (this.#breakdown !== undefined) return this.#breakdown;
    // The input was read ahead: what is missing counts only if the run has come so far.
    return this.openCount === 0 ? this.#inputFailure : undefined;
  }

  get openCount(): number {
    return this.#given - this.#taken;
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

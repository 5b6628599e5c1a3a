import { BusError, NoProgressError, UsageError } from "../errors.ts";
import { describeWithheld } from "../output/withheld.ts";
import type { RunOptions } from "../options/run_options.ts";
import { createHostCheck } from "../process/permission.ts";
import { GRACE_MS } from "../run/grace.ts";
import { openEngine } from "../run/open_engine.ts";
import { Pipeline } from "../run/pipeline.ts";
import { requirePermission } from "../run/require_permission.ts";
import { PreciseTimer } from "../schedule/precise_timer.ts";
import { openMaker } from "../source/make_target.ts";
import { addIds } from "../source/request_id.ts";
import { Targets } from "../source/targets.ts";
import { decodeBlock, type RecordTexts } from "./block.ts";
import type { BadSlice } from "./bus/commit_keys.ts";
import type { RunBus } from "./bus/run_bus.ts";
import type { Lease } from "./bus/slice_queue.ts";
import { BusRetries } from "./bus/retries.ts";
import { DamagedError } from "./damaged_error.ts";
import { CommonLimits } from "./common_limits.ts";
import { Leases } from "./leases.ts";
import { LiveTeller } from "./live_teller.ts";
import type { Control, Slice } from "./messages.ts";
import { haveCommon } from "./number_runs.ts";
import { OpenSlice } from "./open_slice.ts";
import { OpenSlices } from "./open_slices.ts";
import { encodePart } from "./part.ts";
import { refuseUnsafe } from "./refuse_unsafe.ts";
import { SliceEncoderPool } from "./slice_encoder_pool.ts";
import { SlicePlan } from "./slice_plan.ts";
import { SliceSource } from "./slice_source.ts";
import type { Spec } from "./spec.ts";

/**
 * The maximum number of slices that a worker holds: a slow request keeps its slice open, and a part
 * waits for the bus.
 */
const MAX_HELD = 8;
/** How often a worker says that it works on its slices in the time after which it counts as lost. */
const KEEPS = 6;
/**
 * How long nobody asks for slices after the bus was away: first, all say what they hold, and commit
 * what they have done. What was on its way when the bus went has failed by then, and was tried again.
 */
const QUIET_MS = 7_000;
/** How often to look whether the bus is back. */
const AWAY_MS = 500;
/** How long a worker that leaves waits for a slice that may be on its way to it. */
const LATE_MS = 2_500;
/** How long a worker that leaves waits for a bus that is away, to commit what it has done. */
const MAX_AWAY_MS = 20_000;
/** How often it is looked, while a worker leaves, whether the bus is away. */
const LOOK_MS = 100;
/** After so many workers that have died in a slice, nobody begins it again. */
const MAX_DEATHS = 4;
/**
 * How long a slice whose requests all failed without a response waits for one of another slice, and
 * how often to look: nobody else has to know what only this worker cannot reach.
 */
const SILENCE_MS = 3_000;
const LISTEN_MS = 100;
/** How often records are read before they count as damaged, and how long to wait between. */
const MAX_READS = 3;
const READ_AGAIN_MS = 500;

/** What a worker works on. */
export interface RunWorkerOptions {
  /** Its name among the workers. */
  readonly name: string;
  readonly spec: Spec;
  readonly options: RunOptions;
  /** Called with what the user of this worker should know. */
  readonly say: (text: string) => void;
}

/** What a worker has done. */
export interface Work {
  /** How many slices it has committed, and their requests. */
  readonly slices: number;
  readonly requests: number;
  /** How many others somebody else had committed before. */
  readonly lost: number;
}

/** Nothing. */
export const NO_WORK: Work = { slices: 0, requests: 0, lost: 0 };

/**
 * One worker of a run: an event loop with one pipeline over all slices that it is given.
 *
 * ```text
 * queue ──► lease ──► open slice ──► part in the store ──► commit ──► acknowledged
 *             │            │              tried again until the bus does it
 *             └────────────┴──► given back if this worker leaves before it has a result
 * ```
 */
export class RunWorker {
  readonly #bus: RunBus;
  readonly #name: string;
  readonly #spec: Spec;
  readonly #options: RunOptions;
  readonly #plan: SlicePlan;
  readonly #say: (text: string) => void;
  readonly #retries: BusRetries;
  readonly #leases = new Leases();
  readonly #open = new OpenSlices((slice) => this.#finish(slice));
  readonly #source = new SliceSource(() => void this.#fetch());
  /** Commits on their way, by the id of their slice. */
  readonly #committing = new Map<string, Promise<void>>();
  readonly #encoders: SliceEncoderPool;
  /** By the id of a slice that it has begun: how many have begun it before and not given it back. */
  readonly #tries = new Map<string, number>();
  readonly #work = { slices: 0, requests: 0, lost: 0 };
  #pipeline: Pipeline<OpenSlices> | undefined;
  #fetching: Promise<void> | undefined;
  #isFetching = false;
  #wantsMore = false;
  #isLeaving = false;
  /** Whether nothing of this run is wanted any more. */
  #isOver = false;
  /** Why it cannot go on; undefined if it can. */
  #failure: unknown;
  #quietUntilMs = -Infinity;
  #responseCount = 0;
  #grace: ReturnType<typeof setTimeout> | undefined;

  constructor(bus: RunBus, { name, spec, options, say }: RunWorkerOptions) {
    this.#bus = bus;
    this.#name = name;
    this.#spec = spec;
    this.#options = options;
    this.#plan = new SlicePlan(options);
    this.#encoders = new SliceEncoderPool(options);
    this.#say = say;
    this.#retries = new BusRetries(say);
  }

  /**
   * Works until the run is over, or {@linkcode leave}. Call it once.
   *
   * @throws {NoProgressError} If it cannot reach anything. What it did then is left to others.
   * @throws {UsageError} If this process may not make the requests of the run.
   * @throws {BusError} If the bus refuses what it needs.
   */
  async run(): Promise<Work> {
    const options = this.#options;
    const { columns, seed, hasOneHost, ids, lostAfterMs } = this.#spec;
    const make = refuseUnsafe(
      await openMaker({ ...options, seed, template: options.url }, columns),
      options,
    );
    const permits = createHostCheck();
    const { engine, check } = await openEngine(options, {
      permits,
      cookies: undefined,
      bodyFor: undefined,
      onSinkFailure: (error) => this.#end(error),
    });
    const timer = options.rate === undefined ? undefined : await PreciseTimer.open();
    const limits = await this.#retries.persist(() =>
      CommonLimits.open(this.#bus, { ...options, worker: this.#name })
    );
    const pipeline: Pipeline<OpenSlices> = this.#pipeline = new Pipeline(
      {
        source: new Targets(this.#source, ids === null ? make : addIds(make, ids)),
        engine,
        check,
        stats: this.#open,
        timer,
        limits,
      },
      { ...options, durationMs: undefined, hasOneHost, isResumable: true },
      {
        beforeFirst: ({ url }) => requirePermission(url, options, permits),
        onResult: ({ status }) => {
          teller.countResult();
          if (status !== null) this.#responseCount++;
        },
        onNotice: (text) => teller.addNotice(text),
        onNews: (news) => limits.onNews(news),
      },
    );
    const teller = new LiveTeller(
      this.#name,
      { pipeline, open: this.#open.list, committing: this.#committing },
      (live) => this.#bus.live.tell(live),
    );
    this.#encoders.onWithheld = () => teller.addNotice(describeWithheld(options.failures!));
    await limits.attach({
      learn: (news) => pipeline.learn(news),
      fail: (error) => this.#end(error),
    });
    const stopWatching = await this.#retries.persist(() =>
      this.#bus.control.watch((control) => this.#take(control))
    );
    const stopWaiting = this.#bus.onReconnect(() => {
      this.#leases.keep();
      this.#quietUntilMs = performance.now() + QUIET_MS;
    });
    const keeping = setInterval(() => this.#leases.keep(), lostAfterMs / KEEPS);
    teller.start();
    if (this.#isLeaving) pipeline.stop();
    else this.#fetch();
    try {
      await pipeline.run();
      this.#failure ??= pipeline.sourceFailure;
    } catch (error) {
      this.#failure ??= error;
    }
    this.#isLeaving = true;
    clearTimeout(this.#grace);
    limits.close();
    await pipeline.close();
    await this.#settle();
    const failure = this.#failure;
    if (failure instanceof UsageError) teller.addNotice(`it has left: ${failure.message}`);
    teller.stop(failure instanceof NoProgressError ? failure.message : undefined);
    clearInterval(keeping);
    stopWaiting();
    stopWatching();
    this.#retries.stop();
    if (failure !== undefined && !this.#isOver) throw failure;
    return this.#work;
  }

  /**
   * Starts no more requests; those in flight have {@linkcode GRACE_MS}, and what is done by then is
   * committed.
   *
   * @returns how many are in flight
   */
  leave(): number {
    if (!this.#isLeaving) {
      this.#isLeaving = true;
      this.#pipeline?.stop();
      this.#grace = setTimeout(() => this.#pipeline?.cancel(), GRACE_MS);
    }
    return this.inFlight;
  }

  /** How many requests are in flight. */
  get inFlight(): number {
    return this.#pipeline?.activity.inFlight ?? 0;
  }

  /** What it has done so far. */
  get work(): Work {
    return this.#work;
  }

  #take(control: Control): void {
    if (control === "stop") this.leave();
    if (control === "over") this.#quit();
  }

  /** Ends as nothing of the run is wanted any more. */
  #quit(): void {
    this.#isOver = true;
    this.#retries.stop();
    this.leave();
    this.#pipeline?.cancel();
  }

  /** Ends as it cannot go on. */
  #end(error: unknown): void {
    if (error instanceof BusError && error.trouble === "gone") return this.#quit();
    this.#failure ??= error;
    this.#isLeaving = true;
    this.#pipeline?.fail(error);
  }

  /** Commits what is done, and gives back the rest. */
  async #settle(): Promise<void> {
    for (const slice of this.#isOver ? [] : [...this.#open.list]) {
      if (slice.doneCount > 0 && this.#isTrusted(slice)) this.#finish(slice);
      else {
        this.#open.remove(slice);
        this.#follow(slice.lease.slice.id, this.#giveBack(slice.lease.slice.id));
      }
    }
    const patience = setTimeout(() => this.#giveUpAway(), MAX_AWAY_MS);
    // That the bus is away may be noticed only now.
    const watch = setInterval(() => {
      if (this.#tellAway()) clearInterval(watch);
    }, LOOK_MS);
    if (this.#tellAway()) clearInterval(watch);
    await Promise.all(this.#committing.values());
    clearTimeout(patience);
    clearInterval(watch);
    // A slice that is handed to nobody would wait until its worker counts as lost.
    if (!this.#isOver) await Promise.race([this.#fetching, this.#retries.wait(LATE_MS)]);
  }

  /** Says what it waits for, if the bus is away. @returns whether it has */
  #tellAway(): boolean {
    if (!this.#bus.isAway || this.#committing.size === 0 || this.#isOver) return false;
    this.#say(
      `the bus does not answer: waiting up to ${MAX_AWAY_MS / 1_000} s to commit what is done; ` +
        "the next signal ends it at once",
    );
    return true;
  }

  /** Leaves to others what it cannot commit. */
  #giveUpAway(): void {
    if (!this.#bus.isAway || this.#isOver) return;
    this.#say("the bus still does not answer: what is not committed is done again by others");
    this.#quit();
  }

  /** Whether what is done of a slice tells about the servers, and not about this worker. */
  #isTrusted({ hasSilence }: OpenSlice): boolean {
    const failure = this.#failure;
    if (failure instanceof NoProgressError) return !hasSilence;
    return failure === undefined || failure instanceof UsageError || failure instanceof BusError;
  }

  /** Fetches slices as long as one is wanted and there is room for it. */
  #fetch(): void {
    this.#wantsMore = true;
    if (!this.#isFetching) this.#fetching = this.#fetchSlices();
  }

  async #fetchSlices(): Promise<void> {
    this.#isFetching = true;
    try {
      while (this.#wantsMore && !this.#isLeaving && this.#leases.size < MAX_HELD) {
        const lease = await this.#retries.persist(async () => {
          await this.#whenQuiet();
          return this.#isLeaving ? undefined : await this.#bus.queue.next();
        });
        if (lease !== undefined) await this.#begin(lease);
      }
    } catch (error) {
      this.#end(error);
    }
    this.#isFetching = false;
  }

  /**
   * Waits until the bus is there, and the other workers have said what they hold. A server that was
   * away for long would hand it to whoever asks first.
   */
  async #whenQuiet(): Promise<void> {
    while (!this.#isLeaving) {
      const waitMs = this.#bus.isAway ? AWAY_MS : this.#quietUntilMs - performance.now();
      if (waitMs <= 0) return;
      await this.#retries.wait(waitMs);
    }
  }

  async #begin(lease: Lease): Promise<void> {
    const { slice } = lease;
    const { id } = slice;
    if (!this.#leases.add(lease)) return;
    if (!this.#isOwn(slice)) {
      this.#bus.leaveOut("a slice");
      return this.#leases.acknowledge(id);
    }
    // The bus can forget that it was acknowledged, and how often it was delivered.
    const [commit, tries] = await this.#retries.persist(() =>
      Promise.all([this.#bus.commits.read(id), this.#bus.commits.readTries(id)])
    );
    if (commit !== undefined) return this.#leases.acknowledge(id);
    if (tries >= MAX_DEATHS) return await this.#condemn(id, "deadly");
    // A server that was killed has forgotten to whom it was handed: that worker may still have it.
    if (tries >= lease.deliveries) return this.#leases.drop(id);
    await this.#retries.persist(() => this.#bus.commits.writeTries(id, tries + 1));
    this.#tries.set(id, tries);
    let records;
    try {
      records = await this.#readRecords(slice);
    } catch (error) {
      if (!(error instanceof DamagedError)) throw error;
      return await this.#condemn(id, "damaged");
    }
    const encoders = await this.#encoders.take();
    if (this.#isLeaving) return await this.#giveBack(id);
    const options = this.#options;
    const open = new OpenSlice({
      lease,
      records,
      step: options.shard.count,
      stats: options,
      encoders,
    });
    this.#open.add(open);
    this.#wantsMore = false;
    this.#source.add(open);
  }

  /**
   * Whether a slice can be one of the run. One that shares numbers with another that is open was made
   * in its place, or by somebody else: if it is missed, it comes again under another id.
   */
  #isOwn(slice: Slice): boolean {
    const { shard: { count: step } } = this.#options;
    return this.#plan.fits(slice) &&
      !this.#open.list.some(({ lease }) => haveCommon(lease.slice.runs, slice.runs, step));
  }

  async #condemn(id: string, why: BadSlice): Promise<void> {
    await this.#retries.persist(() => this.#bus.commits.markBad(id, why));
    this.#tries.delete(id);
    this.#leases.acknowledge(id);
  }

  async #readRecords({ id, count, block }: Slice): Promise<RecordTexts | undefined> {
    if (block === undefined) return undefined;
    for (let reads = 1;; reads++) {
      try {
        const bytes = await this.#retries.persist(() => this.#bus.store.read(block));
        return decodeBlock(
          this.#bus.codec.open("block", id, bytes),
          count,
          this.#options.inputs.length,
        );
      } catch (error) {
        // A copy of the store on another server may not have it yet.
        if (!(error instanceof DamagedError) || reads === MAX_READS) throw error;
        await this.#retries.wait(READ_AGAIN_MS);
      }
    }
  }

  #finish(slice: OpenSlice): void {
    this.#open.remove(slice);
    this.#follow(slice.lease.slice.id, this.#commit(slice));
  }

  /** Waits for what happens to a slice last, which makes room for another one. */
  #follow(id: string, last: Promise<void>): void {
    this.#committing.set(
      id,
      last.catch((error) => this.#end(error)).finally(() => {
        this.#committing.delete(id);
        if (this.#wantsMore) this.#fetch();
      }),
    );
  }

  async #commit(slice: OpenSlice): Promise<void> {
    const { lease: { slice: { id } }, doneCount: count } = slice;
    if (slice.isSilent) {
      await this.#listen();
      if (!this.#isTrusted(slice)) return await this.#giveBack(id);
    }
    const bytes = this.#bus.codec.seal("part", id, encodePart(slice.toPart()));
    this.#encoders.giveBack(slice.encoders);
    const name = `part.${id}.${crypto.randomUUID()}`;
    const part = await this.#retries.persist(() => this.#bus.store.write(name, bytes));
    const tries = (this.#tries.get(id) ?? 0) + 1;
    const commit = { id, worker: this.#name, tries, count, part };
    if (await this.#retries.persist(() => this.#bus.commits.create(commit))) {
      this.#work.slices++;
      this.#work.requests += count;
    } else {
      this.#work.lost++;
      await this.#bus.store.drop(part);
    }
    this.#tries.delete(id);
    this.#leases.acknowledge(id);
  }

  /** Waits until a request has its response, or for a while: nothing may be there to respond. */
  async #listen(): Promise<void> {
    const before = this.#responseCount;
    for (let ms = 0; ms < SILENCE_MS && !this.#isLeaving; ms += LISTEN_MS) {
      if (this.#responseCount > before) return;
      await this.#retries.wait(LISTEN_MS);
    }
  }

  async #giveBack(id: string): Promise<void> {
    const tries = this.#tries.get(id);
    this.#tries.delete(id);
    if (tries !== undefined) {
      await this.#retries.persist(() => this.#bus.commits.writeTries(id, tries));
    }
    // What is said to a bus that is away is lost, and others would wait until this worker is.
    while (this.#bus.isAway && !this.#isOver) await this.#retries.wait(AWAY_MS);
    this.#leases.giveBack(id);
  }
}

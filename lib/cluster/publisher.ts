import type { Item } from "../source/item.ts";
import type { Source, Step } from "../stream.ts";
import type { RunBus } from "./bus/run_bus.ts";
import type { Cutter } from "./cutter.ts";
import { HostCutter } from "./host_cutter.ts";
import type { Lifecycle } from "./lifecycle.ts";
import type { Slice } from "./messages.ts";
import { countRuns, NumberPlaces, splitRuns } from "./number_runs.ts";
import type { Outstanding, OutstandingSlice } from "./outstanding.ts";
import type { SliceBlocks } from "./slice_blocks.ts";
import type { Cut } from "./slice_builder.ts";
import { computeSliceLength, type SliceLengthOptions } from "./slice_length.ts";

/** The maximum number of slices that are on their way to the bus. */
const MAX_PUTS = 8;
/** How many items are cut before the clock is read again. */
const ITEMS_A_READ = 256;
/**
 * The maximum number of runs of a slice that is published anew: what a worker leaves of one can have
 * more, where many requests were in flight. Their numbers, of up to 10 digits, fit into the smallest
 * message that a server may take.
 */
const MAX_RUNS = 4_000;
/** Items wait no longer for others of their slice. */
const SLOW_INPUT_MS = 100;

/** What a publisher shares with the rest of a submitter. */
export interface PublisherParts {
  readonly run: RunBus;
  readonly lifecycle: Lifecycle;
  readonly blocks: SliceBlocks;
  readonly outstanding: Outstanding;
  readonly cutter: Cutter;
  readonly pending: Source<Item>;
}

/** How items are published. */
export interface PublisherOptions extends SliceLengthOptions {
  /** Between two numbers of the run. */
  readonly step: number;
  /** The minimum number of milliseconds between two starts at a host, from 0. */
  readonly hostDelayMs: number;
  /** Called if a slice cannot be published. */
  readonly onFailure: (error: unknown) => void;
}

/** Cuts what is pending into slices, and publishes them while there is room. */
export class Publisher {
  readonly #run: RunBus;
  readonly #lifecycle: Lifecycle;
  readonly #blocks: SliceBlocks;
  readonly #outstanding: Outstanding;
  readonly #cutter: Cutter;
  readonly #pending: Source<Item>;
  readonly #options: PublisherOptions;
  /** Slices of different processes have different ids. */
  readonly #term = crypto.randomUUID().slice(0, 8);
  #count = 0;
  /** At most {@linkcode MAX_PUTS}, and those of slices that are published anew. */
  readonly #puts = new Set<Promise<void>>();
  /** The numbers of slices that were taken over, which are not cut again; undefined without any. */
  #adopted: NumberPlaces | undefined;
  /** Whether an earlier submitter has begun the run. */
  #hasTakenOver = false;
  #given = 0;
  /** The step that the source promised, once it is there. */
  #promised: Step<Item> | undefined;
  #isPulling = false;
  /** When the first item of the next slice came. */
  #cutSinceMs = 0;
  #hasEnded = false;
  #inputFailure: unknown;

  constructor(
    { run, lifecycle, blocks, outstanding, cutter, pending }: PublisherParts,
    options: PublisherOptions,
  ) {
    this.#run = run;
    this.#lifecycle = lifecycle;
    this.#blocks = blocks;
    this.#outstanding = outstanding;
    this.#cutter = cutter;
    this.#pending = pending;
    this.#options = options;
  }

  /** How many items are in slices or on their way there. */
  get given(): number {
    return this.#given;
  }

  /** Whether no more items come. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Why the input broke off; undefined if it did not. */
  get inputFailure(): unknown {
    return this.#inputFailure;
  }

  /** Whether slices are on their way to the bus. */
  get isPutting(): boolean {
    return this.#puts.size > 0;
  }

  /**
   * Takes over slices that are on the bus.
   *
   * @param runs their numbers, ascending
   */
  adopt(slices: readonly Slice[], runs: readonly number[]): void {
    this.#hasTakenOver = true;
    for (const slice of slices) {
      this.#outstanding.add(slice, { group: undefined, isRedone: false });
      this.#given += slice.count;
    }
    if (runs.length > 0) this.#adopted = new NumberPlaces(runs, this.#options.step);
  }

  /** Settles once all that is pending is in slices, or the run stops. Call it once. */
  async publish(): Promise<void> {
    const cutter = this.#cutter;
    const lifecycle = this.#lifecycle;
    cutter.length = computeSliceLength(this.#options, this.#given);
    if (cutter instanceof HostCutter && this.#hasTakenOver) await this.#waitForAdopted();
    let hasMore = true;
    // To read the clock takes longer than to cut an item.
    let now = performance.now();
    let sinceRead = 0;
    while (!lifecycle.isStopping && (hasMore || cutter.count > 0)) {
      if (sinceRead === 0) now = performance.now();
      if (!this.#hasRoom) {
        await lifecycle.change();
        sinceRead = 0;
        continue;
      }
      const cut = cutter.take(!hasMore || cutter.isFull, now);
      if (cut !== undefined) {
        this.#put(cut);
        continue;
      }
      if (!hasMore || cutter.isFull) {
        await lifecycle.change(cutter.readyAtMs - performance.now());
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

  /** Waits until all slices that were taken over have come back: nobody knows their groups. */
  async #waitForAdopted(): Promise<void> {
    const lifecycle = this.#lifecycle;
    while ((this.#outstanding.size > 0 || this.isPutting) && !lifecycle.isStopping) {
      await lifecycle.change();
    }
    // Its last request may have started just before.
    const readyAtMs = performance.now() + this.#options.hostDelayMs;
    for (let ms; (ms = readyAtMs - performance.now()) > 0 && !lifecycle.isStopping;) {
      await lifecycle.change(ms);
    }
  }

  /** Waits for the next item, but not for long while others wait for it. */
  async #waitForItem(): Promise<void> {
    const cutter = this.#cutter;
    const now = performance.now();
    const readyMs = cutter.readyAtMs - now;
    const patienceMs = cutter.count === 0 ? Infinity : this.#cutSinceMs + SLOW_INPUT_MS - now;
    if (patienceMs > 0) return await this.#lifecycle.change(Math.min(patienceMs, readyMs));
    const cut = cutter.take(true, now);
    if (cut === undefined) await this.#lifecycle.change(readyMs);
    else this.#put(cut);
  }

  get #hasRoom(): boolean {
    return !this.#outstanding.isFull && this.#puts.size < MAX_PUTS && !this.#blocks.isFull;
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
      const next = this.#pending.next();
      if (!(next instanceof Promise)) return next;
      this.#isPulling = true;
      next.catch(fail).then((step) => {
        this.#promised = step;
        this.#isPulling = false;
        this.#lifecycle.notify();
      });
      return undefined;
    } catch (error) {
      return fail(error);
    }
  }

  /** Publishes a slice. */
  #put(cut: Cut, isRedone = false): void {
    this.#cutter.length = computeSliceLength(this.#options, this.#given);
    const id = `${this.#term}-${this.#count++}`;
    this.#track(this.#publishSlice(id, cut, isRedone));
  }

  async #publishSlice(
    id: string,
    { runs, count, records, group }: Cut,
    isRedone: boolean,
  ): Promise<void> {
    const block = records && await this.#blocks.store(id, records);
    const slice: Slice = { id, count, runs, block };
    this.#outstanding.add(slice, { group, isRedone });
    await this.#lifecycle.persist(() => this.#run.queue.publish(slice));
  }

  /**
   * Publishes a slice once more, or some of its requests, under another id.
   *
   * @returns settles once nothing of the slice is needed any more
   */
  putAgain(
    { slice, group }: OutstandingSlice,
    runs: readonly number[],
    isRedone: boolean,
  ): Promise<void> {
    const put = async (): Promise<void> => {
      // Its last request may have started just before.
      await new Promise((resolve) => setTimeout(resolve, this.#options.hostDelayMs));
      for (const some of splitRuns(runs, MAX_RUNS)) {
        const records = await this.#blocks.read(slice, some);
        this.#put({ runs: some, count: countRuns(some), records, group }, isRedone);
      }
    };
    return this.#track(put());
  }

  #track(put: Promise<void>): Promise<void> {
    const putting = put.catch(this.#options.onFailure).finally(() => {
      this.#puts.delete(putting);
      this.#lifecycle.notify();
    });
    this.#puts.add(putting);
    return putting;
  }

  /** All of a slice of that group has come back: the next one may go out. */
  release(group: number): void {
    this.#cutter.release(group, performance.now());
  }
}

import type { Item, Items, MakeTarget } from "../source/item.ts";
import type { Source, Step } from "../stream.ts";
import { BlockQueue } from "./block_queue.ts";
import { FIRST_BLOCKS } from "./block_source.ts";
import { HostRoutes } from "./host_routes.ts";
import { type Block, countItems } from "./messages.ts";
import { computeShare } from "./shares.ts";

/** The maximum number of items of a block of records. */
const MAX_ITEMS = 1_000;
/** The same of numbers, which take no room: a block costs each of two threads about 50 us. */
const MAX_NUMBERS = 10_000;
/** The same where each host belongs to one worker: there, records come from far apart. */
const MAX_ITEMS_BY_HOST = 250;
/** If a worker asks again sooner than this, its next block is longer; if later, shorter. */
const SHORT_MS = 50;
const LONG_MS = 200;
/** An input that takes so long for its next item is slow. */
const SLOW_INPUT_MS = 20;
/** Towards the end a block is one part in so many of a worker's share of what is left. */
const PARTS_OF_SHARE = 4;

/** What is dealt, and to whom. */
export interface DealerOptions {
  readonly items: Source<Item>;
  /** How many items there are; undefined where that is not known. */
  readonly total: number | undefined;
  /** Tells how far the input was read. */
  readonly input: Pick<Items, "progress">;
  /** The number behind the last one; Infinity without a bound. */
  readonly end: number;
  /** What is between two numbers of the shard. */
  readonly step: number;
  /** Whether items have records. */
  readonly hasRecords: boolean;
  /** Makes targets for their hosts, if each host is to belong to one worker. */
  readonly makeForHost: MakeTarget | undefined;
  /** How many workers there are, from 1. */
  readonly workers: number;
  /** How many requests the run may have in flight, from 1. */
  readonly concurrency: number;
  /** Starts a second; undefined without a schedule. */
  readonly rate: number | undefined;
  /** Milliseconds on a clock that never goes back. @default performance.now() */
  readonly now?: () => number;
}

/** Receives what a dealer deals. */
export interface DealerHooks {
  /** A worker gets a block that it has asked for. */
  onBlock(worker: number, block: Block): void;
  /** Called once for each worker: it gets no other block. */
  onEnd(worker: number): void;
}

/** What is known of a worker. */
interface Share {
  /** How many requests it may have in flight. */
  readonly places: number;
  /** How many items its next block has, as far as its own speed decides. */
  length: number;
  /** How often it has asked, and when it did last. */
  asked: number;
  askedMs: number;
  /** How many items it has, as far as is known: those that were dealt and have no result yet. */
  open: number;
  /** Whether it gets no other block. */
  hasEnded: boolean;
}

/**
 * Hands out the items of a run to workers, in blocks, as they ask for them; of those that ask, the
 * one with the fewest comes first. What is at hand is handed out at once: no block waits for an
 * input that is slow, or for room in the journal.
 *
 * ```text
 * items ──► queue ──► worker that asks                without limits for each host
 * items ──┬► queue ──► worker of some hosts            else: it decides for its hosts alone
 *         └► queue ──► worker of others
 * ```
 *
 * A queue that is full stops the reading until its worker asks for more.
 */
export class Dealer {
  readonly #options: DealerOptions;
  readonly #hooks: DealerHooks;
  readonly #now: () => number;
  readonly #shares: readonly Share[];
  /** How many items a worker gets at first, and at most. */
  readonly #firstLength: number;
  readonly #maxLength: number;
  readonly #routes: HostRoutes | undefined;
  /** One queue for all, or one for each worker. */
  readonly #queues: readonly BlockQueue[];
  /** The workers that ask, once for each block that they have room for: few. */
  readonly #asking: number[] = [];
  /** Whether a promise of the next item is outstanding; then the item. */
  #isPulling = false;
  #pulled: Step<Item> | undefined;
  /** Behind the last number that was read. */
  #read = 0;
  #dealt = 0;
  /** Whether nothing more is read. */
  #hasEnded = false;
  #failure: unknown;

  constructor(options: DealerOptions, hooks: DealerHooks) {
    const { workers, concurrency, rate, hasRecords, step, makeForHost, now } = options;
    this.#options = options;
    this.#hooks = hooks;
    this.#now = now ?? (() => performance.now());
    // At a rate, what a worker starts in a second: all workers take part in a slow one.
    this.#maxLength = Math.max(
      1,
      Math.min(
        makeForHost !== undefined ? MAX_ITEMS_BY_HOST : hasRecords ? MAX_ITEMS : MAX_NUMBERS,
        (rate ?? Infinity) / workers,
      ),
    );
    this.#firstLength = Math.min(this.#maxLength, concurrency / workers);
    this.#shares = Array.from({ length: workers }, (_, index) => ({
      places: computeShare(concurrency, { index, count: workers }),
      length: this.#firstLength,
      asked: 0,
      askedMs: 0,
      open: 0,
      hasEnded: false,
    }));
    this.#routes = makeForHost && new HostRoutes(makeForHost, workers);
    this.#queues = Array.from(
      { length: makeForHost === undefined ? 1 : workers },
      () => new BlockQueue(hasRecords ? undefined : step),
    );
  }

  /** How many items were read so far to be dealt. */
  get dealt(): number {
    return this.#dealt;
  }

  /** Why the source broke off, if it did; everything before that is dealt. */
  get failure(): unknown {
    return this.#failure;
  }

  /** Each of these workers has room for another block. */
  ask(...workers: readonly number[]): void {
    for (const worker of workers) this.#note(worker);
    this.#deal();
  }

  #note(worker: number): void {
    const share = this.#shares[worker];
    if (share.hasEnded) return;
    const now = this.#now();
    // It asks for its first blocks at once, and then each time that it begins one.
    if (++share.asked > FIRST_BLOCKS + 1) {
      const sinceMs = now - share.askedMs;
      if (sinceMs < SHORT_MS) share.length = Math.min(this.#maxLength, share.length * 2);
      else if (sinceMs > LONG_MS) share.length = Math.max(1, share.length / 2);
    }
    share.askedMs = now;
    this.#asking.push(worker);
  }

  /** A worker has so many more results. */
  settle(worker: number, count: number): void {
    this.#shares[worker].open -= count;
    // It may have had to wait for a free place.
    if (this.#asking.length > 0) this.#deal();
  }

  /** A worker ends by itself: it gets nothing more. */
  leave(worker: number): void {
    this.#shares[worker].hasEnded = true;
    this.#forget(worker);
  }

  /** Deals nothing more. */
  stop(): void {
    this.#hasEnded = true;
    for (const share of this.#shares) share.hasEnded = true;
    this.#asking.length = 0;
  }

  #forget(worker: number): void {
    const left = this.#asking.filter((other) => other !== worker);
    this.#asking.splice(0, Infinity, ...left);
  }

  #deal(): void {
    while (this.#asking.length > 0) {
      // Who asks can have all its places in use while those of another are free.
      this.#asking.sort((a, b) => this.#countFree(b) - this.#countFree(a));
      const [worker] = this.#asking;
      // Those that have free places ask soon.
      if (this.#countFree(worker) <= 0 && this.#canAllStart) break;
      this.#fillFor(worker);
      if (!this.#answer()) break;
    }
    if (!this.#hasEnded) return;
    for (const [worker, share] of this.#shares.entries()) {
      if (share.hasEnded || !this.#findQueue(worker).isEmpty) continue;
      this.leave(worker);
      this.#hooks.onEnd(worker);
    }
  }

  /** How many more items a worker has places for; below 0 if some of its items wait for one. */
  #countFree(worker: number): number {
    const { places, open } = this.#shares[worker];
    return places - open;
  }

  /** Whether all items that are left could start at once, each in some worker. */
  get #canAllStart(): boolean {
    if (this.#routes !== undefined) return false;
    const left = this.#countLeft();
    const free = this.#shares.reduce(
      (sum, { hasEnded }, k) => hasEnded ? sum : sum + Math.max(0, this.#countFree(k)),
      0,
    );
    return left > 0 && left <= free;
  }

  #findQueue(worker: number): BlockQueue {
    return this.#routes === undefined ? this.#queues[0] : this.#queues[worker];
  }

  /** Reads until there is a whole block for a worker, or nothing is at hand, or a queue is full. */
  #fillFor(worker: number): void {
    const wanted = this.#findQueue(worker);
    const canAllStart = this.#canAllStart;
    const limits = this.#shares.map(({ length }, k) =>
      this.#limit(canAllStart ? Math.min(length, this.#countFree(k)) : length)
    );
    if (this.#routes !== undefined && this.#queues.some(({ isFull }) => isFull)) return;
    while (!wanted.hasWhole) {
      const item = this.#pull();
      if (item === undefined) return;
      this.#read = item.i + 1;
      this.#dealt++;
      if (this.#routes === undefined) {
        wanted.add(item, limits[worker]);
      } else {
        const to = this.#routes.find(item);
        const queue = this.#queues[to];
        queue.add(item, limits[to]);
        if (queue.isFull) return;
      }
    }
  }

  /** Answers whoever asks for what there is. @returns whether somebody got something */
  #answer(): boolean {
    let hasAnswered = false;
    for (let k = 0; k < this.#asking.length;) {
      const worker = this.#asking[k];
      const block = this.#findQueue(worker).take();
      if (block === undefined) {
        k++;
        continue;
      }
      this.#asking.splice(k, 1);
      hasAnswered = true;
      this.#shares[worker].open += countItems(block);
      this.#hooks.onBlock(worker, block);
    }
    return hasAnswered;
  }

  /** How many items the next block of a worker has at most, by its own speed and by what is left. */
  #limit(length: number): number {
    const share = this.#countLeft() / (PARTS_OF_SHARE * this.#shares.length);
    return Math.max(1, Math.ceil(Math.min(length, share)));
  }

  /** About how many items are left to be read; Infinity if that is not known. */
  #countLeft(): number {
    const { total = Infinity, input, end, step } = this.#options;
    const progress = input.progress?.();
    const inInput = progress ? this.#read * (1 - progress) / progress : Infinity;
    return Math.min(total - this.#dealt, (end - this.#read) / step, inInput / step);
  }

  /** The next item; undefined if it is not at hand, or nothing is left. */
  #pull(): Item | undefined {
    if (this.#hasEnded || this.#isPulling) return undefined;
    const step = this.#pulled ?? this.#next();
    this.#pulled = undefined;
    if (step === undefined) return undefined;
    if (step.done) this.#hasEnded = true;
    return step.done ? undefined : step.value;
  }

  #next(): Step<Item> | undefined {
    let step;
    try {
      step = this.#options.items.next();
    } catch (error) {
      this.#breakOff(error);
      return undefined;
    }
    if (!(step instanceof Promise)) return step;
    this.#isPulling = true;
    const askedMs = this.#now();
    step.then((step) => {
      this.#pulled = step;
      if (this.#now() - askedMs > SLOW_INPUT_MS) this.#spread();
    }, (error) => this.#breakOff(error)).then(() => {
      this.#isPulling = false;
      this.#deal();
    });
    return undefined;
  }

  /** Gives each worker no more than it can begin: of a slow input every worker gets something. */
  #spread(): void {
    for (const share of this.#shares) share.length = this.#firstLength;
  }

  #breakOff(error: unknown): void {
    if (!this.#hasEnded) this.#failure = error;
    this.#hasEnded = true;
  }
}

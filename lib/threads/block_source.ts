import { END, type Item, ReusedItem } from "../source/item.ts";
import { OverlongLine } from "../source/lines.ts";
import type { MaybePromise, Source, Step } from "../stream.ts";
import type { Block, NumberBlock, RecordBlock } from "./messages.ts";

/** How many blocks a worker asks for at first: at most so many wait for it to begin them. */
export const FIRST_BLOCKS = 2;

/**
 * The items of the blocks that a worker is given. It asks for the next block when it begins one, so
 * that it seldom waits.
 */
export class BlockSource implements Source<Item> {
  readonly #step: number;
  readonly #ask: () => void;
  /** Those that are not begun yet; at most {@linkcode FIRST_BLOCKS}. */
  readonly #blocks: Block[] = [];
  /** The items of the block at hand. */
  #current: Reader | undefined;
  /** Whether no other block comes. */
  #hasEnded = false;
  /** Settles the one `next()` that waits, if there is one. */
  #resolve: ((step: Step<Item>) => void) | undefined;

  /**
   * @param step between two numbers of the shard
   * @param ask asks for a block
   */
  constructor(step: number, ask: () => void) {
    this.#step = step;
    this.#ask = ask;
  }

  /** Asks for the first blocks. */
  begin(): void {
    for (let k = 0; k < FIRST_BLOCKS; k++) this.#ask();
  }

  add(block: Block): void {
    if (this.#hasEnded) return;
    this.#blocks.push(block);
    this.#wake();
  }

  /** No other block comes. */
  end(): void {
    this.#hasEnded = true;
    this.#wake();
  }

  #wake(): void {
    const resolve = this.#resolve;
    this.#resolve = undefined;
    resolve?.(this.#take()!);
  }

  next(): MaybePromise<Step<Item>> {
    return this.#current?.next() ?? this.#take() ??
      new Promise<Step<Item>>((resolve) => this.#resolve = resolve);
  }

  /** The first item of the next block, or the end; undefined if neither has come. */
  #take(): Step<Item> | undefined {
    const block = this.#blocks.shift();
    if (block === undefined) return this.#hasEnded ? END : undefined;
    if (!this.#hasEnded) this.#ask();
    this.#current = block.kind === "numbers"
      ? new NumberReader(block, this.#step)
      : new RecordReader(block);
    return this.#current.next();
  }

  /** Drops what it has. */
  return(): void {
    this.#blocks.length = 0;
    this.#current = undefined;
    this.end();
  }
}

/** Reads a block. */
interface Reader {
  /** Undefined at its end. */
  next(): Step<Item> | undefined;
}

class NumberReader implements Reader {
  readonly #item = new ReusedItem();
  readonly #runs: Float64Array;
  readonly #step: number;
  #place = 0;
  /** How many numbers of the run at that place were read. */
  #read = 0;

  constructor({ runs }: NumberBlock, step: number) {
    this.#runs = runs;
    this.#step = step;
  }

  next(): Step<Item> | undefined {
    const runs = this.#runs;
    if (this.#place === runs.length) return undefined;
    this.#item.i = runs[this.#place] + this.#read++ * this.#step;
    if (this.#read === runs[this.#place + 1]) {
      this.#place += 2;
      this.#read = 0;
    }
    return this.#item.step;
  }
}

class RecordReader implements Reader {
  readonly #item = new ReusedItem();
  readonly #block: RecordBlock;
  #place = 0;
  /** Which text comes next, and where the one at hand begins and ends among all. */
  #next = 0;
  #text = "";
  #start = 0;
  #end = 0;
  /** Where the last record ends. */
  #read = 0;
  /** How many of those that are too long were read. */
  #overlong = 0;

  constructor(block: RecordBlock) {
    this.#block = block;
  }

  next(): Step<Item> | undefined {
    const { places, texts, overlong, inputs } = this.#block;
    const place = this.#place;
    if (place === places.length) return undefined;
    const item = this.#item;
    item.i = places[place];
    item.line = places[place + 1];
    if (inputs.length > 0) item.input = inputs[place / 3];
    const end = places[place + 2];
    if (end > this.#end) {
      this.#text = texts[this.#next++];
      this.#start = this.#end;
      this.#end += this.#text.length;
    }
    const record = this.#text.slice(this.#read - this.#start, end - this.#start);
    this.#read = end;
    if (overlong[this.#overlong] * 3 === place) {
      this.#overlong++;
      item.record = new OverlongLine(record);
    } else {
      item.record = record;
    }
    this.#place = place + 3;
    return item.step;
  }
}

import { BusError } from "../errors.ts";
import { MAX_INPUTS } from "../source/item.ts";
import { decodeBlock, encodeBlock, type RecordTexts } from "./block.ts";
import type { RunBus } from "./bus/run_bus.ts";
import { DamagedError } from "./damaged_error.ts";
import type { Lifecycle } from "./lifecycle.ts";
import type { Slice, Stored } from "./messages.ts";
import { listNumbers, NumberPlaces } from "./number_runs.ts";

/** Blocks of records take at most this share of the store: parts need the rest. */
const SHARE_OF_BLOCKS = 1 / 4;

/** The records of slices, on the bus. */
export class SliceBlocks {
  readonly #run: RunBus;
  readonly #lifecycle: Lifecycle;
  readonly #maxBytes: number;
  readonly #step: number;
  /** How many bytes each has, by the slice: as many as slices are on the bus. */
  readonly #sizes = new Map<string, number>();
  #bytes = 0;

  constructor(
    run: RunBus,
    lifecycle: Lifecycle,
    { holdBytes, step }: { readonly holdBytes: number; readonly step: number },
  ) {
    this.#run = run;
    this.#lifecycle = lifecycle;
    this.#maxBytes = holdBytes * SHARE_OF_BLOCKS;
    this.#step = step;
  }

  get isFull(): boolean {
    return this.#bytes > 0 && this.#bytes >= this.#maxBytes;
  }

  async store(id: string, records: RecordTexts): Promise<Stored> {
    const bytes = encodeBlock(records);
    this.#sizes.set(id, bytes.length);
    this.#bytes += bytes.length;
    const sealed = this.#run.codec.seal("block", id, bytes);
    return await this.#lifecycle.persist(() => this.#run.store.write(`block.${id}`, sealed));
  }

  /**
   * The records of some of a slice's requests; undefined without an input.
   *
   * @throws {BusError} If they are damaged.
   */
  async read(
    { id, runs, count, block }: Slice,
    wanted: readonly number[],
  ): Promise<RecordTexts | undefined> {
    if (block === undefined) return undefined;
    const { texts, lines, overlong, inputs } = await this.#readAll(id, block, count);
    const places = new NumberPlaces(runs, this.#step);
    const chosen = [...listNumbers(wanted, this.#step)].map((i) => places.find(i)!);
    const isOverlong = new Set(overlong);
    return {
      texts: chosen.map((place) => texts[place]),
      lines: chosen.map((place) => lines[place]),
      inputs: inputs.length === 0 ? inputs : chosen.map((place) => inputs[place]),
      overlong: [...chosen.keys()].filter((k) => isOverlong.has(chosen[k])),
    };
  }

  async #readAll(id: string, block: Stored, count: number): Promise<RecordTexts> {
    try {
      const bytes = await this.#lifecycle.persist(() => this.#run.store.read(block));
      return decodeBlock(this.#run.codec.open("block", id, bytes), count, MAX_INPUTS);
    } catch (error) {
      if (!(error instanceof DamagedError)) throw error;
      throw new BusError(
        `Cannot go on: the bus has damaged the records of slice '${id}'`,
        "failed",
      );
    }
  }

  async drop(id: string): Promise<void> {
    await this.#lifecycle.persist(() => this.#run.store.dropName(`block.${id}`));
    this.#bytes -= this.#sizes.get(id) ?? 0;
    this.#sizes.delete(id);
    this.#lifecycle.notify();
  }
}

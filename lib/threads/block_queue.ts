import { type Item, listInputs } from "../source/item.ts";
import { OverlongLine, toText } from "../source/lines.ts";
import { detachString } from "../text/detach.ts";
import type { Block } from "./messages.ts";

/** The maximum number of characters of a block's records, apart from the last one. */
const MAX_TEXT_LENGTH = 64 * 1024;
/**
 * A text ends with the record that makes it so long. A record is a slice that keeps its text in
 * memory, so this is what a request in flight can hold.
 */
const MAX_PIECE_LENGTH = 8 * 1024;
/** About how many bytes an item takes in addition to its record. */
const ITEM_BYTES = 32;
/** The queue takes no more items once they take so many bytes. */
export const MAX_QUEUED_BYTES = 512 * 1024;

/** Items that wait to be handed out, in blocks. Its bound is {@linkcode MAX_QUEUED_BYTES}. */
export class BlockQueue {
  readonly #whole: { readonly block: Block; readonly bytes: number }[] = [];
  /** The block that is not whole yet. */
  readonly #builder: NumberBuilder | RecordBuilder;
  /** How many bytes the whole blocks take. */
  #bytes = 0;

  /** @param step between two numbers of the shard; undefined where items have records */
  constructor(step: number | undefined) {
    this.#builder = step === undefined ? new RecordBuilder() : new NumberBuilder(step);
  }

  get isEmpty(): boolean {
    return this.#builder.length === 0 && this.#whole.length === 0;
  }

  get hasWhole(): boolean {
    return this.#whole.length > 0;
  }

  get isFull(): boolean {
    return this.#bytes + this.#builder.bytes >= MAX_QUEUED_BYTES;
  }

  /** @param limit how many items make a block whole, from 1 */
  add(item: Item, limit: number): void {
    const builder = this.#builder;
    builder.add(item);
    if (builder.length >= limit || builder.textLength >= MAX_TEXT_LENGTH) {
      const { bytes } = builder;
      this.#bytes += bytes;
      this.#whole.push({ block: builder.build(), bytes });
    }
  }

  /** The next block, whole or not; undefined if the queue is empty. */
  take(): Block | undefined {
    const whole = this.#whole.shift();
    if (whole === undefined) return this.#builder.length === 0 ? undefined : this.#builder.build();
    this.#bytes -= whole.bytes;
    return whole.block;
  }
}

/** Puts together a block of numbers. */
class NumberBuilder {
  readonly #step: number;
  #runs: number[] = [];
  length = 0;
  readonly textLength = 0;

  constructor(step: number) {
    this.#step = step;
  }

  get bytes(): number {
    return this.length * ITEM_BYTES;
  }

  add({ i }: Item): void {
    const runs = this.#runs;
    const last = runs.length - 2;
    if (last >= 0 && runs[last] + runs[last + 1] * this.#step === i) runs[last + 1]++;
    else runs.push(i, 1);
    this.length++;
  }

  /** The block; the next one begins. */
  build(): Block {
    const runs = Float64Array.from(this.#runs);
    this.#runs = [];
    this.length = 0;
    return { kind: "numbers", runs };
  }
}

/** Puts together a block of records. */
class RecordBuilder {
  #places: number[] = [];
  #overlong: number[] = [];
  #inputs: number[] = [];
  #texts: string[] = [];
  /** The text that has not ended. */
  #text = "";
  /** How many characters all texts have. */
  textLength = 0;
  length = 0;

  get bytes(): number {
    return this.textLength + this.length * ITEM_BYTES;
  }

  add({ i, record, line, input }: Item): void {
    const text = toText(record);
    if (record instanceof OverlongLine) this.#overlong.push(this.length);
    this.#text += text;
    this.textLength += text.length;
    this.#places.push(i, line, this.textLength);
    this.#inputs.push(input);
    this.length++;
    if (this.#text.length >= MAX_PIECE_LENGTH) this.#endText();
  }

  #endText(): void {
    // Records are slices of the input, which they would keep in memory.
    this.#texts.push(detachString(this.#text));
    this.#text = "";
  }

  /** The block; the next one begins. */
  build(): Block {
    if (this.#text !== "") this.#endText();
    const block: Block = {
      kind: "records",
      places: Float64Array.from(this.#places),
      texts: this.#texts,
      overlong: this.#overlong,
      inputs: listInputs(this.#inputs),
    };
    this.#places = [];
    this.#overlong = [];
    this.#inputs = [];
    this.#texts = [];
    this.textLength = 0;
    this.length = 0;
    return block;
  }
}

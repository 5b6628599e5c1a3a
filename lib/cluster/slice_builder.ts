import { type Item, listInputs } from "../source/item.ts";
import { OverlongLine, toText } from "../source/lines.ts";
import { detachString } from "../text/detach.ts";
import type { RecordTexts } from "./block.ts";
import { RunBuilder } from "./number_runs.ts";

/** The maximum number of characters of a slice's records, apart from the last one. */
const MAX_TEXT_LENGTH = 8 * 1024 * 1024;
/** The maximum number of runs of a slice. */
const MAX_RUNS = 1_000;

/** A slice that is not on the bus yet. */
export interface Cut {
  readonly runs: readonly number[];
  readonly count: number;
  /** Undefined without an input. */
  readonly records: RecordTexts | undefined;
  /** Only one slice of a group may be on the bus; undefined if that does not matter. */
  readonly group: number | undefined;
}

/** Puts together slices from items, one after the other. */
export class SliceBuilder {
  /** How many items make a slice whole, from 1. */
  length = 1;
  readonly #step: number;
  readonly #hasRecords: boolean;
  readonly #group: number | undefined;
  #runs: RunBuilder;
  #count = 0;
  #textLength = 0;
  #texts: string[] = [];
  #lines: number[] = [];
  #overlong: number[] = [];
  #inputs: number[] = [];

  /** @param group that of its slices */
  constructor(
    { step, hasRecords }: { readonly step: number; readonly hasRecords: boolean },
    group?: number,
  ) {
    this.#step = step;
    this.#hasRecords = hasRecords;
    this.#group = group;
    this.#runs = new RunBuilder(step);
  }

  /** @returns a slice, if the item has made it whole */
  add({ i, record, line, input }: Item): Cut | undefined {
    this.#runs.add(i);
    if (this.#hasRecords) {
      const text = toText(record);
      if (record instanceof OverlongLine) this.#overlong.push(this.#count);
      this.#texts.push(detachString(text));
      this.#lines.push(line);
      this.#inputs.push(input);
      this.#textLength += text.length;
    }
    this.#count++;
    const isWhole = this.#count >= this.length || this.#textLength >= MAX_TEXT_LENGTH ||
      this.#runs.runs.length >= 2 * MAX_RUNS;
    return isWhole ? this.take() : undefined;
  }

  /** How many items wait for their slice. */
  get count(): number {
    return this.#count;
  }

  /** What is there; undefined without any. */
  take(): Cut | undefined {
    const count = this.#count;
    if (count === 0) return undefined;
    const { runs } = this.#runs;
    const records = this.#hasRecords
      ? {
        texts: this.#texts,
        lines: this.#lines,
        overlong: this.#overlong,
        inputs: listInputs(this.#inputs),
      }
      : undefined;
    this.#runs = new RunBuilder(this.#step);
    this.#count = 0;
    this.#textLength = 0;
    this.#texts = [];
    this.#lines = [];
    this.#overlong = [];
    this.#inputs = [];
    return { runs, count, records, group: this.#group };
  }
}

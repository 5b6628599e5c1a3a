import type { Source } from "../stream.ts";
import type { Target } from "../target.ts";
import type { Line } from "./lines.ts";

/** What a target is made of. */
export interface Item {
  /** The number of the target in the run, from 0. */
  readonly i: number;
  /** Its record; empty without an input. */
  readonly record: Line;
  /** The line of its input on which the record begins, from 1; 0 without an input. */
  readonly line: number;
  /** Which of the inputs has the record, from 0. */
  readonly input: number;
}

/**
 * The items of a run, and how far they have come. They are one object, which is filled in for each:
 * read it before the next call.
 */
export interface Items extends Source<Item> {
  /** How many there will be; undefined where that is not known. */
  readonly total?: number | undefined;
  /** The share of the input that was read, 0 to 1, where that is known. */
  progress?(): number | undefined;
  /** How many records the input had; undefined before its end, and without an input. */
  readonly ended?: number | undefined;
  return(): unknown;
}

/** The maximum number of inputs of a run. */
export const MAX_INPUTS = 1_000;

/** The columns that the header of each input names; empty for an input without one. */
export type InputColumns = readonly (readonly string[])[];

/** The input of each of some items; empty where all are of the first one, as in most runs. */
export function listInputs(inputs: readonly number[]): readonly number[] {
  return inputs.some((input) => input > 0) ? inputs : [];
}

/** Makes the target of an item. */
export type MakeTarget = (item: Item) => Target;

/** The one item of a source, and the step around it: no object is made for an item. */
export class ReusedItem implements Item {
  i = 0;
  record: Line = "";
  line = 0;
  input = 0;
  readonly step: IteratorYieldResult<Item> = { value: this, done: false };
}

/** The step that ends every source of items. */
export const END: IteratorReturnResult<undefined> = { value: undefined, done: true };

import { type Line, type Lines, toText } from "./lines.ts";

/** How many characters a record counts in addition to its own, for the memory of the object. */
const RECORD_LENGTH = 64;

/** What a record that is held counts towards a bound, in characters (UTF-16 code units). */
export function measureRecord(record: Line): number {
  return toText(record).length + RECORD_LENGTH;
}

/** The records of inputs, which can be read again from their start once they have come to their end. */
export interface Records extends Lines {
  /** Which of the inputs has the last record, from 0. */
  readonly input: number;
  /** The share of all inputs that was read, 0 to 1; undefined where a size is not known. */
  readonly progress: number | undefined;
  restart(): void;
}

import type { Lines } from "./lines.ts";

/** The records of inputs, which can be read again from their start once they have come to their end. */
export interface Records extends Lines {
  /** Which of the inputs has the last record, from 0. */
  readonly input: number;
  /** The share of all inputs that was read, 0 to 1; undefined where a size is not known. */
  readonly progress: number | undefined;
  restart(): void;
}

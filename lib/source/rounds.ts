import { mapStep, type MaybePromise, type Step } from "../stream.ts";
import { type Line, type Lines, toText } from "./lines.ts";

/** The maximum number of characters (UTF-16 code units) of records in memory. */
const MAX_KEPT_LENGTH = 1024 * 1024;
/** How many characters a record counts in addition to its own, for the memory of the object. */
const RECORD_LENGTH = 64;

/**
 * The records of an input, round after round. A short input is read once, and its records stay in
 * memory: to read a line again for each request costs 5 us, almost as much as the request.
 */
export class Rounds implements Lines {
  #records: Lines;
  readonly #again: () => Lines;
  /** The records of the first round; undefined once they are too many. */
  #kept: { readonly record: Line; readonly line: number }[] | undefined = [];
  #keptLength = 0;
  /** Which of the kept records comes next; undefined while the input is read. */
  #place: number | undefined;
  line = 0;

  /**
   * @param first the records of the first round
   * @param again reads the input again, from its start
   */
  constructor(first: Lines, again: () => Lines) {
    this.#records = first;
    this.#again = again;
  }

  get unread(): number {
    return this.#records.unread;
  }

  /** The next record of this round. */
  next(): MaybePromise<Step<Line>> {
    if (this.#place === undefined) return mapStep(this.#records.next(), this.#note);
    const kept = this.#kept![this.#place++];
    if (kept === undefined) return { value: undefined, done: true };
    this.line = kept.line;
    return { value: kept.record, done: false };
  }

  readonly #note = (step: Step<Line>): Step<Line> => {
    if (step.done) return step;
    const record = step.value;
    this.line = this.#records.line;
    if (this.#kept !== undefined) {
      const { length } = toText(record);
      this.#keptLength += length + RECORD_LENGTH;
      if (this.#keptLength > MAX_KEPT_LENGTH) this.#kept = undefined;
      else this.#kept.push({ record, line: this.line });
    }
    return step;
  };

  /**
   * Begins the next round; the one before has come to its end.
   *
   * @returns whether the input is read again, with its header
   */
  begin(): boolean {
    if (this.#kept === undefined) this.#records = this.#again();
    else this.#place = 0;
    return this.#kept === undefined;
  }

  return(): void {
    this.#kept = [];
    this.#place = 0;
    this.#records.return?.();
  }
}

import { mapStep, type MaybePromise, type Step } from "../stream.ts";
import type { Line, Lines } from "./lines.ts";
import { measureRecord, type Records } from "./records.ts";

/** The maximum number of characters (UTF-16 code units) of records in memory. */
const MAX_KEPT_LENGTH = 1024 * 1024;

/**
 * The records of inputs, round after round. A short input is read once, and its records stay in
 * memory: to read a line again for each request costs 5 us, almost as much as the request.
 */
export class Rounds implements Lines {
  readonly #records: Records;
  /** The records of the first round; undefined once they are too many. */
  #kept: { readonly record: Line; readonly line: number; readonly input: number }[] | undefined =
    [];
  #keptLength = 0;
  /** Which of the kept records comes next; undefined while the input is read. */
  #place: number | undefined;
  line = 0;
  input = 0;

  constructor(records: Records) {
    this.#records = records;
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
    this.input = kept.input;
    return { value: kept.record, done: false };
  }

  readonly #note = (step: Step<Line>): Step<Line> => {
    if (step.done) return step;
    const record = step.value;
    this.line = this.#records.line;
    this.input = this.#records.input;
    if (this.#kept !== undefined) {
      this.#keptLength += measureRecord(record);
      if (this.#keptLength > MAX_KEPT_LENGTH) this.#kept = undefined;
      else this.#kept.push({ record, line: this.line, input: this.input });
    }
    return step;
  };

  /** Begins the next round; the one before has come to its end. */
  begin(): void {
    if (this.#kept === undefined) this.#records.restart();
    else this.#place = 0;
  }

  return(): void {
    this.#kept = [];
    this.#place = 0;
    this.#records.return?.();
  }
}

import type { MaybePromise, Step } from "../stream.ts";
import type { Line } from "./lines.ts";
import type { Records } from "./records.ts";
import type { Sample } from "./sample.ts";

/** Those of the records that are in a sample, the same in each round. */
export class SampledRecords implements Records {
  readonly #records: Records;
  readonly #sample: Sample;
  readonly #isSkipped: (line: Line) => boolean;
  /** How many records were read, and how many of them are in the sample. */
  #read = 0;
  #taken = 0;
  /** The place of the next record that is in the sample. */
  #next: number;

  /** @param isSkipped tells whether a line does not count */
  constructor(records: Records, sample: Sample, isSkipped: (line: Line) => boolean) {
    this.#records = records;
    this.#sample = sample;
    this.#isSkipped = isSkipped;
    this.#next = sample.at(0);
  }

  get line(): number {
    return this.#records.line;
  }

  get unread(): number {
    return this.#records.unread;
  }

  get input(): number {
    return this.#records.input;
  }

  get progress(): number | undefined {
    return this.#records.progress;
  }

  next(): MaybePromise<Step<Line>> {
    for (;;) {
      const step = this.#records.next();
      if (step instanceof Promise) return this.#whenThere(step);
      if (this.#isWanted(step)) return step;
    }
  }

  /** Reads in a loop: a chain of promises would grow with every block that is skipped. */
  async #whenThere(pending: Promise<Step<Line>>): Promise<Step<Line>> {
    for (let step = await pending;;) {
      if (this.#isWanted(step)) return step;
      const next = this.#records.next();
      step = next instanceof Promise ? await next : next;
    }
  }

  #isWanted(step: Step<Line>): boolean {
    if (step.done) return true;
    if (this.#isSkipped(step.value) || this.#read++ < this.#next) return false;
    this.#next = this.#sample.at(++this.#taken);
    return true;
  }

  restart(): void {
    this.#records.restart();
    this.#read = this.#taken = 0;
    this.#next = this.#sample.at(0);
  }

  return(): void {
    this.#records.return?.();
  }
}

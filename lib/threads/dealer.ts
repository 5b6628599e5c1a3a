import type { MaybePromise, Source } from "../stream.ts";
import type { Target } from "../target.ts";
import type { Block } from "./messages.ts";

/** The maximum number of targets of a block. */
const MAX_TARGETS = 1_000;

/** Hands out the targets of a run to workers, in blocks. */
export class Dealer {
  readonly #source: Source<Target>;
  readonly #step: number;
  readonly #blockLength: number;
  #hasEnded = false;

  /**
   * @param source the targets that are to be requested
   * @param step between two numbers of the shard
   */
  constructor(source: Source<Target>, { step, total, workers }: {
    step: number;
    total: number | undefined;
    workers: number;
  }) {
    this.#source = source;
    this.#step = step;
    this.#blockLength = Math.max(
      1,
      Math.min(MAX_TARGETS, Math.ceil((total ?? Infinity) / (4 * workers))),
    );
  }

  /** The next block; undefined once nothing is left. Only one call is outstanding at a time. */
  async next(): Promise<Block | undefined> {
    const runs: number[] = [];
    for (let k = 0; k < this.#blockLength && !this.#hasEnded; k++) {
      const pending: MaybePromise<IteratorResult<Target>> = this.#source.next();
      const step = pending instanceof Promise ? await pending : pending;
      if (step.done) {
        this.#hasEnded = true;
        break;
      }
      const { i } = step.value;
      const at = runs.length - 2;
      if (at >= 0 && runs[at] + runs[at + 1] * this.#step === i) runs[at + 1]++;
      else runs.push(i, 1);
    }
    return runs.length === 0 ? undefined : { kind: "numbers", runs: Float64Array.from(runs) };
  }
}

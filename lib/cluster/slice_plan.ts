import type { RunOptions } from "../options/run_options.ts";
import { createNumbering, type NumberSequence } from "../source/numbering.ts";
import { MAX_SLICE_RUNS, type Slice } from "./messages.ts";
import { isRuns } from "./number_runs.ts";

/** Which slices a run can have. Where it is not sealed, anybody can put others into its queue. */
export class SlicePlan {
  readonly #numbering: NumberSequence;
  /** Behind the last number. */
  readonly #end: number;
  readonly #hasRecords: boolean;

  constructor(options: Pick<RunOptions, "start" | "requests" | "shard" | "inputs">) {
    const { start, requests, inputs } = options;
    this.#numbering = createNumbering(options);
    this.#end = Math.min(start + requests, Number.MAX_SAFE_INTEGER + 1);
    this.#hasRecords = inputs.length > 0;
  }

  /** Whether a slice has numbers of the run, each once, and records if the run has an input. */
  fits({ runs, block }: Pick<Slice, "runs" | "block">): boolean {
    const { first, step } = this.#numbering;
    if ((block !== undefined) !== this.#hasRecords || !isRuns(runs, MAX_SLICE_RUNS, step)) {
      return false;
    }
    for (let k = 0; k < runs.length; k += 2) {
      const last = runs[k] + (runs[k + 1] - 1) * step;
      if (runs[k] < first || (runs[k] - first) % step !== 0 || last >= this.#end) return false;
    }
    return true;
  }
}

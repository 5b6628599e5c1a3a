import { createHash } from "node:crypto";
import { type ClusterState, MAX_WORKERS } from "../checkpoint/cluster_state.ts";

/** What was collected of a slice. */
export interface CollectedSlice {
  readonly worker: string;
  /** How many records it has; each number of them was ticked off. */
  readonly records: number;
  /** SHA-256 of its part, in hexadecimal. */
  readonly sha256: string;
  /** Whether the slice was handed out before. */
  readonly isRedone: boolean;
}

/** Sums up what was collected, so that the summary can say what is proved. */
export class Proof {
  #state: ClusterState;
  readonly #workers: Set<string>;

  /** @param before what was collected before the run was resumed */
  constructor(before: ClusterState) {
    this.#state = before;
    this.#workers = new Set(before.workers);
  }

  add({ worker, records, sha256, isRedone }: CollectedSlice): void {
    if (this.#workers.size < MAX_WORKERS) this.#workers.add(worker);
    const before = this.#state;
    this.#state = {
      ...before,
      slices: before.slices + 1,
      redone: before.redone + (isRedone ? 1 : 0),
      records: before.records + records,
      sha256: createHash("sha256").update(before.sha256 + sha256).digest("hex"),
    };
  }

  toJSON(): ClusterState {
    return { ...this.#state, workers: [...this.#workers] };
  }
}

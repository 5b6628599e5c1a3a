/** How far a run is. */
export type RunState =
  /** Its submitter has not described it yet. */
  | "preparing"
  | "running"
  /** No request starts any more: workers commit what they have. */
  | "stopping"
  /** It has ended, and is about to be removed. */
  | "over"
  /** The servers that have it do not answer: they start, or elect a leader. */
  | "away"
  /** Some of its streams are missing: a submitter died while it made or removed it. */
  | "damaged";

/** What is known of a worker, as it told in the last second. */
export interface WorkerStatus {
  readonly worker: string;
  /** Results a second. */
  readonly rate: number;
  readonly in_flight: number;
  /** How many slices it holds. */
  readonly open: number;
  /** The share of the time in which its event loop was busy, 0 to 1. */
  readonly loop_busy: number;
  readonly rss_bytes: number;
  readonly engine: string;
  readonly transport: string;
  /** Whether it starts no more requests. */
  readonly leaving: boolean;
}

/** What is known of a run, as `--json` has it. */
export interface RunStatus {
  readonly run: string;
  readonly state: RunState;
  /** Whether what its workers tell can only be read with its key. */
  readonly sealed: boolean;
  /** When it was submitted, in the format of ISO 8601; null while no server knows. */
  readonly since: string | null;
  /** How many slices were published so far. */
  readonly slices: number;
  /** How many of these are done. */
  readonly done: number;
  /** How many are with workers; the others wait. */
  readonly held: number;
  readonly stored_bytes: number;
  readonly hold_bytes: number;
  /** Results a second of all workers. */
  readonly rate: number;
  readonly workers: readonly WorkerStatus[];
}

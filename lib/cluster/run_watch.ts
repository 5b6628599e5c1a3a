import { BusError, NoProgressError } from "../errors.ts";
import type { BadSlice } from "./bus/commit_keys.ts";
import type { RunBus } from "./bus/run_bus.ts";
import type { Lifecycle } from "./lifecycle.ts";
import { type LiveWorkers, SILENT_MS, toProcess } from "./live_workers.ts";
import type { Live } from "./messages.ts";
import type { Outstanding } from "./outstanding.ts";
import type { SliceResults } from "./slice_results.ts";

/** How often in a row a run has to be missing to be lost: a server that starts has not found all. */
const MIN_MISSING = 2;
/** The maximum number of processes that are remembered as having given up. */
const MAX_PROCESSES = 10_000;

/** What a watch shares with the rest of a submitter. */
export interface RunWatchParts {
  readonly run: RunBus;
  readonly lifecycle: Lifecycle;
  readonly outstanding: Outstanding;
  readonly results: SliceResults;
  readonly workers: LiveWorkers;
}

/** Receives what a watch has found. */
export interface RunWatchHooks {
  /** Called if the bus does not have the run any more. */
  onLost(reason: BusError): void;
  /** Called if nobody can do a slice, and that was not told. */
  onBad(id: string, why: BadSlice): void;
  /** Called if all workers have left because they could not reach anything. */
  onNoProgress(reason: NoProgressError): void;
  onNotice(text: string): void;
}

/** Looks for what nobody tells: a run, or slices of it, that the bus has lost; a bus that is away. */
export class RunWatch {
  readonly #run: RunBus;
  readonly #lifecycle: Lifecycle;
  readonly #outstanding: Outstanding;
  readonly #results: SliceResults;
  readonly #workers: LiveWorkers;
  readonly #lostAfterMs: number;
  readonly #hooks: RunWatchHooks;
  /** How often in a row the bus did not have the run. */
  #missing = 0;
  #isLooking = false;
  /** Whether the bus did not answer lately. */
  #isAway = false;
  /**
   * The processes whose workers have left as they could not reach anything, why the last of them did,
   * and when that was. Undefined if another process has been at work since.
   */
  #gaveUp:
    | { readonly processes: Set<string>; readonly why: string; readonly atMs: number }
    | undefined;

  /** @param lostAfterMs how long the bus has a slice before it can be missing, in milliseconds */
  constructor(
    { run, lifecycle, outstanding, results, workers }: RunWatchParts,
    lostAfterMs: number,
    hooks: RunWatchHooks,
  ) {
    this.#run = run;
    this.#lifecycle = lifecycle;
    this.#outstanding = outstanding;
    this.#results = results;
    this.#workers = workers;
    this.#lostAfterMs = lostAfterMs;
    this.#hooks = hooks;
  }

  /** Whether the bus has lost the run. */
  get hasLost(): boolean {
    return this.#missing >= MIN_MISSING;
  }

  /** Takes note of a worker that leaves as it could not reach anything, and of one that goes on. */
  hear({ worker, isShut, gaveUp }: Live): void {
    const process = toProcess(worker);
    if (gaveUp !== null) {
      const processes = this.#gaveUp?.processes ?? new Set();
      if (processes.size < MAX_PROCESSES) processes.add(process);
      this.#gaveUp = { processes, why: gaveUp, atMs: performance.now() };
    } else if (!isShut && this.#gaveUp?.processes.has(process) === false) {
      // When one thread gives up, the others of its process leave without saying so.
      this.#gaveUp = undefined;
    }
  }

  /** Looks once, unless it is still looking. Never rejects. */
  async look(): Promise<void> {
    this.#workers.look();
    if (this.#isLooking) return;
    this.#isLooking = true;
    try {
      await this.#lookOnce();
      this.#noteAway(false);
    } catch {
      this.#noteAway(true);
    } finally {
      this.#isLooking = false;
    }
  }

  #noteAway(isAway: boolean): void {
    if (this.#isAway === isAway || this.#lifecycle.isOver) return;
    this.#isAway = isAway;
    this.#hooks.onNotice(isAway ? "the bus does not answer: waiting for it" : "the bus is back");
  }

  async #lookOnce(): Promise<void> {
    const exists = await this.#run.exists();
    this.#missing = exists ? 0 : this.#missing + 1;
    if (this.#lifecycle.isOver) return;
    if (this.hasLost) {
      return this.#hooks.onLost(
        new BusError(
          "Cannot go on: the run is not on the bus any more: its store is lost, or 'myriad runs' " +
            "has deleted the run",
          "gone",
        ),
      );
    }
    const now = performance.now();
    const { length } = this.#workers.heard;
    if (this.#gaveUp !== undefined && length === 0 && now - this.#gaveUp.atMs > SILENT_MS) {
      return this.#hooks.onNoProgress(new NoProgressError(this.#gaveUp.why));
    }
    if (exists) await this.#findMissing(now);
  }

  /** Publishes slices anew that two looks have found neither in the queue nor committed or bad. */
  async #findMissing(now: number): Promise<void> {
    const old = this.#outstanding.takeOld(now, this.#lostAfterMs);
    if (old.length === 0) return;
    const queued = new Set((await this.#run.queue.list()).map(({ slice }) => slice.id));
    for (const one of old) {
      const { id } = one.slice;
      if (queued.has(id)) {
        one.isMissing = false;
        continue;
      }
      const commit = await this.#run.commits.read(id);
      if (!this.#outstanding.has(id)) continue;
      const wasMissing = one.isMissing;
      one.isMissing = true;
      if (!wasMissing) continue;
      if (commit === undefined) this.#results.replace(id, "was lost by the bus");
      // Only what is not out any more is closed by this run: an earlier submitter has done that, or
      // somebody else. Workers leave the slice alone.
      else if (commit === "closed") this.#results.replace(id, "was closed before it was done");
      else if (typeof commit === "object") this.#results.add(commit);
      else this.#hooks.onBad(id, commit);
    }
  }
}

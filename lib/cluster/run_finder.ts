import { BusError, UsageError } from "../errors.ts";
import type { Bus } from "./bus/bus.ts";
import { BusRetries } from "./bus/retries.ts";
import { type FoundRun, readRun } from "./find_run.ts";

/** How often to look for a run. */
const LOOK_MS = 500;

/** What runs have to fit. */
export interface RunFinderOptions {
  readonly key: Uint8Array | undefined;
  /** The version of this program. */
  readonly version: string;
  /** Called with what the user should know. */
  readonly say: (text: string) => void;
}

/** Waits for runs that workers can join. */
export class RunFinder {
  readonly #bus: Bus;
  readonly #options: RunFinderOptions;
  readonly #retries: BusRetries;
  /** Runs that this program does not fit; they are on the bus. */
  #refused = new Set<string>();
  #hasStopped = false;

  constructor(bus: Bus, options: RunFinderOptions) {
    this.#bus = bus;
    this.#options = options;
    this.#retries = new BusRetries(options.say);
  }

  /**
   * Waits for a run of a name.
   *
   * @param waitMs how long
   * @returns undefined after {@linkcode stop}
   * @throws {UsageError} If it does not come, or this program does not fit it.
   */
  async find(run: string, waitMs: number): Promise<FoundRun | undefined> {
    const endMs = performance.now() + waitMs;
    return await this.#look(async () => {
      const found = await this.#open(run);
      if (found === undefined && performance.now() >= endMs) {
        throw new UsageError(
          `There is no run '${run}' on the bus to work on: 'myriad runs URL' lists the runs, and ` +
            "--wait 1m waits for one",
        );
      }
      return found;
    });
  }

  /**
   * Waits for any run. Those that this program does not fit are left out, and told once.
   *
   * @returns undefined after {@linkcode stop}
   */
  async findAny(): Promise<FoundRun | undefined> {
    return await this.#look(async () => {
      const runs = await this.#bus.listRuns();
      this.#refused = this.#refused.intersection(new Set(runs));
      for (const run of runs) {
        if (this.#refused.has(run)) continue;
        try {
          const found = await this.#open(run);
          if (found !== undefined) return found;
        } catch (error) {
          if (!(error instanceof UsageError)) throw error;
          this.#refused.add(run);
          this.#options.say(`left out: ${error.message}`);
        }
      }
    });
  }

  /** Undefined if there is nothing to do for workers. */
  async #open(run: string): Promise<FoundRun | undefined> {
    const { key, version } = this.#options;
    const opened = await this.#bus.openRun(run, key);
    if (opened === undefined) return undefined;
    // Its submitter has stopped it, or is gone and can come back.
    if (await opened.control.read() !== "run") return undefined;
    return await readRun(opened, version);
  }

  async #look(find: () => Promise<FoundRun | undefined>): Promise<FoundRun | undefined> {
    while (!this.#hasStopped) {
      try {
        const found = await this.#retries.persist(find);
        if (found !== undefined) return found;
      } catch (error) {
        // It ended while it was opened.
        if (!(error instanceof BusError) || error.trouble !== "gone") throw error;
      }
      await this.#retries.wait(LOOK_MS);
    }
    return undefined;
  }

  /** Waits no longer. */
  stop(): void {
    this.#hasStopped = true;
    this.#retries.stop();
  }
}

import type { BusOptions } from "../options/run_options.ts";
import { Bus } from "./bus/bus.ts";
import type { RunBus } from "./bus/run_bus.ts";

/** How long the end of a run tries to leave nothing on the bus, and how often. */
const RELEASE_MS = 10_000;
const RETRY_MS = 500;

/** Which run is opened, and how it is made on the bus. */
export interface SubmittedRunOptions {
  readonly bus: BusOptions;
  /** Whether the run may be on the bus already. */
  readonly isResumed: boolean;
  readonly lostAfterMs: number;
  readonly holdBytes: number;
  readonly replicas: number;
  /** What the run is sealed with; undefined if it is not. */
  readonly key: Uint8Array | undefined;
}

/** A run on the bus, from the moment when it is made or found there until it is given up. */
export class SubmittedRun {
  readonly #bus: Bus;
  readonly #name: string;
  readonly run: RunBus;
  /** Whether the bus had the run already. */
  readonly isAttached: boolean;
  /** Whether the bus had the run, but of another version of this program, or with another key. */
  readonly isReplaced: boolean;

  /**
   * @param version the version of this program
   * @throws {UsageError} If the bus cannot be used.
   */
  static async open(
    name: string,
    version: string,
    options: SubmittedRunOptions,
  ): Promise<SubmittedRun> {
    const { isResumed, key } = options;
    const bus = await Bus.connect(options.bus);
    try {
      const found = isResumed ? await bus.openRun(name, key) : undefined;
      // What another version or key has made of it is of no use.
      const isThere = found !== undefined && await found.exists();
      const isAttached = isThere && await found.isReadable(version);
      if (found !== undefined && !isAttached) await bus.deleteRun(name);
      const run = isAttached ? found : await bus.createRun(name, options);
      return new SubmittedRun(bus, name, run, { isAttached, isReplaced: isThere && !isAttached });
    } catch (error) {
      await bus.close();
      throw error;
    }
  }

  private constructor(
    bus: Bus,
    name: string,
    run: RunBus,
    { isAttached, isReplaced }: { readonly isAttached: boolean; readonly isReplaced: boolean },
  ) {
    this.#bus = bus;
    this.#name = name;
    this.run = run;
    this.isAttached = isAttached;
    this.isReplaced = isReplaced;
  }

  /**
   * Lets go of the bus.
   *
   * @param isKept whether a later run goes on with what the bus has
   * @param isLost whether the bus has lost the run
   * @returns whether the workers know, and nothing that is not kept is left
   */
  async release(isKept: boolean, isLost: boolean): Promise<boolean> {
    const leave = async (): Promise<void> => {
      await this.run.control.write(isKept ? "stop" : "over");
      if (!isKept) await this.#bus.deleteRun(this.#name);
    };
    const deadline = performance.now() + RELEASE_MS;
    let hasLeft = isLost;
    while (!hasLeft && performance.now() < deadline) {
      hasLeft = await leave().then(() => true, () => false);
      if (!hasLeft) await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
    await this.#bus.close();
    return hasLeft;
  }
}

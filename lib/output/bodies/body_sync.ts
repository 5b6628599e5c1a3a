import { OutputError } from "../../errors.ts";
import { describeWriteError } from "../../process/os_error.ts";
import {
  type DescriptorReserve,
  isExhausted,
  ReservedDescriptors,
} from "../../process/reserved_descriptors.ts";
import { syncFile, syncFileSync, syncFolder, syncFolderSync } from "../../process/sync.ts";
import type { MaybePromise } from "../../stream.ts";

/** How many files go to the disk at the same time: it takes them together. */
const LANES = 16;
/** While so many bodies wait for the disk, requests wait for them, so that no more gather. */
const MAX_WAITING = 4_096;

/**
 * Brings the bodies of a folder to the disk before a journal counts their results: without that, a
 * machine that goes down leaves empty files beside their records.
 */
export class BodySync implements Disposable {
  readonly #path: string;
  readonly #spare: ReservedDescriptors;
  readonly #maxWaiting: number;
  /** The names of those that nothing brings to the disk yet. */
  #names: string[] = [];
  /** How many are not on the disk. */
  #waiting = 0;
  /** Brings some to the disk. */
  #running: Promise<void> = Promise.resolve();
  /** Settles when all that have been added are there; undefined if nobody waits for them. */
  #next: Promise<void> | undefined;

  /**
   * @param path of the folder
   * @param maxWaiting how many bodies may wait before requests do; for tests
   */
  constructor(path: string, maxWaiting = MAX_WAITING) {
    this.#path = path;
    this.#spare = new ReservedDescriptors(path);
    this.#maxWaiting = maxWaiting;
  }

  /** Adds a body that has its name, which is below the folder. */
  add(name: string): void {
    this.#names.push(name);
    this.#waiting++;
  }

  /**
   * Settles when there is room for more bodies; undefined if there is.
   *
   * @throws {OutputError} As a rejection, if one cannot be brought to the disk.
   */
  get full(): MaybePromise<void> {
    return this.#waiting < this.#maxWaiting ? undefined : this.sync();
  }

  /**
   * Brings all bodies that were added to the disk, with their names.
   *
   * @throws {OutputError} If that fails, or has failed before.
   */
  sync(): Promise<void> {
    if (this.#next === undefined) {
      this.#running = this.#next = this.#running.then(() => this.#bring());
      // Where nobody waits for it, the next journal fails.
      this.#next.catch(() => {});
    }
    return this.#next;
  }

  async #bring(): Promise<void> {
    const names = this.#names;
    this.#names = [];
    this.#next = undefined;
    if (names.length === 0) return;
    const folders = new Set(names.map((name) => name.slice(0, name.indexOf("/"))));
    try {
      await this.#syncAll(names, { sync: syncFile, syncNow: syncFileSync });
      await this.#syncAll([...folders, "."], { sync: syncFolder, syncNow: syncFolderSync });
    } catch (error) {
      throw new OutputError(
        `Cannot write '--save-bodies ${this.#path}': ${describeWriteError(error)}`,
      );
    }
    this.#waiting -= names.length;
  }

  /** @param syncNow does it while the thread waits */
  async #syncAll(
    names: readonly string[],
    { sync, syncNow }: {
      readonly sync: (path: string) => Promise<void>;
      readonly syncNow: (path: string, reserve: DescriptorReserve) => void;
    },
  ): Promise<void> {
    const rest = names.values();
    const run = async (): Promise<void> => {
      for (const name of rest) {
        const path = `${this.#path}/${name}`;
        try {
          await sync(path).catch((error) => {
            if (!isExhausted(error)) throw error;
            // What the reserve lends does not stay open while this thread does something else.
            syncNow(path, this.#spare);
          });
        } catch (error) {
          // Whoever takes bodies away while the run goes on has them.
          if (!(error instanceof Deno.errors.NotFound)) throw error;
        }
      }
    };
    await Promise.all(Array.from({ length: LANES }, run));
  }

  /** Lets go of the folder. */
  [Symbol.dispose](): void {
    this.#spare.close();
  }
}

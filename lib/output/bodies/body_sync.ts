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
/** When so many bodies wait for the disk, requests wait for them, so that no more gather. */
const MAX_WAITING = 4_096;

/**
 * Brings the bodies of a folder to the disk before a journal counts their results: without that, a
 * machine that goes down leaves empty files beside their records.
 */
export class BodySync {
  readonly #path: string;
  readonly #spare: ReservedDescriptors;
  readonly #maxWaiting: number;
  /** Below the folder; about `#maxWaiting` at most. */
  #names: string[] = [];
  /** Settles when all before are on the disk. */
  #last: Promise<void> = Promise.resolve();

  /**
   * @param path of the folder
   * @param maxWaiting how many bodies wait before requests do; for tests
   */
  constructor(path: string, maxWaiting = MAX_WAITING) {
    this.#path = path;
    this.#spare = new ReservedDescriptors(path);
    this.#maxWaiting = maxWaiting;
  }

  /** Adds a body that has its name, which is below the folder. */
  add(name: string): void {
    this.#names.push(name);
  }

  /**
   * Settles when there is room for more bodies; undefined if there is.
   *
   * @throws {OutputError} As a rejection, if one cannot be brought to the disk.
   */
  get full(): MaybePromise<void> {
    return this.#names.length < this.#maxWaiting ? undefined : this.sync();
  }

  /**
   * Brings all bodies that were added to the disk, with their names.
   *
   * @throws {OutputError} If that fails.
   */
  sync(): Promise<void> {
    const names = this.#names;
    this.#names = [];
    this.#last = this.#last.then(() => this.#bring(names));
    // Where nobody waits for it, the next journal fails.
    this.#last.catch(() => {});
    return this.#last;
  }

  async #bring(names: readonly string[]): Promise<void> {
    if (names.length === 0) return;
    const folders = new Set(names.map((name) => name.slice(0, name.indexOf("/"))));
    try {
      await this.#syncAll(names, syncFile, syncFileSync);
      await this.#syncAll([...folders, "."], syncFolder, syncFolderSync);
    } catch (error) {
      throw new OutputError(
        `Cannot write '--save-bodies ${this.#path}': ${describeWriteError(error)}`,
      );
    }
  }

  async #syncAll(
    names: readonly string[],
    sync: (path: string) => Promise<void>,
    syncNow: (path: string, reserve: DescriptorReserve) => void,
  ): Promise<void> {
    const rest = names.values();
    const run = async (): Promise<void> => {
      for (const name of rest) {
        const path = `${this.#path}/${name}`;
        try {
          await sync(path);
        } catch (error) {
          // What failed later, in another attempt, has no body any more.
          if (error instanceof Deno.errors.NotFound) continue;
          if (!isExhausted(error)) throw error;
          // What the reserve lends does not stay open while this thread does something else.
          syncNow(path, this.#spare);
        }
      }
    };
    await Promise.all(Array.from({ length: LANES }, run));
  }

  /** Lets go of the folder. */
  close(): void {
    this.#spare.close();
  }
}

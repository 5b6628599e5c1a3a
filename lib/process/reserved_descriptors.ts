/** Whether a process, or the whole system, may open no more files: EMFILE, ENFILE. */
export function isExhausted(error: unknown): boolean {
  return error instanceof Error && /\(os error 2[34]\)/.test(error.message);
}

/** Nobody notifies those that wait for it. */
const NEVER = new Int32Array(new SharedArrayBuffer(4));

/** How many are kept: another thread, such as a name look-up, can take one that was freed. */
const SPARES = 4;
/**
 * How often work is tried again while all are taken, and the wait before each: other threads open
 * files, too, for less than a millisecond.
 */
const MAX_TRIES = 100;
const TRY_MS = 5;

/** What lends file descriptors. */
export type DescriptorReserve = Pick<ReservedDescriptors, "use" | "refill">;

/** Lends none. */
export const NO_RESERVE: DescriptorReserve = { use: (work) => work(), refill: () => {} };

/**
 * File descriptors in reserve. Where sockets run out, requests wait for them, but what has come is
 * still to be written.
 */
export class ReservedDescriptors {
  readonly #path: string;
  readonly #open: (path: string) => Disposable;
  /** At most `SPARES`. */
  readonly #files: Disposable[] = [];

  /**
   * @param path of a file or a folder that exists
   * @param open opens it; for tests
   */
  constructor(path: string, open: (path: string) => Disposable = (path) => Deno.openSync(path)) {
    this.#path = path;
    this.#open = open;
    this.refill();
  }

  /**
   * Takes back what was lent. Whoever closes a file that stayed open behind {@linkcode use} calls it
   * at once: a socket that waits would take the descriptor, and there would be one less each time.
   */
  refill(): void {
    try {
      while (this.#files.length < SPARES) this.#files.push(this.#open(this.#path));
    } catch {
      // All descriptors are taken at present, or this system opens no folders.
    }
  }

  /**
   * Does work that opens one file at a time, and may leave it open. Where that fails because there are no descriptors, it
   * frees one and does the work again; once it has none, it blocks this thread for a moment.
   *
   * @throws Whatever the work throws.
   */
  use<T>(work: () => T): T {
    try {
      for (let tries = 0;;) {
        try {
          return work();
        } catch (error) {
          if (!isExhausted(error)) throw error;
          const file = this.#files.pop();
          if (file !== undefined) file[Symbol.dispose]();
          else if (++tries > MAX_TRIES) throw error;
          else Atomics.wait(NEVER, 0, 0, TRY_MS);
        }
      }
    } finally {
      this.refill();
    }
  }

  close(): void {
    for (const file of this.#files.splice(0)) file[Symbol.dispose]();
  }
}

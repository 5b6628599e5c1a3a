/** What a system says of a process, or of itself, that may open no more files: ENFILE, EMFILE. */
const EXHAUSTED = /\(os error 2[34]\)/;

/** How many are kept: another thread, as one that looks up a name, can take one that was given up. */
const SPARES = 4;

/**
 * File descriptors for when there are no others: where sockets run out, requests wait for them, but
 * what was answered is to be written.
 */
export class ReservedDescriptors {
  readonly #open: () => Disposable | undefined;
  /** At most `SPARES`. */
  readonly #files: Disposable[] = [];

  /** @param open opens something that is there, whatever it is; undefined if it cannot */
  constructor(open: () => Disposable | undefined) {
    this.#open = open;
    this.#fill();
  }

  #fill(): void {
    while (this.#files.length < SPARES) {
      const file = this.#open();
      if (file === undefined) return;
      this.#files.push(file);
    }
  }

  /**
   * Does work that has at most one file open at a time and begins with opening it, again as long as
   * that was not possible and there is a descriptor to give up for it.
   *
   * @throws what the work throws
   */
  use<T>(work: () => T): T {
    try {
      for (;;) {
        try {
          return work();
        } catch (error) {
          if (!(error instanceof Error) || !EXHAUSTED.test(error.message)) throw error;
          const file = this.#files.pop();
          if (file === undefined) throw error;
          file[Symbol.dispose]();
        }
      }
    } finally {
      this.#fill();
    }
  }

  close(): void {
    for (const file of this.#files.splice(0)) file[Symbol.dispose]();
  }
}

/** What a system says of a process, or of itself, that may open no more files: ENFILE, EMFILE. */
const EXHAUSTED = /\(os error 2[34]\)/;

/**
 * A file descriptor for when there is no other: where sockets run out, requests wait for them, but
 * what was answered is to be written.
 */
export class SpareDescriptor {
  readonly #open: () => Disposable | undefined;
  #file: Disposable | undefined;

  /** @param open opens something that is there, whatever it is; undefined if it cannot */
  constructor(open: () => Disposable | undefined) {
    this.#open = open;
    this.#file = open();
  }

  /**
   * Does work that has at most one file open at a time and begins with opening it, once more if
   * that was not possible.
   *
   * @throws what the work throws
   */
  use<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (this.#file === undefined || !(error instanceof Error) || !EXHAUSTED.test(error.message)) {
        throw error;
      }
    }
    this.close();
    try {
      // Nothing else runs in between that could take it.
      return work();
    } finally {
      this.#file = this.#open();
    }
  }

  close(): void {
    this.#file?.[Symbol.dispose]();
    this.#file = undefined;
  }
}

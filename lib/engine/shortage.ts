/** The first pause, and the longest; each is twice the one before, until a connection is made. */
const FIRST_MS = 100;
const MAX_WAIT_MS = 2_000;

/**
 * What to do when this machine has no socket left: nothing new for a while, and then try again.
 * No request fails of it before its own time is up.
 */
export class Shortage {
  /** How often each thing ran out, in words. */
  readonly counts = new Map<string, number>();
  #pauseMs = FIRST_MS;
  #pause: Promise<void> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Whether nothing new is to be begun. */
  get isOn(): boolean {
    return this.#pause !== undefined;
  }

  /**
   * Something ran out.
   *
   * @param what it was, in words, of which there are few
   * @returns settles when it is time to try again; the same for all who come in the meantime
   */
  begin(what: string): Promise<void> {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
    return this.#pause ??= new Promise((resolve) => {
      this.#timer = setTimeout(() => {
        this.#pause = undefined;
        resolve();
      }, this.#pauseMs);
      this.#pauseMs = Math.min(MAX_WAIT_MS, this.#pauseMs * 2);
    });
  }

  /** It went well: the next pause is short again. */
  end(): void {
    this.#pauseMs = FIRST_MS;
  }

  close(): void {
    clearTimeout(this.#timer);
  }
}

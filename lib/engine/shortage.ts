/** The first pause and the longest. Each is twice the one before, until a connection is made. */
const FIRST_MS = 100;
const MAX_WAIT_MS = 2_000;

/**
 * Pauses new connections while this machine has no socket left, and then lets them try again. No
 * request fails because of that before its own time is up.
 */
export class Shortage {
  /** How often each resource ran out, by its name. */
  readonly counts = new Map<string, number>();
  /** The resource that the present pause is for; undefined without a pause. */
  what: string | undefined;
  #pauseMs = FIRST_MS;
  #pause: Promise<void> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Whether new connections have to wait. */
  get isOn(): boolean {
    return this.#pause !== undefined;
  }

  /**
   * Begins a pause, unless there is one.
   *
   * @param what the resource that ran out, in words, of which there are few
   * @returns settles when it is time to try again; the same promise for every caller until then
   */
  begin(what: string): Promise<void> {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
    this.what ??= what;
    return this.#pause ??= new Promise((resolve) => {
      this.#timer = setTimeout(() => {
        this.#pause = this.what = undefined;
        resolve();
      }, this.#pauseMs);
      this.#pauseMs = Math.min(MAX_WAIT_MS, this.#pauseMs * 2);
    });
  }

  /** A connection was made: the next pause is short again. */
  end(): void {
    this.#pauseMs = FIRST_MS;
  }

  close(): void {
    clearTimeout(this.#timer);
  }
}

import { BusError } from "../../errors.ts";

/** How long to wait after a failure, in milliseconds: twice as long each time, up to a maximum. */
const MIN_WAIT_MS = 250;
const MAX_WAIT_MS = 1_000;

/** What the user is told when the bus does not do what it is asked for, and when it does again. */
const WORDS = {
  away: ["the bus does not answer: what was begun is done, and waits for it", "the bus is back"],
  full: [
    "the store of the run is full: what was done waits until the submitter has collected more",
    "the store of the run has room again",
  ],
} as const;

/** Tries again what a bus does not do because it is away, or full, until the run is over. */
export class BusRetries {
  readonly #say: (text: string) => void;
  /** How many things wait for it; each is tried by a caller that waits for it. */
  readonly #waiting = { away: 0, full: 0 };
  readonly #wakers = new Set<() => void>();
  #hasStopped = false;

  /** @param say tells the user once that something waits, and once that nothing does any more */
  constructor(say: (text: string) => void) {
    this.#say = say;
  }

  /**
   * Does something on the bus, as often as it takes.
   *
   * @throws {BusError} If the bus refuses it; with the trouble `gone` if the run is over.
   */
  async persist<T>(act: () => Promise<T>): Promise<T> {
    let trouble: keyof typeof WORDS | undefined;
    let waitMs = MIN_WAIT_MS;
    try {
      for (;;) {
        if (this.#hasStopped) throw new BusError("Cannot go on: the run is over", "gone");
        try {
          return await act();
        } catch (error) {
          if (!(error instanceof BusError)) throw error;
          if (error.trouble !== "away" && error.trouble !== "full") throw error;
          if (error.trouble !== trouble) this.#change(trouble, trouble = error.trouble);
        }
        await this.wait(waitMs);
        waitMs = Math.min(2 * waitMs, MAX_WAIT_MS);
      }
    } finally {
      this.#change(trouble, undefined);
    }
  }

  #change(from: keyof typeof WORDS | undefined, to: keyof typeof WORDS | undefined): void {
    const waiting = this.#waiting;
    if (from !== undefined && --waiting[from] === 0 && !this.#hasStopped) this.#say(WORDS[from][1]);
    if (to !== undefined && waiting[to]++ === 0 && !this.#hasStopped) this.#say(WORDS[to][0]);
  }

  /** Settles after a time, or once the run is over. */
  wait(ms: number): Promise<void> {
    if (this.#hasStopped) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        this.#wakers.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, ms);
      this.#wakers.add(wake);
    });
  }

  /** The run is over: nothing is tried again. */
  stop(): void {
    this.#hasStopped = true;
    for (const wake of this.#wakers) wake();
  }
}

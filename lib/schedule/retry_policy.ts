import { IDEMPOTENT } from "../http.ts";
import type { RetryOptions } from "../options.ts";
import type { Result } from "../types.ts";

/** By which name of `--retry-on` a result goes. */
export function causeOf({ error, status }: Result): string {
  return error ?? String(status);
}

/** Whether and when a request is made again. */
export class RetryPolicy {
  readonly #options: RetryOptions;
  readonly #random: () => number;
  /** By status, whether time can mend it: nothing is looked up by a text for each answer. */
  readonly #statuses: readonly boolean[];

  /** @param random a number from 0 up to, but not, 1 */
  constructor(options: RetryOptions, random: () => number = Math.random) {
    this.#options = options;
    this.#random = random;
    this.#statuses = Array.from({ length: 1000 }, (_, status) => options.on.has(String(status)));
  }

  /** Most attempts beyond the first. */
  get retries(): number {
    return this.#options.retries;
  }

  /** Whether a result is of a cause that time can mend. */
  isTransient({ error, status, isPermanent }: Result): boolean {
    if (error === undefined) return this.#statuses[status!];
    // It did come, so its status counts as well.
    if (error === "expect" && this.#statuses[status!]) return true;
    return !isPermanent && this.#options.on.has(error);
  }

  /**
   * Whether a request is made once more.
   *
   * @param attempts how often it was made, from 1
   */
  wantsMore(result: Result, attempts: number): boolean {
    const { retries, unsafe } = this.#options;
    return attempts <= retries && this.isTransient(result) &&
      (unsafe || IDEMPOTENT.has(result.target.method));
  }

  /**
   * Milliseconds before the next attempt: any up to twice the bound of the one before ("full
   * jitter", as in AWS's "Exponential Backoff And Jitter"), so that what failed together does not
   * come back together.
   *
   * @param attempts how often it was made, from 1
   */
  waitMs(attempts: number): number {
    const { delayMs, maxDelayMs } = this.#options;
    return this.#random() * Math.min(maxDelayMs, delayMs * 2 ** (attempts - 1));
  }
}

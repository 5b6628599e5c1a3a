import { IDEMPOTENT } from "../http/fields.ts";
import type { RetryOptions } from "../options/run_options.ts";
import type { Result } from "../result.ts";

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
  isTransient(result: Result): boolean {
    const { error, isPermanent } = result;
    if (this.#isByStatus(result)) return true;
    return error !== undefined && !isPermanent && this.#options.on.has(error);
  }

  /**
   * Whether an answer has a status that time can mend and that the user did not say to expect. An
   * answer that failed by an expectation counts too.
   */
  #isByStatus({ error, status, target }: Result): boolean {
    if (!this.#statuses[status!] || (error !== undefined && error !== "expect")) return false;
    const expected = target.expect?.statuses ?? this.#options.expected;
    return expected === undefined || !expected.has(status!);
  }

  /** By which name of `--retry-on` a result goes. */
  causeOf(result: Result): string {
    const { error, status } = result;
    return error === undefined || this.#isByStatus(result) ? String(status) : error;
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
   * The final result of a request that is not made again: an answer that still has a status of
   * `--retry-on` has failed.
   *
   * @param attempts how often it was made, from 0
   */
  lastOf(result: Result, attempts: number): Result {
    const { error, status, target } = result;
    const { failsOnStatus, retries, unsafe } = this.#options;
    if (error !== undefined || !failsOnStatus || !this.#isByStatus(result)) {
      return attempts === result.attempts ? result : { ...result, attempts };
    }
    const isSentOnce = retries > 0 && !unsafe && !IDEMPOTENT.has(target.method);
    return {
      ...result,
      attempts,
      error: "expect",
      expectation: `--retry-on ${status}`,
      detail: `status ${status} after ${attempts === 1 ? "1 attempt" : `${attempts} attempts`}` +
        (isSentOnce ? ", made again only with --retry-unsafe" : ""),
    };
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

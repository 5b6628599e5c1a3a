import { IDEMPOTENT } from "../http/fields.ts";
import type { RetryOptions } from "../options/run_options.ts";
import type { Result } from "../result.ts";

/**
 * Whether nothing of a request can have reached its server, as there was no connection to it. What
 * native fetch calls `connect` may be a connection that was lost. Behind a redirect, a request was
 * processed before.
 */
function isUnsent({ error, redirects }: Result): boolean {
  return redirects === 0 && (error === "dns" || error === "refused");
}

/** Decides whether and when a request is retried. */
export class RetryPolicy {
  readonly #options: RetryOptions;
  readonly #random: () => number;
  /** By status, whether it is retried: an array, since a set of texts would cost more a response. */
  readonly #statuses: readonly boolean[];

  /** @param random returns a number from 0 to below 1 */
  constructor(options: RetryOptions, random: () => number = Math.random) {
    this.#options = options;
    this.#random = random;
    this.#statuses = Array.from({ length: 1000 }, (_, status) => options.on.has(String(status)));
  }

  /** The maximum number of attempts after the first one. */
  get retries(): number {
    return this.#options.retries;
  }

  /** Whether a result has a cause that can pass with time. */
  isTransient(result: Result): boolean {
    const { error, isPermanent } = result;
    if (this.#isByStatus(result)) return true;
    return error !== undefined && !isPermanent && this.#options.on.has(error);
  }

  /**
   * Whether a response has a status whose cause can pass with time, and that the user does not
   * expect. A response that missed an expectation counts too.
   */
  #isByStatus({ error, status, target }: Result): boolean {
    if (!this.#statuses[status!] || (error !== undefined && error !== "expect")) return false;
    const expected = target.expect?.statuses ?? this.#options.expected;
    return expected === undefined || !expected.has(status!);
  }

  /** The name of `--retry-on` that a result falls under. */
  nameCause(result: Result): string {
    const { error, status } = result;
    return error === undefined || this.#isByStatus(result) ? String(status) : error;
  }

  /**
   * Whether a request is retried.
   *
   * @param attempts how often it was made so far, from 1
   */
  wantsMore(result: Result, attempts: number): boolean {
    const { retries, unsafe } = this.#options;
    return attempts <= retries && this.isTransient(result) &&
      (unsafe || IDEMPOTENT.has(result.target.method) || isUnsent(result));
  }

  /**
   * The final result of a request that is not retried: a response that still has a status of
   * `--retry-on` has failed.
   *
   * @param attempts how often the request was made, from 0
   */
  toFinal(result: Result, attempts: number): Result {
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
   * The milliseconds before the next attempt: a random part of a bound that doubles with each attempt
   * ("full jitter", as in AWS's "Exponential Backoff And Jitter"), so that requests that failed
   * together are not retried together.
   *
   * @param attempts how often the request was made so far, from 1
   */
  waitMs(attempts: number): number {
    const { delayMs, maxDelayMs } = this.#options;
    return this.#random() * Math.min(maxDelayMs, delayMs * 2 ** (attempts - 1));
  }
}

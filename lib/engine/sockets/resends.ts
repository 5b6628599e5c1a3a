import type { Resend } from "./connection.ts";

/**
 * How often a request is sent again that the server did not process. A server that keeps refusing gets
 * a second in all, see {@linkcode pauseMs}.
 */
const MAX_REFUSALS = 8;

/** The longest pause before a request is sent again that the server did not process. */
const MAX_PAUSE_MS = 500;

/** The milliseconds before such a request is sent again; the first time at once. @param nth from 1 */
function pauseMs(nth: number): number {
  return nth === 1 ? 0 : Math.min(MAX_PAUSE_MS, 4 * 2 ** (nth - 1));
}

/** How many connections with other requests may be lost under a request before it goes alone. */
const MAX_SHARED_LOSSES = 2;

/** The request that a connection has lost. */
export interface LostRequest {
  /** Whether it may be processed twice (RFC 9110 §9.2.2). */
  readonly isIdempotent: boolean;
  /** Whether its connection could have other requests at the same time. */
  readonly wasShared: boolean;
}

/** How a request is sent again. */
export interface NextSend {
  readonly afterMs: number;
  /** Whether it needs a connection that was not used before, unless requests share connections. */
  readonly isFreshOnly: boolean;
  /** Whether it must have a connection of its own. */
  readonly isAlone: boolean;
}

/** Decides how often, and how, one request is sent again by itself. */
export class Resends {
  #refusals = 0;
  #losses = 0;
  /** Whether the last decision was that it goes alone. What happens then is its own doing. */
  #isAlone = false;

  /**
   * Decides what follows when a connection was lost under a request, or has refused it.
   *
   * @returns undefined if it must not be sent again
   */
  next(resend: Resend, { isIdempotent, wasShared }: LostRequest): NextSend | undefined {
    switch (resend) {
      case "never":
        return undefined;
      case "unsent":
        // Each time a connection less is left of those that were open.
        return { afterMs: 0, isFreshOnly: false, isAlone: this.#isAlone };
      case "always":
      case "always-alone": {
        const isSuspect = resend === "always-alone";
        if (isSuspect && this.#isAlone || ++this.#refusals > MAX_REFUSALS) return undefined;
        this.#isAlone ||= isSuspect;
        const afterMs = pauseMs(this.#refusals);
        return { afterMs, isFreshOnly: this.#isAlone, isAlone: this.#isAlone };
      }
      case "idempotent":
      case "alone": {
        if (!isIdempotent || this.#isAlone) return undefined;
        const most = wasShared ? MAX_SHARED_LOSSES : 1;
        if (++this.#losses > most) return undefined;
        this.#isAlone = resend === "alone" || this.#losses === MAX_SHARED_LOSSES;
        return { afterMs: 0, isFreshOnly: true, isAlone: this.#isAlone };
      }
    }
  }
}

import type { Result } from "../result.ts";
import type { BreakerChange } from "./circuit_breaker.ts";
import { type CommonState, MAX_NOTICES } from "./common_state.ts";
import { type GivenUpHost, MAX_SHOWN_LENGTH } from "./hosts.ts";

/** What notices of outages need. */
export interface OutageNoticesOptions {
  /** How long a host fails before it is given up. */
  readonly hostGiveUpMs: number;
  /** What event loops have in common; undefined with one event loop. */
  readonly common: CommonState | undefined;
  /** Names the cause of a failure. */
  readonly nameCause: (result: Result) => string;
  readonly onNotice: (text: string) => void;
}

/** Tells the user what is paused, back or given up; the first 20 times in a run. */
export class OutageNotices {
  readonly #options: OutageNoticesOptions;
  #count = 0;

  constructor(options: OutageNoticesOptions) {
    this.#options = options;
  }

  /** How a request failed, in words. */
  describeFailure(result: Result): string {
    const { detail } = result;
    const why = `${this.#options.nameCause(result)}${detail === undefined ? "" : `: ${detail}`}`;
    return why.slice(0, MAX_SHOWN_LENGTH);
  }

  tellOfHost(change: BreakerChange, name: string, result: Result): void {
    if (change === "closed") this.#tellOfReturn(name);
    else this.#tellOfPause(name, result, this.#untilGivenUp);
  }

  tellOfNetwork(change: BreakerChange, result: Result): void {
    if (change === "closed") this.#tellOfReturn("the network");
    else this.#tellOfPause("every host", result, "");
  }

  tellOfGivenUp({ name, cause }: GivenUpHost): void {
    this.#tell(
      `gave up ${name}, since all requests to it failed while other hosts succeeded (${cause}): ` +
        "its other requests fail without being sent: use '--host-give-up never' to wait for it " +
        "instead",
    );
  }

  #tellOfReturn(whom: string): void {
    this.#tell(`${whom} can be reached again: going on`);
  }

  /** @param then what happens to the paused host later, in words */
  #tellOfPause(whom: string, result: Result, then: string): void {
    this.#tell(
      `pausing ${whom} after repeated failures (${this.describeFailure(result)}); probing ` +
        `after 1 s, 2 s, up to 1 min${then}. Use '--no-pause' to go on without waiting`,
    );
  }

  /** When a paused host is given up, in words. */
  get #untilGivenUp(): string {
    const { hostGiveUpMs } = this.#options;
    if (hostGiveUpMs === Infinity) return "";
    return `; giving it up after ${hostGiveUpMs / 1000} s if other hosts succeed ` +
      "('--host-give-up D' sets the time)";
  }

  #tell(text: string): void {
    const { common, onNotice } = this.#options;
    if (common?.countNotice() ?? ++this.#count <= MAX_NOTICES) onNotice(text);
  }
}

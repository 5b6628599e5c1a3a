import type { StageOptions } from "../options/run_options.ts";
import { MAX_OVERTIME_MS } from "../schedule/pacer.ts";
import { REAL_ENVIRONMENT } from "../schedule/schedule.ts";
import { MAX_TIMER_MS } from "../schedule/long_timer.ts";
import type { LimitsBus } from "./common_limits.ts";
import { ServerClock } from "./server_clock.ts";

/** The name under which the submitter reads the clock; workers have others. */
const CLOCK_NAME = "submitter";

/** Receives what a {@linkcode StageEnd} finds out. */
export interface StageEndHooks {
  /** Called once, when the last stage is over. */
  onEnd(): void;
  /** Called if the bus refuses what is needed. */
  onFailure(error: unknown): void;
}

/**
 * Finds out when the stages of a run are over. They begin with the first start of the first worker,
 * whenever that is, and are put off together with the starts.
 */
export class StageEnd {
  readonly #clock: ServerClock;
  readonly #lengthMs: number;
  readonly #hooks: StageEndHooks;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #stopWatching: () => void = () => {};
  #isClosed = false;

  /** @throws {BusError} If the bus does not answer. */
  static async watch(
    turns: LimitsBus["turns"],
    { lengthMs }: StageOptions,
    hooks: StageEndHooks,
  ): Promise<StageEnd> {
    const end = new StageEnd(turns, lengthMs, hooks);
    end.#stopWatching = await turns.watchOrigin((atMs) => end.#learn(atMs), hooks.onFailure);
    return end;
  }

  private constructor(turns: LimitsBus["turns"], lengthMs: number, hooks: StageEndHooks) {
    this.#clock = new ServerClock(() => turns.readClock(CLOCK_NAME), REAL_ENVIRONMENT);
    this.#lengthMs = lengthMs;
    this.#hooks = hooks;
  }

  #learn(originMs: number): void {
    this.#clock.ready()
      .then(() => this.#waitUntil(originMs + this.#lengthMs + MAX_OVERTIME_MS))
      .catch((error) => this.#hooks.onFailure(error));
  }

  /** @param atMs on the server's clock */
  #waitUntil(atMs: number): void {
    clearTimeout(this.#timer);
    if (this.#isClosed) return;
    const now = REAL_ENVIRONMENT.now();
    const leftMs = atMs - now - this.#clock.offsetMs(now);
    if (leftMs <= 0) return this.#hooks.onEnd();
    this.#timer = setTimeout(() => this.#waitUntil(atMs), Math.min(leftMs, MAX_TIMER_MS));
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#stopWatching();
    this.#clock.close();
  }
}

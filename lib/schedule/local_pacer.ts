import { Burst } from "./burst.ts";
import { MAX_OVERTIME_MS, type Pacer, type PacerOptions, TICK_MS } from "./pacer.ts";
import { StartTimes } from "./start_times.ts";

/** The pacer of a run with one event loop. Its first start is due when there is something to start. */
export class LocalPacer implements Pacer {
  readonly readyMs = -Infinity;
  readonly #times: StartTimes;
  readonly #burst = new Burst();
  /** When start 0 was due; Infinity before the first claim. */
  #originMs = Infinity;
  /** How many starts there were so far. */
  #made = 0;
  #isIdle = false;

  constructor(options: PacerOptions) {
    this.#times = new StartTimes(options);
  }

  get dueMs(): number {
    const { endMs } = this.#times;
    return this.#originMs + Math.min(this.#times.of(this.#made), endMs);
  }

  claim(nowMs: number): void {
    if (this.#originMs === Infinity) this.#originMs = nowMs;
    const overdueMs = nowMs - this.dueMs;
    if (this.#isIdle && overdueMs > TICK_MS) this.#originMs += overdueMs;
  }

  advance(): void {
    this.#made++;
    this.#isIdle = false;
    this.#burst.count();
  }

  rest(): boolean {
    this.#isIdle = true;
    return false;
  }

  hasten(): void {}

  nextInBurst(most: number, nowMs: number): number {
    return this.#burst.nextMs(most, nowMs);
  }

  isOver(freeSinceMs: number): boolean {
    const { count, endMs } = this.#times;
    // After idle time, all starts are put off.
    const isLate = !this.#isIdle && freeSinceMs > this.#originMs + endMs + MAX_OVERTIME_MS;
    return isLate || this.#made >= count;
  }
}

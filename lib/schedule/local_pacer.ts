import { Burst } from "./burst.ts";
import { type Pacer, type PacerOptions, TICK_MS } from "./pacer.ts";
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
    return this.#originMs + this.#times.of(this.#made);
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
}

import process from "node:process";

/** How often it looks. */
const EVERY_MS = 500;

/** What it looks at; tests have others. */
export interface LoopClocks {
  /** Milliseconds. */
  now(): number;
  /** Milliseconds of processor time that the thread of the event loop had. */
  cpu(): number;
}

const CLOCKS: LoopClocks = {
  now: () => performance.now(),
  // The one thread, not those that collect garbage beside it. In steps of 10 ms on Linux.
  cpu: () => {
    const { user, system } = process.threadCpuUsage();
    return (user + system) / 1_000;
  },
};

/**
 * How busy the event loop is: its thread's processor time over the time that passed. Where others
 * take the processor away, the loop has less of it and is busy all the same; then its timer comes
 * late, and it was busy at least for so long.
 */
export class EventLoopLoad {
  readonly #clocks: LoopClocks;
  #timer: ReturnType<typeof setInterval> | undefined;
  #nowMs: number;
  #cpuMs: number;
  #busy: number | undefined;

  constructor(clocks: LoopClocks = CLOCKS) {
    this.#clocks = clocks;
    this.#nowMs = clocks.now();
    this.#cpuMs = clocks.cpu();
  }

  /** Begins to look, every 500 ms; that alone keeps no process alive. */
  start(): void {
    this.#timer = setInterval(() => this.look(), EVERY_MS);
    this.#timer.unref();
  }

  /** Looks at what was since it last did; to be called every 500 ms. */
  look(): void {
    const share = this.#shareSince();
    // Half of what it was before, so that one long task is no alarm.
    this.#busy = this.#busy === undefined ? share : (this.#busy + share) / 2;
    this.#nowMs = this.#clocks.now();
    this.#cpuMs = this.#clocks.cpu();
  }

  #shareSince(): number {
    const passedMs = this.#clocks.now() - this.#nowMs;
    if (passedMs <= 0) return 0;
    const cpuMs = this.#clocks.cpu() - this.#cpuMs;
    return Math.min(1, Math.max(0, cpuMs, passedMs - EVERY_MS) / passedMs);
  }

  /** The share of about the last second that it was busy, 0 to 1. */
  get busy(): number {
    return this.#busy ?? this.#shareSince();
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

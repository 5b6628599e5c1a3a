import process from "node:process";

/** Time between two samples. */
const SAMPLE_MS = 500;

/** The clocks that are sampled; tests hand in others. */
export interface LoopClocks {
  /** Milliseconds. */
  now(): number;
  /** Milliseconds of processor time that the thread of the event loop has used. */
  cpu(): number;
}

const CLOCKS: LoopClocks = {
  now: () => performance.now(),
  // Only this thread, not the threads that collect garbage. Linux counts in steps of 10 ms.
  cpu: () => {
    const { user, system } = process.threadCpuUsage();
    return (user + system) / 1_000;
  },
};

/**
 * How busy the event loop is: its thread's share of processor time. If other processes take the
 * processor away, the loop is busy with less of it; its timer then fires late, and the delay counts
 * as busy, too.
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

  /** Starts sampling, every 500 ms; the timer does not keep the process alive. */
  start(): void {
    this.#timer = setInterval(() => this.sample(), SAMPLE_MS);
    this.#timer.unref();
  }

  /** Takes a sample of the time since the last one; to be called every 500 ms. */
  sample(): void {
    const share = this.#shareSince();
    // The mean with the sample before, so that one long task does not raise an alarm.
    this.#busy = this.#busy === undefined ? share : (this.#busy + share) / 2;
    this.#nowMs = this.#clocks.now();
    this.#cpuMs = this.#clocks.cpu();
  }

  #shareSince(): number {
    const passedMs = this.#clocks.now() - this.#nowMs;
    if (passedMs <= 0) return 0;
    const cpuMs = this.#clocks.cpu() - this.#cpuMs;
    return Math.min(1, Math.max(0, cpuMs, passedMs - SAMPLE_MS) / passedMs);
  }

  /** The share of about the last second in which it was busy, 0 to 1. */
  get busy(): number {
    return this.#busy ?? this.#shareSince();
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

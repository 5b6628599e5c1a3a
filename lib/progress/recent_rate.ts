/** The rate that is shown is that of about the last five seconds. */
const WINDOW_MS = 5_000;
const WINDOW_SAMPLES = 10;

/**
 * The rate of about the last five seconds, or since the last call if that is longer ago.
 */
export class RecentRate {
  /** Ascending; the first is the newest that is older than the window. At most 12. */
  readonly #samples: { ms: number; requests: number }[] = [];

  /**
   * @param ms the time, not before that of the last call
   * @returns requests a second; 0 at the first call
   */
  update(ms: number, requests: number): number {
    const samples = this.#samples;
    const last = samples.at(-1);
    if (last === undefined || ms - last.ms >= WINDOW_MS / WINDOW_SAMPLES) {
      while (samples.length > 1 && samples[1].ms <= ms - WINDOW_MS) samples.shift();
      samples.push({ ms, requests });
    }
    const first = samples[0];
    return ms > first.ms ? (requests - first.requests) / (ms - first.ms) * 1000 : 0;
  }
}

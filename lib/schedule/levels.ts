import type { LevelStep } from "../options/run_options.ts";

/** A stretch of time in which the level changes evenly from one value to another. */
export interface Stretch {
  readonly startMs: number;
  readonly endMs: number;
  readonly from: number;
  readonly to: number;
}

/**
 * Makes stretches of steps that follow one another, from level 0 on. Levels that are reached at once
 * have no stretch.
 */
export function toStretches(steps: readonly LevelStep[]): Stretch[] {
  const stretches: Stretch[] = [];
  let startMs = 0;
  let from = 0;
  for (const { ms, to } of steps) {
    if (ms > 0) stretches.push({ startMs, endMs: startMs + ms, from, to });
    startMs += ms;
    from = to;
  }
  return stretches;
}

/**
 * How many places a run without a rate has, by the time since its begin. While the level rises, place
 * k + 1 is there from level k on; while it falls, to the same level.
 *
 * ```text
 * places 3 │      ╭──╮
 *        2 │   ╭──╯  ╰──╮
 *        1 │╭──╯        ╰──╮
 *          └───────────────┴─► t
 * ```
 */
export class Levels {
  readonly #stretches: readonly Stretch[];
  /** The level after the last step. */
  readonly #last: number;
  /** When the level changes no more, in milliseconds. */
  readonly endMs: number;

  constructor(steps: readonly LevelStep[]) {
    this.#stretches = toStretches(steps);
    this.#last = steps.at(-1)?.to ?? 0;
    this.endMs = this.#stretches.at(-1)?.endMs ?? 0;
  }

  /** How many places there are. */
  countPlaces(ms: number): number {
    const stretch = this.#stretches.find(({ endMs }) => ms < endMs);
    if (stretch === undefined) return this.#last;
    const { startMs, endMs, from, to } = stretch;
    const level = from + (to - from) * (ms - startMs) / (endMs - startMs);
    return to > from ? Math.min(to, Math.floor(level) + 1) : Math.ceil(level);
  }

  /** When there are more than k places, from a time on; Infinity for never. */
  findMoreThan(k: number, fromMs: number): number {
    if (this.countPlaces(fromMs) > k) return fromMs;
    for (const { startMs, endMs, from, to } of this.#stretches) {
      if (endMs <= fromMs || Math.max(from, to) <= k) continue;
      const reachedMs = from > k ? startMs : startMs + (endMs - startMs) * (k - from) / (to - from);
      if (reachedMs >= fromMs || to > k) return Math.max(fromMs, reachedMs);
    }
    return this.#last > k ? Math.max(fromMs, this.endMs) : Infinity;
  }
}

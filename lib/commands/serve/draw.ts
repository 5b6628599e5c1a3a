/**
 * The delays and statuses of the delay server: parses them, and draws from them.
 *
 * @module
 */
import { DURATION_UNITS } from "../../cli/units.ts";
import { UsageError } from "../../errors.ts";

/** A delay: a whole number from `from` to `to`, both included, times `unitMs` milliseconds. */
export interface Delay {
  readonly from: number;
  readonly to: number;
  readonly unitMs: number;
}

/**
 * Statuses, 200 to 599, with their shares of the numbers from 0 to 1: a status is drawn for the
 * numbers from the `below` of the status before it, or 0, to its own, which is 1 for the last.
 */
export type Statuses = readonly { readonly status: number; readonly below: number }[];

/**
 * Makes a generator of pseudorandom numbers, from 0 to below 1: mulberry32 by Tommy Ettinger,
 * public domain. The same seed gives the same numbers.
 */
export function seedRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** @returns milliseconds for a random number, from 0 to below 1 */
export function drawDelay({ from, to, unitMs }: Delay, random: number): number {
  return (from + Math.floor(random * (to - from + 1))) * unitMs;
}

/** @returns a status for a random number, from 0 to below 1 */
export function drawStatus(statuses: Statuses, random: number): number {
  let k = 0;
  while (random >= statuses[k].below) k++;
  return statuses[k].status;
}

/**
 * Parses a delay: `0-3s`, `100-500ms`, `50ms`, `0`.
 *
 * @throws {UsageError} If the text is not a delay.
 */
export function parseDelay(text: string): Delay {
  const match = /^(\d{1,12})(?:-(\d{1,12}))?(ms|s|m|h)?$/.exec(text);
  const from = Number(match?.[1]);
  const to = Number(match?.[2] ?? from);
  const unitMs = match?.[3] === undefined ? (to === 0 ? 1 : NaN) : DURATION_UNITS[match[3]];
  if (!(from <= to) || Number.isNaN(unitMs)) {
    throw new UsageError(
      `Cannot read '--delay ${text}': use a whole number with a unit, or a range, like 50ms, 0-3s or 100-500ms`,
    );
  }
  // A timer of 2^31 ms or more fires at once.
  if (to * unitMs > 500 * DURATION_UNITS.h) {
    throw new UsageError(`Cannot wait for '--delay ${text}': use at most 500h`);
  }
  return { from, to, unitMs };
}

/**
 * Parses statuses: `200`, or by weight `200:98,500:1,429:1`. The weight is 1 by default.
 *
 * @throws {UsageError} If the text is not a list of statuses.
 */
export function parseStatuses(text: string): Statuses {
  const parts = text.split(",").map((part) => /^([2-5]\d\d)(?::(\d{1,9}))?$/.exec(part));
  const weights = parts.map((match) => match === null ? NaN : Number(match[2] ?? 1));
  const total = weights.reduce((sum, weight) => sum + weight);
  if (!(total > 0)) {
    throw new UsageError(
      `Cannot read '--status ${text}': use a status from 200 to 599, or several by weight, like 200:98,500:1,429:1`,
    );
  }
  let sum = 0;
  return parts.map((match, k) => ({
    status: Number(match![1]),
    below: (sum += weights[k]) / total,
  }));
}

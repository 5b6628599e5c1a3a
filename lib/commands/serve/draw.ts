/**
 * The delays and statuses of the delay server: how they are written, and how they are drawn.
 *
 * @module
 */
import { DURATION_UNITS } from "../../cli/units.ts";
import { UsageError } from "../../errors.ts";

/** A delay drawn from `from` to `to`, both in it, times `unitMs` milliseconds. */
export interface Delay {
  readonly from: number;
  readonly to: number;
  readonly unitMs: number;
}

/**
 * Statuses, 200 to 599. Each is drawn for the numbers below its `below` and not below the one
 * before; the last one's is 1.
 */
export type Statuses = readonly { readonly status: number; readonly below: number }[];

/**
 * Numbers that look random, from 0 to below 1: the same for the same seed. The generator is
 * mulberry32 by Tommy Ettinger, public domain.
 */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** @returns milliseconds, for a number from 0 to below 1 */
export function drawDelay({ from, to, unitMs }: Delay, random: number): number {
  return (from + Math.floor(random * (to - from + 1))) * unitMs;
}

/** @returns a status, for a number from 0 to below 1 */
export function drawStatus(statuses: Statuses, random: number): number {
  let k = 0;
  while (random >= statuses[k].below) k++;
  return statuses[k].status;
}

/**
 * Reads a delay: `0-3s`, `100-500ms`, `50ms`, `0`.
 *
 * @throws {UsageError} If the text is none.
 */
export function parseDelay(text: string): Delay {
  const match = /^(\d{1,12})(?:-(\d{1,12}))?(ms|s|m|h)?$/.exec(text);
  const from = Number(match?.[1]);
  const to = Number(match?.[2] ?? from);
  const unitMs = match?.[3] === undefined ? (to === 0 ? 1 : NaN) : DURATION_UNITS[match[3]];
  if (!(from <= to) || Number.isNaN(unitMs)) {
    throw new UsageError(
      `Cannot read '--delay ${text}': give a whole number of a unit, or a range of them, like 50ms, 0-3s or 100-500ms`,
    );
  }
  // A timer of 2^31 ms or more fires at once.
  if (to * unitMs > 500 * DURATION_UNITS.h) {
    throw new UsageError(`Cannot wait for '--delay ${text}': give at most 500h`);
  }
  return { from, to, unitMs };
}

/**
 * Reads statuses: `200`, or by weight `200:98,500:1,429:1`. One without a weight has the weight 1.
 *
 * @throws {UsageError} If the text is none.
 */
export function parseStatuses(text: string): Statuses {
  const parts = text.split(",").map((part) => /^([2-5]\d\d)(?::(\d{1,9}))?$/.exec(part));
  const weights = parts.map((match) => match === null ? NaN : Number(match[2] ?? 1));
  const total = weights.reduce((sum, weight) => sum + weight);
  if (!(total > 0)) {
    throw new UsageError(
      `Cannot read '--status ${text}': give a status from 200 to 599, or several by weight, like 200:98,500:1,429:1`,
    );
  }
  let sum = 0;
  return parts.map((match, k) => ({
    status: Number(match![1]),
    below: (sum += weights[k]) / total,
  }));
}

import { listRoundNumbers, roundUp } from "./round_numbers.ts";

/** The places of values on an axis, and the values that have a line of the grid. */
export interface Scale {
  /** The place of a value, from 0 at the low end to 1 at the high one. */
  place(value: number): number;
  /** Values with a line of the grid, ascending; at most 12. */
  readonly ticks: readonly number[];
}

/** The maximum number of values with a line of the grid. */
const MAX_TICKS = 12;

/** The ticks that have a label, where there is room for at most so many. */
export function thinTicks(ticks: readonly number[], most: number): number[] {
  if (ticks.length <= most) return [...ticks];
  const powers = ticks.filter(isPowerOfTen);
  const rest = powers.length > 1 ? powers : ticks;
  const every = Math.ceil(rest.length / most);
  return rest.filter((_, k) => k % every === 0);
}

function isPowerOfTen(value: number): boolean {
  return value.toExponential().startsWith("1e");
}

/**
 * A linear axis from 0 to the smallest multiple of a round number that is not below any value.
 *
 * @param values finite, from 0; at least one
 */
export function linearScale(values: readonly number[]): Scale {
  const max = Math.max(...values) || 1;
  const step = roundUp(max / 5);
  const steps = Math.ceil(max / step - 1e-9);
  return {
    place: (value) => value / (steps * step),
    ticks: Array.from({ length: steps + 1 }, (_, k) => Number((k * step).toPrecision(12))),
  };
}

/**
 * A logarithmic axis that begins and ends at a 1, 2 or 5 times a power of ten.
 *
 * @param values finite, above 0; at least one
 */
export function logScale(values: readonly number[]): Scale {
  const [min, max] = [Math.min(...values), Math.max(...values)];
  const marks = listRoundNumbers([1, 2, 5], min / 10, max * 10);
  const from = marks.findLastIndex((mark) => mark <= min);
  const to = marks.findIndex((mark) => mark >= max);
  const within = marks.slice(from, Math.max(to, from + 1) + 1);
  const [low, high] = [Math.log10(within[0]), Math.log10(within.at(-1)!)];
  return {
    place: (value) => (Math.log10(value) - low) / (high - low),
    ticks: thinTicks(within, MAX_TICKS),
  };
}

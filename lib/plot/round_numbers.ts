/**
 * The round numbers of axes.
 *
 * The script of the page has these functions by their source text: they use nothing but one another.
 *
 * @module
 */

/**
 * Round numbers from one number to another, ascending: the steps times the powers of ten. Without
 * any where an axis could not be drawn: from 0, to infinity.
 *
 * @param steps from 1 to below 10, ascending
 */
export function listRoundNumbers(steps: readonly number[], low: number, high: number): number[] {
  const numbers: number[] = [];
  if (!(low > 0 && high < Infinity)) return numbers;
  for (let power = Math.floor(Math.log10(low));; power++) {
    for (const step of steps) {
      // The product of binary fractions has digits too many, as 1.2 * 1e5 does.
      const number = Number((step * Math.pow(10, power)).toPrecision(3));
      if (number > high) return numbers;
      if (number >= low) numbers.push(number);
    }
  }
}

/** The smallest of 1, 2 and 5 times a power of ten that is not below a value above 0. */
export function roundUp(value: number): number {
  return listRoundNumbers([1, 2, 5], value * (1 - 1e-9), value * 10)[0];
}

/**
 * Round bounds between which values are counted, ascending, on the finest scale that has no more
 * than so many. The first is not below `low`, the last is the first that is not below `high`, unless
 * even the coarsest scale has too many; then its last ones are missing.
 *
 * @param low more than 0
 * @param high from `low`
 * @param most from 1
 */
export function roundBounds(low: number, high: number, most: number): number[] {
  const scales = [
    [1],
    [1, 3],
    [1, 2, 5],
    [1, 1.5, 2, 3, 5, 7],
    [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8],
  ];
  const all = scales.map((steps) => {
    const bounds = listRoundNumbers(steps, low, high * 10);
    return bounds.slice(0, bounds.findIndex((bound) => bound >= high) + 1);
  });
  const finest = all.findLast((bounds) => bounds.length <= most);
  return (finest ?? all[0]).slice(0, most);
}

/**
 * Round numbers for the labels of a logarithmic axis, few enough to have room; equal steps where the
 * axis is too short for powers of ten.
 *
 * @param low more than 0
 * @param high more than `low`
 */
export function listLabels(low: number, high: number): number[] {
  const decades = Math.log10(high / low);
  if (decades > 0.7) {
    return listRoundNumbers(decades > 5 ? [1] : decades > 2.4 ? [1, 3] : [1, 2, 5], low, high);
  }
  const step = roundUp((high - low) / 5);
  const first = Math.ceil(low / step);
  const count = Math.floor(high / step) - first + 1;
  return Array.from({ length: count }, (_, k) => Number(((first + k) * step).toPrecision(12)));
}

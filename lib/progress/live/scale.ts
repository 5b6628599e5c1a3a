/** Of each power of ten, the bounds that a scale has; the coarsest first. */
const STEPS: readonly (readonly number[])[] = [
  [1],
  [1, 3],
  [1, 2, 5],
  [1, 1.5, 2, 3, 5, 7],
  [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8],
];

/**
 * Round bounds between which values are counted, ascending: the finest scale that has no more than
 * so many. The first is not below `low`, the last the first that is not below `high`, unless that
 * were too many; then it ends before.
 *
 * @param low more than 0
 * @param high from `low`
 * @param most from 1
 */
export function roundBounds(low: number, high: number, most: number): number[] {
  let best: number[] = [];
  for (const steps of STEPS) {
    const bounds = computeBounds(steps, low, high);
    if (best.length > 0 && bounds.length > most) break;
    best = bounds;
  }
  return best.slice(0, most);
}

function computeBounds(steps: readonly number[], low: number, high: number): number[] {
  const bounds: number[] = [];
  for (let power = Math.floor(Math.log10(low));; power++) {
    for (const step of steps) {
      // Without what a product of binary fractions has too much: 1.2 * 1e5.
      const bound = Number((step * 10 ** power).toPrecision(3));
      if (bound < low) continue;
      bounds.push(bound);
      if (bound >= high) return bounds;
    }
  }
}

/** The minimum number of letters that are taken for the beginning of a name. */
const MIN_PREFIX = 3;

/**
 * The name that was probably meant: one that begins with the given one, or that differs from it by
 * one or two letters that are missing, added, changed or swapped.
 *
 * @returns undefined if no name is close enough
 */
export function closest(given: string, names: readonly string[]): string | undefined {
  const longer = names.filter((name) => given.length >= MIN_PREFIX && name.startsWith(given));
  if (longer.length === 1) return longer[0];
  let best: string | undefined;
  // In a short name, one letter is much.
  let least = Math.min(2, Math.floor(given.length / 3)) + 1;
  for (const name of names) {
    // Each letter more is one to drop. The time would grow with the text, which may be very long.
    if (Math.abs(given.length - name.length) >= least) continue;
    const distance = measureDistance(given, name);
    if (distance < least) [best, least] = [name, distance];
  }
  return best;
}

/** How many letters to add, drop, replace or swap with their neighbour, to get from `a` to `b`. */
function measureDistance(a: string, b: string): number {
  let [before, last] = [[] as number[], Array.from({ length: b.length + 1 }, (_, k) => k)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let k = 1; k <= b.length; k++) {
      const isSame = a[i - 1] === b[k - 1];
      row[k] = Math.min(last[k] + 1, row[k - 1] + 1, last[k - 1] + (isSame ? 0 : 1));
      const isSwapped = i > 1 && k > 1 && a[i - 1] === b[k - 2] && a[i - 2] === b[k - 1];
      if (isSwapped) row[k] = Math.min(row[k], before[k - 2] + 1);
    }
    [before, last] = [last, row];
  }
  return last[b.length];
}

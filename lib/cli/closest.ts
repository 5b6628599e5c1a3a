/** Fewest letters of a name that another one can be the beginning of. */
const MIN_PREFIX = 3;

/**
 * The name that was probably meant: one that begins as the given one does, or that differs from it
 * by a letter or two that are missing, too many, others or swapped.
 *
 * @returns undefined if there is none, or several that are meant as likely as each other by
 * their beginning
 */
export function closest(given: string, names: readonly string[]): string | undefined {
  const longer = names.filter((name) => given.length >= MIN_PREFIX && name.startsWith(given));
  if (longer.length === 1) return longer[0];
  let best: string | undefined;
  // One letter of a short name is much of it.
  let least = Math.min(2, Math.floor(given.length / 3)) + 1;
  for (const name of names) {
    const distance = measureDistance(given, name);
    if (distance < least) [best, least] = [name, distance];
  }
  return best;
}

/** Letters to add, drop, replace or swap with their neighbour to make one of the other. */
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

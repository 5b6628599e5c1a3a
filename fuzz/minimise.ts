/** The maximum number of inputs that are tried to make one shorter. */
const MAX_TRIES = 3_000;

/**
 * Makes an input shorter as long as it keeps failing: without pieces, from halves down to bytes,
 * and then with letters in place of its bytes.
 */
export async function minimise(
  input: Uint8Array,
  fails: (input: Uint8Array) => Promise<boolean>,
): Promise<Uint8Array> {
  let shortest = input;
  let tries = 0;
  const attempt = async (shorter: Uint8Array): Promise<boolean> => {
    if (++tries > MAX_TRIES || !await fails(shorter)) return false;
    shortest = shorter;
    return true;
  };
  for (let size = input.length >> 1 || 1; size >= 1; size >>= 1) {
    for (let at = 0; at < shortest.length && tries < MAX_TRIES;) {
      const shorter = new Uint8Array(Math.max(0, shortest.length - size));
      shorter.set(shortest.subarray(0, Math.min(at, shorter.length)));
      if (at + size <= shortest.length) shorter.set(shortest.subarray(at + size), at);
      if (!await attempt(shorter)) at += size;
    }
  }
  for (let at = 0; at < shortest.length && tries < MAX_TRIES; at++) {
    if (shortest[at] === 0x61) continue;
    const plainer = shortest.slice();
    plainer[at] = 0x61;
    await attempt(plainer);
  }
  return shortest;
}

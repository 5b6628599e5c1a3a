/** How many bytes of a run are random. */
const LENGTH = 16;

/**
 * The random part of a run for one purpose, once for all of its threads and machines: a resumed run
 * has the same again.
 *
 * @param purpose tells it from that of other purposes
 * @param salt the random part of the run's journal, if it has one
 */
export async function drawRandom(
  purpose: string,
  salt?: string,
): Promise<Uint8Array<ArrayBuffer>> {
  if (salt === undefined) return crypto.getRandomValues(new Uint8Array(LENGTH));
  // The salt itself is in no request: hashes of secrets are made with it.
  const text = new TextEncoder().encode(`${purpose} ${salt}`);
  return new Uint8Array(await crypto.subtle.digest("SHA-256", text)).subarray(0, LENGTH);
}

/**
 * The seed of a run's templates, in hexadecimal: what they draw for a request depends on it.
 *
 * @param salt the random part of the run's journal, if it has one
 */
export async function drawSeed(salt?: string): Promise<string> {
  return (await drawRandom("templates", salt)).toHex();
}

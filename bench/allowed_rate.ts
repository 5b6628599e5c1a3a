/** Answers that take evenly from no time to `maxSeconds`. */
export interface EvenDelay {
  /** More than 0. */
  readonly maxSeconds: number;
}

/**
 * The most requests a second that so many in flight allow, as the mean of many runs.
 *
 * @param requests how many there are; 0: no end of them. The last ones have ever fewer beside them,
 * until the slowest is answered, which is the most of `inFlight` draws
 */
export function allowedRate(
  { maxSeconds }: EvenDelay,
  inFlight: number,
  requests: number,
): number {
  const meanSeconds = maxSeconds / 2;
  if (requests === 0) return inFlight / meanSeconds;
  const together = Math.min(inFlight, requests);
  const untilLastStart = (requests - together) / together * meanSeconds;
  return requests / (untilLastStart + maxSeconds * together / (together + 1));
}

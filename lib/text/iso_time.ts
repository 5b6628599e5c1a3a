/**
 * A moment as in `2026-01-31T12:00:00.000Z`; null where it is beyond what a date can be.
 *
 * @param ms milliseconds since the Unix epoch
 */
export function toIsoTime(ms: number): string | null {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
}

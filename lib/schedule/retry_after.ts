/** A number of seconds. More digits would be decades. */
const SECONDS = /^\d{1,9}$/;

/** The three formats of a date (RFC 9110 §5.6.7); the last one means GMT without saying so. */
const DATES = [
  /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/,
  /^[A-Z][a-z]{5,8}, \d{2}-[A-Z][a-z]{2}-\d{2} \d{2}:\d{2}:\d{2} GMT$/,
  /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d{2}:\d{2}:\d{2} \d{4}$/,
];

/** The separator of two values; not the comma within a date, which the day of the month follows. */
const BETWEEN = /, (?!\d\d[ -])/;

/**
 * Reads how long a `Retry-After` field asks to wait (RFC 9110 §10.2.3): seconds, or a date. A server
 * or a proxy may send several fields: the longest wait counts.
 *
 * @param text the field's value, valid or not; the values of several fields are joined by `, `
 * @param epochMs the time, in milliseconds since the Unix epoch
 * @returns milliseconds, from 0; undefined if no value is valid
 */
export function parseRetryAfter(text: string, epochMs: number): number | undefined {
  let longest: number | undefined;
  for (const value of text.split(BETWEEN)) {
    const wait = parseOne(value, epochMs);
    if (wait !== undefined) longest = Math.max(wait, longest ?? 0);
  }
  return longest;
}

function parseOne(text: string, epochMs: number): number | undefined {
  if (SECONDS.test(text)) return Number(text) * 1000;
  if (!DATES.some((form) => form.test(text))) return undefined;
  const date = Date.parse(text.endsWith("GMT") ? text : `${text} GMT`);
  return Number.isNaN(date) ? undefined : Math.max(0, date - epochMs);
}

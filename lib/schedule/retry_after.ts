/** Most digits of a number of seconds: more would be years. */
const SECONDS = /^\d{1,9}$/;

/** The three forms of a date that there are (RFC 9110 §5.6.7); the last is in GMT without saying so. */
const DATES = [
  /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/,
  /^[A-Z][a-z]{5,8}, \d{2}-[A-Z][a-z]{2}-\d{2} \d{2}:\d{2}:\d{2} GMT$/,
  /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d{2}:\d{2}:\d{2} \d{4}$/,
];

/** What is between two values of a list: not the comma of a date, which the day of the month follows. */
const BETWEEN = /, (?!\d\d[ -])/;

/**
 * How long a `Retry-After` asks to wait (RFC 9110 §10.2.3): seconds, or a date. A server, or a proxy
 * on the way, may send more than one: all of them are heeded by waiting for the longest.
 *
 * @param text the field's value, which need not be one; those of several are joined by `, `
 * @param epochMs the time, in milliseconds since the Unix epoch
 * @returns milliseconds, from 0; undefined if it says nothing
 */
export function parseRetryAfter(text: string, epochMs: number): number | undefined {
  let longest: number | undefined;
  for (const value of text.split(BETWEEN)) {
    const wait = waitOfOne(value, epochMs);
    if (wait !== undefined) longest = Math.max(wait, longest ?? 0);
  }
  return longest;
}

function waitOfOne(text: string, epochMs: number): number | undefined {
  if (SECONDS.test(text)) return Number(text) * 1000;
  if (!DATES.some((form) => form.test(text))) return undefined;
  const date = Date.parse(text.endsWith("GMT") ? text : `${text} GMT`);
  return Number.isNaN(date) ? undefined : Math.max(0, date - epochMs);
}

/**
 * The record of a request: which fields there are, and what each has of a result.
 *
 * @module
 */
import type { Result } from "../result.ts";
import { withoutUserinfo } from "../text/secrets.ts";

/** A field's value: a text, which may need escapes, or something that needs none. */
export type Value = string | number | boolean | null;

/**
 * Reads the value of a column.
 *
 * @param thread the number of the thread that has the result, from 0
 */
export type ColumnReader = (result: Result, thread: number) => Value;

/** The fields that can be asked for; the names are a contract with the users' scripts. */
export const FIELDS = {
  i: ({ target }) => target.i,
  url: ({ target }) => target.url,
  method: ({ target }) => target.method,
  status: ({ status }) => status,
  ms: ({ ms }) => roundMs(ms),
  ttfb_ms: ({ ttfbMs }) => roundMs(ttfbMs),
  dns_ms: ({ via, isReused }) => isReused ? null : roundMs(via?.dnsMs ?? null),
  connect_ms: ({ via, isReused }) => isReused ? null : roundMs(via?.connectMs ?? null),
  tls_ms: ({ via, isReused }) => isReused ? null : roundMs(via?.tlsMs ?? null),
  remote: ({ via }) => via?.remote ?? null,
  reused: ({ via, isReused }) => via === null ? null : isReused,
  bytes: ({ bytes }) => bytes,
  size: ({ size }) => size,
  attempts: ({ attempts }) => attempts,
  at: ({ at }) => toIso(at),
  location: ({ location }) => location === null ? null : withoutUserinfo(location),
  final_url: ({ finalUrl }) => finalUrl,
  redirects: ({ redirects }) => redirects,
  content_type: ({ contentType }) => contentType,
  engine: ({ engine }) => engine,
  http_version: ({ version }) => version,
  thread: ({ engine }, thread) => engine === null ? null : thread,
  error: ({ error }) => error ?? null,
  detail: ({ detail }) => detail ?? null,
  body_file: ({ bodyFile }) => bodyFile ?? null,
  request_id: ({ target }) => target.requestId?.[1] ?? null,
  step: ({ target }) => target.step ?? null,
} as const satisfies Record<string, ColumnReader>;

/** The name of a field. */
export type FieldName = keyof typeof FIELDS;

/** The fields of a record with columns, where the user names none. */
export const DEFAULT_FIELDS: readonly FieldName[] = [
  "i",
  "url",
  "status",
  "ms",
  "bytes",
  "attempts",
  "at",
  "error",
  "detail",
];

/** The columns of a record: the name of each, and its value for a result. */
export type Columns = readonly (readonly [name: string, of: ColumnReader])[];

/**
 * The columns of fields, in their order.
 *
 * @param captures the names of what is captured, in the order in which results have it
 */
export function toColumns(fields: readonly string[], captures: readonly string[]): Columns {
  return fields.map((name) => {
    const k = captures.indexOf(name);
    return [name, k < 0 ? FIELDS[name as FieldName] : (result) => result.captures?.[k] ?? null];
  });
}

/** Milliseconds with three decimals. */
function roundMs<T extends number | null>(ms: T): T {
  return (ms === null ? null : Math.round(ms * 1000) / 1000) as T;
}

/** Microseconds of a millisecond, as decimals. */
const DECIMALS = Array.from({ length: 1000 }, (_, us) => `${us / 1000}`.slice(1));
/** Above, they are not made of whole numbers of 32 bits: 35 minutes. */
const MAX_SPLIT_US = 2 ** 31;

/** {@linkcode roundMs} as text, which takes less time than to make a text of a fraction. */
export function formatMs(ms: number): string {
  const us = Math.round(ms * 1000);
  if (!(us >= 0 && us < MAX_SPLIT_US)) return `${us / 1000}`;
  const whole = Math.trunc(us / 1000);
  return whole + DECIMALS[us - whole * 1000];
}

let millisecond = NaN;
let millisecondText = "";

/** Like `Date.toISOString()`, whose work is done once a millisecond: it takes 0.3 us. */
export function toIso(at: number): string {
  const whole = Math.floor(at);
  if (whole !== millisecond) {
    millisecond = whole;
    millisecondText = new Date(whole).toISOString();
  }
  return millisecondText;
}

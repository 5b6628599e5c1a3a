/**
 * The record of a request: which fields there are, and what each has of a result.
 *
 * @module
 */
import type { Result } from "../result.ts";
import { withoutUserinfo } from "../text/secrets.ts";

/** A field's value: a text, which may need escapes, or something that needs none. */
export type Value = string | number | boolean | null;

/** What a field's values are; `time` is in milliseconds since the Unix epoch, a whole number. */
export type FieldType = "integer" | "number" | "text" | "boolean" | "time";

/**
 * Reads the value of a column.
 *
 * @param thread the number of the thread that has the result, from 0
 */
export type ColumnReader = (result: Result, thread: number) => Value;

/** A field of a record: what its values are, and its value for a result. */
export interface Field {
  readonly type: FieldType;
  /** Whether a result can have none. @default {false} */
  readonly isNullable?: boolean;
  readonly of: ColumnReader;
}

/** The fields that can be asked for; the names are a contract with the users' scripts. */
export const FIELDS = {
  i: { type: "integer", of: ({ target }) => target.i },
  url: { type: "text", of: ({ target }) => target.url },
  method: { type: "text", of: ({ target }) => target.method },
  status: { type: "integer", isNullable: true, of: ({ status }) => status },
  ms: { type: "number", of: ({ ms }) => roundMs(ms) },
  ttfb_ms: { type: "number", isNullable: true, of: ({ ttfbMs }) => roundMs(ttfbMs) },
  dns_ms: {
    type: "number",
    isNullable: true,
    of: ({ via, isReused }) => isReused ? null : roundMs(via?.dnsMs ?? null),
  },
  connect_ms: {
    type: "number",
    isNullable: true,
    of: ({ via, isReused }) => isReused ? null : roundMs(via?.connectMs ?? null),
  },
  tls_ms: {
    type: "number",
    isNullable: true,
    of: ({ via, isReused }) => isReused ? null : roundMs(via?.tlsMs ?? null),
  },
  remote: { type: "text", isNullable: true, of: ({ via }) => via?.remote ?? null },
  reused: {
    type: "boolean",
    isNullable: true,
    of: ({ via, isReused }) => via === null ? null : isReused,
  },
  bytes: { type: "integer", of: ({ bytes }) => bytes },
  size: { type: "integer", of: ({ size }) => size },
  attempts: { type: "integer", of: ({ attempts }) => attempts },
  at: { type: "time", of: ({ at }) => Math.floor(at) },
  location: {
    type: "text",
    isNullable: true,
    of: ({ location }) => location === null ? null : withoutUserinfo(location),
  },
  final_url: { type: "text", isNullable: true, of: ({ finalUrl }) => finalUrl },
  redirects: { type: "integer", of: ({ redirects }) => redirects },
  content_type: { type: "text", isNullable: true, of: ({ contentType }) => contentType },
  engine: { type: "text", isNullable: true, of: ({ engine }) => engine },
  http_version: { type: "text", isNullable: true, of: ({ version }) => version },
  thread: {
    type: "integer",
    isNullable: true,
    of: ({ engine }, thread) => engine === null ? null : thread,
  },
  error: { type: "text", isNullable: true, of: ({ error }) => error ?? null },
  detail: { type: "text", isNullable: true, of: ({ detail }) => detail ?? null },
  body_file: { type: "text", isNullable: true, of: ({ bodyFile }) => bodyFile ?? null },
  request_id: {
    type: "text",
    isNullable: true,
    of: ({ target }) => target.requestId?.[1] ?? null,
  },
  step: { type: "text", isNullable: true, of: ({ target }) => target.step ?? null },
} as const satisfies Record<string, Field>;

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

/** What the values of a column are. */
export interface ColumnType extends Pick<Field, "type" | "isNullable"> {
  readonly name: string;
}

/** A column of records. */
export interface Column extends ColumnType, Field {}

/**
 * The columns of fields, in their order.
 *
 * @param captures the names of what is captured, in the order in which results have it
 */
export function toColumns(fields: readonly string[], captures: readonly string[]): Column[] {
  return fields.map((name): Column => {
    const k = captures.indexOf(name);
    return k < 0
      ? { name, ...FIELDS[name as FieldName] }
      : { name, type: "text", isNullable: true, of: ({ captures }) => captures?.[k] ?? null };
  });
}

/** {@linkcode toColumns} for a format of text, in which a time is a text, and a capture what it is. */
export function toTextColumns(fields: readonly string[], captures: readonly string[]): Column[] {
  return toColumns(fields, captures).map((column) => {
    const { type, of } = column;
    if (type !== "time") return column;
    return { ...column, of: (result, thread) => toIso(of(result, thread) as number) };
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

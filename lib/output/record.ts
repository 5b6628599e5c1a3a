/**
 * The record of a request: which fields there are, and how each reads in NDJSON and in CSV.
 *
 * @module
 */
import type { Result } from "../result.ts";
import { escapeForTerminal, escapeJson } from "../text/escape.ts";
import { withoutUserinfo } from "../text/secrets.ts";

/** A field's value: text that is to be escaped, or what needs no escaping. */
type Value = string | number | boolean | null;

/** The fields that can be asked for; the names are a contract with the users' scripts. */
export const FIELDS = {
  i: ({ target }) => target.i,
  url: ({ target }) => target.url,
  method: ({ target }) => target.method,
  status: ({ status }) => status,
  ms: ({ ms }) => toMicroseconds(ms),
  ttfb_ms: ({ ttfbMs }) => toMicroseconds(ttfbMs),
  connect_ms: ({ via, isReused }) => isReused ? null : toMicroseconds(via?.connectMs ?? null),
  tls_ms: ({ via, isReused }) => isReused ? null : toMicroseconds(via?.tlsMs ?? null),
  remote: ({ via }) => via?.remote ?? null,
  reused: ({ via, isReused }) => via === null ? null : isReused,
  bytes: ({ bytes }) => bytes,
  size: ({ size }) => size,
  attempts: ({ attempts }) => attempts,
  at: ({ at }) => toIso(at),
  location: ({ location }) => location === null ? null : withoutUserinfo(location),
  engine: ({ engine }) => engine,
  error: ({ error }) => error ?? null,
  detail: ({ detail }) => detail ?? null,
  body_file: ({ bodyFile }) => bodyFile ?? null,
  request_id: ({ target }) => target.requestId?.[1] ?? null,
} as const satisfies Record<string, (result: Result) => Value>;

/** The name of a field. */
export type FieldName = keyof typeof FIELDS;

/** The fields of a record in CSV, where the user asks for no others. */
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

/** The columns of a record: by name, what each has of a result. */
type Columns = readonly (readonly [name: string, of: (result: Result) => Value])[];

/** A text without these holds nothing that {@linkcode escapeJson} escapes, once it is JSON. */
const BEYOND_ASCII = /[\x7f-\uffff]/;

/**
 * A value as JSON that is safe to print on a terminal, since a record may be read there. Of a lone
 * surrogate `JSON.stringify` alone makes `\ud800`, at which other readers stop (RFC 8259 §8.2); it
 * becomes U+FFFD.
 */
function toJson(value: Value): string {
  if (typeof value !== "string") return JSON.stringify(value);
  const json = JSON.stringify(value.toWellFormed());
  return BEYOND_ASCII.test(json) ? escapeJson(json) : json;
}

/** @param captures the names of what is captured, in the order in which results have it */
function toColumns(fields: readonly string[], captures: readonly string[]): Columns {
  return fields.map((name) => {
    const k = captures.indexOf(name);
    return [name, k < 0 ? FIELDS[name as FieldName] : (result) => result.captures?.[k] ?? null];
  });
}

/** Milliseconds with three decimals. */
function toMicroseconds<T extends number | null>(ms: T): T {
  return (ms === null ? null : Math.round(ms * 1000) / 1000) as T;
}

let second = NaN;
let secondText = "";

/** As `Date.toISOString()`, whose work is done once a second: 0.05 us, not 0.3. */
function toIso(at: number): string {
  const whole = Math.floor(at / 1000);
  if (whole !== second) {
    second = whole;
    secondText = new Date(whole * 1000).toISOString().slice(0, -4);
  }
  const ms = Math.floor(at - whole * 1000);
  return secondText + (ms < 10 ? "00" : ms < 100 ? "0" : "") + ms + "Z";
}

/**
 * Makes records as NDJSON. Without `fields` a record has the contract's default ones, `error` and
 * `detail` only where a request failed, `body_file` only where its body was saved, `request_id` only
 * where it has one; with `fields` each of them, always. What is captured is in each record, too.
 *
 * @param captures the names of what is captured
 */
export function ndjson(
  fields?: readonly string[],
  captures: readonly string[] = [],
): (result: Result) => string {
  if (fields === undefined) {
    return captures.length === 0
      ? (result) => defaultRecord(result, "")
      : (result) => defaultRecord(result, captured(result, captures));
  }
  const columns = toColumns(fields, captures)
    .map(([name, of], k) => [`${k === 0 ? "{" : ","}"${name}":`, of] as const);
  return (result) => {
    let record = "";
    for (const [key, value] of columns) record += key + toJson(value(result));
    return record + "}\n";
  };
}

function captured({ captures }: Result, names: readonly string[]): string {
  let fields = "";
  for (let k = 0; k < names.length; k++) {
    fields += `,"${names[k]}":${toJson(captures?.[k] ?? null)}`;
  }
  return fields;
}

function defaultRecord(
  { target, status, ms, bytes, attempts, at, error, detail, bodyFile }: Result,
  more: string,
): string {
  const record = `{"i":${target.i},"url":${toJson(target.url)},"status":${status},"ms":${
    toMicroseconds(ms)
  },"bytes":${bytes},"attempts":${attempts},"at":"${toIso(at)}"`;
  // Digits, a slash and an ending: nothing to escape.
  const file = bodyFile ? `${more},"body_file":"${bodyFile}"` : more;
  // Digits, letters of hexadecimal and dashes.
  const { requestId } = target;
  const saved = requestId === undefined ? file : `${file},"request_id":"${requestId[1]}"`;
  return error === undefined
    ? record + saved + "}\n"
    : `${record}${saved},"error":"${error}","detail":${toJson(detail ?? null)}}\n`;
}

/**
 * Makes records as CSV (RFC 4180, but for lines that end in LF); null is empty. CSV has no escapes of
 * its own, so that texts are in it as they are, unless it goes to a terminal.
 *
 * @param captures the names of what is captured
 */
export function csv(
  fields: readonly string[] = DEFAULT_FIELDS,
  captures: readonly string[] = [],
  { isForTerminal = false }: { isForTerminal?: boolean } = {},
): { header: string; format: (result: Result) => string } {
  const columns = toColumns(fields, captures).map(([, of]) => of);
  return {
    header: fields.join(",") + "\n",
    format: (result) => {
      let record = "";
      for (let k = 0; k < columns.length; k++) {
        if (k > 0) record += ",";
        const value = columns[k](result);
        if (typeof value === "string") {
          record += toCsv(isForTerminal ? escapeForTerminal(value) : value);
        } else if (value !== null) record += value;
      }
      return record + "\n";
    },
  };
}

/**
 * Text that begins with one of these is a formula to a spreadsheet, and what a server sent must
 * not become one: a leading apostrophe makes it text (OWASP, "CSV Injection").
 */
const FORMULA = /^[=+\-@\t\r]/;

function toCsv(text: string): string {
  const safe = FORMULA.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

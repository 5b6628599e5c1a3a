/**
 * Methods, header fields and statuses: the rules of RFC 9110, and what the engines add to them.
 *
 * @module
 */
import type { HeaderList } from "../target.ts";

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Whether a text is a token, as the names of methods and fields are (RFC 9110 §5.6.2). */
export function isToken(text: string): boolean {
  return TOKEN.test(text);
}

/** Fields that the engines set themselves; native fetch drops them if a request has them. */
const FRAMING = /^(content-length|transfer-encoding)$/i;

/** Why a field cannot be sent, in words; undefined if it can. Its value is not repeated. */
export function fieldProblem(name: string, value: string): string | undefined {
  if (!isToken(name)) return "its name is not a token";
  if (FRAMING.test(name)) return "the engine sets this field itself";
  // RFC 9110 §5.5 forbids CR, LF and NUL; each character is sent as one byte.
  if (!FIELD_VALUE.test(value)) {
    return "its value has control characters, or characters above U+00FF";
  }
}

/**
 * A method as it is sent. Like native fetch, it writes only these methods in capitals (Fetch
 * standard, "normalize").
 */
export function normalizeMethod(method: string): string {
  return /^(delete|get|head|options|post|put)$/i.test(method) ? method.toUpperCase() : method;
}

/** Why a normalized method cannot be sent, in words; undefined if it can. */
export function methodProblem(method: string, hasBody: boolean): string | undefined {
  if (!isToken(method)) return "it is not a token";
  if (/^(connect|trace|track)$/i.test(method)) return "native fetch forbids it";
  if (hasBody && (method === "GET" || method === "HEAD")) return "it cannot have a body";
}

/** The value of an `Authorization` field: Basic credentials in UTF-8 (RFC 7617 §2.1). */
export function formatBasicCredentials(user: string, password: string): string {
  return `Basic ${btoa(String.fromCharCode(...new TextEncoder().encode(`${user}:${password}`)))}`;
}

/** Methods that a client may send again by itself (RFC 9110 §9.2.2). */
export const IDEMPOTENT: ReadonlySet<string> = new Set([
  ...["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"],
]);

/** Whether a response with this status redirects the request (RFC 9110 §15.4). */
export function isRedirect(status: number): boolean {
  return status >= 301 && status <= 308 && status !== 304 && status !== 305 && status !== 306;
}

/** Whether the fields of a message close its connection behind it (RFC 9112 §9.6). */
export function closesConnection(headers: HeaderList): boolean {
  return headers.some(([name, value]) =>
    /^connection$/i.test(name) && /(^|,)[ \t]*close[ \t]*(,|$)/i.test(value)
  );
}

const NOT_ASCII = /[\x80-\xff]/;
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * The value of a field as text: UTF-8 where it is valid, else ISO 8859-1, where each byte is the
 * character of its number (RFC 9110 §5.5).
 *
 * @param bytes one character for each byte
 */
export function decodeFieldValue(bytes: string): string {
  if (!NOT_ASCII.test(bytes)) return bytes;
  try {
    return utf8.decode(Uint8Array.from(bytes, (byte) => byte.charCodeAt(0)));
  } catch {
    return bytes;
  }
}

/** The content codings of a body, in lower case (RFC 9110 §8.4.1); null without any. */
export function normalizeCoding(field: string | null): string | null {
  const coding = field?.toLowerCase() ?? "";
  return coding === "" || coding === "identity" ? null : coding;
}

/** Says whether a request asks for a coding: by any `Accept-Encoding` except `identity`. */
export function asksForCoding(headers: HeaderList): boolean {
  return headers.some(([name, value]) =>
    name.length === 15 && name.toLowerCase() === "accept-encoding" &&
    value.trim().toLowerCase() !== "identity"
  );
}

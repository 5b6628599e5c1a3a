/**
 * What HTTP and the engines let a request have.
 *
 * @module
 */
import type { HeaderList } from "../target.ts";

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Whether a text is a token: a method's or a field's name (RFC 9110 §5.6.2). */
export function isToken(text: string): boolean {
  return TOKEN.test(text);
}

/** Fields that the engines make themselves, and native fetch drops when they are given. */
const FRAMING = /^(content-length|transfer-encoding)$/i;

/** Why a field cannot be sent, in words; undefined if it can. Its value is not repeated. */
export function fieldProblem(name: string, value: string): string | undefined {
  if (!isToken(name)) return "its name is no token";
  if (FRAMING.test(name)) return "the engine makes this field itself";
  // RFC 9110 §5.5: no CR, LF or NUL; and what goes on the wire is bytes.
  if (!FIELD_VALUE.test(value)) return "its value has control characters, or some above U+00FF";
}

/**
 * A method as it is sent. Native fetch writes these and no others in capitals (Fetch standard,
 * "normalize").
 */
export function normalizeMethod(method: string): string {
  return /^(delete|get|head|options|post|put)$/i.test(method) ? method.toUpperCase() : method;
}

/** Why a normalized method cannot be sent, in words; undefined if it can. */
export function methodProblem(method: string, hasBody: boolean): string | undefined {
  if (!isToken(method)) return "it is no token";
  if (/^(connect|trace|track)$/i.test(method)) return "native fetch forbids it";
  if (hasBody && (method === "GET" || method === "HEAD")) return "it cannot have a body";
}

/** The value of an `Authorization` field with Basic credentials in UTF-8 (RFC 7617 §2.1). */
export function basicCredentials(user: string, password: string): string {
  return `Basic ${btoa(String.fromCharCode(...new TextEncoder().encode(`${user}:${password}`)))}`;
}

/** Methods that may be sent again without asking (RFC 9110 §9.2.2). */
export const IDEMPOTENT: ReadonlySet<string> = new Set([
  ...["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"],
]);

/** Whether an answer with this status says where else to ask (RFC 9110 §15.4). */
export function isRedirect(status: number): boolean {
  return status >= 301 && status <= 308 && status !== 304 && status !== 305 && status !== 306;
}

/** Whether the fields of a message say that its connection is not used again (RFC 9112 §9.6). */
export function closesConnection(headers: HeaderList): boolean {
  return headers.some(([name, value]) =>
    /^connection$/i.test(name) && /(^|,)[ \t]*close[ \t]*(,|$)/i.test(value)
  );
}

const NOT_ASCII = /[\x80-\xff]/;
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * The value of a field as text: what is UTF-8 is read as UTF-8, and of anything else each byte is
 * the character of its number (ISO 8859-1), as RFC 9110 §5.5 has it.
 *
 * @param bytes each character a byte
 */
export function decodeFieldValue(bytes: string): string {
  if (!NOT_ASCII.test(bytes)) return bytes;
  try {
    return utf8.decode(Uint8Array.from(bytes, (byte) => byte.charCodeAt(0)));
  } catch {
    return bytes;
  }
}

/**
 * Media types, and guesses at what a body is from its first characters.
 *
 * @module
 */

/** The media type of JSON (RFC 8259 §11). */
export const JSON_TYPE = "application/json";
/** The media type of an HTML form. */
export const FORM_TYPE = "application/x-www-form-urlencoded";

/** The longest body that is parsed, in UTF-16 code units; of a longer one only its start counts. */
const MAX_PARSED = 4 * 1024 * 1024;

/** Whether a text is a JSON object or array (RFC 8259); a very long one only has to start like one. */
export function isJsonText(text: string): boolean {
  if (!/^[ \t\r\n]*[[{]/.test(text)) return false;
  if (text.length > MAX_PARSED) return true;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** {@linkcode isJsonText} for bytes in UTF-8. */
export function isJsonBytes(bytes: Uint8Array): boolean {
  const isLong = bytes.length > MAX_PARSED;
  try {
    // A body with more white space than this in front is not taken for JSON.
    const start = isLong ? bytes.subarray(0, 1024) : bytes;
    const text = new TextDecoder("utf-8", { fatal: !isLong, ignoreBOM: true }).decode(start);
    return isLong ? /^[ \t\r\n]*[[{]/.test(text) : isJsonText(text);
  } catch {
    return false;
  }
}

/** Whether a content type is JSON, or a format built on JSON (RFC 6839 §3.1). */
export function isJsonType(type: string): boolean {
  return /^application\/(?:[^;\s]+\+)?json\s*(?:;|$)/i.test(type);
}

/** Whether a content type is that of an HTML form. */
export function isFormType(type: string): boolean {
  return /^application\/x-www-form-urlencoded\s*(?:;|$)/i.test(type);
}

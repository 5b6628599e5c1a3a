/**
 * What a body is, as far as it can be told by looking at it.
 *
 * @module
 */

export const JSON_TYPE = "application/json";
export const FORM_TYPE = "application/x-www-form-urlencoded";

/** The longest body that is parsed, in UTF-16 code units; a longer one goes by how it begins. */
const MAX_PARSED = 4 * 1024 * 1024;

/** Whether a text is a JSON object or array (RFC 8259); a longer one, whether it begins as one. */
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

/** The same of bytes in UTF-8. */
export function isJsonBytes(bytes: Uint8Array): boolean {
  const isLong = bytes.length > MAX_PARSED;
  try {
    // White space that goes on for so long begins nothing.
    const start = isLong ? bytes.subarray(0, 1024) : bytes;
    const text = new TextDecoder("utf-8", { fatal: !isLong, ignoreBOM: true }).decode(start);
    return isLong ? /^[ \t\r\n]*[[{]/.test(text) : isJsonText(text);
  } catch {
    return false;
  }
}

/** Whether a content type is JSON's, or of a format made of it (RFC 6839 §3.1). */
export function isJsonType(type: string): boolean {
  return /^application\/(?:[^;\s]+\+)?json\s*(?:;|$)/i.test(type);
}

/** Whether a content type is that of a form. */
export function isFormType(type: string): boolean {
  return /^application\/x-www-form-urlencoded\s*(?:;|$)/i.test(type);
}

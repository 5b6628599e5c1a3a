import { isUtf16, Utf16Reader } from "./utf16.ts";
import { Utf8Reader } from "./utf8.ts";

/** Decodes blocks of text, piece by piece. */
export type TextReader = Utf8Reader | Utf16Reader;

/** Makes the reader of a text. @param start its first bytes, at least two; they are not added yet */
export function createTextReader(start: Uint8Array): TextReader {
  return isUtf16(start) ? new Utf16Reader(start) : new Utf8Reader();
}

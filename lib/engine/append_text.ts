import type { ByteBuffer } from "../byte_buffer.ts";

/** Appends text whose characters are bytes (ISO 8859-1) to a buffer without a bound. */
export function appendText(buffer: ByteBuffer, text: string): void {
  buffer.reserve(text.length);
  const { bytes, length } = buffer;
  for (let k = 0; k < text.length; k++) bytes[length + k] = text.charCodeAt(k);
  buffer.length += text.length;
}

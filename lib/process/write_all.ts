/**
 * Writes all bytes to a file, a stream or a connection, in as many writes as that takes.
 *
 * @throws {Error} If a write fails; bytes before it may have been written.
 */
export async function writeAll(
  writer: { write(bytes: Uint8Array): Promise<number> },
  bytes: Uint8Array,
): Promise<void> {
  for (let written = 0; written < bytes.length;) {
    written += await writer.write(bytes.subarray(written));
  }
}

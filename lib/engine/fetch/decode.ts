/** The content codings (RFC 9110 §8.4.1) that {@linkcode decode} knows, in lower case. */
export const DECODABLE = ["gzip", "br"] as const;

/** One of {@linkcode DECODABLE}. */
export type Coding = typeof DECODABLE[number];

/** Bytes did not decode. */
export class DecodingError extends Error {
  override name = "DecodingError";
}

/**
 * Decodes a body to its end, a piece at a time, so that no more is held than was read at once. All
 * members of gzip are (RFC 1952 §2.2), zeros behind them are padding, and any other byte that is
 * missing or too many is an error. No bytes at all are an empty body, as some servers have it.
 *
 * @param read gives what came, and undefined at its end
 * @param take is given what that decodes to; says whether to go on
 * @throws {DecodingError} If it does not decode, and what `read` throws.
 */
export async function decode(
  coding: Coding,
  read: () => Promise<Uint8Array | undefined>,
  take: (bytes: Uint8Array) => boolean,
): Promise<void> {
  const first = await read();
  if (first === undefined) return;
  // Loaded only where it is needed.
  const { createBrotliDecompress, createGunzip } = await import("node:zlib");
  const stream = coding === "gzip" ? createGunzip() : createBrotliDecompress();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let length = 0;
  let isWanted = true;
  const write = (bytes: Uint8Array): void => {
    length += bytes.length;
    stream.write(bytes, (error) => {
      if (!error && !stream.destroyed) read().then(next, fail);
    });
  };
  const next = (bytes: Uint8Array | undefined): void => {
    if (bytes !== undefined) write(bytes);
    // One byte too many: it is left over if the stream is complete, which Deno does not tell.
    else if (coding === "br") stream.end(Uint8Array.of(0));
    else stream.end();
  };
  const fail = (error: Error): void => {
    reject(error);
    stream.destroy();
  };
  stream.on("data", (bytes: Uint8Array) => {
    if (!isWanted || (isWanted = take(bytes))) return;
    stream.destroy();
  });
  stream.on(
    "error",
    ({ message }) => reject(new DecodingError(`it is not ${coding} as it should be: ${message}`)),
  );
  stream.on("close", () => {
    if (!isWanted || coding === "gzip" || stream.bytesWritten === length) return resolve();
    const problem = stream.bytesWritten < length ? "bytes behind the end" : "unexpected end";
    reject(new DecodingError(`it is not ${coding} as it should be: ${problem}`));
  });
  write(first);
  return await promise;
}

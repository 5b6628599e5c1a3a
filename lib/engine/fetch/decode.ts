/** The content codings (RFC 9110 §8.4.1) that {@linkcode decode} knows, in lower case. */
export const DECODABLE = ["gzip", "br"] as const;

/** One of {@linkcode DECODABLE}. */
export type Coding = typeof DECODABLE[number];

/** Bytes could not be decoded. */
export class DecodingError extends Error {
  override name = "DecodingError";
}

/**
 * Decodes a body to its end, piece by piece, so that only one piece is held at a time. All members of
 * gzip are decoded (RFC 1952 §2.2), and zeros after them are padding. Any other missing or additional
 * byte is an error. No bytes at all are an empty body, which some servers send.
 *
 * @param read returns the next piece; undefined at the end
 * @param take gets the decoded bytes; returns whether to continue
 * @throws {DecodingError} If the body cannot be decoded; and what `read` throws.
 */
export async function decode(
  coding: Coding,
  read: () => Promise<Uint8Array | undefined>,
  take: (bytes: Uint8Array) => boolean,
): Promise<void> {
  const first = await read();
  if (first === undefined) return;
  // Loaded only if it is needed.
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
    // An additional byte: it is left over if the stream is complete, which Deno does not tell.
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

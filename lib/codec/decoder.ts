/** Bytes could not be decoded. */
export class DecodingError extends Error {
  override name = "DecodingError";
}

/** A body unpacks to more bytes than allowed, be it in the end or between two codings. */
export class TooLongError extends Error {
  override name = "TooLongError";
}

/** Takes decoded bytes, which are valid during the call only. What it throws ends the decoding. */
export type Take = (bytes: Uint8Array) => void;

/**
 * Decodes one coding, piece by piece and in the call: what comes need not be copied, and what was
 * decoded goes on in pieces of at most 64 KiB, whatever a piece unpacks to.
 *
 * No bytes at all are an empty body, which some servers send.
 */
export interface Decoder {
  /**
   * Decodes the next bytes.
   *
   * @param depth how many decoders wait for this one to return, from 0
   * @throws {DecodingError} If they are damaged, or follow the end; and what `take` throws.
   */
  write(bytes: Uint8Array, depth: number, take: Take): void;
  /** Nothing follows. @throws {DecodingError} If something is missing. */
  end(): void;
  /** Begins anew, after a whole body. Missing where that is not possible. */
  reset?(): void;
  /** Lets go of its memory. */
  close(): void;
}

/** Takes bytes that nobody wants. */
export function dropBytes(): void {}

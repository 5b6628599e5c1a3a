import type { TransportError } from "../transport.ts";

/** No byte can be read or sent at present. */
export const AGAIN = -1;
/** The other end has announced that nothing follows. Of reads only. */
export const END = -2;
/** It has failed: {@linkcode Channel.error} says why. */
export const FAILED = -3;

/** Bytes to and from the other end, without waiting: a socket, or TLS over another channel. */
export interface Channel {
  /**
   * Reads into a buffer.
   *
   * @returns the number of bytes, from 1; or {@linkcode AGAIN}, {@linkcode END}, {@linkcode FAILED}
   */
  read(buffer: Uint8Array<ArrayBuffer>): number;
  /** Whether bytes are waiting after a read that no event of the socket will tell about. */
  readonly hasMore: boolean;
  /**
   * Sends bytes. After {@linkcode AGAIN} the same bytes have to be sent again before others.
   *
   * @param length how many, from 1, at most the whole buffer
   * @returns the number of bytes that are taken, from 1; or {@linkcode AGAIN}, {@linkcode FAILED}
   */
  write(bytes: Uint8Array<ArrayBuffer>, length: number): number;
  /** Whether it has to send before it can read on. */
  readonly wantsToSend: boolean;
  /**
   * Sends on what was taken.
   *
   * @returns 0 if the system has everything; or {@linkcode AGAIN}, {@linkcode FAILED}
   */
  flush(): number;
  /** Announces that nothing follows, if the protocol does, and the system takes it at once. */
  end(): void;
  /** Why the last call has failed. */
  readonly error: TransportError;
  /** Frees what it has. It must not be used any more. Calls after the first do nothing. */
  close(): void;
}

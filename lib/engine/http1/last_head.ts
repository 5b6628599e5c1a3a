import type { Head } from "./head.ts";

/** A longer head is not kept. */
const MAX_BYTES = 2_048;

/**
 * The head that was read last. One that has the same bytes is not read again, which takes a third of
 * the time: most differ only in their `Date`, which changes once a second.
 */
export class LastHead {
  head: Head | undefined;
  length = 0;
  #isHeadRequest = false;
  readonly #bytes = new Uint8Array(MAX_BYTES);

  /** Keeps a head. @param isHeadRequest whether the request was a HEAD */
  keep(head: Head, bytes: Uint8Array, from: number, to: number, isHeadRequest: boolean): void {
    if (to - from > MAX_BYTES) return;
    this.head = head;
    this.length = to - from;
    this.#isHeadRequest = isHeadRequest;
    this.#bytes.set(bytes.subarray(from, to));
  }

  /** Whether bytes begin with the whole head, as the response to a request of the same kind. */
  isAt(bytes: Uint8Array, length: number, isHeadRequest: boolean): boolean {
    const own = this.#bytes;
    const end = this.length;
    if (end === 0 || length < end || isHeadRequest !== this.#isHeadRequest) return false;
    for (let k = 0; k < end; k++) if (bytes[k] !== own[k]) return false;
    return true;
  }
}

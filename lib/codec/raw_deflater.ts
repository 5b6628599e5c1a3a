import { findHandle, type Handle, loadZlib } from "./handle_decoder.ts";

/** What may stand behind the bytes of a call, more or nothing: Z_SYNC_FLUSH, Z_FINISH. */
const FLUSH = { more: 2, end: 4 } as const;

/**
 * Compresses short texts into streams of DEFLATE (RFC 1951) in the call. To set up zlib for each of
 * them takes three times as long as to compress 1 KB, so one handle compresses all.
 */
export class RawDeflater {
  readonly #handle: Handle;
  readonly #state = new Uint32Array(2);
  #problem: string | undefined;

  /**
   * @param level of zlib, from 0, which only stores, to 9
   * @throws {Error} If this version of Deno has zlib in another form.
   */
  constructor(level: number) {
    try {
      this.#handle = findHandle(loadZlib().createDeflateRaw({ level }));
    } catch {
      throw new Error("this version of Deno cannot compress it: use a name without .gz");
    }
    this.#handle.onerror = (message) => this.#problem = message;
  }

  /**
   * Compresses bytes on their own: they refer to no bytes before them. So pieces that end with `more`
   * can stand behind each other in one stream, which one that ends with `end` completes.
   *
   * @param output where they go, with room for at least {@linkcode boundDeflated} from `at` on
   * @returns where they end there
   * @throws {Error} If zlib fails.
   */
  deflate(bytes: Uint8Array, end: keyof typeof FLUSH, output: Uint8Array, at: number): number {
    const handle = this.#handle;
    const room = output.length - at;
    handle.reset();
    handle.writeSync(FLUSH[end], bytes, 0, bytes.length, output, at, room, this.#state);
    if (this.#problem !== undefined) throw new Error(`Cannot compress: ${this.#problem}`);
    const [roomLeft, bytesLeft] = this.#state;
    const length = room - roomLeft;
    const isWhole = bytesLeft === 0 && roomLeft > 0;
    // Level 1 makes 5 % more of what is compressed already, as images are.
    if (isWhole && length <= bytes.length + STORED_BYTES) return at + length;
    return store(bytes, end, output, at);
  }

  close(): void {
    this.#handle.close();
  }
}

/** The maximum number of bytes that {@linkcode RawDeflater.deflate} makes of so many bytes. */
export function boundDeflated(length: number): number {
  // A literal of the fixed code has 9 bits at most (RFC 1951 §3.2.6).
  return length + (length >> 3) + 128;
}

/** The length of the head of a stored block, and the most bytes that one holds (RFC 1951 §3.2.4). */
const STORED_BYTES = 5;
const MAX_STORED = 0xffff;

/** Puts bytes into stored blocks, as they are. @returns where they end */
function store(
  bytes: Uint8Array,
  end: keyof typeof FLUSH,
  output: Uint8Array,
  at: number,
): number {
  let from = 0;
  do {
    const length = Math.min(MAX_STORED, bytes.length - from);
    const isLast = end === "end" && from + length === bytes.length;
    output.set(
      [Number(isLast), length & 0xff, length >> 8, ~length & 0xff, ~length >> 8 & 0xff],
      at,
    );
    output.set(bytes.subarray(from, from + length), at + STORED_BYTES);
    at += STORED_BYTES + length;
    from += length;
  } while (from < bytes.length);
  return at;
}

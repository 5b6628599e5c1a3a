import { findHandle, type Handle, loadZlib } from "./handle_decoder.ts";

/** What may stand behind the bytes of a call: more bytes, or nothing. */
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
   */
  deflate(bytes: Uint8Array, end: keyof typeof FLUSH, output: Uint8Array, at: number): number {
    const handle = this.#handle;
    const room = output.length - at;
    handle.reset();
    handle.writeSync(FLUSH[end], bytes, 0, bytes.length, output, at, room, this.#state);
    if (this.#problem !== undefined) throw new Error(`Cannot compress: ${this.#problem}`);
    return output.length - this.#state[0];
  }

  close(): void {
    this.#handle.close();
  }
}

/** The maximum number of bytes that {@linkcode RawDeflater.deflate} makes of so many bytes. */
export function boundDeflated(length: number): number {
  // A stored block takes 5 bytes and holds fewer bytes than zlib's window; `deflateBound` allows more.
  return length + (length >> 8) + (length >> 12) + 128;
}

/**
 * Decoders of `node:zlib` that work in the call. `node:zlib` has that for whole inputs only, so the
 * handles below its streams are used: an internal of Deno 2.9 and of Node. Only this file, that of
 * Brotli and that of the deflater know it.
 *
 * @module
 */
import process from "node:process";
import { type Decoder, DecodingError, type Take } from "./decoder.ts";

type Zlib = typeof import("node:zlib");

/** Writes bytes into a decoder. @param state gets how many bytes of room, and of input, are left */
type Write = (
  flush: number,
  input: Uint8Array,
  from: number,
  length: number,
  output: Uint8Array,
  at: number,
  room: number,
  state: Uint32Array,
) => void;

/** What is below a stream of `node:zlib`. */
export interface Handle {
  /** Called with what is wrong, during a write. */
  onerror: ((message: string) => void) | undefined;
  writeSync: Write;
  /** As `writeSync`, for a handle that belongs to no stream. */
  write: Write;
  reset(): void;
  close(): void;
}

/** How much is decoded at once, in bytes. */
const OUTPUT_BYTES = 64 * 1024;

/**
 * Where decoded bytes are put, by how many decoders wait for this one: as many as the codings that a
 * body may have. They are used in a call only.
 */
const outputs: Uint8Array[] = [];

let zlib: Zlib | undefined;

/** Loads `node:zlib` with the first body that needs it. */
export function loadZlib(): Zlib {
  return zlib ??= process.getBuiltinModule("node:zlib");
}

/** The handle below a stream of `node:zlib`. @throws {DecodingError} If it is not as it was. */
export function findHandle(stream: object): Handle {
  const { _handle: handle } = stream as { readonly _handle?: Partial<Handle> };
  if (typeof handle?.writeSync === "function" && typeof handle.reset === "function") {
    return handle as Handle;
  }
  throw new DecodingError("this version of Deno cannot decode it: use --raw");
}

/** A decoder over a handle. */
export abstract class HandleDecoder implements Decoder {
  /** Its name in messages. */
  abstract readonly coding: string;
  readonly #handle: Handle;
  readonly #how: "write" | "writeSync";
  readonly #state = new Uint32Array(2);
  /** What the last write found wrong. */
  #problem: string | undefined;
  #hasBegun = false;

  constructor(handle: Handle, how: "write" | "writeSync" = "writeSync") {
    this.#handle = handle;
    this.#how = how;
    handle.onerror = (message) => this.#problem = message;
  }

  write(bytes: Uint8Array, depth: number, take: Take): void {
    if (bytes.length === 0) return;
    this.#hasBegun = true;
    this.decode(bytes, depth, take);
  }

  end(): void {
    if (this.#hasBegun && !this.isComplete()) this.fail("unexpected end");
  }

  /** Decodes bytes, at least one. */
  protected abstract decode(bytes: Uint8Array, depth: number, take: Take): void;

  /** Whether nothing has to follow. Nothing is written after this was asked. */
  protected abstract isComplete(): boolean;

  protected restart(): void {
    this.#hasBegun = false;
    this.#handle.reset();
  }

  close(): void {
    this.#handle.close();
  }

  protected fail(why: string): never {
    throw new DecodingError(`it is not ${this.coding} as it should be: ${why}`);
  }

  /**
   * Gives bytes to the handle, and passes on all that comes of them.
   *
   * @param flush how `node:zlib` is told whether something follows; 0 if it does
   * @returns the position after the bytes that it took
   */
  protected feed(bytes: Uint8Array, from: number, depth: number, take: Take, flush = 0): number {
    const output = outputs[depth] ??= new Uint8Array(OUTPUT_BYTES);
    const state = this.#state;
    const handle = this.#handle;
    for (;;) {
      this.#problem = undefined;
      const length = bytes.length - from;
      handle[this.#how](flush, bytes, from, length, output, 0, OUTPUT_BYTES, state);
      const [room, left] = state;
      from = bytes.length - left;
      if (room < OUTPUT_BYTES) take(output.subarray(0, OUTPUT_BYTES - room));
      if (this.#problem !== undefined) this.fail(this.#problem);
      if (room > 0) return from;
    }
  }
}

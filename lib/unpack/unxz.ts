/**
 * Decompresses xz. The decoder is the WebAssembly of `xz-decompress`; its own stream takes a file that
 * is cut short for one that never ends, and lets only one input be open at a time.
 *
 * @module
 */
import xz from "xz-decompress";
import { UnpackError } from "./unpack_error.ts";
import type { UnpackContext } from "./unpack_context.ts";

/** What a step of the decoder comes to (`xz_ret` of XZ Embedded). */
const OK = 0;
const STREAM_END = 1;
const PROBLEMS: Readonly<Record<number, string>> = {
  4: "its xz data takes more than 64 MiB of memory: compress it again by 'xz -9' or less",
  5: "something that is not xz follows its xz data: remove that",
  6: "its xz data is of a kind that is not read here: compress it again by 'xz --check=crc64'",
};

interface Exports {
  readonly memory: WebAssembly.Memory;
  create_context(): number;
  destroy_context(context: number): void;
  supply_input(context: number, length: number): void;
  get_next_output(context: number): number;
}

/** Places in a context, in numbers of 32 bits: `size`, and those of `xz_buf`. */
const BUFFER_SIZE = 0;
const INPUT = 1;
const INPUT_POSITION = 2;
const INPUT_LENGTH = 3;
const OUTPUT = 4;
const OUTPUT_POSITION = 5;

/** @throws {UnpackError} If it is damaged, cut short, or followed by something else. */
export async function* unpack({ bytes }: UnpackContext): AsyncGenerator<Uint8Array, undefined> {
  const wasm = await loadWasm();
  const context = wasm.create_context();
  const numbers = (): Uint32Array => new Uint32Array(wasm.memory.buffer, context, 6);
  try {
    const size = numbers()[BUFFER_SIZE];
    for (let isAtEnd = false;;) {
      if (numbers()[INPUT_POSITION] === numbers()[INPUT_LENGTH]) {
        const piece = await bytes.fill() ? (await bytes.piece()).subarray(0, size) : undefined;
        isAtEnd = piece === undefined;
        if (piece !== undefined) {
          new Uint8Array(wasm.memory.buffer, numbers()[INPUT], size).set(piece);
          bytes.take(piece.length);
        }
        wasm.supply_input(context, piece?.length ?? 0);
      }
      const result = wasm.get_next_output(context);
      const length = numbers()[OUTPUT_POSITION];
      const data = new Uint8Array(wasm.memory.buffer, numbers()[OUTPUT], length).slice();
      numbers()[OUTPUT_POSITION] = 0;
      if (length > 0) yield data;
      if (bytes.isClosed || result === STREAM_END) return;
      if (result !== OK) {
        throw new UnpackError(
          PROBLEMS[result] ?? "its xz data is damaged: make the file again",
        );
      }
      if (isAtEnd && length === 0) {
        throw new UnpackError("the input broke off (its xz data is cut short): make it whole");
      }
    }
  } finally {
    wasm.destroy_context(context);
  }
}

let instance: Promise<Exports> | undefined;

/** The one instance of the decoder; each input has a context in it. */
function loadWasm(): Promise<Exports> {
  const stream = xz.XzReadableStream as unknown as {
    _getModuleInstance(): Promise<void>;
    readonly _moduleInstance: WebAssembly.Instance;
  };
  return instance ??= stream._getModuleInstance().then(() =>
    stream._moduleInstance.exports as unknown as Exports
  );
}

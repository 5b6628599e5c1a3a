/**
 * Where transcripts are written to: standard error, by every event loop of the run.
 *
 * @module
 */

/** The cells: whether the first request was claimed, and whether somebody writes. */
const CLAIMED = 0;
const LOCK = 1;
const CELLS = 2;

/** How long a reader of standard error that takes no bytes is waited for, in milliseconds. */
const MAX_WAIT_MS = 5_000;
const LOOK_MS = 5;

const encoder = new TextEncoder();

/** Makes the memory that the channels of all event loops of a run share. */
export function createChannelMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(4 * CELLS);
}

/**
 * Writes transcripts to standard error, each of them whole. It waits until the bytes are taken: so
 * a slow reader slows the run, and memory does not grow.
 */
export class Channel {
  readonly #cells: Int32Array<SharedArrayBuffer>;
  readonly #write: (bytes: Uint8Array) => number;

  /**
   * @param memory what {@linkcode createChannelMemory} has made, the same for all event loops
   * @param write writes some of the bytes, and returns how many
   */
  constructor(
    memory: SharedArrayBuffer,
    write: (bytes: Uint8Array) => number = (bytes) => Deno.stderr.writeSync(bytes),
  ) {
    this.#cells = new Int32Array(memory);
    this.#write = write;
  }

  /** Whether the caller is the first of all event loops to ask. */
  claim(): boolean {
    return Atomics.compareExchange(this.#cells, CLAIMED, 0, 1) === 0;
  }

  /** Writes a text. A run continues when its standard error is closed. */
  write(text: string): void {
    const cells = this.#cells;
    while (Atomics.compareExchange(cells, LOCK, 0, 1) !== 0) Atomics.wait(cells, LOCK, 1);
    try {
      this.#writeAll(encoder.encode(text));
    } finally {
      Atomics.store(cells, LOCK, 0);
      Atomics.notify(cells, LOCK, 1);
    }
  }

  #writeAll(bytes: Uint8Array): void {
    let waits = MAX_WAIT_MS / LOOK_MS;
    for (let written = 0; written < bytes.length && waits > 0;) {
      try {
        written += this.#write(bytes.subarray(written));
      } catch (error) {
        if (!(error instanceof Deno.errors.WouldBlock)) return;
        Atomics.wait(this.#cells, LOCK, 1, LOOK_MS);
        waits--;
      }
    }
  }
}

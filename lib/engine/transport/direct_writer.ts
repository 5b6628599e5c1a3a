/**
 * Writes to the handles of sockets, past the streams of the sockets.
 *
 * @module
 */

/** A request to write, of which the handle calls the end. */
interface WriteRequest {
  handle: WriteHandle | undefined;
  /** @param status 0, or less than 0 for an error of the system */
  oncomplete(status: number): void;
}

/** The handle of a socket of `node:net` or `node:tls`; an internal of Deno 2.9. */
interface WriteHandle {
  writeLatin1String(request: WriteRequest, text: string): number;
  writeBuffer(request: WriteRequest, bytes: Uint8Array): number;
}

/** Finds the handle of a socket; undefined if this runtime has none that can be written to. */
export function findWriteHandle(socket: object): WriteHandle | undefined {
  const { _handle: handle } = socket as { readonly _handle?: Partial<WriteHandle> | null };
  return typeof handle?.writeLatin1String === "function" && typeof handle.writeBuffer === "function"
    ? handle as WriteHandle
    : undefined;
}

/** The maximum number of bytes of one write, as TLS makes a copy of them: bodies may have any size. */
const MAX_WRITE_BYTES = 256 * 1024;

/** Receives what becomes of writes. */
export interface WriteListener {
  /** The system has everything. */
  onWritten(): void;
  /** A write failed: the connection is reset, or closed. What has come can still be read. */
  onWriteFailure(): void;
}

/**
 * Writes to the handle of a TLS socket, past the stream of the socket. The stream costs objects and
 * turns of the event loop: 5 us of 25 for a request over TLS.
 *
 * One write is in flight at a time, because `node:tls` takes no second one. The others wait in order;
 * whoever writes looks at {@linkcode unsent} for a bound.
 */
export class DirectWriter {
  readonly #handle: WriteHandle;
  readonly #listener: WriteListener;
  readonly #request: WriteRequest;
  /** Chunks that are not given to the handle yet. */
  readonly #waiting: (string | Uint8Array)[] = [];
  /** The length of the write in flight; 0 without one. */
  #writing = 0;
  #isOver = false;
  /** How many bytes the system has not taken yet, as far as is known. */
  unsent = 0;

  constructor(handle: WriteHandle, listener: WriteListener) {
    this.#handle = handle;
    this.#listener = listener;
    this.#request = { handle, oncomplete: (status) => this.#onComplete(status) };
  }

  /**
   * Writes a chunk behind those before.
   *
   * @param chunk text, each character a byte; or bytes, which must not change any more
   */
  write(chunk: string | Uint8Array): void {
    if (chunk.length === 0 || this.#isOver) return;
    this.unsent += chunk.length;
    if (this.#writing > 0) this.#waiting.push(chunk);
    else this.#begin(chunk);
  }

  #begin(chunk: string | Uint8Array): void {
    if (typeof chunk !== "string" && chunk.length > MAX_WRITE_BYTES) {
      this.#waiting.unshift(chunk.subarray(MAX_WRITE_BYTES));
      chunk = chunk.subarray(0, MAX_WRITE_BYTES);
    }
    this.#writing = chunk.length;
    const handle = this.#handle;
    const status = typeof chunk === "string"
      ? handle.writeLatin1String(this.#request, chunk)
      : handle.writeBuffer(this.#request, chunk);
    if (status !== 0) this.#fail();
  }

  #onComplete(status: number): void {
    if (this.#isOver) return;
    if (status < 0) return this.#fail();
    this.unsent -= this.#writing;
    this.#writing = 0;
    const next = this.#waiting.shift();
    if (next !== undefined) this.#begin(next);
    else this.#listener.onWritten();
  }

  #fail(): void {
    this.close();
    this.#listener.onWriteFailure();
  }

  /** Gives the handle what waits, without a word of what becomes of it. Nothing is written any more. */
  flush(): void {
    const waiting = this.#waiting.splice(0);
    this.close();
    for (const chunk of waiting) {
      if (typeof chunk === "string") this.#handle.writeLatin1String(this.#request, chunk);
      else this.#handle.writeBuffer(this.#request, chunk);
    }
  }

  /** Writes nothing any more. */
  close(): void {
    this.#isOver = true;
    this.#waiting.length = 0;
  }
}

/**
 * Writes short texts to the handle of a plain TCP socket whose stream has nothing to write. The system
 * takes them at once, as a rule, and what it does not take waits in the handle.
 */
export class TextWriter {
  readonly #handle: WriteHandle;
  readonly #listener: WriteListener;
  readonly #request: WriteRequest;

  constructor(handle: WriteHandle, listener: WriteListener) {
    this.#handle = handle;
    this.#listener = listener;
    this.#request = {
      handle,
      oncomplete: (status) => {
        if (status < 0) listener.onWriteFailure();
      },
    };
  }

  /** @param text each character a byte */
  write(text: string): void {
    if (this.#handle.writeLatin1String(this.#request, text) !== 0) this.#listener.onWriteFailure();
  }
}

import net from "node:net";

type Done = (error?: Error | null) => void;

/** Whether an error of a socket tells that the other end has reset the connection. */
export function isReset({ code }: NodeJS.ErrnoException): boolean {
  return code === "ECONNRESET" || code === "EPIPE";
}

/** `_write` and `_writev` of `node:net`, whose types inherit them from `Duplex`. */
const { _write: write, _writev: writev } = net.Socket.prototype;

/**
 * A TCP socket that reads everything that came before a reset, even if a write failed because of it.
 *
 * A server may respond early and close while the request is still being sent (RFC 9112 §9.5, §9.6).
 * Its response is in the kernel then, and the first write that fails destroys a socket of `node:net`
 * before the response is read. Here such a write never completes: the reads continue to the end,
 * which a reset always brings.
 */
export class ReadFirstSocket extends net.Socket {
  /** Why a write failed. The end of the reads then is a reset, even if it looks like a regular end. */
  writeError: NodeJS.ErrnoException | undefined;
  /** The callback that a stream passes to each write, always the same; and its replacement. */
  #done: Done | undefined;
  #ownDone: Done | undefined;

  /** @param onread takes the bytes; without it they come as `data` events */
  constructor(onread: net.OnReadOpts | undefined) {
    // The types lack `noDelay`.
    super({ noDelay: true, onread } as net.SocketConstructorOpts);
    this.on("end", () => {
      if (this.writeError !== undefined) this.destroy(this.writeError);
    });
  }

  override _write(chunk: unknown, encoding: BufferEncoding, done: Done): void {
    write.call(this, chunk, encoding, this.#patient(done));
  }

  override _writev(chunks: { chunk: unknown; encoding: BufferEncoding }[], done: Done): void {
    writev!.call(this, chunks, this.#patient(done));
  }

  #patient(done: Done): Done {
    if (done !== this.#done) {
      this.#done = done;
      this.#ownDone = (error) => {
        if (error == null || !isReset(error)) return done(error);
        this.writeError ??= error;
      };
    }
    return this.#ownDone!;
  }
}

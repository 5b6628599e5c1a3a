import net from "node:net";

type Done = (error?: Error | null) => void;

/** Whether an error of a socket says that the other end has reset the connection. */
export function isReset({ code }: NodeJS.ErrnoException): boolean {
  return code === "ECONNRESET" || code === "EPIPE";
}

/** `_write` and `_writev` as they are; the types of `node:net` have them from `Duplex`. */
const { _write: write, _writev: writev } = net.Socket.prototype;

/**
 * A TCP socket that reads all that came before a reset, though a write failed because of it.
 *
 * A server may answer early and close, while the request is still being sent (RFC 9112 §9.5, §9.6).
 * Its answer is in the kernel then, and a socket of `node:net` is destroyed by the first write that
 * fails, before the answer is read. Here such a write never completes: the reads go on, to the end
 * that a reset always brings.
 */
export class ReadFirstSocket extends net.Socket {
  /** Why a write failed; what ends the reads then is a reset, also where it looks like an end. */
  writeError: NodeJS.ErrnoException | undefined;
  /** What a stream gives as the callback of each write, always the same; and what stands for it. */
  #done: Done | undefined;
  #ownDone: Done | undefined;

  /** @param onread what takes the bytes; without it they come as `data` */
  constructor(onread: net.OnReadOpts | undefined) {
    // `noDelay` is missing in the types.
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

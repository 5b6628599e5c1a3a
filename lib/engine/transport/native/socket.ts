import type { TransportError } from "../transport.ts";
import type { Binding } from "./binding.ts";
import { AGAIN, type Channel, END, FAILED } from "./channel.ts";
import {
  AF_UNIX,
  EAGAIN,
  ECONNRESET,
  EINPROGRESS,
  EINTR,
  IPPROTO_TCP,
  type Libc,
  MSG_NOSIGNAL,
  readErrno,
  SO_ERROR,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  SOL_SOCKET,
  TCP_NODELAY,
  toSystemError,
} from "./libc.ts";

/** The memory of options, each a number of 4 bytes: its value, and its size. */
const VALUE = new Int32Array(1);
const VALUE_BYTES = new Uint8Array(VALUE.buffer);
const SIZE = Int32Array.of(4);
const SIZE_BYTES = new Uint8Array(SIZE.buffer);

const RESET: TransportError = toSystemError(ECONNRESET);

/** A non-blocking socket. Its file descriptor is closed once, and cannot be used afterwards. */
export class NativeSocket implements Channel {
  readonly #libc: Libc;
  #fd: number;
  readonly hasMore = false;
  readonly wantsToSend = false;
  error = RESET;

  private constructor(libc: Libc, fd: number) {
    this.#libc = libc;
    this.#fd = fd;
  }

  /**
   * Begins to connect.
   *
   * @param address as of {@linkcode toNativeAddress}
   * @param binding what it is bound to; undefined if the system chooses
   * @returns the error if that fails at once
   */
  static connect(
    libc: Libc,
    address: Uint8Array<ArrayBuffer>,
    binding: Binding | undefined,
  ): NativeSocket | TransportError {
    const family = address[0];
    const fd = libc.socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return toSystemError(readErrno(libc));
    if (family !== AF_UNIX) {
      // Small writes go out at once. A failure would cost time only.
      VALUE[0] = 1;
      libc.setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, VALUE_BYTES, SIZE[0]);
      const error = binding?.bind(fd);
      if (error !== undefined) {
        libc.close(fd);
        return error;
      }
    }
    if (libc.connect(fd, address, address.length) !== 0) {
      const errno = readErrno(libc);
      // An interrupted call goes on as well.
      if (errno !== EINPROGRESS && errno !== EINTR) {
        libc.close(fd);
        return toSystemError(errno);
      }
    }
    return new NativeSocket(libc, fd);
  }

  /** The file descriptor. @throws {Error} If it is closed. */
  get fd(): number {
    if (this.#fd < 0) throw new Error("the socket is closed");
    return this.#fd;
  }

  /** Takes the error that the socket has got meanwhile; undefined without one. */
  takeError(): TransportError | undefined {
    this.#libc.getsockopt(this.fd, SOL_SOCKET, SO_ERROR, VALUE_BYTES, SIZE_BYTES);
    return VALUE[0] === 0 ? undefined : toSystemError(VALUE[0]);
  }

  read(buffer: Uint8Array<ArrayBuffer>): number {
    const length = this.#libc.recv(this.fd, buffer, buffer.length, 0);
    if (length > 0) return length;
    return length === 0 ? END : this.#toOutcome();
  }

  write(bytes: Uint8Array<ArrayBuffer>, length: number): number {
    const sent = this.#libc.send(this.fd, bytes, length, MSG_NOSIGNAL);
    return sent >= 0 ? sent : this.#toOutcome();
  }

  #toOutcome(): number {
    const errno = readErrno(this.#libc);
    if (errno === EAGAIN || errno === EINTR) return AGAIN;
    this.error = toSystemError(errno);
    return FAILED;
  }

  flush(): number {
    return 0;
  }

  end(): void {}

  close(): void {
    if (this.#fd < 0) return;
    this.#libc.close(this.#fd);
    this.#fd = -1;
  }
}

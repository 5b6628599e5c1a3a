import {
  EAGAIN,
  EINPROGRESS,
  EINTR,
  IPPROTO_TCP,
  type Libc,
  MSG_MORE,
  MSG_NOSIGNAL,
  readErrno,
  SO_ERROR,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  SOL_SOCKET,
  TCP_NODELAY,
  toCode,
} from "./libc.ts";
import { AF_UNIX } from "./libc.ts";
import type { NativeAddress } from "./address.ts";

const ON = new Int32Array([1]);
const ON_BYTES = new Uint8Array(ON.buffer);
const NUMBER = new Int32Array(1);
const NUMBER_BYTES = new Uint8Array(NUMBER.buffer);
const LENGTH = new Int32Array(1);
const LENGTH_BYTES = new Uint8Array(LENGTH.buffer);

/** What a read or a write gives where it gives no number of bytes. */
export const AGAIN = -1;
/** The other end is at its end. Of reads only. */
export const END = -2;
/** It has failed; {@linkcode Channel.error} says why. */
export const FAILED = -3;

/** A non-blocking socket. Its file descriptor is closed once, and not used afterwards. */
export class NativeSocket {
  readonly #libc: Libc;
  #fd: number;
  /** The code of the error of the call that returned {@linkcode FAILED}. */
  errorCode = "";

  /** Begins to connect. @throws {Error} With its `code`, if that fails at once. */
  constructor(libc: Libc, { family, bytes }: NativeAddress) {
    this.#libc = libc;
    this.#fd = libc.socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (this.#fd < 0) throw this.#lastError();
    if (family !== AF_UNIX) {
      // Small writes go out at once; a failure costs time only.
      libc.setsockopt(this.#fd, IPPROTO_TCP, TCP_NODELAY, ON_BYTES, 4);
    }
    if (libc.connect(this.#fd, bytes, bytes.length) === 0) return;
    const error = this.#lastError();
    // An interrupted `connect` goes on (POSIX).
    if (error.errno === EINPROGRESS || error.errno === EINTR) return;
    this.close();
    throw error;
  }

  #lastError(): Error & { readonly code: string; readonly errno: number } {
    const errno = readErrno(this.#libc);
    const code = toCode(errno);
    return Object.assign(new Error(code), { code, errno });
  }

  /** The file descriptor. @throws {Error} If it is closed. */
  get fd(): number {
    if (this.#fd < 0) throw new Error("the socket is closed");
    return this.#fd;
  }

  /** The error that the socket has got; undefined without one. It is told once. */
  takeError(): string | undefined {
    LENGTH[0] = 4;
    this.#libc.getsockopt(this.fd, SOL_SOCKET, SO_ERROR, NUMBER_BYTES, LENGTH_BYTES);
    return NUMBER[0] === 0 ? undefined : toCode(NUMBER[0]);
  }

  /** Reads into a buffer. @returns the number of bytes, from 1; or `AGAIN`, `END`, `FAILED` */
  read(buffer: Uint8Array<ArrayBuffer>): number {
    const length = this.#libc.recv(this.fd, buffer, buffer.length, 0);
    if (length > 0) return length;
    if (length === 0) return END;
    const code = this.#failure();
    if (code === undefined) return AGAIN;
    // Has it failed, or has the runtime changed the number of the error?
    const again = this.#libc.recv(this.fd, buffer, buffer.length, 0);
    if (again > 0) return again;
    if (again < 0 && this.#failure() === undefined) return AGAIN;
    this.errorCode = code;
    return FAILED;
  }

  /**
   * Sends bytes.
   *
   * @param hasMore whether more is sent right behind it
   * @returns the number of bytes that the system took, from 1; or `AGAIN`, `FAILED`
   */
  write(bytes: Uint8Array<ArrayBuffer>, length: number, hasMore = false): number {
    const flags = hasMore ? MSG_NOSIGNAL | MSG_MORE : MSG_NOSIGNAL;
    const sent = this.#libc.send(this.fd, bytes, length, flags);
    if (sent >= 0) return sent;
    const code = this.#failure();
    if (code === undefined) return AGAIN;
    this.errorCode = code;
    return FAILED;
  }

  /** The code of the last error; undefined if the call only has to be made again. */
  #failure(): string | undefined {
    const errno = readErrno(this.#libc);
    return errno === EAGAIN || errno === EINTR ? undefined : toCode(errno);
  }

  /** Closes it. Calls after the first do nothing. */
  close(): void {
    if (this.#fd < 0) return;
    this.#libc.close(this.#fd);
    this.#fd = -1;
  }
}

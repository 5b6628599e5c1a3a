/**
 * What is used of the C library of Linux: declarations, constants, errors. Numbers are those of
 * x86-64 and arm64.
 *
 * @module
 */
import util from "node:util";
import type { TransportError } from "../transport.ts";

const POINTER = "pointer";

/**
 * `size_t`. Every call with a number for `usize` would make V8 throw away its machine code, as that
 * stands for bigints. The upper half of a register is zero for each number from 0 to 2^32 - 1.
 */
const SIZE = "u32";

/** The functions. Results of `recv` and `send` fit into `i32`, as no buffer here is larger. */
export const LIBC = {
  __errno_location: { parameters: [], result: POINTER },
  access: { parameters: [POINTER, "i32"], result: "i32" },
  bind: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  closedir: { parameters: [POINTER], result: "i32" },
  /** From an address that another library has given. */
  copyFrom: { name: "memcpy", parameters: ["buffer", "u64", SIZE], result: POINTER },
  connect: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  epoll_create1: { parameters: ["i32"], result: "i32" },
  epoll_ctl: { parameters: ["i32", "i32", "i32", "buffer"], result: "i32" },
  epoll_wait: { parameters: ["i32", "buffer", "i32", "i32"], result: "i32" },
  awaitEpoll: {
    name: "epoll_wait",
    parameters: ["i32", "buffer", "i32", "i32"],
    result: "i32",
    nonblocking: true,
  },
  eventfd: { parameters: ["u32", "i32"], result: "i32" },
  getsockopt: { parameters: ["i32", "i32", "i32", "buffer", "buffer"], result: "i32" },
  if_nametoindex: { parameters: ["buffer"], result: "u32" },
  inet_pton: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  memcpy: { parameters: ["buffer", POINTER, SIZE], result: POINTER },
  opendir: { parameters: [POINTER], result: POINTER },
  poll: { parameters: ["buffer", SIZE, "i32"], result: "i32" },
  read: { parameters: ["i32", "buffer", SIZE], result: "i32" },
  readdir: { parameters: [POINTER], result: POINTER },
  recv: { parameters: ["i32", "buffer", SIZE, "i32"], result: "i32" },
  secure_getenv: { parameters: [POINTER], result: POINTER },
  send: { parameters: ["i32", "buffer", SIZE, "i32"], result: "i32" },
  setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  write: { parameters: ["i32", "buffer", SIZE], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

/** The functions of the C library. */
export type Libc = Deno.DynamicLibrary<typeof LIBC>["symbols"];

export const R_OK = 4;
export const AF_UNIX = 1;
export const AF_INET = 2;
export const AF_INET6 = 10;
export const SOCK_STREAM = 1;
export const SOCK_NONBLOCK = 0o4000;
export const SOCK_CLOEXEC = 0o2000000;
export const SOL_SOCKET = 1;
export const SO_ERROR = 4;
export const SO_BINDTODEVICE = 25;
export const IPPROTO_IP = 0;
export const IP_BIND_ADDRESS_NO_PORT = 24;
export const IPPROTO_TCP = 6;
export const TCP_NODELAY = 1;
/** A broken connection is an error of `send`, and no signal. */
export const MSG_NOSIGNAL = 0x4000;
export const EFD_NONBLOCK = SOCK_NONBLOCK;
export const EFD_CLOEXEC = SOCK_CLOEXEC;
export const EPOLL_CLOEXEC = SOCK_CLOEXEC;
export const EPOLL_CTL_ADD = 1;
export const EPOLL_CTL_MOD = 3;
export const EPOLLIN = 1;
export const EPOLLOUT = 4;
export const EPOLLERR = 8;
export const EPOLLHUP = 16;
export const EINTR = 4;
export const EAGAIN = 11;
export const EPIPE = 32;
export const ENAMETOOLONG = 36;
export const ECONNRESET = 104;
export const EINPROGRESS = 115;

/** `struct epoll_event`, in words of 4 bytes: the events, and the 8 bytes that belong to the caller. */
export const EPOLL_EVENT = Deno.build.arch === "x86_64"
  // It is packed there.
  ? { words: 3, low: 1, high: 2 } as const
  : { words: 4, low: 2, high: 3 } as const;

const ERRNO = new Int32Array(1);
const ERRNO_BYTES = new Uint8Array(ERRNO.buffer);

/**
 * The number of the last error of a call. It is read right behind the call: the runtime may make
 * calls of its own in between, though hardly one that fails.
 */
export function readErrno(libc: Libc): number {
  libc.memcpy(ERRNO_BYTES, libc.__errno_location(), 4);
  return ERRNO[0];
}

/** An error of the system. */
export function toSystemError(errno: number): TransportError & { readonly code: string } {
  const code = util.getSystemErrorName(-errno);
  return { code, message: code, isTls: false };
}

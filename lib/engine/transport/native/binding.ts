import { readIpVersion } from "../../../http/ip_version.ts";
import type { LocalEnd } from "../../options.ts";
import type { TransportError } from "../transport.ts";
import { type NativeAddress, toNativeAddress } from "./address.ts";
import {
  AF_INET,
  IP_BIND_ADDRESS_NO_PORT,
  IPPROTO_IP,
  type Libc,
  readErrno,
  SO_BINDTODEVICE,
  SOCK_CLOEXEC,
  SOCK_STREAM,
  SOL_SOCKET,
  toSystemError,
} from "./libc.ts";

const ON = new Uint8Array(Int32Array.of(1).buffer);

/** Binds sockets to an address of this machine, or to one of its network interfaces. */
export class Binding {
  readonly #libc: Libc;
  readonly #address: Uint8Array<ArrayBuffer> | undefined;
  readonly #device: Uint8Array<ArrayBuffer> | undefined;

  constructor(libc: Libc, { address, device }: LocalEnd) {
    this.#libc = libc;
    if (address !== undefined) {
      const family = readIpVersion(address);
      this.#address = (toNativeAddress(libc, { host: address, port: 0, family }) as NativeAddress)
        .bytes;
    }
    this.#device = device === undefined ? undefined : new TextEncoder().encode(device);
  }

  /**
   * Binds a socket that is not connected yet.
   *
   * @returns the error if the system does not
   */
  bind(fd: number): TransportError | undefined {
    const libc = this.#libc;
    const device = this.#device;
    if (device !== undefined) {
      const outcome = libc.setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device, device.length);
      if (outcome !== 0) return toSystemError(readErrno(libc));
    }
    const address = this.#address;
    if (address === undefined) return undefined;
    // Otherwise each socket would have a port of its own, whatever it connects to: some 28,000 in all.
    libc.setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, ON, ON.length);
    return libc.bind(fd, address, address.length) === 0
      ? undefined
      : toSystemError(readErrno(libc));
  }

  /** Why sockets cannot be bound, as the code of the system; undefined if they can. */
  findProblem(): string | undefined {
    const libc = this.#libc;
    const family = this.#address?.[0] ?? AF_INET;
    const fd = libc.socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return toSystemError(readErrno(libc)).code;
    const error = this.bind(fd);
    libc.close(fd);
    return error?.code;
  }
}

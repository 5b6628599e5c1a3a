import type { SocketAddress, TransportError } from "../transport.ts";
import { AF_INET, AF_INET6, AF_UNIX, ENAMETOOLONG, type Libc, toSystemError } from "./libc.ts";

/** A path of a Unix socket has to fit, with a zero byte behind it. */
const MAX_PATH_BYTES = 107;

const encoder = new TextEncoder();

/** An address as the system takes it. */
export interface NativeAddress {
  /** `struct sockaddr_in`, `sockaddr_in6` or `sockaddr_un`. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** As {@linkcode Transport.remote} has it. */
  readonly name: string;
}

/**
 * Translates an address for the system.
 *
 * @returns an error if there is no such address
 */
export function toNativeAddress(
  libc: Libc,
  address: SocketAddress,
): NativeAddress | TransportError & { readonly code: string } {
  if ("path" in address) return toUnixAddress(address.path);
  const { host, port } = address;
  const isIpv6 = host.includes(":");
  const bytes = new Uint8Array(isIpv6 ? 28 : 16);
  const view = new DataView(bytes.buffer);
  const family = isIpv6 ? AF_INET6 : AF_INET;
  // In the order of the machine: both architectures are little-endian.
  view.setUint16(0, family, true);
  view.setUint16(2, port);
  // Behind the port of `sockaddr_in6` are 4 bytes of flow information.
  const ip = bytes.subarray(isIpv6 ? 8 : 4, isIpv6 ? 24 : 8);
  // The zone that a link-local address is in, by name or number (RFC 4007 §11).
  const [text, zone] = isIpv6 ? host.split("%") : [host];
  let index = 0;
  if (zone !== undefined) {
    index = libc.if_nametoindex(encoder.encode(`${zone}\0`)) || Number(zone);
    view.setUint32(24, index, true);
  }
  if (Number.isNaN(index) || libc.inet_pton(family, encoder.encode(`${text}\0`), ip) !== 1) {
    // Names are looked up before, as that takes its time.
    return { code: "ENOTFOUND", message: `not an IP address: ${host}`, isTls: false };
  }
  return { bytes, name: isIpv6 ? `[${host}]:${port}` : `${host}:${port}` };
}

function toUnixAddress(path: string): NativeAddress | TransportError & { readonly code: string } {
  const name = encoder.encode(path);
  if (name.length > MAX_PATH_BYTES) return toSystemError(ENAMETOOLONG);
  const bytes = new Uint8Array(2 + name.length + 1);
  new DataView(bytes.buffer).setUint16(0, AF_UNIX, true);
  bytes.set(name, 2);
  return { bytes, name: path };
}

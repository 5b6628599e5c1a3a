/**
 * Asks a proxy for a tunnel to an origin: bytes in, bytes out, no sockets.
 *
 * @module
 */
import { findIpVersion } from "../../http/ip_version.ts";
import { joinBytes } from "../../byte_buffer.ts";
import { formatBasicCredentials } from "../../http/fields.ts";
import { formatAuthority } from "../../http/url.ts";
import type { ProxyOptions } from "../engine.ts";
import type { Endpoint } from "../options.ts";
import {
  checkBeginning,
  headEnd,
  MAX_HEAD_BYTES,
  parseHead,
  ProtocolError,
} from "../http1/head.ts";
import type { Origin } from "./router.ts";

/**
 * A proxy breaks its protocol, in words that follow "the proxy: "; or a {@linkcode TunnelRefusal}.
 */
export class TunnelError extends Error {
  override name = "TunnelError";
}

/** A proxy that works refuses a tunnel, in words that follow "the proxy ". */
export class TunnelRefusal extends TunnelError {
  override name = "TunnelRefusal";
  /** Whether it tells about the host that was asked for, or about the proxy. */
  readonly scope: "host" | "proxy";
  /** Whether it tells about the requested address alone: another address of the host may work. */
  readonly isOfAddress: boolean;

  constructor(message: string, scope: "host" | "proxy", isOfAddress = false) {
    super(message);
    this.scope = scope;
    this.isOfAddress = isOfAddress;
  }
}

/** The exchange with a proxy at the beginning of a connection. */
export interface Tunnel {
  /** The bytes to send first. */
  readonly greeting: Uint8Array;
  /** Bytes after the last response of the proxy: an origin that speaks first has sent them. */
  readonly rest: Uint8Array;
  /**
   * Reads what the proxy sends, in any pieces.
   *
   * @returns the bytes to send next; `open` once everything that follows comes from the origin;
   * undefined while the response of the proxy is incomplete
   * @throws {TunnelError} If the proxy does not open the tunnel.
   */
  feed(bytes: Uint8Array): Uint8Array | "open" | undefined;
}

/**
 * Whether a proxy gets the request itself with the whole URL (RFC 9112 §3.2.2), without a tunnel. The
 * proxy would connect to the URL's host, so a detour needs a tunnel.
 */
export function usesAbsoluteForm(
  proxy: ProxyOptions | undefined,
  { isSecure, detour }: Pick<Origin, "isSecure" | "detour">,
): boolean {
  return !isSecure && detour === undefined &&
    (proxy?.protocol === "http" || proxy?.protocol === "https");
}

/** Begins a tunnel through a proxy. */
export function openTunnel(proxy: ProxyOptions, target: Endpoint): Tunnel {
  return proxy.protocol.startsWith("socks")
    ? new SocksTunnel(proxy, target)
    : new ConnectTunnel(proxy, target);
}

/** The value of `Proxy-Authorization` for a proxy (RFC 9110 §11.7.2); undefined without credentials. */
export function proxyAuthorization({ credentials }: ProxyOptions): string | undefined {
  return credentials && formatBasicCredentials(credentials.user, credentials.password);
}

/** An incomplete response of a proxy, which is short. */
class Pending {
  bytes = new Uint8Array();

  add(bytes: Uint8Array): void {
    this.bytes = joinBytes(this.bytes, bytes);
  }
}

const encoder = new TextEncoder();

/** CONNECT (RFC 9110 §9.3.6). */
class ConnectTunnel implements Tunnel {
  readonly greeting: Uint8Array;
  rest: Uint8Array = new Uint8Array();
  readonly #pending = new Pending();

  constructor(proxy: ProxyOptions, target: Endpoint) {
    const authority = formatAuthority(target);
    const authorization = proxyAuthorization(proxy);
    this.greeting = encoder.encode(
      `CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n` +
        (authorization === undefined ? "" : `Proxy-Authorization: ${authorization}\r\n`) + "\r\n",
    );
  }

  feed(bytes: Uint8Array): "open" | undefined {
    this.#pending.add(bytes);
    let all = this.#pending.bytes;
    let from = Math.max(0, all.length - bytes.length - 3);
    for (;;) {
      const end = headEnd(all, from, all.length);
      if ((end < 0 ? all.length : end) > MAX_HEAD_BYTES) {
        throw new TunnelError(`its response has a head of more than ${MAX_HEAD_BYTES} bytes`);
      }
      if (end < 0) {
        readValid(() => checkBeginning(all, 0, all.length));
        return undefined;
      }
      const { status } = readValid(() => parseHead(all, 0, end, false, true));
      // RFC 9110 §15.2: interim responses are skipped. No request here asks for a 101.
      if (status < 200 && status !== 101) {
        all = this.#pending.bytes = all.slice(end);
        from = 0;
        continue;
      }
      if (status < 200 || status > 299) {
        // RFC 9110 §15.6: a 5xx tells about the way beyond the proxy, any other status about itself.
        throw new TunnelRefusal(`answered ${status}`, status >= 500 ? "host" : "proxy");
      }
      this.rest = all.subarray(end);
      return "open";
    }
  }
}

/** The result of reading a response. @throws {TunnelError} If the response is not valid HTTP. */
function readValid<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    throw new TunnelError(`its response is not valid HTTP: ${error.message}`);
  }
}

const VERSION = 5;
const NO_AUTHENTICATION = 0;
const USERNAME_PASSWORD = 2;
const NO_METHOD = 0xff;
const CONNECT = 1;
const IPV4 = 1;
const NAME = 3;
const IPV6 = 4;

/** RFC 1928 §6, REP. */
const REPLIES = [
  "",
  "general failure",
  "not allowed by its rules",
  "network unreachable",
  "host unreachable",
  "connection refused",
  "time to live expired",
  "command not supported",
  "address type not supported",
];

/** SOCKS5 (RFC 1928), without authentication, or with a name and password (RFC 1929). */
class SocksTunnel implements Tunnel {
  readonly greeting: Uint8Array;
  rest: Uint8Array = new Uint8Array();
  readonly #credentials: ProxyOptions["credentials"];
  readonly #target: Endpoint;
  readonly #pending = new Pending();
  #step: "method" | "authentication" | "reply" = "method";

  constructor({ credentials }: ProxyOptions, target: Endpoint) {
    this.#credentials = credentials;
    this.#target = target;
    const methods = credentials === undefined
      ? [NO_AUTHENTICATION]
      : [NO_AUTHENTICATION, USERNAME_PASSWORD];
    this.greeting = Uint8Array.of(VERSION, methods.length, ...methods);
  }

  feed(bytes: Uint8Array): Uint8Array | "open" | undefined {
    this.#pending.add(bytes);
    const all = this.#pending.bytes;
    // The response to a name and password has another version (RFC 1929 §2); some proxies err there.
    if (all[0] !== VERSION && this.#step !== "authentication") {
      throw new TunnelError("it does not speak SOCKS5");
    }
    if (all.length < 2) return undefined;
    switch (this.#step) {
      case "method":
        return this.#onMethod(all);
      case "authentication":
        this.#expectEnd(all, 2);
        if (all[1] !== 0) {
          throw new TunnelRefusal("does not accept the name and password", "proxy");
        }
        return this.#ask();
      case "reply":
        return this.#onReply(all);
    }
  }

  #onMethod(all: Uint8Array): Uint8Array {
    this.#expectEnd(all, 2);
    if (all[1] === NO_AUTHENTICATION) return this.#ask();
    if (all[1] === USERNAME_PASSWORD && this.#credentials !== undefined) {
      this.#step = "authentication";
      const { user, password } = this.#credentials;
      return Uint8Array.of(1, ...toCounted(user), ...toCounted(password));
    }
    throw new TunnelRefusal(
      all[1] === NO_METHOD && this.#credentials === undefined
        ? "asks for a name and a password"
        : "accepts no authentication method that is known here",
      "proxy",
    );
  }

  /** The request for the tunnel (§4). */
  #ask(): Uint8Array {
    this.#step = "reply";
    const { hostname, port } = this.#target;
    return Uint8Array.of(VERSION, CONNECT, 0, ...formatAddress(hostname), port >> 8, port & 255);
  }

  #onReply(all: Uint8Array): "open" | undefined {
    if (all[1] !== 0) {
      throw new TunnelRefusal(`answered: ${REPLIES[all[1]] ?? `reply ${all[1]}`}`, "host", true);
    }
    if (all.length < 5) return undefined;
    // The bound address is not needed here.
    const length = all[3] === IPV4 ? 4 : all[3] === IPV6 ? 16 : all[3] === NAME ? all[4] + 1 : -1;
    if (length < 0) throw new TunnelError("its response has an address of an unknown type");
    if (all.length < 6 + length) return undefined;
    this.rest = all.subarray(6 + length);
    return "open";
  }

  /** Checks that no byte follows a response. */
  #expectEnd(all: Uint8Array, length: number): void {
    if (all.length > length) throw new TunnelError("it sent bytes after its response");
    this.#pending.bytes = new Uint8Array();
  }
}

/** Text after its length (RFC 1929 §2); it has at most 255 bytes, which was checked before. */
function toCounted(text: string): number[] {
  const bytes = encoder.encode(text);
  return [bytes.length, ...bytes];
}

function formatAddress(hostname: string): number[] {
  switch (findIpVersion(hostname)) {
    case 4:
      return [IPV4, ...hostname.split(".").map(Number)];
    case 6:
      return [IPV6, ...parseIpv6(hostname)];
  }
  if (encoder.encode(hostname).length > 255) {
    throw new TunnelRefusal("accepts no name of more than 255 bytes", "host");
  }
  return [NAME, ...toCounted(hostname)];
}

/** The bytes of an IPv6 address in any of its forms (RFC 4291 §2.2). */
function parseIpv6(address: string): number[] {
  // `URL` writes the last 32 bits in hexadecimal as well.
  const plain = new URL(`http://[${address.replace(/%.*$/, "")}]/`).hostname.slice(1, -1);
  const [head, tail] = plain.split("::");
  const words = (text: string | undefined): number[] =>
    text === undefined || text === "" ? [] : text.split(":").map((word) => parseInt(word, 16));
  const before = words(head);
  const after = words(tail);
  const gap = new Array(8 - before.length - after.length).fill(0);
  return [...before, ...gap, ...after].flatMap((word) => [word >> 8, word & 255]);
}

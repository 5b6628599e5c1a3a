/**
 * How a proxy is asked for a way through to an origin: bytes in, bytes out, no sockets.
 *
 * @module
 */
import net from "node:net";
import { basicCredentials } from "../../http/fields.ts";
import { formatAuthority } from "../../http/url.ts";
import type { ProxyOptions } from "../engine.ts";
import { checkBeginning, headEnd, MAX_HEAD_BYTES, parseHead, ProtocolError } from "./head.ts";

/**
 * A proxy that does not speak as it should, in words that go on from "the proxy: "; or a
 * {@linkcode TunnelRefusal}.
 */
export class TunnelError extends Error {
  override name = "TunnelError";
}

/** A proxy that is well and gives no way through, in words that go on from "the proxy ". */
export class TunnelRefusal extends TunnelError {
  override name = "TunnelRefusal";
  /** Whether it tells about the host that was asked for, or about the proxy. */
  readonly scope: "host" | "proxy";
  /** Whether it tells about the address that was asked for; another of the same host may do. */
  readonly isOfAddress: boolean;

  constructor(message: string, scope: "host" | "proxy", isOfAddress = false) {
    super(message);
    this.scope = scope;
    this.isOfAddress = isOfAddress;
  }
}

/** One conversation with a proxy, at the beginning of a connection. */
export interface Tunnel {
  /** What is sent first. */
  readonly greeting: Uint8Array;
  /** What came behind the proxy's last answer: an origin that speaks first has sent it. */
  readonly rest: Uint8Array;
  /**
   * Takes what the proxy sends, in any pieces.
   *
   * @returns what to answer; `open` once everything that follows is the origin's; undefined while
   * the proxy has not said it all
   * @throws {TunnelError} If there is no way through.
   */
  feed(bytes: Uint8Array): Uint8Array | "open" | undefined;
}

/** Where a tunnel leads. */
export interface TunnelTarget {
  /** A name, or an address; an IPv6 address without its brackets. */
  readonly hostname: string;
  readonly port: number;
}

/** Whether a proxy is asked for the whole URL (RFC 9112 §3.2.2), not for a way to its host. */
export function isForwarded(
  proxy: ProxyOptions | undefined,
  { isSecure }: { readonly isSecure: boolean },
): boolean {
  return !isSecure && (proxy?.protocol === "http" || proxy?.protocol === "https");
}

/** Begins a conversation with a proxy. */
export function tunnelThrough(proxy: ProxyOptions, far: TunnelTarget): Tunnel {
  return proxy.protocol.startsWith("socks")
    ? new SocksTunnel(proxy, far)
    : new ConnectTunnel(proxy, far);
}

/** The value of `Proxy-Authorization` for a proxy (RFC 9110 §11.7.2); undefined if it needs none. */
export function proxyAuthorization({ credentials }: ProxyOptions): string | undefined {
  return credentials && basicCredentials(credentials.user, credentials.password);
}

/** What has come and is not complete; an answer of a proxy is short. */
class Pending {
  bytes = new Uint8Array();

  add(bytes: Uint8Array): void {
    const all = new Uint8Array(this.bytes.length + bytes.length);
    all.set(this.bytes);
    all.set(bytes, this.bytes.length);
    this.bytes = all;
  }
}

const encoder = new TextEncoder();

/** CONNECT (RFC 9110 §9.3.6). */
class ConnectTunnel implements Tunnel {
  readonly greeting: Uint8Array;
  rest: Uint8Array = new Uint8Array();
  readonly #pending = new Pending();

  constructor(proxy: ProxyOptions, far: TunnelTarget) {
    const authority = formatAuthority(far);
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
        throw new TunnelError(`it answered with a head of more than ${MAX_HEAD_BYTES} bytes`);
      }
      if (end < 0) {
        understood(() => checkBeginning(all, 0, all.length));
        return undefined;
      }
      const { status } = understood(() => parseHead(all, 0, end, false, true));
      // RFC 9110 §15.2: interim answers are skipped; nobody has asked for a 101.
      if (status < 200 && status !== 101) {
        all = this.#pending.bytes = all.slice(end);
        from = 0;
        continue;
      }
      if (status < 200 || status > 299) {
        // RFC 9110 §15.6: what the proxy met behind itself; any other status is of the proxy's own.
        throw new TunnelRefusal(`answered ${status}`, status >= 500 ? "host" : "proxy");
      }
      this.rest = all.subarray(end);
      return "open";
    }
  }
}

/** What comes of reading an answer. @throws {TunnelError} If it is not HTTP as it should be. */
function understood<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    throw new TunnelError(`its answer is not HTTP as it should be: ${error.message}`);
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

/** SOCKS5 (RFC 1928), without authentication or with a name and a password (RFC 1929). */
class SocksTunnel implements Tunnel {
  readonly greeting: Uint8Array;
  rest: Uint8Array = new Uint8Array();
  readonly #credentials: ProxyOptions["credentials"];
  readonly #far: TunnelTarget;
  readonly #pending = new Pending();
  #step: "method" | "authentication" | "reply" = "method";

  constructor({ credentials }: ProxyOptions, far: TunnelTarget) {
    this.#credentials = credentials;
    this.#far = far;
    const methods = credentials === undefined
      ? [NO_AUTHENTICATION]
      : [NO_AUTHENTICATION, USERNAME_PASSWORD];
    this.greeting = Uint8Array.of(VERSION, methods.length, ...methods);
  }

  feed(bytes: Uint8Array): Uint8Array | "open" | undefined {
    this.#pending.add(bytes);
    const all = this.#pending.bytes;
    // An answer to name and password has another version (RFC 1929 §2), which some proxies get wrong.
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
          throw new TunnelRefusal("does not take the name and password", "proxy");
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
      return Uint8Array.of(1, ...counted(user), ...counted(password));
    }
    throw new TunnelRefusal(
      all[1] === NO_METHOD && this.#credentials === undefined
        ? "asks for a name and a password"
        : "takes no way of authentication that is known here",
      "proxy",
    );
  }

  /** The request proper (§4). */
  #ask(): Uint8Array {
    this.#step = "reply";
    const { hostname, port } = this.#far;
    return Uint8Array.of(VERSION, CONNECT, 0, ...formatAddress(hostname), port >> 8, port & 255);
  }

  #onReply(all: Uint8Array): "open" | undefined {
    if (all[1] !== 0) {
      throw new TunnelRefusal(`answered: ${REPLIES[all[1]] ?? `reply ${all[1]}`}`, "host", true);
    }
    if (all.length < 5) return undefined;
    // What it is bound to is of no use here.
    const length = all[3] === IPV4 ? 4 : all[3] === IPV6 ? 16 : all[3] === NAME ? all[4] + 1 : -1;
    if (length < 0) throw new TunnelError("it answered with an address of no known type");
    if (all.length < 6 + length) return undefined;
    this.rest = all.subarray(6 + length);
    return "open";
  }

  /** That nothing came behind what was asked for. */
  #expectEnd(all: Uint8Array, length: number): void {
    if (all.length > length) throw new TunnelError("it sent bytes behind its answer");
    this.#pending.bytes = new Uint8Array();
  }
}

/** Text with its length in front, as RFC 1929 §2 has it; at most 255 bytes, which was checked. */
function counted(text: string): number[] {
  const bytes = encoder.encode(text);
  return [bytes.length, ...bytes];
}

function formatAddress(hostname: string): number[] {
  switch (net.isIP(hostname)) {
    case 4:
      return [IPV4, ...hostname.split(".").map(Number)];
    case 6:
      return [IPV6, ...bytesOfIpv6(hostname)];
  }
  if (encoder.encode(hostname).length > 255) {
    throw new TunnelRefusal("takes no name of more than 255 bytes", "host");
  }
  return [NAME, ...counted(hostname)];
}

/** The bytes of an IPv6 address in any of its forms (RFC 4291 §2.2). */
function bytesOfIpv6(address: string): number[] {
  // `URL` writes the last 32 bits in hexadecimal, too.
  const plain = new URL(`http://[${address.replace(/%.*$/, "")}]/`).hostname.slice(1, -1);
  const [head, tail] = plain.split("::");
  const words = (text: string | undefined): number[] =>
    text === undefined || text === "" ? [] : text.split(":").map((word) => parseInt(word, 16));
  const before = words(head);
  const after = words(tail);
  const gap = new Array(8 - before.length - after.length).fill(0);
  return [...before, ...gap, ...after].flatMap((word) => [word >> 8, word & 255]);
}

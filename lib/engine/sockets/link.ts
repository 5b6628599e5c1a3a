import type { ConnectionInfo } from "../../result.ts";
import type {
  SocketAddress,
  TlsDestination,
  Transport,
  TransportError,
  TransportListener,
  Transports,
} from "../transport/transport.ts";
import { type Tunnel, TunnelError, TunnelRefusal } from "./tunnel.ts";

/** Where a link leads. Undefined parts are left out. */
export interface Destination {
  /** An address, a name for the system to look up, or the path of a Unix socket. */
  readonly socket: SocketAddress;
  /** TLS to a proxy, over the socket. */
  readonly proxyTls: TlsDestination | undefined;
  /** A tunnel through a proxy, over that. */
  readonly tunnel: Tunnel | undefined;
  /** TLS to the origin, over all of it. */
  readonly tls: TlsDestination | undefined;
  /** Whether it leads to a proxy. Errors before the tunnel is open are errors of the proxy. */
  readonly isProxied: boolean;
}

/** Why a connection could not be made. */
export interface ConnectError {
  /** The code of the operating system, or why this program gave up. */
  readonly code?: string | undefined;
  readonly message: string;
  /** Whether it is an error of TLS, after TCP was connected. */
  readonly isTls: boolean;
  /** Whether a proxy could not be reached, or breaks its protocol. */
  readonly isOfProxy: boolean;
  /** The refusal of a proxy that works. */
  readonly refusal: TunnelRefusal | undefined;
  /** Whether there was a TCP connection. */
  readonly wasReached: boolean;
}

/** The owner of a link. */
export interface LinkOwner {
  /** It is open, and has to be handed over at once. */
  onOpen(link: Link): void;
  /** It is closed, and never was open. */
  onFail(link: Link, error: ConnectError): void;
}

/**
 * One connection that is being made, in up to four steps:
 *
 * ```text
 * TCP ──► TLS to a proxy ──► tunnel through it ──► TLS to the origin ──► open
 *  └──────────┴───────────────────┴───────────────────┴──► failed
 * ```
 *
 * It knows no HTTP. When it is open, a protocol takes over its transport.
 */
export class Link implements TransportListener {
  readonly #owner: LinkOwner;
  readonly #destination: Destination;
  readonly #transport: Transport;
  /** The tunnel that is being opened; undefined before and after. */
  #tunnel: Tunnel | undefined;
  /** Whether bytes come from the origin. */
  #isThrough: boolean;
  #isOver = false;
  #error: TransportError | TunnelError | undefined;
  /** When the present step began. */
  #sinceMs = performance.now();
  readonly #lookUpMs: number | null;
  /** Milliseconds that TCP took to connect; null before it has. */
  #connectMs: number | null = null;
  /** Milliseconds that the last TLS handshake took; null before one is done. */
  #tlsMs: number | null = null;
  /** The protocol that ALPN agreed on with the origin (RFC 7301); undefined without any. */
  protocol: string | undefined;

  /** @param lookUpMs milliseconds that the look-up of its address took; null without one */
  constructor(
    transports: Transports,
    destination: Destination,
    owner: LinkOwner,
    lookUpMs: number | null = null,
  ) {
    const { socket, proxyTls, tunnel, tls, isProxied } = destination;
    this.#destination = destination;
    this.#lookUpMs = lookUpMs;
    this.#isThrough = !isProxied;
    this.#owner = owner;
    const first = proxyTls ?? (tunnel === undefined ? tls : undefined);
    this.#transport = transports.open(socket, first, this);
  }

  /** Whether there was a TCP connection. */
  get wasReached(): boolean {
    return this.#connectMs !== null;
  }

  /** What results tell about it. */
  get info(): ConnectionInfo {
    return Object.freeze({
      remote: this.#transport.remote,
      dnsMs: this.#lookUpMs,
      connectMs: this.#connectMs,
      tlsMs: this.#tlsMs,
    });
  }

  onConnect(): void {
    const now = performance.now();
    this.#connectMs = now - this.#sinceMs;
    this.#sinceMs = now;
    const { proxyTls, tunnel, tls } = this.#destination;
    if (proxyTls !== undefined) return;
    if (tunnel !== undefined) this.#openTunnel(tunnel);
    else if (tls === undefined) this.#open();
  }

  onSecure(protocol: string | undefined): void {
    this.#tlsMs = performance.now() - this.#sinceMs;
    const { proxyTls, tunnel, tls } = this.#destination;
    const isOfProxy = proxyTls !== undefined && !this.#isThrough;
    if (isOfProxy && tunnel !== undefined) return this.#openTunnel(tunnel);
    if (tls !== undefined) this.protocol = protocol;
    this.#open();
  }

  #openTunnel(tunnel: Tunnel): void {
    this.#tunnel = tunnel;
    this.#transport.send(tunnel.greeting);
  }

  onRead(bytes: Uint8Array, length: number): void {
    // Without a tunnel, only TLS reads before the link is open.
    if (this.#tunnel === undefined) return;
    let next;
    try {
      next = this.#tunnel.feed(bytes.subarray(0, length));
    } catch (error) {
      if (!(error instanceof TunnelError)) throw error;
      return this.#fail(error);
    }
    if (next === undefined) return;
    if (next !== "open") return this.#transport.send(next);
    const { rest } = this.#tunnel;
    const { tls } = this.#destination;
    this.#tunnel = undefined;
    if (tls === undefined) {
      this.#open();
      if (rest.length > 0) this.#transport.listener.onRead(rest, rest.length);
    } else if (rest.length > 0) {
      // With TLS the server speaks second (RFC 8446 §2).
      this.#fail(new TunnelError("it sent bytes after its response"));
    } else {
      this.#isThrough = true;
      this.#sinceMs = performance.now();
      this.#transport.startTls(tls);
    }
  }

  onEnd(): void {
    this.#fail(undefined);
  }

  onDrain(): void {}

  onClose(error: TransportError): void {
    this.#fail(error);
  }

  #open(): void {
    this.#isThrough = true;
    this.#isOver = true;
    this.#owner.onOpen(this);
  }

  /** Hands the open transport over to a protocol, which has to close it from now on. */
  handOver(listener: TransportListener): Transport {
    this.#transport.listener = listener;
    return this.#transport;
  }

  #fail(error: TransportError | TunnelError | undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#error = error;
    this.#transport.close();
    this.#owner.onFail(this, this.#connectError());
  }

  /** Closes a link that was not handed over. If it is not open yet, its owner is told at once. */
  close(): void {
    if (this.#isOver) this.#transport.close();
    else this.#fail(undefined);
  }

  #connectError(): ConnectError {
    const error = this.#error;
    const refusal = error instanceof TunnelRefusal ? error : undefined;
    const { wasReached } = this;
    return {
      code: error instanceof TunnelError ? undefined : error?.code,
      message: error?.message ??
        (this.#isThrough ? "the server closed the connection" : "it closed the connection"),
      isTls: wasReached && !(error instanceof TunnelError),
      isOfProxy: !this.#isThrough && refusal === undefined,
      refusal,
      wasReached,
    };
  }
}

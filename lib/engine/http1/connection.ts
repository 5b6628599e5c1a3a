import type net from "node:net";
import type { TLSSocket } from "node:tls";
import type { ConnectionInfo, Failure } from "../../result.ts";
import { InFlight, type StopReason } from "../deadlines.ts";
import type { TlsOptions } from "../engine.ts";
import { toBodyFailure, toLengthFailure, toProtocolFailure } from "../failure.ts";
import { describeTlsAlert } from "../tls_failure.ts";
import { checkBeginning, type Head, MAX_HEAD_BYTES, ProtocolError } from "./head.ts";
import { isReset, ReadFirstSocket } from "../transport/read_first_socket.ts";
import { type HeadListener, ResponseReader } from "./response.ts";
import { CutError, startTls, type Transport } from "../transport/tls.ts";
import { type Tunnel, TunnelError, TunnelRefusal } from "../sockets/tunnel.ts";

/**
 * The buffer that every plain socket is read into. One is enough: its bytes are processed before the
 * next read of any socket begins, and those that are kept are copied. With a buffer of 8 KB for each,
 * 10,000 connections took 80 MB more.
 */
const BUFFER = new Uint8Array(64 * 1024);

/** The name that the certificate has to be for, and what to trust. */
export interface TlsDestination {
  readonly hostname: string;
  readonly options: TlsOptions;
}

/** Where a connection leads. Undefined parts are left out. */
export interface Destination {
  /** An IP address, a name for the system to look up, or the path of a Unix socket. */
  readonly socket:
    | { readonly host: string; readonly port: number; readonly family: number }
    | { readonly path: string };
  /** TLS to a proxy, over the socket. */
  readonly proxyTls: TlsDestination | undefined;
  /** A tunnel through a proxy, over that. */
  readonly tunnel: Tunnel | undefined;
  /** TLS to the origin, over all of it. */
  readonly tls: TlsDestination | undefined;
  /** Whether it leads to a proxy. Errors before the tunnel is open are errors of the proxy. */
  readonly isProxied: boolean;
}

/** A request and its response, as a connection sees them. */
export interface Exchange {
  /** Whether the method is HEAD. */
  readonly isHead: boolean;
  /** The maximum number of bytes of the body. */
  readonly maxBodyBytes: number;
  /** Whether the request has `Connection: close`. */
  readonly closes: boolean;
  /** Receives the fields of the head and the body; undefined if nothing does. */
  readonly listener: HeadListener | undefined;
  onHead(head: Head): void;
  /** The response is complete. The connection has gone back to its owner, if it can be used again. */
  onDone(head: Head, size: number): void;
  /**
   * The response is missing or incomplete.
   *
   * @param size bytes of the body that came
   * @param isStale whether the server may not have got the request: the connection was used before,
   * and nothing came
   */
  onFailure(failure: Failure, size: number, isStale: boolean): void;
}

/** The owner of a connection. */
export interface ConnectionOwner {
  /** It is ready for a request. */
  onIdle(connection: Connection): void;
  /**
   * The response is complete, and the request is not sent completely. `onIdle` follows once it is.
   * Until then the connection may be closed because of its time or for room.
   */
  onUnsent(connection: Connection): void;
  /** It is closed. The error is why it never was open, if it was not. */
  onClose(connection: Connection, connectError: ConnectError | undefined): void;
}

/** Why a connection could not be made. */
export interface ConnectError {
  /** The code of the operating system or TLS. */
  readonly code?: string;
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

/**
 * A socket with at most one exchange at a time (no pipelining).
 *
 * ```text
 * connecting ──► idle ◄──► busy ──► unsent ──► idle
 *      └───────────┴─────────┴─────────┴──► closed
 * ```
 *
 * A read is outstanding in each state. The connection is closed by an end, by bytes after a response,
 * and by bytes without a request. It is unsent while the response is complete and the request is not.
 *
 * Connecting takes up to four steps: TCP, TLS to a proxy, a tunnel through it, TLS to the origin.
 */
export class Connection extends InFlight {
  readonly #owner: ConnectionOwner;
  readonly #tcp: ReadFirstSocket;
  readonly #destination: Destination;
  /** The outermost layer so far: TCP, or TLS over it. */
  #carrier: Transport;
  /** The layers of TLS, the proxy's first; at most two. */
  readonly #layers: TLSSocket[] = [];
  /** The tunnel that is being opened; undefined before and after. */
  #tunnel: Tunnel | undefined;
  /** Whether bytes come from the origin. */
  #isThrough: boolean;
  readonly #response = new ResponseReader();
  readonly #startMs = performance.now();
  #exchange: Exchange | undefined;
  /** The problem of bytes before the first request, from a server that does not speak HTTP. */
  #earlyProblem: ProtocolError | undefined;
  #earlyBytes = 0;
  /** Whether any byte of the response has come. */
  #hasResponse = false;
  #wasOpen = false;
  #isClosed = false;
  #error: NodeJS.ErrnoException | undefined;
  /** How many requests it got. */
  uses = 0;
  /** How many reads the present response took so far. */
  reads = 0;
  /** Milliseconds from the look-up of the host until it was ready. Set by its owner. */
  openMs = 0;
  /** Milliseconds that TCP took to connect; null before it has. */
  #connectMs: number | null = null;
  /** Milliseconds that the TLS handshake took; null before it is done, and without TLS. */
  #tlsMs: number | null = null;
  /** What results tell about it; null before it is ready for a request. */
  info: ConnectionInfo | null = null;

  constructor(destination: Destination, owner: ConnectionOwner) {
    super();
    this.#destination = destination;
    this.#isThrough = !destination.isProxied;
    this.#owner = owner;
    const onread = {
      buffer: BUFFER,
      callback: (length: number, buffer: Uint8Array): boolean => {
        this.#onRead(buffer, length);
        return true;
      },
    };
    const { socket, proxyTls, tls } = destination;
    const isPlain = proxyTls === undefined && tls === undefined;
    const tcp = this.#tcp = this.#carrier = new ReadFirstSocket(isPlain ? onread : undefined);
    tcp.connect(socket);
    tcp.on("connect", () => {
      if (this.#isClosed) return;
      this.#connectMs = performance.now() - this.#startMs;
      if (proxyTls === undefined) this.#onProxy();
      else this.#secure(proxyTls, () => this.#onProxy());
    });
    if (isPlain) tcp.on("end", () => this.#onEnd());
    tcp.on("error", (error) => this.#error ??= error);
    tcp.on("close", () => this.#onClosed());
  }

  /** The proxy is connected, or the origin without one. */
  #onProxy(): void {
    const { tunnel } = this.#destination;
    if (tunnel === undefined) return this.#onThrough();
    this.#tunnel = tunnel;
    // Without any TLS, bytes come by `onread`; over the TLS of the proxy, by its listener.
    if (this.#destination.tls !== undefined && this.#carrier === this.#tcp) {
      this.#tcp.on("data", this.#onTunnelData);
    }
    this.#carrier.write(tunnel.greeting);
  }

  readonly #onTunnelData = (bytes: Uint8Array): void => this.#onTunnel(bytes);

  #onTunnel(bytes: Uint8Array): void {
    if (this.#isClosed) return;
    let next;
    try {
      next = this.#tunnel!.feed(bytes);
    } catch (error) {
      if (!(error instanceof TunnelError)) throw error;
      this.#error ??= error;
      return this.destroy();
    }
    if (next === undefined) return;
    if (next !== "open") return void this.#carrier.write(next);
    const { rest } = this.#tunnel!;
    this.#tunnel = undefined;
    this.#tcp.off("data", this.#onTunnelData);
    if (rest.length > 0 && this.#destination.tls !== undefined) {
      // With TLS the server speaks second (RFC 8446 §2).
      this.#error ??= new TunnelError("it sent bytes after its response");
      return this.destroy();
    }
    this.#onThrough();
    if (rest.length > 0) this.#onRead(rest, rest.length);
  }

  #onThrough(): void {
    this.#isThrough = true;
    const { tls } = this.#destination;
    if (tls === undefined) this.#onOpen();
    else this.#secure(tls, () => this.#onOpen());
  }

  #secure({ hostname, options }: TlsDestination, onOpen: () => void): void {
    const startMs = performance.now();
    const socket = startTls(this.#carrier, hostname, options, {
      onOpen: () => {
        if (this.#isClosed) return;
        this.#tlsMs = performance.now() - startMs;
        onOpen();
      },
      onRead: (bytes) => {
        // Once there is another layer over it, the bytes go to that.
        if (this.#carrier === socket) this.#onRead(bytes, bytes.length);
      },
      onEnd: () => {
        if (this.#carrier === socket) this.#onEnd();
      },
      onError: (error) => {
        // A reset that made a write fail looks like a cut here.
        this.#error ??= error instanceof CutError ? this.#tcp.writeError ?? error : error;
        this.#tcp.destroy();
      },
    });
    this.#layers.push(socket);
    this.#carrier = socket;
  }

  #onOpen(): void {
    if (this.#isClosed) return;
    this.#wasOpen = true;
    const { socket } = this.#destination;
    this.info = Object.freeze({
      remote: "path" in socket ? socket.path : formatRemote(this.#tcp),
      connectMs: this.#connectMs,
      tlsMs: this.#tlsMs,
    });
    this.#owner.onIdle(this);
  }

  /**
   * Sends a request. Only while the connection is idle.
   *
   * @param head each character a byte: strings cost Deno's sockets least
   */
  send(head: string, body: Uint8Array | undefined, exchange: Exchange): void {
    this.#exchange = exchange;
    this.#response.begin(exchange.isHead, exchange.listener);
    this.#hasResponse = false;
    this.uses++;
    this.reads = 0;
    if (this.#earlyProblem !== undefined) {
      return this.#fail(toProtocolFailure(this.#earlyProblem.message));
    }
    const socket = this.#carrier;
    if (body === undefined) {
      socket.write(head, "latin1");
    } else {
      socket.cork();
      socket.write(head, "latin1");
      socket.write(body);
      socket.uncork();
    }
  }

  #onRead(bytes: Uint8Array, length: number): void {
    if (this.#isClosed) return;
    if (this.#tunnel !== undefined) return this.#onTunnel(bytes.subarray(0, length));
    if (this.#exchange === undefined) return this.#onUnasked(bytes, length);
    this.#hasResponse = true;
    this.reads++;
    try {
      this.#read(bytes, length);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      const hasHead = this.#response.head !== undefined;
      this.#fail(hasHead ? toBodyFailure(error.message) : toProtocolFailure(error.message));
    }
  }

  /**
   * Bytes without a request, which would be taken for the response to the next one. A server of
   * another protocol may speak first on each connection; the next request then fails with that.
   */
  #onUnasked(bytes: Uint8Array, length: number): void {
    this.#earlyBytes += length;
    if (this.uses > 0 || this.#earlyBytes > MAX_HEAD_BYTES) return this.destroy();
    if (this.#earlyProblem !== undefined) return;
    try {
      checkBeginning(bytes, 0, length);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#earlyProblem = error;
      return;
    }
    this.destroy();
  }

  #read(bytes: Uint8Array, length: number): void {
    const response = this.#response;
    const exchange = this.#exchange!;
    const hadHead = response.head !== undefined;
    const taken = response.feed(bytes, length);
    // The sink of the body may have ended the exchange.
    if (response.head === undefined || this.#exchange !== exchange) return;
    if (!hadHead) exchange.onHead(response.head);
    if (response.size > exchange.maxBodyBytes || response.head.length > exchange.maxBodyBytes) {
      return this.#fail(toLengthFailure(exchange.maxBodyBytes));
    }
    // A read that filled its buffer may have left bytes in the socket.
    if (response.isDone) this.#finish(taken === length && length < BUFFER.length);
  }

  /** Ends the exchange well. */
  #finish(isExact: boolean): void {
    const exchange = this.#exchange!;
    const head = this.#response.head!;
    // Read before the connection gets its next request.
    const { size } = this.#response;
    this.#exchange = undefined;
    if (!isExact || !head.persistent || exchange.closes) this.destroy();
    else if (this.#isSent) this.#owner.onIdle(this);
    else this.#finishSending(head.status);
    exchange.onDone(head, size);
  }

  /** Whether the system has all bytes of the request. */
  get #isSent(): boolean {
    const carrier = this.#carrier;
    const tcp = this.#tcp;
    return carrier.writableLength === 0 && (carrier === tcp || tcp.writableLength === 0);
  }

  /**
   * The next request would have to follow the unsent rest of this one. A server that succeeded
   * without the rest must still read it (RFC 9112 §9.3); a server that responded otherwise does not
   * want it (§9.5).
   */
  #finishSending(status: number): void {
    const carrier = this.#carrier;
    if (status >= 300 || !carrier.writableNeedDrain) return this.destroy();
    carrier.once("drain", () => {
      if (this.#isClosed) return;
      if (this.#isSent) this.#owner.onIdle(this);
      else this.destroy();
    });
    this.#owner.onUnsent(this);
  }

  #fail(failure: Failure): void {
    const exchange = this.#exchange;
    this.#exchange = undefined;
    const isStale = this.uses > 1 && !this.#hasResponse;
    const { size } = this.#response;
    this.destroy();
    exchange?.onFailure(failure, size, isStale);
  }

  #onEnd(): void {
    // This is a reset, and an error follows.
    if (this.#carrier === this.#tcp && this.#tcp.writeError !== undefined) return;
    if (this.#exchange === undefined) return this.destroy();
    if (this.#response.endsWithConnection) return this.#finish(false);
    this.#lose("the server closed the connection");
  }

  #lose(why: string): void {
    if (this.#response.head === undefined) {
      this.#fail({ error: "reset", detail: why, scope: "host" });
    } else {
      this.#fail(toBodyFailure(`${why} before the end of the body`));
    }
  }

  #onClosed(): void {
    const error = this.#error;
    const alert = describeTlsAlert(error);
    if (this.#exchange !== undefined && this.#response.head === undefined && alert !== undefined) {
      // With TLS 1.3, a server refuses the client's certificate after the client may send.
      this.#fail({ error: "tls", detail: alert, scope: "host" });
    } else if (this.#exchange !== undefined) {
      this.#lose(
        error === undefined || isReset(error) ? "the server reset the connection" : error.message,
      );
    }
    this.destroy();
    for (const layer of this.#layers) layer.destroy();
  }

  /** Closes the connection, and tells its owner at once. An exchange is not told. */
  destroy(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#exchange = undefined;
    const tcp = this.#tcp;
    // TLS first announces that nothing follows (RFC 8446 §6.1), if the socket takes it.
    const carrier = this.#carrier;
    if (
      this.#wasOpen && carrier !== tcp && tcp.writableLength === 0 && carrier.writableLength === 0
    ) {
      carrier.end(() => tcp.destroy());
    } else {
      tcp.destroy();
    }
    this.#owner.onClose(this, this.#wasOpen ? undefined : this.#connectError());
  }

  /** Whether there was a TCP connection. */
  get wasReached(): boolean {
    return this.#connectMs !== null;
  }

  #connectError(): ConnectError {
    const error = this.#error;
    const refusal = error instanceof TunnelRefusal ? error : undefined;
    const { wasReached } = this;
    return {
      code: error?.code,
      message: error?.message ??
        (this.#isThrough ? "the server closed the connection" : "it closed the connection"),
      isTls: wasReached && !(error instanceof TunnelError),
      isOfProxy: !this.#isThrough && refusal === undefined,
      refusal,
      wasReached,
    };
  }

  /** It took too long to connect, was idle for too long, or has to make room. */
  override stop(why: StopReason): void {
    if (!this.#wasOpen) this.#error ??= Object.assign(new Error(why), { code: why });
    this.destroy();
  }
}

function formatRemote({ remoteAddress, remotePort, remoteFamily }: net.Socket): string {
  return remoteFamily === "IPv6"
    ? `[${remoteAddress}]:${remotePort}`
    : `${remoteAddress}:${remotePort}`;
}

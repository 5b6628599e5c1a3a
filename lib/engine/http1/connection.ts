import type net from "node:net";
import type { TLSSocket } from "node:tls";
import type { ConnectionInfo, Failure } from "../../result.ts";
import { InFlight, type StopReason } from "../deadlines.ts";
import type { TlsOptions } from "../engine.ts";
import { failureOfBody, failureOfLength, failureOfProtocol } from "../failure.ts";
import { describeTlsAlert } from "../tls_failure.ts";
import { checkBeginning, type Head, MAX_HEAD_BYTES, ProtocolError } from "./head.ts";
import { isReset, ReadFirstSocket } from "./read_first_socket.ts";
import { type HeadListener, ResponseReader } from "./response.ts";
import { CutError, startTls, type Transport } from "./tls.ts";
import { type Tunnel, TunnelError, TunnelRefusal } from "./tunnel.ts";

/**
 * What every plain socket is read into. One for all: bytes are taken out of it before the next
 * read of any socket begins, and what has to be kept is copied. With one of 8 KB for each,
 * 10,000 connections took 80 MB more.
 */
const BUFFER = new Uint8Array(64 * 1024);

/** What TLS is begun with: whose certificate it has to be, and what to trust. */
export interface TlsDestination {
  readonly hostname: string;
  readonly options: TlsOptions;
}

/** Where a connection leads; what is undefined has no part in it. */
export interface Destination {
  /** An IP address, or a name for the system to look up; or the path of a Unix socket. */
  readonly socket:
    | { readonly host: string; readonly port: number; readonly family: number }
    | { readonly path: string };
  /** For TLS to a proxy, over the socket. */
  readonly proxyTls: TlsDestination | undefined;
  /** For a way through a proxy, over that. */
  readonly tunnel: Tunnel | undefined;
  /** For TLS to the origin, over all of it. */
  readonly tls: TlsDestination | undefined;
  /** Whether it leads to a proxy first, of which errors speak until there is a way through. */
  readonly isProxied: boolean;
}

/** One request and its response, as a connection sees them. */
export interface Exchange {
  /** Whether the method is HEAD. */
  readonly isHead: boolean;
  /** Most bytes of the body. */
  readonly maxBodyBytes: number;
  /** Whether the request says `Connection: close`. */
  readonly closes: boolean;
  /** Who is given the fields of the head, and takes the body, if anybody. */
  readonly listener: HeadListener | undefined;
  onHead(head: Head): void;
  /** The response is complete. The connection has gone back to where it came from, if it may. */
  onDone(head: Head, size: number): void;
  /**
   * There is no response, or not all of it.
   *
   * @param size bytes of the body that came
   * @param isStale whether the server may not have had the request: the connection was used
   * before, and nothing came
   */
  onFailure(failure: Failure, size: number, isStale: boolean): void;
}

/** Who is told of a connection's life. */
export interface ConnectionOwner {
  /** It is ready for a request. */
  onIdle(connection: Connection): void;
  /**
   * The response is complete and the request is not yet sent; `onIdle` follows once it is. Until
   * then the connection may be closed for want of time or room.
   */
  onUnsent(connection: Connection): void;
  /** It is gone; why, if it never was open. */
  onClose(connection: Connection, connectError: ConnectError | undefined): void;
}

/** Why a connection could not be made. */
export interface ConnectError {
  /** What the operating system, or TLS, calls it. */
  readonly code?: string;
  readonly message: string;
  /** Whether it came of TLS, over a TCP connection that was there. */
  readonly isTls: boolean;
  /** Whether it is of a proxy that is not there, or does not speak as it should. */
  readonly isOfProxy: boolean;
  /** That a proxy was there, and gave no way through. */
  readonly refusal: TunnelRefusal | undefined;
  /** Whether there was a TCP connection. */
  readonly wasReached: boolean;
}

/**
 * A socket, and at most one exchange at a time (no pipelining).
 *
 * ```text
 * connecting ──► idle ◄──► busy ──► unsent ──► idle
 *      └───────────┴─────────┴─────────┴──► closed
 * ```
 *
 * A read is outstanding in each. An end, more bytes than the answer has, or any while nobody has
 * asked, and it is closed. It is unsent while the answer is complete and the request is not.
 *
 * Connecting takes up to four steps: TCP, TLS to a proxy, a way through it, TLS to the origin.
 */
export class Connection extends InFlight {
  readonly #owner: ConnectionOwner;
  readonly #tcp: ReadFirstSocket;
  readonly #destination: Destination;
  /** The outermost of what was begun: TCP, or TLS over it. */
  #carrier: Transport;
  /** TLS that was begun, the proxy's first; at most two. */
  readonly #layers: TLSSocket[] = [];
  /** The conversation with a proxy, while it lasts. */
  #tunnel: Tunnel | undefined;
  /** Whether what comes is the origin's. */
  #isThrough: boolean;
  readonly #response = new ResponseReader();
  readonly #startMs = performance.now();
  #exchange: Exchange | undefined;
  /** What is wrong with what came before the first request, from a server that does not speak HTTP. */
  #greeting: ProtocolError | undefined;
  #greetingBytes = 0;
  /** Whether anything of the answer has come. */
  #hasAnswer = false;
  #wasOpen = false;
  #isClosed = false;
  #error: NodeJS.ErrnoException | undefined;
  /** Requests that it was given. */
  uses = 0;
  /** Times that bytes of the present answer came. */
  reads = 0;
  /** Milliseconds from the look-up of the host to when this was ready. Set by its owner. */
  openMs = 0;
  /** Milliseconds that TCP took to connect; null before it has. */
  #connectMs: number | null = null;
  /** Milliseconds that the TLS handshake took; null before it is done, and without TLS. */
  #tlsMs: number | null = null;
  /** What results tell of it; null before it is ready for a request. */
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

  /** What is asked for a way through is there, if anything is. */
  #onProxy(): void {
    const { tunnel } = this.#destination;
    if (tunnel === undefined) return this.#onThrough();
    this.#tunnel = tunnel;
    // Without TLS anywhere the bytes come by `onread`, and over that of the proxy by its listener.
    if (this.#destination.tls !== undefined && this.#carrier === this.#tcp) {
      this.#tcp.on("data", this.#onTunnelData);
    }
    this.#carrier.write(tunnel.greeting);
  }

  readonly #onTunnelData = (bytes: Uint8Array): void => this.#onTunnel(bytes);

  #onTunnel(bytes: Uint8Array): void {
    if (this.#isClosed) return;
    let answer;
    try {
      answer = this.#tunnel!.feed(bytes);
    } catch (error) {
      if (!(error instanceof TunnelError)) throw error;
      this.#error ??= error;
      return this.destroy();
    }
    if (answer === undefined) return;
    if (answer !== "open") return void this.#carrier.write(answer);
    const { rest } = this.#tunnel!;
    this.#tunnel = undefined;
    this.#tcp.off("data", this.#onTunnelData);
    if (rest.length > 0 && this.#destination.tls !== undefined) {
      // With TLS the server speaks second (RFC 8446 §2).
      this.#error ??= new TunnelError("it sent bytes behind its answer");
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
        // Once there is more over it, what comes is that one's.
        if (this.#carrier === socket) this.#onRead(bytes, bytes.length);
      },
      onEnd: () => {
        if (this.#carrier === socket) this.#onEnd();
      },
      onError: (error) => {
        // A reset that a write has seen looks like a cut here.
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
   * @param head bytes, each a character: a string is what Deno's sockets take at the least cost
   */
  send(head: string, body: Uint8Array | undefined, exchange: Exchange): void {
    this.#exchange = exchange;
    this.#response.begin(exchange.isHead, exchange.listener);
    this.#hasAnswer = false;
    this.uses++;
    this.reads = 0;
    if (this.#greeting !== undefined) {
      return this.#fail(failureOfProtocol(this.#greeting.message));
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
    this.#hasAnswer = true;
    this.reads++;
    try {
      this.#take(bytes, length);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      const hasHead = this.#response.head !== undefined;
      this.#fail(hasHead ? failureOfBody(error.message) : failureOfProtocol(error.message));
    }
  }

  /**
   * Nobody asked: it would be taken for the answer to the next request. A server of another protocol
   * may speak first on each connection, and the next request is told so.
   */
  #onUnasked(bytes: Uint8Array, length: number): void {
    this.#greetingBytes += length;
    if (this.uses > 0 || this.#greetingBytes > MAX_HEAD_BYTES) return this.destroy();
    if (this.#greeting !== undefined) return;
    try {
      checkBeginning(bytes, 0, length);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#greeting = error;
      return;
    }
    this.destroy();
  }

  #take(bytes: Uint8Array, length: number): void {
    const response = this.#response;
    const exchange = this.#exchange!;
    const hadHead = response.head !== undefined;
    const taken = response.feed(bytes, length);
    // Who takes the body may have ended it all.
    if (response.head === undefined || this.#exchange !== exchange) return;
    if (!hadHead) exchange.onHead(response.head);
    if (response.size > exchange.maxBodyBytes || response.head.length > exchange.maxBodyBytes) {
      return this.#fail(failureOfLength(exchange.maxBodyBytes));
    }
    // A read that filled its buffer may have left something behind.
    if (response.isDone) this.#finish(taken === length && length < BUFFER.length);
  }

  /** Ends the exchange well. */
  #finish(isExact: boolean): void {
    const exchange = this.#exchange!;
    const head = this.#response.head!;
    // Read before the connection is given to somebody else, who begins anew.
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
   * The next request would stand behind what is still to be sent of this one. A server that has
   * succeeded without it is owed the rest, and must read it (RFC 9112 §9.3); one that has answered
   * otherwise does not want it (§9.5).
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
    const isStale = this.uses > 1 && !this.#hasAnswer;
    const { size } = this.#response;
    this.destroy();
    exchange?.onFailure(failure, size, isStale);
  }

  #onEnd(): void {
    // It is a reset, and an error follows.
    if (this.#carrier === this.#tcp && this.#tcp.writeError !== undefined) return;
    if (this.#exchange === undefined) return this.destroy();
    if (this.#response.endsWithConnection) return this.#finish(false);
    this.#lose("the server closed the connection");
  }

  #lose(why: string): void {
    if (this.#response.head === undefined) {
      this.#fail({ error: "reset", detail: why, scope: "host" });
    } else {
      this.#fail(failureOfBody(`${why} before the end of the body`));
    }
  }

  #onClosed(): void {
    const error = this.#error;
    const alert = describeTlsAlert(error);
    if (this.#exchange !== undefined && this.#response.head === undefined && alert !== undefined) {
      // With TLS 1.3 a server refuses the client's certificate once the client may send.
      this.#fail({ error: "tls", detail: alert, scope: "host" });
    } else if (this.#exchange !== undefined) {
      this.#lose(
        error === undefined || isReset(error) ? "the server reset the connection" : error.message,
      );
    }
    this.destroy();
    for (const layer of this.#layers) layer.destroy();
  }

  /** Closes it, and tells its owner at once; the exchange, if there is one, is told nothing. */
  destroy(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#exchange = undefined;
    const tcp = this.#tcp;
    // TLS says first that nothing follows (RFC 8446 §6.1), if the socket takes it.
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

  /** It took too long to connect, has idled too long, or has to make room. */
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

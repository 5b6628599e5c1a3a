import net from "node:net";
import type { TLSSocket } from "node:tls";
import { InFlight, type Stop } from "./deadlines.ts";
import { type Failure, failureOfLength } from "./failure.ts";
import { type Head, ProtocolError } from "./head.ts";
import { type HeadListener, ResponseReader } from "./response.ts";
import type { TlsOptions } from "../types.ts";
import { startTls } from "./tls.ts";

/**
 * What every plain socket is read into. One for all: octets are taken out of it before the next
 * read of any socket begins, and what has to be kept is copied. With one of 8 KB for each,
 * 10,000 connections took 80 MB more.
 */
const BUFFER = new Uint8Array(64 * 1024);

/** Where a connection leads. */
export interface Destination {
  /** An IP address, or a name for the system to look up. */
  readonly host: string;
  readonly port: number;
  /** 4 or 6; 0 for either. */
  readonly family: number;
  /** For TLS over it: the URL's host, and what to trust. */
  readonly tls: { readonly hostname: string; readonly options: TlsOptions } | undefined;
}

/** One request and its response, as a connection sees them. */
export interface Exchange {
  /** Whether the method is HEAD. */
  readonly isHead: boolean;
  /** Most octets of the body. */
  readonly maxBodyBytes: number;
  /** Who is given the fields of the head, and takes the body, if anybody. */
  readonly listener: HeadListener | undefined;
  onHead(head: Head): void;
  /** The response is complete. The connection has gone back to where it came from, if it may. */
  onDone(head: Head, size: number): void;
  /**
   * There is no response, or not all of it.
   *
   * @param size octets of the body that came
   * @param isStale whether the server may not have had the request: the connection was used
   * before, and nothing came
   */
  onFailure(failure: Failure, size: number, isStale: boolean): void;
}

/** Who is told of a connection's life. */
export interface ConnectionOwner {
  /** It is ready for a request. */
  onIdle(connection: Connection): void;
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
}

/**
 * A socket, and at most one exchange at a time (no pipelining).
 *
 * ```text
 * connecting ──► idle ◄──► busy      a read is outstanding in each; a byte or an end while idle,
 *      └───────────┴─────────┴──► closed      more bytes than the answer has, and it is closed
 * ```
 */
export class Connection extends InFlight {
  readonly #owner: ConnectionOwner;
  readonly #tcp: net.Socket;
  #tls: TLSSocket | undefined;
  readonly #response = new ResponseReader();
  readonly #startMs = performance.now();
  #exchange: Exchange | undefined;
  /** Whether anything of the answer has come. */
  #hasAnswer = false;
  #wasOpen = false;
  #isClosed = false;
  #error: NodeJS.ErrnoException | undefined;
  /** Requests that it was given. */
  uses = 0;
  /** Times that octets of the present answer came. */
  reads = 0;
  /** Milliseconds that TCP took to connect, once it has. */
  connectMs: number | null = null;
  /** Milliseconds that the TLS handshake took, once it is done; null without TLS. */
  tlsMs: number | null = null;
  /** The other end, as in `127.0.0.1:80` or `[::1]:80`; null before it is connected. */
  remote: string | null = null;

  constructor({ host, port, family, tls }: Destination, owner: ConnectionOwner) {
    super();
    this.#owner = owner;
    const onread = {
      buffer: BUFFER,
      callback: (length: number, buffer: Uint8Array): boolean => {
        this.#onRead(buffer, length);
        return true;
      },
    };
    const options = { host, port, family, noDelay: true };
    // `onread` is missing in the types of `net.connect`.
    const plain = { ...options, onread } as net.NetConnectOpts;
    const tcp = this.#tcp = net.connect(tls === undefined ? plain : options);
    tcp.on("connect", () => {
      if (this.#isClosed) return;
      this.connectMs = performance.now() - this.#startMs;
      this.remote = remoteOf(tcp);
      if (tls === undefined) this.#onOpen();
      else this.#secure(tls.hostname, tls.options);
    });
    if (tls === undefined) tcp.on("end", () => this.#onEnd());
    tcp.on("error", (error) => this.#error ??= error);
    tcp.on("close", () => this.#onClosed());
  }

  #secure(hostname: string, options: TlsOptions): void {
    this.#tls = startTls(this.#tcp, hostname, options, {
      onOpen: () => {
        this.tlsMs = performance.now() - this.#startMs - this.connectMs!;
        this.#onOpen();
      },
      onRead: (octets) => this.#onRead(octets, octets.length),
      onEnd: () => this.#onEnd(),
      onError: (error) => {
        this.#error ??= error;
        this.#tcp.destroy();
      },
    });
  }

  #onOpen(): void {
    if (this.#isClosed) return;
    this.#wasOpen = true;
    this.#owner.onIdle(this);
  }

  /**
   * Sends a request. Only while the connection is idle.
   *
   * @param head octets, each a character: a string is what Deno's sockets take at the least cost
   */
  send(head: string, body: Uint8Array | undefined, exchange: Exchange): void {
    this.#exchange = exchange;
    this.#response.begin(exchange.isHead, exchange.listener);
    this.#hasAnswer = false;
    this.uses++;
    this.reads = 0;
    const socket = this.#tls ?? this.#tcp;
    if (body === undefined) {
      socket.write(head, "latin1");
    } else {
      socket.cork();
      socket.write(head, "latin1");
      socket.write(body);
      socket.uncork();
    }
  }

  #onRead(octets: Uint8Array, length: number): void {
    if (this.#isClosed) return;
    // Nobody asked: it would be taken for the answer to the next request.
    if (this.#exchange === undefined) return this.destroy();
    this.#hasAnswer = true;
    this.reads++;
    try {
      this.#take(octets, length);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      const kind = this.#response.head === undefined ? "protocol" : "body";
      this.#fail({ error: kind, detail: error.message });
    }
  }

  #take(octets: Uint8Array, length: number): void {
    const response = this.#response;
    const exchange = this.#exchange!;
    const hadHead = response.head !== undefined;
    const taken = response.feed(octets, length);
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
    if (isExact && head.persistent) this.#owner.onIdle(this);
    else this.destroy();
    exchange.onDone(head, size);
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
    if (this.#exchange === undefined) return this.destroy();
    if (this.#response.endsWithConnection) return this.#finish(false);
    this.#lose("the server closed the connection");
  }

  #lose(why: string): void {
    if (this.#response.head === undefined) this.#fail({ error: "reset", detail: why });
    else this.#fail({ error: "body", detail: `${why} before the end of the body` });
  }

  #onClosed(): void {
    if (this.#exchange !== undefined) {
      this.#lose(
        this.#error?.code === "ECONNRESET" || this.#error === undefined
          ? "the server reset the connection"
          : this.#error.message,
      );
    }
    this.destroy();
    this.#tls?.destroy();
  }

  /** Closes it, and tells its owner at once; the exchange, if there is one, is told nothing. */
  destroy(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#exchange = undefined;
    const tcp = this.#tcp;
    // TLS says first that nothing follows (RFC 8446 §6.1), if the socket takes it.
    if (this.#wasOpen && tcp.writableLength === 0 && this.#tls?.writableLength === 0) {
      this.#tls.end(() => tcp.destroy());
    } else {
      tcp.destroy();
    }
    this.#owner.onClose(
      this,
      this.#wasOpen ? undefined : {
        code: this.#error?.code,
        message: this.#error?.message ?? "the server closed the connection",
        isTls: this.connectMs !== null,
      },
    );
  }

  /** It took too long to connect, has idled too long, or has to make room. */
  override stop(why: Stop): void {
    if (!this.#wasOpen) this.#error ??= Object.assign(new Error(why), { code: why });
    this.destroy();
  }
}

function remoteOf({ remoteAddress, remotePort, remoteFamily }: net.Socket): string {
  return remoteFamily === "IPv6"
    ? `[${remoteAddress}]:${remotePort}`
    : `${remoteAddress}:${remotePort}`;
}

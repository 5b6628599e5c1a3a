import net from "node:net";
import { InFlight, type Stop } from "./deadlines.ts";
import { type Failure, failureOfLength } from "./failure.ts";
import { type Head, ProtocolError } from "./head.ts";
import { ResponseReader } from "./response.ts";

/** Octets that a socket is read into at once; each connection has as many. */
const BUFFER_BYTES = 8 * 1024;

/** One request and its response, as a connection sees them. */
export interface Exchange {
  /** Whether the method is HEAD. */
  readonly isHead: boolean;
  /** Most octets of the body. */
  readonly maxBodyBytes: number;
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
  onClose(connection: Connection, connectError: NodeJS.ErrnoException | undefined): void;
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
  readonly #socket: net.Socket;
  readonly #response = new ResponseReader();
  #exchange: Exchange | undefined;
  /** Whether anything of the answer has come. */
  #hasAnswer = false;
  #wasOpen = false;
  #isClosed = false;
  #error: NodeJS.ErrnoException | undefined;
  /** Exchanges that it has completed. */
  #uses = 0;

  constructor(address: { host: string; port: number; family: number }, owner: ConnectionOwner) {
    super();
    this.#owner = owner;
    const onread = {
      buffer: new Uint8Array(BUFFER_BYTES),
      callback: (length: number, buffer: Uint8Array): boolean => {
        this.#onRead(buffer, length);
        return true;
      },
    };
    // `onread` is missing in the types of `net.connect`.
    const options = { ...address, noDelay: true, onread } as net.NetConnectOpts;
    this.#socket = net.connect(options);
    this.#socket.on("connect", () => {
      if (this.#isClosed) return;
      this.#wasOpen = true;
      owner.onIdle(this);
    });
    this.#socket.on("end", () => this.#onEnd());
    this.#socket.on("error", (error) => this.#error ??= error);
    this.#socket.on("close", () => this.#onClosed());
  }

  /** Sends a request. Only while the connection is idle. */
  send(request: Uint8Array, exchange: Exchange): void {
    this.#exchange = exchange;
    this.#response.begin(exchange.isHead);
    this.#hasAnswer = false;
    this.#socket.write(request);
  }

  #onRead(octets: Uint8Array, length: number): void {
    if (this.#isClosed) return;
    // Nobody asked: it would be taken for the answer to the next request.
    if (this.#exchange === undefined) return this.destroy();
    this.#hasAnswer = true;
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
    if (response.head === undefined) return;
    if (!hadHead) exchange.onHead(response.head);
    if (response.size > exchange.maxBodyBytes || response.head.length > exchange.maxBodyBytes) {
      return this.#fail(failureOfLength(exchange.maxBodyBytes));
    }
    if (response.isDone) this.#finish(taken === length);
  }

  /** Ends the exchange well. */
  #finish(isExact: boolean): void {
    const exchange = this.#exchange!;
    const head = this.#response.head!;
    // Read before the connection is given to somebody else, who begins anew.
    const { size } = this.#response;
    this.#exchange = undefined;
    this.#uses++;
    if (isExact && head.persistent) this.#owner.onIdle(this);
    else this.destroy();
    exchange.onDone(head, size);
  }

  #fail(failure: Failure): void {
    const exchange = this.#exchange;
    this.#exchange = undefined;
    const isStale = this.#uses > 0 && !this.#hasAnswer;
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
    this.#isClosed = true;
    this.#owner.onClose(this, this.#wasOpen ? undefined : this.#error ?? new Error("closed"));
  }

  /** Closes it; the exchange, if there is one, is told nothing. */
  destroy(): void {
    this.#exchange = undefined;
    this.#isClosed = true;
    this.#socket.destroy();
  }

  /** It has idled too long, or has to make room. */
  override stop(_why: Stop): void {
    this.destroy();
  }
}

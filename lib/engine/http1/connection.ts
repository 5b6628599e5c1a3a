import { IDEMPOTENT } from "../../http/fields.ts";
import type { ConnectionInfo, Failure, HttpVersion } from "../../result.ts";
import { type BodyReader, BodyReadError, type HeaderList } from "../../target.ts";
import {
  toBodyFailure,
  toCutFailure,
  toLengthFailure,
  toProtocolFailure,
  toUnreadFailure,
} from "../failure.ts";
import type { ByteSink } from "../body_tap.ts";
import type { Hop } from "../redirect.ts";
import { Connection, type ConnectionOwner, type Exchange } from "../sockets/connection.ts";
import type { Link } from "../sockets/link.ts";
import type { Route } from "../sockets/router.ts";
import type {
  Transport,
  TransportError,
  TransportListener,
  Transports,
} from "../transport/transport.ts";
import type { BodyReader as ResponseBodyReader } from "./body.ts";
import { parseFields, RawHead } from "./fields.ts";
import { checkBeginning, type Head, MAX_HEAD_BYTES, ProtocolError } from "./head.ts";
import type { RequestWriter } from "./request.ts";
import { type HeadListener, ResponseReader } from "./response.ts";

/** How much of a body is read at once, and in a turn of the event loop, in bytes. */
const PIECE_BYTES = 64 * 1024;
const MAX_TURN_BYTES = 1024 * 1024;

/** A request that is ready to be sent, but waits. */
interface PendingRequest {
  readonly text: string;
  readonly body: Hop["body"];
}

/**
 * HTTP/1.1 over a transport, with at most one exchange at a time (no pipelining).
 *
 * ```text
 * idle ◄──► busy ──► unsent ──► idle
 *   └────────┴─────────┴──► closed
 * ```
 *
 * The connection is closed by an end, by bytes after a response, and by bytes without a request. It is
 * unsent while the response is complete and the request is not.
 */
export class Http1Connection extends Connection implements TransportListener, HeadListener {
  readonly #owner: ConnectionOwner;
  readonly #transport: Transport;
  readonly #transports: Pick<Transports, "afterReads">;
  readonly #writer: RequestWriter;
  readonly #silence: string | undefined;
  readonly #response: ResponseReader;
  readonly info: ConnectionInfo;
  readonly limit = 1;
  #exchange: Exchange | undefined;
  /** The request of the exchange until it is certain that the connection is still open. */
  #pending: PendingRequest | undefined;
  /** Whether the request of the exchange has `Connection: close`. */
  #closes = false;
  /** The problem of bytes before the first request, from a server that does not speak HTTP. */
  #earlyProblem: ProtocolError | undefined;
  #earlyBytes = 0;
  #isUnsent = false;
  /** What is not sent yet of a body that is read while it is sent; undefined without it. */
  #upload: BodyReader | undefined;
  /** Goes on with it in the next turn of the event loop. */
  #nextTurn: ReturnType<typeof setTimeout> | undefined;
  #isClosed = false;
  uses = 0;
  /** The version of the last response. */
  version: HttpVersion = "1.1";

  /**
   * @param link an open one
   * @param transports of the link
   * @param writer of all connections of an engine
   * @param silence why the server may close it without any response, in words
   * @param body reads the bodies of its responses, one after another
   */
  constructor(
    link: Link,
    owner: ConnectionOwner,
    transports: Pick<Transports, "afterReads">,
    writer: RequestWriter,
    silence?: string,
    body?: ResponseBodyReader,
  ) {
    super();
    this.#response = new ResponseReader(body);
    this.#owner = owner;
    this.#transports = transports;
    this.#writer = writer;
    this.#silence = silence;
    this.info = link.info;
    this.#transport = link.handOver(this);
  }

  /** A server announces the end with the last response. So there are no requests in vain to avoid. */
  get endedAfter(): undefined {
    return undefined;
  }

  get room(): number {
    return this.#isClosed ? 0 : 1 - this.busy;
  }

  get isHeld(): boolean {
    return this.#transport.isHeld;
  }

  get busy(): number {
    return this.#exchange !== undefined || this.#isUnsent ? 1 : 0;
  }

  send(hop: Hop, route: Route, headers: HeaderList, exchange: Exchange): void {
    const writer = this.#writer;
    const text = writer.head(hop, route, headers);
    this.#exchange = exchange;
    this.#closes = writer.closes;
    this.#response.begin(hop.method === "HEAD", exchange.wantsFields ? this : undefined);
    exchange.reads = 0;
    this.uses++;
    if (this.#earlyProblem !== undefined) {
      return this.#fail(toProtocolFailure(this.#earlyProblem.message));
    }
    const { body } = hop;
    if (this.uses > 1 && !IDEMPOTENT.has(hop.method)) this.#sendIfOpen({ text, body });
    else this.#send(text, body);
  }

  /**
   * Sends a request that must not be sent twice over a connection that was used before. Its server
   * may have closed it meanwhile, and the request would fail, whether it was processed or not.
   */
  #sendIfOpen(request: PendingRequest): void {
    this.#pending = request;
    if (this.#transport.readNow()) this.#sendPending();
    else this.#transports.afterReads(() => this.#sendPending());
  }

  #sendPending(): void {
    const request = this.#pending;
    // It was given up, or the connection is closed.
    if (request === undefined) return;
    this.#pending = undefined;
    this.#send(request.text, request.body);
  }

  #send(text: string, body: Hop["body"]): void {
    if (body === undefined || body instanceof Uint8Array) this.#transport.sendText(text, body);
    else {
      this.#transport.sendText(text, undefined);
      this.#upload = body.open();
      this.#sendMore();
    }
  }

  /** Sends what the transport takes of a body. `onDrain` goes on where it takes no more. */
  #sendMore(): void {
    const transport = this.#transport;
    let room = MAX_TURN_BYTES;
    for (let upload; (upload = this.#upload) !== undefined && transport.isSent;) {
      if (upload.length === 0) this.#upload = undefined;
      else if (room <= 0) return this.#goOnSoon();
      else {
        let bytes;
        try {
          bytes = upload.read(PIECE_BYTES);
        } catch (error) {
          if (!(error instanceof BodyReadError)) throw error;
          return this.#giveUp(toUnreadFailure(error));
        }
        room -= bytes.length;
        transport.send(bytes);
      }
    }
  }

  /** A fast server must not keep other connections waiting. */
  #goOnSoon(): void {
    this.#nextTurn ??= setTimeout(() => {
      this.#nextTurn = undefined;
      this.onDrain();
    });
  }

  /** The rest of the request cannot be sent. */
  #giveUp(failure: Failure): void {
    const exchange = this.#exchange;
    const { size } = this.#response;
    this.close();
    exchange?.onFailure(failure, size, "never");
  }

  describe(hop: Hop, route: Route, headers: HeaderList): readonly string[] {
    return this.#writer.lines(hop, route, headers);
  }

  toHttp1(hop: Hop, route: Route, headers: HeaderList): string {
    return this.#writer.head(hop, route, headers);
  }

  abandon(exchange: Exchange): void {
    if (this.#exchange === exchange) this.close();
  }

  /** The link has seen both. */
  onConnect(): void {}

  onSecure(): void {}

  onFields(head: Head, bytes: Uint8Array): ByteSink | undefined {
    return this.#exchange!.onFields(
      head,
      new RawHead(head.status, bytes),
      () => parseFields(bytes, "set-cookie"),
    );
  }

  onRead(bytes: Uint8Array, length: number): void {
    if (this.#isClosed) return;
    const exchange = this.#exchange;
    if (exchange === undefined) return this.#onUnasked(bytes, length);
    if (this.#pending !== undefined) return this.#lose("bytes came before the request");
    exchange.reads++;
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
    if (this.uses > 0 || this.#earlyBytes > MAX_HEAD_BYTES) return this.close();
    if (this.#earlyProblem !== undefined) return;
    try {
      checkBeginning(bytes, 0, length);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#earlyProblem = error;
      return;
    }
    this.close();
  }

  #read(bytes: Uint8Array, length: number): void {
    const response = this.#response;
    const exchange = this.#exchange!;
    const hadHead = response.head !== undefined;
    const taken = response.feed(bytes, length);
    // The sink of the body may have ended the exchange.
    if (response.head === undefined || this.#exchange !== exchange) return;
    const { maxBodyBytes } = exchange;
    const isTooLong = response.size > maxBodyBytes || response.head.length > maxBodyBytes;
    if (!hadHead) {
      exchange.onHead(response.head, response.isDone && !isTooLong ? 0 : performance.now());
    }
    if (isTooLong) return this.#fail(toLengthFailure(maxBodyBytes));
    // A read that filled its buffer may have left bytes in the socket.
    if (response.isDone) this.#finish(taken === length && length < bytes.length);
  }

  /** Ends the exchange well. */
  #finish(isExact: boolean): void {
    const exchange = this.#exchange!;
    const head = this.#response.head!;
    // Read before the connection gets its next request.
    const { size } = this.#response;
    this.#exchange = undefined;
    this.version = head.minor === 0 ? "1.0" : "1.1";
    if (!isExact || !head.persistent || this.#closes) this.close();
    else if (this.#upload === undefined && this.#transport.isSent) this.#owner.onRoom(this);
    else this.#finishSending(head.status);
    exchange.onDone(head, size);
  }

  /**
   * The next request would have to follow the unsent rest of this one. A server that succeeded
   * without the rest must still read it (RFC 9112 §9.3); a server that responded otherwise does not
   * want it (§9.5).
   */
  #finishSending(status: number): void {
    if (status >= 300) return this.close();
    this.#isUnsent = true;
    this.#owner.onUnsent(this);
  }

  onDrain(): void {
    if (this.#upload !== undefined) this.#sendMore();
    if (!this.#isUnsent || this.#upload !== undefined || !this.#transport.isSent) return;
    this.#isUnsent = false;
    this.#owner.onRoom(this);
  }

  #fail(failure: Failure): void {
    const exchange = this.#exchange;
    const isPending = this.#pending !== undefined;
    const { size } = this.#response;
    this.close();
    if (exchange === undefined) return;
    if (isPending) return exchange.onFailure(failure, size, "unsent");
    // The server may not have got a request over a connection that was idle (RFC 9112 §9.3.1).
    const isStale = this.uses > 1 && exchange.reads === 0;
    exchange.onFailure(failure, size, isStale ? "idempotent" : "never");
  }

  onEnd(): void {
    if (this.#exchange === undefined) return this.close();
    if (this.#response.endsWithConnection) return this.#finish(false);
    this.#lose("the server closed the connection");
  }

  #lose(why: string): void {
    if (this.#response.head === undefined) {
      const isSilent = this.uses === 1 && this.#exchange!.reads === 0;
      const detail = isSilent && this.#silence !== undefined ? `${why}: ${this.#silence}` : why;
      this.#fail({ error: "reset", detail, scope: "host" });
    } else {
      this.#fail(toCutFailure(`${why} before the end of the body`));
    }
  }

  onClose({ code, message, isTls }: TransportError): void {
    if (this.#exchange === undefined) return this.close();
    if (isTls && this.#response.head === undefined) {
      // With TLS 1.3, a server refuses the client's certificate after the client may send.
      return this.#fail({ error: "tls", detail: message, scope: "host" });
    }
    this.#lose(
      code === "ECONNRESET" || code === "EPIPE" ? "the server reset the connection" : message,
    );
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#exchange = this.#pending = this.#upload = undefined;
    this.#isUnsent = false;
    clearTimeout(this.#nextTurn);
    this.#transport.close();
    this.#owner.onClose(this);
  }
}

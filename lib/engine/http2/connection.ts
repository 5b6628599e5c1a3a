import type { ConnectionInfo, Failure } from "../../result.ts";
import { type BodyReader, BodyReadError, type HeaderList } from "../../target.ts";
import { toLengthFailure, toProtocolFailure, toUnreadFailure } from "../failure.ts";
import type { Hop } from "../redirect.ts";
import {
  Connection,
  type ConnectionOwner,
  type Exchange,
  type Resend,
} from "../sockets/connection.ts";
import type { Link } from "../sockets/link.ts";
import type { Route } from "../sockets/router.ts";
import type {
  Transport,
  TransportError,
  TransportListener,
  Transports,
} from "../transport/transport.ts";
import { describeGoaway, toLossFailure, toResetFailure, toUnprocessedFailure } from "./failures.ts";
import { type FrameListener, FrameReader, type PeerSettings } from "./frame_reader.ts";
import { FrameWriter } from "./frame_writer.ts";
import { DEFAULT_WINDOW_BYTES, MAX_FRAME_BYTES, MAX_WINDOW_BYTES, Setting } from "./frames.ts";
import { HpackDecoder, MAX_HEADER_LIST_BYTES } from "./hpack_decoder.ts";
import { appendTableSize } from "./hpack_encoder.ts";
import type { HeaderField } from "./hpack_table.ts";
import { ErrorCode, Http2Error } from "./http2_error.ts";
import { RequestBlocks } from "./request_block.ts";
import { type Ending, findResend, findSuspects } from "./resend.ts";
import {
  checkTrailers,
  type ResponseHead,
  ResponseHeadReader,
  toMalformed,
} from "./response_head.ts";
import { Stream } from "./stream.ts";
import { StreamTable } from "./stream_table.ts";

/** Options for an {@linkcode Http2Connection}. */
export interface Http2Options {
  /** The maximum number of streams at once, from 1; by default as many as the server allows. */
  readonly maxStreams?: number | undefined;
  /** The maximum number of requests, from 1; by default as many as there are numbers for streams. */
  readonly maxRequests?: number | undefined;
  /** Whether it leads through a proxy. */
  readonly isProxied: boolean;
}

/**
 * The maximum number of requests before the server's SETTINGS, which may allow fewer at once. nginx
 * answered none of 300.
 */
const MAX_EARLY_REQUESTS = 100;
/** How many streams of a client have a number (RFC 9113 §5.1.1). */
const MAX_REQUESTS = 2 ** 30;

/**
 * Bytes of responses that a server may send before it is told to go on, of a stream and of all
 * together. What comes is processed at once, so they take no memory here. A stream of 64 KB would
 * wait for the server once in every round trip.
 */
const STREAM_WINDOW_BYTES = 1024 * 1024;
const CONNECTION_WINDOW_BYTES = 16 * 1024 * 1024;

/** The maximum number of interim responses (RFC 9110 §15.2) before the final one. */
const MAX_INTERIM = 16;
/**
 * The maximum number of frames without use between two steps of responses or bodies: those of streams
 * that have ended, and WINDOW_UPDATE. A stream that is given up allows some more of them.
 */
const MAX_USELESS_FRAMES = 10_000;
const USELESS_FRAMES_OF_RESET = 1_024;
/** The maximum number of answers to PING and SETTINGS that wait for the server to read them. */
const MAX_UNSENT_ACKS = 1_000;
/** The maximum number of bytes that wait to be sent before more of a body is added to them. */
const MAX_UNSENT_BYTES = 256 * 1024;

/** Errors of the network that a server did not cause by what it read. */
const OF_NETWORK = /^(ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENETDOWN|EHOSTDOWN)$/;

/**
 * A client's connection of HTTP/2 (RFC 9113), with many requests at a time.
 *
 * ```text
 * open ──► ending ──► closed
 *   └────────────────────┘
 * ```
 *
 * It is ending when it takes no more requests: the server has announced that, the numbers of streams
 * or its number of requests are used up, or the server seems to be gone. It is closed once the
 * requests in flight have ended.
 *
 * What is written in a turn of the event loop is sent in one write, after the reads of that turn.
 */
export class Http2Connection extends Connection implements TransportListener, FrameListener {
  readonly version = "2";
  readonly info: ConnectionInfo;
  readonly #transport: Transport;
  readonly #transports: Pick<Transports, "afterReads">;
  readonly #owner: ConnectionOwner;
  readonly #reader = new FrameReader(this);
  readonly #decoder = new HpackDecoder();
  readonly #heads = new ResponseHeadReader();
  readonly #writer = new FrameWriter();
  readonly #blocks: RequestBlocks;

  /** Requests in flight; at most as many as there was room for. */
  readonly #streams = new StreamTable();
  /**
   * Those of them that can send more of their bodies as soon as the connection can, in turn; and others
   * that have ended in this turn of the event loop.
   */
  #uploads: Stream[] = [];
  #nextId = 1;
  uses = 0;
  endedAfter: number | undefined;
  readonly #askedStreams: number;
  #maxStreams: number;
  /** How many requests it gets in all. */
  #maxUses: number;
  readonly #maxRequests: number;
  #isEnding = false;
  #isClosed = false;
  #hasSettings = false;
  /** How many reads there were, and how many before the last requests were sent. */
  #reads = 0;
  #readsAtWrite = 0;
  /** Whether a response was complete. */
  #isProven = false;

  /** What the server has said by GOAWAY. */
  #lastStreamId = Infinity;
  #goaway: { code: number; debug: string } | undefined;
  /** The last stream whose HEADERS were sent, and the first one of the same write. */
  #lastSentId = 0;
  #lastWriteId = 0;
  /** The stream whose frame is being read. */
  #readingId = 0;
  /** When the bytes came that are being read, by `performance.now()`; 0 until a response asks. */
  #readMs = 0;

  /** Bytes of bodies that the server takes at present from all streams together. */
  #window = DEFAULT_WINDOW_BYTES;
  #initialWindow = DEFAULT_WINDOW_BYTES;
  /** The server's SETTINGS_MAX_HEADER_LIST_SIZE. */
  #maxListBytes = Infinity;
  /** Bytes that came since the server was last told that it may send more on the connection. */
  #untold = 0;
  /** Streams to tell so, at most those in flight. */
  readonly #toTell: Stream[] = [];

  #isFlushPlanned = false;
  /** Bytes that were given to the transport since it last had sent all. */
  #unsentBytes = 0;
  #unsentAcks = 0;
  #uselessLeft = MAX_USELESS_FRAMES;

  /**
   * Begins HTTP/2.
   *
   * @param link an open one
   */
  constructor(
    link: Pick<Link, "info" | "handOver">,
    owner: ConnectionOwner,
    transports: Pick<Transports, "afterReads">,
    { maxStreams = Infinity, maxRequests = Infinity, isProxied }: Http2Options,
  ) {
    super();
    this.info = link.info;
    this.#owner = owner;
    this.#transports = transports;
    this.#blocks = new RequestBlocks(isProxied);
    this.#askedStreams = this.#maxStreams = maxStreams;
    this.#maxRequests = Math.min(maxRequests, MAX_REQUESTS);
    this.#maxUses = Math.min(this.#maxRequests, MAX_EARLY_REQUESTS);
    this.#writer.writePreface([
      [Setting.EnablePush, 0],
      [Setting.InitialWindowSize, STREAM_WINDOW_BYTES],
      [Setting.MaxHeaderListSize, MAX_HEADER_LIST_BYTES],
    ]);
    this.#writer.writeWindowUpdate(0, CONNECTION_WINDOW_BYTES - DEFAULT_WINDOW_BYTES);
    this.#transport = link.handOver(this);
    this.#planFlush();
  }

  get room(): number {
    if (this.#isEnding) return 0;
    const room = Math.min(this.#maxStreams - this.#streams.size, this.#maxUses - this.uses);
    return room > 0 ? room : 0;
  }

  get limit(): number | undefined {
    return this.#hasSettings ? this.#maxStreams : undefined;
  }

  get isHeld(): boolean {
    return this.#transport.isHeld;
  }

  get busy(): number {
    return this.#streams.size;
  }

  override describe(hop: Hop, route: Route, headers: HeaderList): readonly string[] {
    return this.#blocks.lines(hop, route, headers);
  }

  override toHttp1(hop: Hop, route: Route, headers: HeaderList): string {
    return this.#blocks.toHttp1(hop, route, headers);
  }

  override send(hop: Hop, route: Route, headers: HeaderList, exchange: Exchange): void {
    const writer = this.#writer;
    const body = hop.body !== undefined && hop.body.length > 0 ? hop.body : undefined;
    const id = this.#nextId;
    const { length } = writer.buffer;
    exchange.reads = 0;
    writer.beginHeaders(id, body === undefined);
    if (id === 1) appendTableSize(writer.buffer);
    const listBytes = this.#blocks.append(writer.buffer, hop, route, headers);
    if (listBytes > this.#maxListBytes) {
      writer.buffer.length = length;
      // The next request of a long row may fail as well, and must not do so within this call.
      this.#transports.afterReads(() => this.#tellRoom());
      return exchange.onFailure(toListFailure(listBytes, this.#maxListBytes), 0, "never");
    }
    writer.endHeaders();
    this.#nextId += 2;
    this.uses++;
    const isHead = hop.method === "HEAD";
    const unsent = body === undefined || body instanceof Uint8Array ? body : body.open();
    const stream = new Stream(id, exchange, isHead, this.#reads, unsent, this.#initialWindow);
    this.#streams.add(stream);
    if (body !== undefined) this.#enqueue(stream);
    if (this.uses === this.#maxRequests) this.#retire();
    if (writer.buffer.length > MAX_UNSENT_BYTES) this.#flush();
    else this.#planFlush();
  }

  override abandon(exchange: Exchange, isLate: boolean): void {
    const stream = this.#streams.find(exchange);
    if (stream === undefined) return;
    // The server may be gone: nothing came since, or it reads nothing. Others would wait in vain.
    const isStuck = this.#unsentBytes > MAX_UNSENT_BYTES && !this.#transport.isSent;
    if (isLate && (stream.beganAtRead === this.#reads || isStuck)) this.#retire(true);
    this.#reset(stream, ErrorCode.Cancel);
  }

  override close(): void {
    if (this.#isClosed) return;
    this.#sayGoodbye(ErrorCode.NoError);
    for (const stream of this.#streams.list()) this.#forget(stream);
    this.#shut();
  }

  /** Tells the server why the connection is closed, if that needs no waiting. */
  #sayGoodbye(code: ErrorCode): void {
    if (!this.#transport.isSent) return;
    // Requests that were not sent yet must not be: they are sent elsewhere, or were given up.
    this.#writer.clear();
    this.#writer.writeGoaway(code);
    this.#transport.send(this.#writer.buffer.view());
  }

  #shut(): void {
    this.#isClosed = this.#isEnding = true;
    this.#reader.stop();
    this.#transport.close();
    this.#owner.onClose(this);
  }

  /** Takes no more requests, and closes the connection once those in flight have ended. */
  #retire(isSilent = false): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    this.#owner.onEnding(this, isSilent);
  }

  // What the transport tells.

  onConnect(): void {}

  onSecure(): void {}

  onRead(bytes: Uint8Array, length: number): void {
    this.#reads++;
    this.#readMs = 0;
    try {
      this.#reader.feed(bytes, 0, length);
    } catch (error) {
      if (!(error instanceof Http2Error)) throw error;
      this.#breakOff(error);
    }
  }

  onEnd(): void {
    this.#lose("the server closed the connection", true);
  }

  onDrain(): void {
    this.#unsentBytes = this.#unsentAcks = 0;
    if (this.#uploads.length > 0) this.#planFlush();
  }

  onClose({ code, message, isTls }: TransportError): void {
    // With TLS 1.3, a server refuses the client's certificate after the client may send.
    if (isTls && this.#reads === 0) {
      return this.#endAll(() => ({ error: "tls", detail: message, scope: "host" }), () => "never");
    }
    const isReset = code === "ECONNRESET" || code === "EPIPE";
    const why = isReset ? "the server reset the connection" : message;
    this.#lose(why, code === undefined || !OF_NETWORK.test(code));
  }

  // What is sent.

  #planFlush(): void {
    if (this.#isFlushPlanned) return;
    this.#isFlushPlanned = true;
    this.#transports.afterReads(this.#onFlush);
  }

  readonly #onFlush = (): void => {
    this.#isFlushPlanned = false;
    if (!this.#isClosed) this.#flush();
  };

  /** Sends what there is to be sent, in one write. */
  #flush(): void {
    const transport = this.#transport;
    const writer = this.#writer;
    if (transport.isSent) this.#unsentBytes = this.#unsentAcks = 0;
    this.#tellWindows();
    if (this.#uploads.length > 0) this.#writeBodies();
    const { length } = writer.buffer;
    if (length === 0) return;
    const lastId = this.#nextId - 2;
    if (lastId > this.#lastSentId) {
      this.#lastWriteId = this.#lastSentId === 0 ? 1 : this.#lastSentId + 2;
      this.#lastSentId = lastId;
      this.#readsAtWrite = this.#reads;
    }
    this.#unsentBytes += length;
    transport.send(writer.buffer.view());
    writer.clear();
    if (this.#uploads.length > 0 && this.#window > 0 && transport.isSent) this.#planFlush();
  }

  /** Writes how much more the server may send (RFC 9113 §6.9). */
  #tellWindows(): void {
    if (this.#untold >= CONNECTION_WINDOW_BYTES / 2) {
      this.#writer.writeWindowUpdate(0, this.#untold);
      this.#untold = 0;
    }
    if (this.#toTell.length === 0) return;
    for (const stream of this.#toTell) {
      if (!stream.isOpen) continue;
      this.#writer.writeWindowUpdate(stream.id, stream.untold);
      stream.untold = 0;
    }
    this.#toTell.length = 0;
  }

  /** Lets a stream send its body in its turn, if its window allows anything. */
  #enqueue(stream: Stream): void {
    if (stream.isQueued || stream.unsent === undefined || stream.window <= 0) return;
    stream.isQueued = true;
    this.#uploads.push(stream);
  }

  /** Writes one frame of each body in turn, as far as the windows and the transport allow. */
  #writeBodies(): void {
    const writer = this.#writer;
    const uploads = this.#uploads;
    let turn = 0;
    // What has more to send comes last again.
    for (; turn < uploads.length; turn++) {
      if (this.#window <= 0 || this.#unsentBytes + writer.buffer.length >= MAX_UNSENT_BYTES) break;
      const stream = uploads[turn];
      stream.isQueued = false;
      const body = stream.unsent;
      if (!stream.isOpen || body === undefined || stream.window <= 0) continue;
      const length = Math.min(body.length, stream.window, this.#window, MAX_FRAME_BYTES);
      const isLast = length === body.length;
      if (body instanceof Uint8Array) {
        writer.writeData(stream.id, isLast ? body : body.subarray(0, length), isLast);
        stream.unsent = isLast ? undefined : body.subarray(length);
      } else {
        const bytes = this.#read(stream, body, length);
        if (bytes === undefined) continue;
        writer.writeData(stream.id, bytes, isLast);
        if (isLast) stream.unsent = undefined;
      }
      stream.window -= length;
      this.#window -= length;
      this.#enqueue(stream);
      this.#countStep();
    }
    this.#uploads = uploads.slice(turn).filter(({ isOpen }) => isOpen);
  }

  /** The next bytes of a body; undefined if they cannot be read, which ends the stream. */
  #read(stream: Stream, body: BodyReader, length: number): Uint8Array | undefined {
    try {
      return body.read(length);
    } catch (error) {
      if (!(error instanceof BodyReadError)) throw error;
      // What is told may send the next request, which must not happen in the midst of a write.
      this.#transports.afterReads(() => {
        if (!stream.isOpen) return;
        this.#reset(stream, ErrorCode.Cancel);
        stream.exchange.onFailure(toUnreadFailure(error), stream.size, "never");
      });
      return undefined;
    }
  }

  // What the server sends.

  onHeaders(
    id: number,
    block: Uint8Array,
    from: number,
    to: number,
    endsStream: boolean,
  ): void {
    const stream = this.#streams.get(id);
    this.#readingId = id;
    try {
      const fields = this.#decoder.decode(block, from, to);
      if (stream === undefined) return this.#ignore(id);
      stream.exchange.reads++;
      if (stream.head === undefined) this.#onHead(stream, fields, endsStream);
      else this.#onTrailers(stream, fields, endsStream);
    } catch (error) {
      if (!(error instanceof Http2Error) || error.scope === "connection") throw error;
      this.onStreamError(id, error);
    }
    this.#readingId = 0;
  }

  #onHead(stream: Stream, fields: readonly HeaderField[], endsStream: boolean): void {
    const { exchange } = stream;
    const head = this.#heads.read(fields, stream.isHead);
    if (head.isInterim) return this.#onInterim(stream, head, endsStream);
    stream.head = head;
    this.#countStep();
    const { bodyBytes } = head;
    if (endsStream && bodyBytes > 0) throw toMalformed(`the body has 0 of ${bodyBytes} bytes`);
    if (exchange.wantsFields) stream.tap = exchange.onFields(head, head, () => head.cookies);
    // What gets the head may have ended the exchange, or the connection.
    if (!stream.isOpen) return;
    exchange.onHead(head, endsStream ? 0 : this.#readMs ||= performance.now());
    if (bodyBytes > exchange.maxBodyBytes) this.#onTooLong(stream);
    else if (endsStream && stream.isOpen) this.#finish(stream);
  }

  #onInterim(stream: Stream, { status }: ResponseHead, endsStream: boolean): void {
    // RFC 9113 §8.6
    if (status === 101) throw toMalformed("101 Switching Protocols, which HTTP/2 forbids");
    if (endsStream) throw toMalformed("the response ended with an interim head");
    if (++stream.interim > MAX_INTERIM) {
      throw toMalformed(`more than ${MAX_INTERIM} interim responses`);
    }
  }

  #onTrailers(stream: Stream, fields: readonly HeaderField[], endsStream: boolean): void {
    if (!endsStream) throw toMalformed("a second head");
    checkTrailers(fields);
    const { size, head } = stream;
    const { bodyBytes } = head!;
    if (bodyBytes > size) throw toMalformed(`the body has ${size} of ${bodyBytes} bytes`);
    this.#finish(stream);
  }

  onData(
    id: number,
    bytes: Uint8Array,
    from: number,
    to: number,
    windowBytes: number,
    endsStream: boolean,
  ): void {
    // Also what comes for a stream that has ended takes room (RFC 9113 §6.9).
    this.#untold += windowBytes;
    if (this.#untold > CONNECTION_WINDOW_BYTES) {
      const message = "more DATA than the window of the connection allows";
      throw new Http2Error(ErrorCode.FlowControlError, "connection", message);
    }
    if (this.#untold >= CONNECTION_WINDOW_BYTES / 2) this.#planFlush();
    const stream = this.#streams.get(id);
    if (stream === undefined) return this.#ignore(id);
    stream.exchange.reads++;
    const problem = this.#takeData(stream, to - from, windowBytes, endsStream);
    if (problem !== undefined) return this.onStreamError(id, problem);
    if (to > from) {
      this.#countStep();
      if (stream.size > stream.exchange.maxBodyBytes) return this.#onTooLong(stream);
      stream.tap?.write(bytes.subarray(from, to));
      // The sink may have ended the exchange, or the connection.
      if (!stream.isOpen) return;
    }
    if (endsStream) this.#finish(stream);
  }

  /** Counts bytes of a body. @returns why they must not come, if they must not */
  #takeData(
    stream: Stream,
    bytes: number,
    windowBytes: number,
    endsStream: boolean,
  ): Http2Error | undefined {
    const { head, untold } = stream;
    stream.untold = untold + windowBytes;
    if (stream.untold > STREAM_WINDOW_BYTES) {
      const message = "more DATA than the window of the stream allows";
      return new Http2Error(ErrorCode.FlowControlError, "stream", message);
    }
    if (head === undefined) return toMalformed("DATA before the head of the response");
    stream.size += bytes;
    const { size } = stream;
    const { bodyBytes } = head;
    if (bodyBytes >= 0 && (size > bodyBytes || (endsStream && size < bodyBytes))) {
      const has = size > bodyBytes ? "more than" : `${size} of`;
      return toMalformed(`the body has ${has} ${bodyBytes} bytes`);
    }
    const half = STREAM_WINDOW_BYTES / 2;
    if (untold < half && stream.untold >= half && !endsStream) {
      this.#toTell.push(stream);
      this.#planFlush();
    }
    return undefined;
  }

  onReset(id: number, code: number): void {
    const stream = this.#streams.get(id);
    if (stream === undefined) return this.#ignore(id);
    const failure = toResetFailure(stream, code);
    const isUnprocessed = code === ErrorCode.RefusedStream && stream.head === undefined;
    this.#remove(stream);
    stream.exchange.onFailure(failure, stream.size, isUnprocessed ? "always" : "never");
  }

  onStreamError(id: number, { code, message }: Http2Error): void {
    const stream = this.#streams.get(id);
    if (stream === undefined) return this.#ignore(id);
    this.#reset(stream, code);
    stream.exchange.onFailure(toProtocolFailure(message), stream.size, "never");
  }

  onSettings(settings: PeerSettings): void {
    const {
      initialWindowSize = this.#initialWindow,
      maxConcurrentStreams,
      maxFrameSize,
      maxHeaderListSize,
    } = settings;
    this.#changeWindows(initialWindowSize - this.#initialWindow);
    this.#initialWindow = initialWindowSize;
    if (maxFrameSize !== undefined) this.#writer.maxFrameBytes = maxFrameSize;
    if (maxHeaderListSize !== undefined) this.#maxListBytes = maxHeaderListSize;
    const before = this.#hasSettings ? this.room : -1;
    this.#hasSettings = true;
    if (maxConcurrentStreams !== undefined) {
      this.#maxStreams = Math.min(this.#askedStreams, maxConcurrentStreams);
    }
    this.#maxUses = this.#maxRequests;
    this.#countAck();
    this.#writer.writeSettingsAck();
    this.#planFlush();
    if (this.room > before) this.#tellRoom();
  }

  /** RFC 9113 §6.9.2: windows of streams change by as much as the setting, also below 0. */
  #changeWindows(bytes: number): void {
    if (bytes === 0) return;
    for (const stream of this.#streams.list()) {
      stream.window += bytes;
      if (stream.window > MAX_WINDOW_BYTES) {
        const message = "SETTINGS that make the window of a stream too large";
        throw new Http2Error(ErrorCode.FlowControlError, "connection", message);
      }
      this.#enqueue(stream);
    }
  }

  onSettingsAck(): void {}

  onPing(data: Uint8Array): void {
    this.#countAck();
    this.#writer.writePingAck(data);
    this.#planFlush();
  }

  onWindowUpdate(id: number, increment: number): void {
    this.#countUseless();
    if (id === 0) {
      this.#window += increment;
      if (this.#window > MAX_WINDOW_BYTES) {
        const message = "WINDOW_UPDATE that makes the window of the connection too large";
        throw new Http2Error(ErrorCode.FlowControlError, "connection", message);
      }
      if (this.#uploads.length > 0) this.#planFlush();
      return;
    }
    const stream = this.#streams.get(id);
    if (stream === undefined) return this.#checkBegun(id);
    stream.window += increment;
    if (stream.window > MAX_WINDOW_BYTES) {
      const message = "WINDOW_UPDATE that makes the window of the stream too large";
      return this.onStreamError(
        id,
        new Http2Error(ErrorCode.FlowControlError, "stream", message),
      );
    }
    this.#enqueue(stream);
    if (stream.isQueued) this.#planFlush();
  }

  onGoaway(lastStreamId: number, code: number, debug: string): void {
    this.#countUseless();
    this.#goaway = { code, debug };
    // RFC 9113 §6.8: a later one may lower it.
    const last = this.#lastStreamId = Math.min(this.#lastStreamId, lastStreamId);
    // An end without a request in flight may have another reason than their number.
    const isBusy = last > 0 && last <= this.#lastSentId &&
      this.#streams.get(this.#lastSentId) !== undefined;
    if (code === ErrorCode.NoError && isBusy) this.endedAfter = (last + 1) >> 1;
    this.#retire();
    const ending = this.#toEnding(code !== ErrorCode.NoError);
    const suspects = this.#findSuspects(ending);
    for (const stream of this.#streams.list()) {
      // An exchange that was given up meanwhile is told nothing.
      if (stream.id <= last || !stream.isOpen) continue;
      this.#forget(stream);
      const resend = stream.head === undefined
        ? findResend(stream.id, suspects.has(stream.id), ending)
        : "never";
      const failure = toUnprocessedFailure(stream, code, debug);
      stream.exchange.onFailure(failure, stream.size, resend);
    }
    if (this.#streams.size === 0) this.close();
  }

  /** What came for a stream that has ended: the server may not know yet (RFC 9113 §5.1). */
  #ignore(id: number): void {
    this.#checkBegun(id);
    this.#countUseless();
  }

  #checkBegun(id: number): void {
    if (id < this.#nextId) return;
    const message = `a frame of stream ${id}, which was not begun`;
    throw new Http2Error(ErrorCode.ProtocolError, "connection", message);
  }

  /** A response or a body has come a step further. */
  #countStep(): void {
    if (this.#uselessLeft < MAX_USELESS_FRAMES) this.#uselessLeft = MAX_USELESS_FRAMES;
  }

  #countUseless(): void {
    if (--this.#uselessLeft >= 0) return;
    throw new Http2Error(ErrorCode.EnhanceYourCalm, "connection", "too many frames without use");
  }

  #countAck(): void {
    if (++this.#unsentAcks <= MAX_UNSENT_ACKS) return;
    const message = "more PING and SETTINGS than the server reads answers to";
    throw new Http2Error(ErrorCode.EnhanceYourCalm, "connection", message);
  }

  // How requests end.

  /**
   * The response is complete. The rest of a request is not sent, whatever the status: a server must not
   * need it for a response that it has ended (RFC 9113 §8.1), and a stream whose windows it never opens
   * would take its room for good. With HTTP/1.1 the rest has to be sent, as nothing else can end the
   * request and leave the connection usable.
   */
  #finish(stream: Stream): void {
    this.#isProven = true;
    if (stream.unsent === undefined) this.#remove(stream);
    else this.#reset(stream, ErrorCode.Cancel);
    stream.exchange.onDone(stream.head!, stream.size);
  }

  #onTooLong(stream: Stream): void {
    if (!stream.isOpen) return;
    const { exchange, size } = stream;
    this.#reset(stream, ErrorCode.Cancel);
    exchange.onFailure(toLengthFailure(exchange.maxBodyBytes), size, "never");
  }

  /** Ends a stream on the side of the server, too. */
  #reset(stream: Stream, code: ErrorCode): void {
    this.#writer.writeReset(stream.id, code);
    this.#uselessLeft += USELESS_FRAMES_OF_RESET;
    this.#planFlush();
    this.#remove(stream);
  }

  /** Forgets a stream that has ended. Its room is for another one. */
  #remove(stream: Stream): void {
    this.#forget(stream);
    if (this.#isEnding && this.#streams.size === 0) this.close();
    else this.#tellRoom();
  }

  #tellRoom(): void {
    if (!this.#isEnding) this.#owner.onRoom(this);
  }

  #forget(stream: Stream): void {
    stream.isOpen = false;
    this.#streams.delete(stream.id);
  }

  /** The server breaks the protocol. */
  #breakOff({ code, message }: Http2Error): void {
    if (this.#isClosed) return;
    const readingId = this.#readingId;
    this.#sayGoodbye(code);
    // A server that never gave a response would break it again.
    const ending = this.#toEnding(false);
    this.#endAll(
      () => toProtocolFailure(message),
      ({ id }) => !this.#isProven || id === readingId ? "never" : findResend(id, false, ending),
    );
  }

  /** The connection has ended. @param isError whether what the server read can be why */
  #lose(why: string, isError: boolean): void {
    if (this.#isClosed) return;
    const goaway = this.#goaway;
    const said = goaway === undefined ? why : describeGoaway(goaway.code, goaway.debug);
    const isSuspicious = goaway === undefined
      ? isError && !this.#isStale
      : goaway.code !== ErrorCode.NoError;
    const ending = this.#toEnding(isSuspicious);
    const suspects = this.#findSuspects(ending);
    const isSilent = this.#reads === 0;
    this.#endAll(
      (stream) => toLossFailure(stream, said),
      ({ id }) => {
        const resend = findResend(id, suspects.has(id), ending);
        return isSilent && resend !== "always" ? "never" : resend;
      },
    );
  }

  /**
   * Whether the server may have closed the connection, which had no requests in flight, before it got
   * the last ones.
   */
  get #isStale(): boolean {
    const [first] = this.#streams.list();
    return first !== undefined && first.id > 1 && first.id >= this.#lastWriteId &&
      this.#reads === this.#readsAtWrite;
  }

  #toEnding(isError: boolean): Ending {
    return {
      lastStreamId: this.#lastStreamId,
      isError,
      lastSentId: this.#lastSentId,
      lastWriteId: this.#lastWriteId,
    };
  }

  #findSuspects(ending: Ending): ReadonlySet<number> {
    const open = this.#streams.list().filter(({ head }) => head === undefined);
    return findSuspects(open.map(({ id }) => id), ending);
  }

  /** Closes the connection, and tells each exchange in flight. */
  #endAll(toFailure: (stream: Stream) => Failure, toResend: (stream: Stream) => Resend): void {
    if (this.#isClosed) return;
    this.#shut();
    for (const stream of this.#streams.list()) {
      // An exchange that was given up meanwhile is told nothing.
      if (!stream.isOpen) continue;
      this.#forget(stream);
      const resend = stream.head === undefined ? toResend(stream) : "never";
      stream.exchange.onFailure(toFailure(stream), stream.size, resend);
    }
  }
}

function toListFailure(bytes: number, max: number): Failure {
  const detail = `the fields take ${bytes} bytes, and the server accepts ${max}`;
  return { error: "protocol", detail, scope: "host", isPermanent: true };
}

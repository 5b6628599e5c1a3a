import type { ExchangeEnd, ExchangeSink, ExchangeStart } from "../../engine/exchange.ts";
import { ByteBuffer } from "../../byte_buffer.ts";
import { digestBytes, Digester } from "../../warc/digest.ts";
import { findField, findMediaType } from "../../warc/http_head.ts";
import type { BufferPool } from "./buffer_pool.ts";
import { SpooledBlock } from "./spooled_block.ts";
import type { SpoolPlace } from "./spool_file.ts";
import { TrailerSplitter } from "./trailer_splitter.ts";

/** The length of CRLF. */
const LINE_END = 2;
/** `transfer-encoding` in lower case. */
const TRANSFER_ENCODING = new TextEncoder().encode("transfer-encoding");

/** What is asked of a response's head, apart from that it is written. */
export interface HeadUse {
  /** Whether it is needed without its body. */
  readonly isKept: boolean;
  /** Whether its media type is needed. */
  readonly isTyped: boolean;
}

/** What the exchanges of a thread share. */
export interface SpoolContext {
  readonly place: SpoolPlace;
  readonly headUse: HeadUse;
  /** Those of requests, which are in use until the response has come; each as long as a request. */
  readonly requestBuffers: BufferPool;
  /** Those of responses, which are longer, and in use for as long as one comes. */
  readonly responseBuffers: BufferPool;
}

/**
 * An exchange that waits for the result of its request. What takes its bytes throws an
 * `OutputError` if they have to go to the disk, and cannot.
 */
export class ExchangeSpool implements ExchangeSink {
  /** What is known of its start, without the head, whose bytes are gone. */
  readonly start: Omit<ExchangeStart, "head">;
  readonly request: SpooledBlock;
  readonly response: SpooledBlock;
  readonly #headUse: HeadUse;
  /** Of the head of the response, in bytes; 0 without a response. */
  headLength = 0;
  /** A copy of the head of the response, if it was asked for. */
  head: Uint8Array | undefined;
  /** Of the response, if it was asked for; undefined where the head does not tell it. */
  mediaType: string | undefined;
  status = 0;
  /** The length of the content in bytes: the payload (ISO 28500:2017 §6.3.2). */
  payloadLength = 0;
  /** Where the trailer section of a body with framing begins; undefined for other bodies. */
  #splitter: TrailerSplitter | undefined;
  /** The trailer section, whose length the engine bounds; undefined without one. */
  #trailer: ByteBuffer | undefined;
  /** The length of the body in bytes, framing included. */
  #bodyLength = 0;
  /** Undefined while the body is in memory and is the content. */
  #payload: Digester | undefined;
  end: ExchangeEnd | undefined;

  constructor(start: ExchangeStart, context: SpoolContext) {
    const { url, protocol, address, at } = start;
    this.start = { url, protocol, address, at };
    this.request = new SpooledBlock(context.place, context.requestBuffers);
    this.request.append(start.head);
    this.response = new SpooledBlock(context.place, context.responseBuffers);
    this.#headUse = context.headUse;
  }

  onRequestBody(bytes: Uint8Array): void {
    this.request.append(bytes);
  }

  onResponseHead(bytes: Uint8Array, status: number): void {
    this.headLength = bytes.length;
    this.status = status;
    if (this.#headUse.isKept) this.head = bytes.slice();
    if (this.#headUse.isTyped) this.mediaType = findMediaType(bytes);
    this.response.append(bytes);
    if (findField(bytes, TRANSFER_ENCODING) >= 0) this.#splitter = new TrailerSplitter();
    if (this.response.isOnDisk || this.#splitter !== undefined) this.#payload = new Digester();
  }

  onContent(bytes: Uint8Array): void {
    this.payloadLength += bytes.length;
    if (this.#splitter !== undefined) this.#payload!.update(bytes);
  }

  onResponseBody(bytes: Uint8Array): void {
    this.#bodyLength += bytes.length;
    if (this.#splitter !== undefined) {
      const length = this.#splitter.split(bytes);
      if (length < bytes.length) {
        this.#trailer ??= new ByteBuffer();
        this.#trailer.append(bytes.subarray(length));
      }
      bytes = bytes.subarray(0, length);
    } else {
      if (this.#payload === undefined && !this.response.holds(bytes.length)) {
        this.#payload = new Digester();
        this.#payload.update(this.#heldBody());
      }
      this.#payload?.update(bytes);
    }
    this.response.append(bytes);
  }

  #heldBody(): Uint8Array {
    return this.response.view()!.subarray(this.headLength);
  }

  onEnd(end: ExchangeEnd): void {
    this.end = end;
    const trailer = this.#trailer?.view();
    if (trailer === undefined) return;
    // A body without framing has no trailer section: the bytes are of its content.
    if (this.#bodyLength === this.payloadLength) this.response.append(trailer);
    else if (end.cut === undefined) this.response.append(trailer.subarray(-LINE_END));
  }

  /**
   * The lines of the trailer section, each character a byte. They do not stand in the block of the
   * record: warcio hands them out as the end of the content.
   */
  get trailers(): readonly string[] {
    const isFramed = this.#bodyLength > this.payloadLength;
    const trailer = this.#trailer?.view();
    if (!isFramed || trailer === undefined || trailer.length <= LINE_END) return [];
    if (this.end?.cut !== undefined) return [];
    const text = Array.from(trailer, (byte) => String.fromCharCode(byte)).join("");
    return text.split(/\r?\n/).filter((line) => line !== "");
  }

  /** The labelled digest of the payload. Call it once, before the blocks are taken. */
  takePayloadDigest(): string {
    if (this.#payload !== undefined) return `${this.#payload}`;
    return digestBytes(this.#heldBody());
  }

  /** Lets go of what is in memory, and removes what is on the disk. */
  discard(): void {
    this.request.discard();
    this.response.discard();
  }
}

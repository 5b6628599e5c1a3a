import { ByteBuffer } from "../../byte_buffer.ts";
import type { ByteSink } from "../body_tap.ts";
import { BodyReader } from "./body.ts";
import {
  checkBeginning,
  type Head,
  headEnd,
  MAX_HEAD_BYTES,
  parseHead,
  ProtocolError,
  UNASKED_UPGRADE,
} from "./head.ts";
import { LastHead } from "./last_head.ts";

/** The maximum number of interim responses (RFC 9110 §15.2) before the final one. */
const MAX_INTERIM = 16;

/** Of all connections: the responses of a server to one kind of request begin alike for a second. */
const lastHead = new LastHead();

/** Receives the head of a response, and chooses what takes its body. */
export interface HeadListener {
  /**
   * The head has come, and no byte of the body was read yet.
   *
   * @param bytes the head up to and including the empty line; valid only during the call
   * @returns what takes the body, if anything
   */
  onFields(head: Head, bytes: Uint8Array): ByteSink | undefined;
}

/**
 * Reads a response from bytes in any pieces, and finds its end. Interim responses are skipped. It
 * knows no sockets, and keeps only the part of a head that has come.
 */
export class ResponseReader {
  /** The head, once it has come. */
  head: Head | undefined;
  readonly #body: BodyReader;
  #isHeadRequest = false;
  #listener: HeadListener | undefined;
  #interim = 0;
  /** The start of a head, not much longer than `MAX_HEAD_BYTES`; undefined without one. */
  #part: ByteBuffer | undefined;

  /** @param body reads the bodies, one after another */
  constructor(body: BodyReader = new BodyReader()) {
    this.#body = body;
  }

  /** Begins another response. @param isHeadRequest whether the request was a HEAD */
  begin(isHeadRequest: boolean, listener?: HeadListener): void {
    this.head = undefined;
    this.#listener = listener;
    this.#isHeadRequest = isHeadRequest;
    this.#interim = 0;
    this.#part = undefined;
  }

  /** Bytes of the body so far. */
  get size(): number {
    return this.head === undefined ? 0 : this.#body.size;
  }

  get isDone(): boolean {
    return this.head !== undefined && this.#body.isDone;
  }

  /** Whether the response is complete if the connection ends now. */
  get endsWithConnection(): boolean {
    return this.head !== undefined && this.#body.endsWithConnection;
  }

  /**
   * Reads the next bytes of the connection, and stops after the last one of the response.
   *
   * @returns how many bytes belong to the response: `length`, unless it ended before
   * @throws {ProtocolError} If they break RFC 9112, or the head is too long.
   */
  feed(bytes: Uint8Array, length: number): number {
    const position = this.head === undefined ? this.#readHeads(bytes, length) : 0;
    return position < 0 ? length : this.#body.feed(bytes, position, length);
  }

  /** @returns the position of the body, or -1 if the head is not there yet */
  #readHeads(bytes: Uint8Array, length: number): number {
    const part = this.#part;
    if (part === undefined && lastHead.isAt(bytes, length, this.#isHeadRequest)) {
      return this.#begin(lastHead.head!, bytes, 0, lastHead.length);
    }
    const before = part === undefined ? 0 : part.length;
    part?.append(bytes.subarray(0, length));
    const all = part === undefined ? bytes : part.bytes;
    const to = before + length;
    let look = Math.max(0, before - 3);
    let from = 0;
    for (;;) {
      const end = headEnd(all, look, to);
      if ((end < 0 ? to : end) - from > MAX_HEAD_BYTES) {
        throw new ProtocolError(`a head of more than ${MAX_HEAD_BYTES} bytes`);
      }
      if (end < 0) {
        checkBeginning(all, from, to);
        this.#keep(all, from, to);
        return -1;
      }
      const head = parseHead(all, from, end, this.#isHeadRequest);
      if (head.status >= 200) {
        this.#part = undefined;
        lastHead.keep(head, all, from, end, this.#isHeadRequest);
        return this.#begin(head, all, from, end) - before;
      }
      if (head.status === 101) {
        throw new ProtocolError(UNASKED_UPGRADE);
      }
      if (++this.#interim > MAX_INTERIM) {
        throw new ProtocolError(`more than ${MAX_INTERIM} interim responses`);
      }
      from = look = end;
    }
  }

  /** @returns the end of the head */
  #begin(head: Head, bytes: Uint8Array, from: number, end: number): number {
    this.head = head;
    this.#body.begin(head, this.#listener?.onFields(head, bytes.subarray(from, end)));
    return end;
  }

  #keep(bytes: Uint8Array, from: number, to: number): void {
    if (this.#part === undefined) {
      this.#part = new ByteBuffer();
      this.#part.append(bytes.subarray(from, to));
    } else {
      bytes.copyWithin(0, from, to);
      this.#part.length = to - from;
    }
  }
}

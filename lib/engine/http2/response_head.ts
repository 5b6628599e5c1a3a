/**
 * The head of a response in HTTP/2: fields in, what a request needs out.
 *
 * @module
 */
import { ByteBuffer } from "../../byte_buffer.ts";
import { decodeFieldValue, normalizeCoding } from "../../http/fields.ts";
import type { ResponseStart, WireHead } from "../sockets/connection.ts";
import type { HeaderField } from "./hpack_table.ts";
import { ErrorCode, Http2Error } from "./http2_error.ts";

/** A field's name in HTTP/2 (RFC 9113 §8.2.1): a token (RFC 9110 §5.6.2) without capitals. */
const NAME = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;
/** What no value may have (RFC 9113 §8.2.1): NUL, LF or CR, and white space around it. */
const BAD_VALUE = /[\0\n\r]|^[ \t]|[ \t]$/;
/** Fields of a connection, of which HTTP/2 has no use (RFC 9113 §8.2.2). */
const OF_CONNECTION: ReadonlySet<string> = new Set([
  ...["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"],
]);
const STATUS = /^[1-9]\d\d$/;
const LENGTH = /^\d+$/;

/** A response that RFC 9113 §8.1.1 calls malformed. Its connection goes on. */
export function toMalformed(what: string): Http2Error {
  return new Http2Error(ErrorCode.ProtocolError, "stream", what);
}

/** The head of a response. It does not change, so responses with the same fields can share it. */
export class ResponseHead implements WireHead, ResponseStart {
  readonly status: number;
  readonly location: string | null;
  readonly isAmbiguous: boolean;
  readonly retryAfter: string | null;
  readonly length: number;
  /** How many bytes the body has to have (RFC 9113 §8.1.1); -1 if the head does not tell. */
  readonly bodyBytes: number;
  /** Whether the method of the request is HEAD, whose response has no body. */
  readonly isOfHead: boolean;
  readonly #fields: readonly HeaderField[];
  #http1: Uint8Array | undefined;
  /** Undefined as long as nobody has asked. */
  #coding: string | null | undefined;

  /**
   * @param fields all fields of the head, each character a byte; kept, so they must not change
   * @throws {Http2Error} If the head is malformed (RFC 9113 §8.2, §8.3).
   */
  constructor(fields: readonly HeaderField[], isOfHead: boolean) {
    const status = readStatus(fields);
    let length = -1;
    let location: string | null = null;
    let isAmbiguous = false;
    let retryAfter: string | null = null;
    for (let k = 1; k < fields.length; k++) {
      const { name, value } = fields[k];
      checkField(name, value);
      if (name === "content-length") {
        const other = parseLength(value);
        if (length >= 0 && length !== other) throw toMalformed("two different lengths");
        length = other;
      } else if (name === "location") {
        location ??= value;
        isAmbiguous ||= value !== location;
      } else if (name === "retry-after" && (status === 429 || status === 503)) {
        retryAfter = retryAfter === null ? value : `${retryAfter}, ${value}`;
      }
    }
    // RFC 9110 §6.4.1, §8.6: what these announce is the length of another response.
    const hasBody = !isOfHead && status !== 204 && status !== 304;
    this.status = status;
    this.isOfHead = isOfHead;
    this.bodyBytes = hasBody ? length : 0;
    this.length = Math.max(0, this.bodyBytes);
    this.location = status === 201 || (status >= 300 && status < 400) ? location : null;
    this.isAmbiguous = isAmbiguous;
    this.retryAfter = retryAfter;
    this.#fields = fields;
  }

  /** Whether it is followed by another head (RFC 9110 §15.2). */
  get isInterim(): boolean {
    return this.status < 200;
  }

  get coding(): string | null {
    if (this.#coding === undefined) {
      this.#coding = normalizeCoding(this.field("content-encoding"));
    }
    return this.#coding;
  }

  field(name: string): string | null {
    let joined: string | null = null;
    for (const field of this.#fields) {
      if (field.name !== name) continue;
      joined = joined === null ? field.value : `${joined}, ${field.value}`;
    }
    return joined === null ? null : decodeFieldValue(joined);
  }

  lines(): string[] {
    return this.#fields.map(({ name, value }) => `${name}: ${value}`);
  }

  /** The reason phrase is empty, which is how HTTP/1.1 leaves it out (RFC 9112 §4). */
  toHttp1(): Uint8Array {
    if (this.#http1 === undefined) {
      const buffer = new ByteBuffer();
      const fields = this.lines().slice(1);
      buffer.appendText([`HTTP/1.1 ${this.status} `, ...fields, "", ""].join("\r\n"));
      this.#http1 = buffer.view();
    }
    return this.#http1;
  }

  /** The values of its `Set-Cookie` fields, each character a byte. */
  get cookies(): string[] {
    return this.#fields.filter(({ name }) => name === "set-cookie").map(({ value }) => value);
  }

  clone(): ResponseHead {
    return this;
  }
}

/** How many heads are known. */
const MAX_KNOWN = 8;

/** Reads heads. The last ones are not read again, if the decoder gives the same lists again. */
export class ResponseHeadReader {
  /** Where the fields of each head came from, and the head; the oldest is replaced by the next one. */
  readonly #lists = new Array<readonly HeaderField[] | undefined>(MAX_KNOWN).fill(undefined);
  readonly #heads = new Array<ResponseHead | undefined>(MAX_KNOWN).fill(undefined);
  #next = 0;

  /** Reads a head, as the constructor of {@linkcode ResponseHead} does. */
  read(fields: readonly HeaderField[], isOfHead: boolean): ResponseHead {
    for (let k = 0; k < MAX_KNOWN; k++) {
      if (this.#lists[k] !== fields) continue;
      const head = this.#heads[k]!;
      if (head.isOfHead === isOfHead) return head;
    }
    const head = new ResponseHead(fields, isOfHead);
    const place = this.#next++ % MAX_KNOWN;
    this.#lists[place] = fields;
    return this.#heads[place] = head;
  }
}

/**
 * Checks the fields behind a body (RFC 9113 §8.1).
 *
 * @throws {Http2Error} If they are malformed.
 */
export function checkTrailers(fields: readonly HeaderField[]): void {
  for (const { name, value } of fields) checkField(name, value);
}

/** The status, which has to come first and once (RFC 9113 §8.3). */
function readStatus(fields: readonly HeaderField[]): number {
  const [first] = fields;
  if (first === undefined || first.name !== ":status") {
    throw toMalformed("the head does not begin with ':status'");
  }
  if (!STATUS.test(first.value)) throw toMalformed("the status is not three digits from 100");
  return Number(first.value);
}

function checkField(name: string, value: string): void {
  if (!NAME.test(name)) {
    throw toMalformed(
      name.startsWith(":")
        ? "a pseudo-header field in the wrong place"
        : "a field's name is not a token in lower case",
    );
  }
  if (BAD_VALUE.test(value)) {
    throw toMalformed("a field's value has NUL, CR or LF, or white space around it");
  }
  if (OF_CONNECTION.has(name)) throw toMalformed(`the field '${name}', which HTTP/2 forbids`);
}

function parseLength(value: string): number {
  if (!LENGTH.test(value)) throw toMalformed("the length has other characters than digits");
  const length = Number(value);
  if (length > Number.MAX_SAFE_INTEGER) throw toMalformed("the length is too large");
  return length;
}

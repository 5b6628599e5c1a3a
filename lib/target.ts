/**
 * Targets: what a source gives.
 *
 * @module
 */

/** Header fields in the order in which they are sent; names as the user wrote them. */
export type HeaderList = readonly (readonly [name: string, value: string])[];

/** A body: bytes in memory, or what is read while it is sent. */
export type RequestBody = Uint8Array<ArrayBuffer> | StreamedBody;

/** A body that is read piece by piece, anew each time that it is sent. */
export interface StreamedBody {
  /** Its length in bytes, from 1. */
  readonly length: number;
  /** How many of them are in memory. */
  readonly heldBytes: number;
  /** Begins to read it. Nothing has to be closed. */
  open(): BodyReader;
}

/** Reads a {@linkcode StreamedBody}. */
export interface BodyReader {
  /** How many bytes are not read yet. */
  readonly length: number;
  /**
   * Reads the next bytes: at least one, unless all are read. They are valid until the next read of
   * any reader.
   *
   * @param maxBytes from 1
   * @throws {BodyReadError} If they cannot be read.
   */
  read(maxBytes: number): Uint8Array<ArrayBuffer>;
}

/** A part of a body cannot be read; the message says which one, and why. */
export class BodyReadError extends Error {
  override name = "BodyReadError";
  /** Why, in words. */
  readonly reason: string;

  constructor(what: string, reason: string) {
    super(`cannot read ${what}: ${reason}`);
    this.reason = reason;
  }
}

/** One request to make. */
export interface Target {
  /** Its number in the run, 0-based; no other target of the run has it. */
  readonly i: number;
  /** An absolute `http:` or `https:` URL unless {@linkcode invalid} is set. */
  readonly url: string;
  /** The method's token (RFC 9110 §9.1), case as sent. */
  readonly method: string;
  /** Its header fields; targets with the same fields share one list. */
  readonly headers: HeaderList;
  /** Its body; targets with the same body share one object. */
  readonly body: RequestBody | undefined;
  /** Why it cannot be requested, as for an invalid URL or a record without a field. */
  readonly invalid: string | undefined;
  /** What its response is checked against, in place of the run's expectation. */
  readonly expect: Expectation | undefined;
  /** The field with its id, sent after the others; undefined without one. */
  readonly requestId: HeaderList[number] | undefined;
  /** What the request is to the flow that makes it, as in `login`; missing where no flow does. */
  readonly step?: string | undefined;
}

/** A regular expression for texts of servers. */
export interface Matcher {
  /** As the user wrote it. */
  readonly source: string;
  /** Whether a text matches; undefined if it took too long to tell. */
  test(text: string): boolean | undefined;
}

/** What responses are checked against; undefined parts are not checked. */
export interface Expectation {
  readonly statuses?: { readonly text: string; has(status: number): boolean } | undefined;
  /** All fields have to match. Names are in lower case. */
  readonly headers?:
    | readonly { readonly name: string; readonly pattern: Matcher }[]
    | undefined;
  /** All patterns have to match the body. */
  readonly bodies?: readonly Matcher[] | undefined;
  /** The SHA-256 of the whole body, in lower case. */
  readonly sha256?: string | undefined;
  /** The maximum latency in milliseconds. */
  readonly latencyMs?: number | undefined;
}

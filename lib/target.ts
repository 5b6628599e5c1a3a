/**
 * What a source gives: one request to make.
 *
 * @module
 */

/** Header fields in the order in which they are sent; names as the user wrote them. */
export type HeaderList = readonly (readonly [name: string, value: string])[];

/** One request to make. */
export interface Target {
  /** Its number in the run, 0-based; no other target of the run has it. */
  readonly i: number;
  /** Where to; an absolute `http:` or `https:` URL unless {@linkcode invalid} is set. */
  readonly url: string;
  /** The method's token (RFC 9110 §9.1), case as sent. */
  readonly method: string;
  /** All of its header fields; targets that share them share the very same list. */
  readonly headers: HeaderList;
  /** Its body; targets that share it share the very same array. */
  readonly body: Uint8Array<ArrayBuffer> | undefined;
  /** Why no request can be made of it (a line that is no URL, a record without a field). */
  readonly invalid: string | undefined;
  /** What its answer is held against, instead of what the run's are. */
  readonly expect: Expectation | undefined;
  /** The field that has its id, sent behind the others; undefined without one. */
  readonly requestId: HeaderList[number] | undefined;
}

/** A regular expression that texts of servers are held against. */
export interface Matcher {
  /** As the user wrote it. */
  readonly source: string;
  /** Whether a text matches; undefined if it took too long to tell. */
  test(text: string): boolean | undefined;
}

/** What answers are held against; what is undefined does not matter. */
export interface Expectation {
  readonly statuses?: { readonly text: string; has(status: number): boolean } | undefined;
  /** Names are in lower case. All of them have to match. */
  readonly headers?:
    | readonly { readonly name: string; readonly pattern: Matcher }[]
    | undefined;
  /** All of them have to match the body. */
  readonly bodies?: readonly Matcher[] | undefined;
  /** Of the whole body, in lower case. */
  readonly sha256?: string | undefined;
  /** Most milliseconds. */
  readonly latencyMs?: number | undefined;
}

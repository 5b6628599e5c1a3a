/**
 * What a client is asked to request.
 *
 * @module
 */
import type { ExpectationInit, Fields } from "./options.ts";

/** A request: what a line of `--input-format jsonl` is. */
export interface TargetInit {
  /** An absolute `http:` or `https:` URL; credentials in it become an `Authorization` field. */
  readonly url: string | URL;
  /** The method, such as `PUT`. @default {"GET"}, or `POST` with a body */
  readonly method?: string;
  /** They take the place of the client's fields of the same names. */
  readonly headers?: Fields;
  /** A text or bytes that are sent as they are, or a value that is sent as JSON. */
  readonly body?: string | Uint8Array<ArrayBuffer> | object;
  /** What the response is held against, in place of what the client expects. */
  readonly expect?: ExpectationInit;
  /** The number of its record, from 0. @default a number of the client's */
  readonly i?: number;
}

/** What a client requests: a URL, or a URL with more. */
export type TargetLike = string | URL | TargetInit;

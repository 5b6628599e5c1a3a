import type { BorrowedHead } from "../engine/borrowed_head.ts";
import { decodeFieldValue } from "../http/fields.ts";
import type { ErrorKind, HttpVersion, Result } from "../result.ts";
import type { Outcome } from "./outcome.ts";

const decoder = new TextDecoder();
const EMPTY = new Uint8Array(0);

/** What is known of a request that has ended. */
export interface HitParts<T> extends Outcome {
  readonly target: T;
  readonly i: number;
}

/** Makes a hit of an outcome. */
export let createHit: <T>(parts: HitParts<T>) => Hit<T>;

/** The result of a hit, with the number of its record. */
export let toRecordResult: (hit: Hit) => Result;

/**
 * A request that has ended, with its response or the reason why there is no response. A failed
 * request is a value like any other: {@linkcode Hit.error} names the kind of its failure.
 *
 * The body was read to its end before there was a hit, so that its methods answer at once.
 *
 * @example Usage
 * ```ts
 * import { Client } from "@myriad/myriad";
 * import { assertEquals } from "@std/assert";
 *
 * const server = Deno.serve(
 *   { hostname: "127.0.0.1", port: 0, onListen: () => {} },
 *   () => Response.json({ name: "Ada" }, { headers: { "x-page": "1 of 3" } }),
 * );
 * await using client = await Client.open();
 * const hit = await client.hit(`http://127.0.0.1:${server.addr.port}/`);
 * assertEquals(hit.error, undefined);
 * assertEquals(hit.status, 200);
 * assertEquals(hit.header("x-page"), "1 of 3");
 * assertEquals(hit.json(), { name: "Ada" });
 * await server.shutdown();
 * ```
 *
 * @typeParam T The type of what the client was given.
 */
export class Hit<T = unknown> {
  static {
    createHit = (parts) => new Hit(parts);
    toRecordResult = (hit) => {
      const { i } = hit;
      const result = hit.#result;
      return result.target.i === i ? result : { ...result, target: { ...result.target, i } };
    };
  }

  /** What the client was given. */
  readonly target: T;
  /** The number of its record: the one that the request has, or one of the client's, from 0. */
  readonly i: number;
  readonly #result: Result;
  readonly #head: BorrowedHead | undefined;
  readonly #body: Uint8Array<ArrayBuffer> | undefined;

  /** Only the library makes hits. */
  protected constructor({ target, i, result, head, body }: HitParts<T>) {
    this.target = target;
    this.i = i;
    this.#result = result;
    this.#head = head;
    this.#body = body;
  }

  /** The URL that was requested, without credentials. */
  get url(): string {
    return this.#result.target.url;
  }

  /** The method that was sent. */
  get method(): string {
    return this.#result.target.method;
  }

  /** The status code, 100 to 999; null without a response. */
  get status(): number | null {
    return this.#result.status;
  }

  /** Whether the request succeeded, with a status from 200 to 299. */
  get ok(): boolean {
    const { error, status } = this.#result;
    return error === undefined && status !== null && status >= 200 && status <= 299;
  }

  /** The kind of failure; undefined if it succeeded, whatever the status. */
  get error(): ErrorKind | undefined {
    return this.#result.error;
  }

  /** What went wrong, in words; it can hold what a server sent, so escape it. */
  get detail(): string | undefined {
    return this.#result.detail;
  }

  /** When it started, in milliseconds since the Unix epoch. */
  get at(): number {
    return this.#result.at;
  }

  /**
   * Milliseconds from its start to the last byte of the response, or to the failure. With a rate,
   * they count from when it was due.
   */
  get ms(): number {
    return this.#result.ms;
  }

  /** Milliseconds from its start to the head of the response; null without one. */
  get ttfbMs(): number | null {
    return this.#result.ttfbMs;
  }

  /** How often it was put on the wire, from 0. */
  get attempts(): number {
    return this.#result.attempts;
  }

  /** How many redirects were followed, from 0. */
  get redirects(): number {
    return this.#result.redirects;
  }

  /** The URL that redirects led to, without credentials; null if nothing was sent. */
  get finalUrl(): string | null {
    return this.#result.finalUrl;
  }

  /** The version of HTTP of the response; null without one. */
  get httpVersion(): HttpVersion | null {
    return this.#result.version;
  }

  /** Bytes of the body as transferred, as far as they arrived. */
  get transferredBytes(): number {
    return this.#result.bytes;
  }

  /** Bytes of the body after decoding. */
  get bodyBytes(): number {
    return this.#result.size;
  }

  /**
   * The value of a header field of the response; several fields of the same name are joined by `, `.
   * Null without the field, and without a response.
   *
   * @param name The name, in any case.
   */
  header(name: string): string | null {
    return this.#head?.field(name.toLowerCase()) ?? null;
  }

  /** All header fields of the response as they came; empty without a response. */
  headers(): [name: string, value: string][] {
    // The first line is the status line, or `:status` of HTTP/2.
    return (this.#head?.lines() ?? []).slice(1).map((line) => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon), decodeFieldValue(line.slice(colon + 1).trim())];
    });
  }

  /** The body after decoding: the bytes themselves, not a copy; empty if it was not kept. */
  bytes(): Uint8Array<ArrayBuffer> {
    return this.#body ?? EMPTY;
  }

  /** The body as text: as UTF-8, with U+FFFD for bytes that are not. */
  text(): string {
    return decoder.decode(this.bytes());
  }

  /**
   * The value of a body of JSON.
   *
   * @throws {SyntaxError} If the body is not JSON, as it is without a response.
   */
  json(): unknown {
    return JSON.parse(this.text());
  }
}

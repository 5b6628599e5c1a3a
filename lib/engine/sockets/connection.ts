/**
 * What a connection of any version of HTTP is to a request and to its owner.
 *
 * @module
 */
import type { ConnectionInfo, Failure, HttpVersion } from "../../result.ts";
import type { HeaderList } from "../../target.ts";
import { InFlight } from "../deadlines.ts";
import type { ByteSink } from "../body_tap.ts";
import type { BorrowedHead } from "../borrowed_head.ts";
import type { Hop } from "../redirect.ts";
import type { Route } from "./router.ts";

/**
 * Whether a request that got no response may be sent again over another connection:
 *
 * - `never`: the failure is the request's own
 * - `unsent`: nothing of it was sent, as the server had closed the connection before
 * - `idempotent`: the server may have processed it (RFC 9110 §9.2.2)
 * - `always`: the server has certainly not processed it (RFC 9113 §8.7)
 * - `alone`: like `idempotent`, and it may itself be why the server ended the connection, so it must
 *   not share one with other requests
 * - `always-alone`: like `always`, and like `alone` it must not share a connection
 */
export type Resend = "never" | "unsent" | "idempotent" | "always" | "alone" | "always-alone";

/** What a request needs from the head of a final response. */
export interface ResponseStart {
  readonly status: number;
  /** The bytes of the body that the head announces; 0 if it announces no length. */
  readonly length: number;
  /** The first `Location` field, if the status gives it a meaning; each character a byte. */
  readonly location: string | null;
  /** Whether there are several `Location` fields that differ. */
  readonly isAmbiguous: boolean;
  /** The `Retry-After` fields of a 429 or 503, joined by `, `; each character a byte. */
  readonly retryAfter: string | null;
}

/** The head of a response, as a connection has read it. */
export interface WireHead extends BorrowedHead {
  /**
   * The head up to and including the empty line: as it came, or for HTTP/2 in the form that it has in
   * HTTP/1.1.
   */
  toHttp1(): Uint8Array;
}

/** A request and its response, as a connection sees them. */
export interface Exchange {
  /** The maximum number of bytes of the body. */
  readonly maxBodyBytes: number;
  /** Whether {@linkcode Exchange.onFields} is to be called. */
  readonly wantsFields: boolean;
  /** How many reads the response took so far; 0 before the request is sent. Counted by the connection. */
  reads: number;
  /**
   * The head of the final response has come, and no byte of its body was read yet. Called before
   * `onHead`, if wanted.
   *
   * @param head can be read during the call only
   * @param cookies the values of its `Set-Cookie` fields, each character a byte
   * @returns what takes the body, if anything
   */
  onFields(start: ResponseStart, head: WireHead, cookies: () => string[]): ByteSink | undefined;
  /**
   * The head of the final response has come.
   *
   * @param ms the time of `performance.now()` then; 0 if the response is complete, so that
   * `onDone` follows at once
   */
  onHead(start: ResponseStart, ms: number): void;
  /** The response is complete. The connection has gone back to its owner, if it can be used again. */
  onDone(start: ResponseStart, size: number): void;
  /**
   * The response is missing or incomplete.
   *
   * @param size bytes of the body that came
   */
  onFailure(failure: Failure, size: number, resend: Resend): void;
}

/** A connection that is ready for requests. In the list of idle connections, it is closed when stopped. */
export abstract class Connection extends InFlight {
  abstract readonly version: HttpVersion;
  /** What results tell about it. */
  abstract readonly info: ConnectionInfo;
  /** Milliseconds from the look-up of the host until it was ready. Set by its owner. */
  openMs = 0;
  /** How many requests it got. */
  abstract readonly uses: number;
  /** How many more requests it takes at present; 0 if it takes none, or none any more. */
  abstract readonly room: number;
  /**
   * How many requests it may have in flight at once; undefined while the server has not said, and
   * {@linkcode ConnectionOwner.onRoom} is called once it has.
   */
  abstract readonly limit: number | undefined;
  /** How many requests it has in flight, with those that are given up but not sent completely. */
  abstract readonly busy: number;
  /** Whether it waits for its turn to receive or send, so that no byte is expected. */
  abstract readonly isHeld: boolean;
  /**
   * After how many requests the server has announced the end of the connection, if others were sent in
   * vain by then; undefined otherwise. The next connection to the origin gets that many at most.
   */
  abstract readonly endedAfter: number | undefined;
  /**
   * Sends a request. Only while there is {@linkcode room}.
   *
   * @param headers the fields to send, in place of those of the hop
   */
  abstract send(hop: Hop, route: Route, headers: HeaderList, exchange: Exchange): void;
  /** The head of a request as {@linkcode send} would send it, line by line, each character a byte. */
  abstract describe(hop: Hop, route: Route, headers: HeaderList): readonly string[];
  /**
   * The head of a request as {@linkcode send} would send it, each character a byte; for HTTP/2 in the
   * form that it has in HTTP/1.1.
   */
  abstract toHttp1(hop: Hop, route: Route, headers: HeaderList): string;
  /**
   * Gives up an exchange, which gets no call any more. Other exchanges go on.
   *
   * @param isLate whether its time is up, so that its server may be gone
   */
  abstract abandon(exchange: Exchange, isLate: boolean): void;
  /** Closes the connection at once. Its owner is told; its exchanges are not. */
  abstract close(): void;

  override stop(): void {
    this.close();
  }
}

/** The owner of connections. */
export interface ConnectionOwner {
  /**
   * A connection has more {@linkcode Connection.room} than before, or the server has said its
   * {@linkcode Connection.limit}.
   */
  onRoom(connection: Connection): void;
  /**
   * The response is complete, and the request is not sent completely. `onRoom` follows once it is.
   * Until then the connection may be closed because of its time or for room.
   */
  onUnsent(connection: Connection): void;
  /**
   * It takes no request any more: it is closed, or its server has announced the end. Requests that it
   * has in flight may still be answered, or are told afterwards.
   *
   * @param isSilent whether its server seems to be gone: requests that it has in flight will end with
   * their time, and do not come again at once
   */
  onEnding(connection: Connection, isSilent: boolean): void;
  /** It is closed. Exchanges that were in flight are told right after. */
  onClose(connection: Connection): void;
}

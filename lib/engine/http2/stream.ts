import type { ByteSink } from "../body_tap.ts";
import type { BodyReader } from "../../target.ts";
import type { Exchange } from "../sockets/connection.ts";
import type { ResponseHead } from "./response_head.ts";

/**
 * A request and its response on a connection (RFC 9113 §5). It is there from when its HEADERS are
 * written until END_STREAM or RST_STREAM comes, or RST_STREAM is written.
 */
export class Stream {
  /** Odd, 1 to 2^31 - 1. */
  readonly id: number;
  readonly exchange: Exchange;
  /** Whether the method is HEAD, whose response has no body. */
  readonly isHead: boolean;
  /** How many reads the connection had when it was begun. */
  readonly beganAtRead: number;
  /** The head of the final response, once it has come. */
  head: ResponseHead | undefined;
  /** What takes the body, if anything. */
  tap: ByteSink | undefined;
  /** Whether neither it nor its connection has ended, and it was not given up. */
  isOpen = true;
  /** Bytes of the body so far. */
  size = 0;
  /** How many interim responses came. */
  interim = 0;
  /** Bytes that came since the server was last told that it may send more; padding counts. */
  untold = 0;
  /** The rest of the request's body; undefined once all of it is written. */
  unsent: Uint8Array | BodyReader | undefined;
  /** Whether its body has a turn to come. */
  isQueued = false;
  /** Bytes of the body that the server takes at present; below 0 after a change of its settings. */
  window: number;

  constructor(
    id: number,
    exchange: Exchange,
    isHead: boolean,
    beganAtRead: number,
    unsent: Uint8Array | BodyReader | undefined,
    window: number,
  ) {
    this.id = id;
    this.exchange = exchange;
    this.isHead = isHead;
    this.beganAtRead = beganAtRead;
    this.unsent = unsent;
    this.window = window;
  }
}

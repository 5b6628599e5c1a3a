import { ByteBuffer } from "../../byte_buffer.ts";
import type { Result } from "../../result.ts";
import type { HeaderList } from "../../target.ts";
import type { ByteSink } from "../body_tap.ts";
import type { CutReason, ExchangeSink, ExchangeStart, RequestTap } from "../exchange.ts";
import type { Hop } from "../redirect.ts";
import type { AttemptContext } from "./attempt.ts";
import type { Connection, WireHead } from "./connection.ts";
import { type BodyListener, ExchangeBody } from "./exchange_body.ts";
import type { Route } from "./router.ts";
import { ToldUpload } from "./told_upload.ts";

/**
 * The maximum number of bytes of a body that a connection with HTTP/1.1 gets in one piece. It takes a
 * longer one as fast as it can be sent, so that it shows how much of it was.
 */
const MAX_PIECE_BYTES = 64 * 1024;

/** The head that is being told; as long as the longest one that the user has asked for. */
const requestHead = new ByteBuffer();

type TellerContext = Pick<AttemptContext, "options" | "deadlines" | "hooks">;

/** Tells the exchanges of one request. What the tap throws is not the fault of the response. */
export class ExchangeTeller implements BodyListener {
  readonly #tap: RequestTap;
  readonly #context: TellerContext;
  /** Takes the present exchange; undefined without one, and once the sink has failed. */
  #sink: ExchangeSink | undefined;
  /** The body of its request; undefined if the connection takes it at once. */
  #upload: ToldUpload | undefined;
  #hasFailed = false;

  constructor(tap: RequestTap, context: TellerContext) {
    this.#tap = tap;
    this.#context = context;
  }

  /**
   * Begins the exchange of a hop.
   *
   * @returns what the connection has to send in its place: the same request
   */
  begin(connection: Connection, hop: Hop, route: Route, headers: HeaderList): Hop {
    const sent = this.#watchUpload(connection, hop);
    const { body } = sent;
    requestHead.length = 0;
    requestHead.appendText(connection.toHttp1(sent, route, headers));
    const start: ExchangeStart = {
      url: hop.url,
      protocol: connection.version !== "2" ? "http/1.1" : route.origin.isSecure ? "h2" : "h2c",
      address: this.#findAddress(connection),
      at: this.#context.deadlines.epochMs + performance.now(),
      head: requestHead.view(),
    };
    try {
      this.#sink = this.#tap.onExchange(start);
    } catch (error) {
      this.#fail(error);
    }
    if (body instanceof Uint8Array && body.length > 0) this.#onUpload(body);
    return sent;
  }

  /** Has a body told while it is taken, if the connection may not take all of it. */
  #watchUpload({ version }: Connection, hop: Hop): Hop {
    const { url, method, headers, body, requestId } = hop;
    const isTakenAtOnce = body === undefined || body.length === 0 ||
      body instanceof Uint8Array && body.length <= MAX_PIECE_BYTES && version !== "2";
    this.#upload = undefined;
    if (isTakenAtOnce) return hop;
    this.#upload = new ToldUpload(body, (bytes) => this.#onUpload(bytes));
    return { url, method, headers, body: this.#upload, requestId };
  }

  /** The address of a server. That of a proxy would be taken for it, and a path is not one. */
  #findAddress({ info: { remote } }: Connection): string | null {
    const { proxy, unixSocket } = this.#context.options;
    if (remote === null || proxy !== undefined || unixSocket !== undefined) return null;
    return remote.slice(0, remote.lastIndexOf(":")).replace(/^\[|%.*|\]$/g, "");
  }

  #onUpload(bytes: Uint8Array): void {
    try {
      this.#sink?.onRequestBody(bytes);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** The head of the final response has come. */
  onHead(head: WireHead): void {
    try {
      this.#sink?.onResponseHead(head.toHttp1(), head.status);
    } catch (error) {
      this.#fail(error);
    }
  }

  onContent(bytes: Uint8Array): void {
    try {
      this.#sink?.onContent(bytes);
    } catch (error) {
      this.#fail(error);
    }
  }

  onFramed(bytes: Uint8Array): void {
    try {
      this.#sink?.onResponseBody(bytes);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Takes the body of the response. @param next takes its content afterwards */
  takeBody(next: ByteSink | undefined): ByteSink {
    return new ExchangeBody(this, next);
  }

  /** Ends the present exchange. */
  end(cut: CutReason | undefined): void {
    const sink = this.#sink;
    if (sink === undefined) return;
    this.#sink = undefined;
    const isRequestWhole = this.#upload === undefined || this.#upload.isTaken;
    try {
      sink.onEnd({ cut, isRequestWhole });
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Passes a result on: a request that could not be kept has failed. */
  passOn(done: (result: Result) => void): (result: Result) => void {
    return (result) => done(this.#hasFailed ? toLost(result) : result);
  }

  /** Reports what the tap has thrown, which ends the run. */
  #fail(error: unknown): void {
    this.#sink = undefined;
    this.#hasFailed = true;
    this.#context.hooks!.fail(error);
  }
}

function toLost(result: Result): Result {
  return {
    ...result,
    status: null,
    location: null,
    retryAfter: null,
    error: "cancelled",
    detail: "the exchange could not be kept",
    scope: undefined,
  };
}

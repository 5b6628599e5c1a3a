/**
 * The engine over sockets where somebody watches what is sent and received: for `-v`, and for archives.
 * It is loaded only then: other runs do not even ask whether a request is watched.
 *
 * @module
 */
import type { Failure, Result } from "../../result.ts";
import type { HeaderList, Target } from "../../target.ts";
import type { ByteSink } from "../body_tap.ts";
import type { StopReason } from "../deadlines.ts";
import { FramedBodyReader } from "../http1/framed_body.ts";
import type { EngineOptions } from "../options.ts";
import type { Hop } from "../redirect.ts";
import { type RequestTrace, tellEnd } from "../trace.ts";
import type { Transports } from "../transport/transport.ts";
import { Attempt, type AttemptContext } from "./attempt.ts";
import type { Connection, Resend, ResponseStart, WireHead } from "./connection.ts";
import type { Versions } from "./connection_pool.ts";
import { ExchangeTeller } from "./exchange_teller.ts";
import type { Route } from "./router.ts";
import { SocketEngine } from "./socket_engine.ts";

/**
 * Makes requests as {@linkcode SocketEngine} does, and tells the trace and the exchanges of its options
 * about them.
 */
export class WatchedSocketEngine extends SocketEngine {
  constructor(options: EngineOptions, versions: Versions, transports: Transports) {
    const areBytesTold = options.exchanges !== undefined;
    super(options, versions, transports, areBytesTold ? () => new FramedBodyReader() : undefined);
  }

  protected override createAttempt(
    target: Target,
    context: AttemptContext,
    done: (result: Result) => void,
    dueMs: number | undefined,
  ): Attempt {
    const { options: { trace, exchanges } } = context;
    const shown = trace?.begin(target);
    const tap = exchanges?.begin(target);
    if (shown !== undefined) done = tellEnd(shown, done);
    if (tap === undefined) {
      return shown === undefined
        ? super.createAttempt(target, context, done, dueMs)
        : new ShownAttempt(target, context, done, dueMs, shown);
    }
    const teller = new ExchangeTeller(tap, context);
    return new ToldAttempt(target, context, teller.passOn(done), dueMs, shown, teller);
  }
}

/** A request that is shown. */
class ShownAttempt extends Attempt {
  readonly #trace: RequestTrace | undefined;

  constructor(
    target: Target,
    context: AttemptContext,
    done: (result: Result) => void,
    dueMs: number | undefined,
    trace: RequestTrace | undefined,
  ) {
    super(target, context, done, dueMs);
    this.#trace = trace;
  }

  protected override send(
    connection: Connection,
    hop: Hop,
    route: Route,
    headers: HeaderList,
  ): void {
    this.#trace?.onRequest(connection.describe(hop, route, headers), hop);
    super.send(connection, hop, route, headers);
  }

  override onFields(
    start: ResponseStart,
    head: WireHead,
    cookies: () => string[],
  ): ByteSink | undefined {
    this.#trace?.onResponse(head.lines());
    return super.onFields(start, head, cookies);
  }
}

/** A request whose exchanges are told. */
class ToldAttempt extends ShownAttempt {
  readonly #teller: ExchangeTeller;

  constructor(
    target: Target,
    context: AttemptContext,
    done: (result: Result) => void,
    dueMs: number | undefined,
    trace: RequestTrace | undefined,
    teller: ExchangeTeller,
  ) {
    super(target, context, done, dueMs, trace);
    this.#teller = teller;
  }

  protected override send(
    connection: Connection,
    hop: Hop,
    route: Route,
    headers: HeaderList,
  ): void {
    super.send(connection, this.#teller.begin(connection, hop, route, headers), route, headers);
  }

  override onFields(
    start: ResponseStart,
    head: WireHead,
    cookies: () => string[],
  ): ByteSink | undefined {
    this.#teller.onHead(head);
    return this.#teller.takeBody(super.onFields(start, head, cookies));
  }

  override onBodyFailure(failure: Failure, bytes: number): void {
    this.#teller.end(failure.cut ?? "unspecified");
    super.onBodyFailure(failure, bytes);
  }

  override onDone(head: ResponseStart, size: number): void {
    this.#teller.end(undefined);
    super.onDone(head, size);
  }

  override onFailure(failure: Failure, size: number, resend: Resend): void {
    this.#teller.end(failure.cut ?? "unspecified");
    super.onFailure(failure, size, resend);
  }

  override stop(why: StopReason): void {
    this.#teller.end(why === "cancelled" ? "unspecified" : "time");
    super.stop(why);
  }
}

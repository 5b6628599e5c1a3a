/**
 * The engine over sockets where requests are shown. It is loaded only then: other runs do not even
 * ask whether a request is.
 *
 * @module
 */
import type { Result } from "../../result.ts";
import type { HeaderList, Target } from "../../target.ts";
import type { BodyTap } from "../body_tap.ts";
import type { BorrowedHead } from "../borrowed_head.ts";
import type { Hop } from "../redirect.ts";
import { type RequestTrace, tellEnd } from "../trace.ts";
import { Attempt, type AttemptContext } from "./attempt.ts";
import type { Connection, ResponseStart } from "./connection.ts";
import type { Route } from "./router.ts";
import { SocketEngine } from "./socket_engine.ts";

/** Makes requests as {@linkcode SocketEngine} does, and tells the trace of its options about them. */
export class TracedSocketEngine extends SocketEngine {
  protected override createAttempt(
    target: Target,
    context: AttemptContext,
    done: (result: Result) => void,
    dueMs: number | undefined,
  ): Attempt {
    const trace = context.options.trace?.begin(target);
    return trace === undefined
      ? super.createAttempt(target, context, done, dueMs)
      : new TracedAttempt(target, context, tellEnd(trace, done), dueMs, trace);
  }
}

/** A request that is shown. */
class TracedAttempt extends Attempt {
  readonly #trace: RequestTrace;

  constructor(
    target: Target,
    context: AttemptContext,
    done: (result: Result) => void,
    dueMs: number | undefined,
    trace: RequestTrace,
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
    this.#trace.onRequest(connection.describe(hop, route, headers), hop);
    super.send(connection, hop, route, headers);
  }

  override onFields(
    start: ResponseStart,
    head: BorrowedHead,
    cookies: () => string[],
  ): BodyTap | undefined {
    this.#trace.onResponse(head.lines());
    return super.onFields(start, head, cookies);
  }
}

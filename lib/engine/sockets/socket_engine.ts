/**
 * HTTP/1.1 over raw sockets, at 0.2 to 0.3 of the CPU of native fetch.
 *
 * @module
 */
import { decodeFieldValue, IDEMPOTENT } from "../../http/fields.ts";
import { type Failure, type Result, toResult } from "../../result.ts";
import type { Target } from "../../target.ts";
import { Deadlines, InFlight, type StopReason } from "../deadlines.ts";
import type { Engine } from "../engine.ts";
import { toPermissionFailure, toStopFailure, toUrlFailure } from "../failure.ts";
import { type BodyTap, type BorrowedHead, ResponseHooks } from "../hooks.ts";
import type { EngineOptions } from "../options.ts";
import { follow, type Hop } from "../redirect.ts";
import { PortableTransports } from "../transport/portable.ts";
import type { Transports } from "../transport/transport.ts";
import type { Connection, Exchange, Resend, ResponseStart } from "./connection.ts";
import { ConnectionPool, type Waiter } from "./connection_pool.ts";
import { type Route, Router } from "./router.ts";

/** The parts that all requests of an engine share. */
interface Shared {
  readonly options: EngineOptions;
  readonly deadlines: Deadlines;
  readonly pool: ConnectionPool;
  readonly router: Router;
  readonly transports: Transports;
  readonly hooks: ResponseHooks | undefined;
}

/** Makes requests over its own connections. */
export class Http1Engine implements Engine {
  readonly name = "http1";
  readonly #shared: Shared;
  #cancelled = false;

  constructor(options: EngineOptions) {
    const { concurrency, timeoutMs, connectTimeoutMs = timeoutMs, idleTimeoutMs } = options;
    const { proxy, unixSocket } = options;
    // Otherwise the only host that is connected to is the proxy.
    const isDirect = proxy === undefined && unixSocket === undefined;
    const permits = isDirect ? options.permits : undefined;
    const tls = options.tls ?? { insecure: false };
    const transports = new PortableTransports();
    this.#shared = {
      options: { ...options, permits },
      deadlines: new Deadlines(timeoutMs, idleTimeoutMs),
      pool: new ConnectionPool({
        transports,
        concurrency,
        connectTimeoutMs,
        byName: options.permits !== undefined,
        tls,
        proxy,
        unixSocket,
        names: options.names,
      }),
      router: new Router(),
      transports,
      hooks: ResponseHooks.of(options),
    };
  }

  get shortages(): ReadonlyMap<string, number> {
    return this.#shared.pool.shortage.counts;
  }

  start(target: Target, done: (result: Result) => void, dueMs?: number): void {
    const attempt = new Attempt(target, this.#shared, done, dueMs);
    if (this.#cancelled) attempt.stop("cancelled");
    else attempt.start();
  }

  cancel(): void {
    this.#cancelled = true;
    this.#shared.deadlines.cancel();
  }

  close(): void {
    this.#shared.deadlines.close();
    this.#shared.pool.close();
    this.#shared.transports.close();
  }
}

/** A request in flight, with all hops of its redirects. */
class Attempt extends InFlight implements Exchange, Waiter {
  readonly #done: (result: Result) => void;
  readonly #target: Target;
  readonly #shared: Shared;
  /** When it was due; its times count from then. Undefined if they count from its start. */
  readonly #dueMs: number | undefined;
  /** When its connection was begun, or when it was sent over an open one. */
  #startMs = performance.now();
  #hop: Hop;
  #route: Route | undefined;
  /** The origin of the first hop. */
  #origin: string | undefined;
  #connection: Connection | undefined;
  #redirects = 0;
  #isSent = false;
  /** How often it was sent, or tried to be. */
  #attempts = 1;
  #isSettled = false;
  /** Whether a connection is being asked for right now. */
  #isAcquiring = false;
  /** Since when it waits for its turn to connect; undefined while it does not. */
  #heldAtMs: number | undefined;
  #isReused = false;
  isFreshOnly = false;
  reads = 0;
  /** Whether the connection belongs to this request at present. */
  #isBusy = false;
  #ttfbMs: number | null = null;
  /** The body of the final response, once its head has come; undefined if nothing takes it. */
  #body: BodyTap | undefined;

  constructor(
    target: Target,
    shared: Shared,
    done: (result: Result) => void,
    dueMs: number | undefined,
  ) {
    super();
    this.#dueMs = dueMs;
    this.#done = done;
    this.#target = target;
    this.#hop = target;
    this.#shared = shared;
  }

  get maxBodyBytes(): number {
    return this.#shared.options.maxBodyBytes;
  }

  get wantsFields(): boolean {
    return this.#shared.hooks !== undefined;
  }

  override get progress(): number {
    return this.#isBusy ? this.reads : 0;
  }

  start(): void {
    this.#shared.deadlines.add(this, this.#startMs);
    this.#begin();
  }

  /** Asks for a connection for the hop. */
  #begin(): void {
    const { options, router } = this.#shared;
    const { url } = this.#hop;
    // A new hop has not made any progress yet.
    this.seen = 0;
    this.#connection = undefined;
    try {
      this.#route = router.route(url);
    } catch {
      return this.#settle(toUrlFailure("not an http or https URL"), 0);
    }
    this.#origin ??= this.#route.origin.key;
    if (this.#route.origin.port === 0) {
      return this.#settle(toUrlFailure("port 0 cannot be requested"), 0);
    }
    if (options.permits?.(url) === false) {
      return this.#settle(toPermissionFailure(url), 0);
    }
    this.#acquire();
  }

  /** Asks for a connection. While the request waits for its turn to connect, its time stands still. */
  #acquire(): void {
    this.#isAcquiring = true;
    const isHeld = this.#shared.pool.acquire(this.#route!, this);
    this.#isAcquiring = false;
    if (!isHeld) return;
    this.#heldAtMs = performance.now();
    this.#shared.deadlines.hold(this, this.#heldAtMs);
  }

  onTurn(): void {
    if (this.#heldAtMs === undefined) return;
    const now = performance.now();
    this.#startMs += now - this.#heldAtMs;
    this.#heldAtMs = undefined;
    this.#shared.deadlines.resume(this, now);
  }

  onConnection(connection: Connection): void {
    if (!this.#isAcquiring) {
      this.onTurn();
      // The connection may have been begun for another request.
      if (!this.#isSent) {
        const { uses, openMs } = connection;
        const now = performance.now();
        this.#startMs = uses === 0 ? Math.max(this.#startMs, now - openMs) : now;
      }
    }
    this.#connection = connection;
    this.isFreshOnly = false;
    this.#isSent = true;
    this.#isBusy = true;
    this.#isReused = connection.uses > 0;
    const { hooks } = this.#shared;
    const headers = hooks === undefined ? this.#hop.headers : hooks.headersFor(this.#hop);
    connection.send(this.#hop, this.#route!, headers, this);
  }

  onConnectFailure(failure: Failure): void {
    this.#settle(failure, 0);
  }

  onFields(
    start: ResponseStart,
    head: BorrowedHead,
    cookies: () => string[],
  ): BodyTap | undefined {
    const { hooks, options: { redirects, maxBodyBytes } } = this.#shared;
    if (hooks!.hasCookies) hooks!.store(this.#hop.url, cookies());
    if (!hooks!.wantsResponses || start.length > maxBodyBytes) return undefined;
    if (follow(this.#hop, start, this.#redirects, redirects) !== undefined) return undefined;
    this.#body = hooks!.begin(this.#target, head);
    return this.#body;
  }

  onHead(): void {
    if (this.#shared.options.ttfb) this.#ttfbMs = performance.now() - this.#fromMs;
  }

  /** The time that its times count from. */
  get #fromMs(): number {
    return this.#dueMs ?? this.#startMs;
  }

  onDone(head: ResponseStart, size: number): void {
    this.#isBusy = false;
    const { redirects } = this.#shared.options;
    const next = follow(this.#hop, head, this.#redirects, redirects);
    if (next === undefined) {
      const { status, location, retryAfter } = head;
      const text = location === null ? null : decodeFieldValue(location);
      return this.#settle(undefined, size, status, text, retryAfter);
    }
    if ("error" in next) return this.#settle(next, size);
    this.#redirects++;
    this.#hop = next;
    this.#begin();
  }

  onFailure(failure: Failure, size: number, resend: Resend): void {
    this.#isBusy = false;
    // RFC 9110 §9.2.2: only an idempotent request is sent again by itself, and only once.
    if (resend !== "never" && this.#attempts === 1 && IDEMPOTENT.has(this.#hop.method)) {
      this.#attempts++;
      this.isFreshOnly = true;
      return this.#acquire();
    }
    this.#settle(failure, size);
  }

  override stop(why: StopReason): void {
    const { pool, options } = this.#shared;
    if (this.#isBusy) this.#connection!.abandon(this);
    else if (this.#route !== undefined) pool.forget(this.#route, this);
    // The time of a timeout counts from when the request came.
    if (why === "timeout") this.#startMs = this.deadline - options.timeoutMs;
    this.#settle(toStopFailure(why, options), 0);
  }

  #settle(
    failure: Failure | undefined,
    size: number,
    status: number | null = null,
    location: string | null = null,
    retryAfter: string | null = null,
  ): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    const { deadlines } = this.#shared;
    deadlines.remove(this);
    // Processing the body is not the server's time.
    const endMs = performance.now();
    if (this.#body !== undefined) {
      failure = this.#body.close(failure);
      if (failure !== undefined) status = location = retryAfter = null;
    }
    // A problem of the first URL shows before anything is sent.
    const isTried = this.#isSent || (failure?.error !== "cancelled" && failure?.error !== "url");
    this.#done(toResult({
      target: this.#target,
      origin: this.#origin,
      status,
      bytes: size,
      size,
      at: deadlines.epochMs + this.#fromMs,
      ms: endMs - this.#fromMs,
      ttfbMs: this.#ttfbMs,
      attempts: isTried ? this.#attempts : 0,
      location,
      via: this.#connection?.info ?? null,
      isReused: this.#isReused,
      engine: "http1",
      retryAfter,
    }, failure));
  }
}

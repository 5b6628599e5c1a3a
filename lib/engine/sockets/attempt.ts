import { decodeFieldValue, IDEMPOTENT } from "../../http/fields.ts";
import { type Failure, type HttpVersion, type Result, toResult } from "../../result.ts";
import type { HeaderList, Target } from "../../target.ts";
import { type Deadlines, InFlight, type StopReason } from "../deadlines.ts";
import { toPermissionFailure, toStopFailure, toUrlFailure } from "../failure.ts";
import type { BodyOwner, BodyTap, ByteSink } from "../body_tap.ts";
import type { ResponseHooks } from "../hooks.ts";
import type { EngineOptions } from "../options.ts";
import { follow, type Hop } from "../redirect.ts";
import type { Connection, Exchange, Resend, ResponseStart, WireHead } from "./connection.ts";
import type { ConnectionPool } from "./connection_pool.ts";
import type { Waiter } from "./origin_pool.ts";
import { type NextSend, Resends } from "./resends.ts";
import type { Route, Router } from "./router.ts";

/**
 * The time of `performance.now()` at which a request ended, while it is passed on and until the next
 * one begins; otherwise 0. The next one begins a microsecond later, and a look at the clock takes
 * 0.2 us. Where responses have hooks, which may take long, it is always 0.
 */
interface Moment {
  ms: number;
}

/** The parts that all requests of an engine share. */
export interface AttemptContext {
  readonly options: EngineOptions;
  /** Finds a host that a URL connects to, and must not; undefined if every host may be. */
  readonly findDenied?: ((url: string) => string | undefined) | undefined;
  readonly deadlines: Deadlines;
  readonly pool: ConnectionPool;
  readonly router: Router;
  readonly hooks: ResponseHooks | undefined;
  readonly moment: Moment;
  /** The engine of each version of HTTP. */
  readonly engineOf: Readonly<Record<HttpVersion, string>>;
  /** The version that a request without any connection was to be sent with. */
  readonly defaultVersion: HttpVersion;
  /** The engines that made requests. */
  readonly engines: Set<string>;
}

/** A request in flight, with all hops of its redirects. */
export class Attempt extends InFlight implements Exchange, Waiter, BodyOwner {
  readonly #done: (result: Result) => void;
  readonly #target: Target;
  readonly #context: AttemptContext;
  /** When it was due; its times count from then. Undefined if they count from its start. */
  readonly #dueMs: number | undefined;
  /** When its connection was begun, or when it was sent over an open one. */
  #startMs: number;
  #hop: Hop;
  #route: Route | undefined;
  /** The origin of the first hop. */
  #origin: string | undefined;
  #connection: Connection | undefined;
  #redirects = 0;
  #isSent = false;
  /** How often it was sent, or tried to be. */
  #attempts = 1;
  /** Decides whether it is sent again; undefined as long as that was not asked. */
  #resends: Resends | undefined;
  /** The pause before it is sent again; undefined without one. */
  #pause: ReturnType<typeof setTimeout> | undefined;
  #isSettled = false;
  /** Whether a connection is being asked for right now. */
  #isAcquiring = false;
  /** Since when it waits for its turn to connect; undefined while it does not. */
  #heldAtMs: number | undefined;
  #isReused = false;
  /** The bytes of fields and URL of the hop, once they were counted. */
  #headBytes: number | undefined;
  isFreshOnly = false;
  isAlone = false;
  reads = 0;
  /** Whether it is on the connection at present. */
  #isBusy = false;
  #ttfbMs: number | null = null;
  #version: HttpVersion | null = null;
  #contentType: string | null = null;
  /** The body of the final response, once its head has come; undefined if nothing takes it. */
  #body: BodyTap | undefined;

  constructor(
    target: Target,
    context: AttemptContext,
    done: (result: Result) => void,
    dueMs: number | undefined,
  ) {
    super();
    const { moment } = context;
    this.#startMs = moment.ms || performance.now();
    moment.ms = 0;
    this.#dueMs = dueMs;
    this.#done = done;
    this.#target = target;
    this.#hop = target;
    this.#context = context;
  }

  /** The number of its target. */
  get number(): number {
    return this.#target.i;
  }

  get maxBodyBytes(): number {
    return this.#context.options.maxBodyBytes;
  }

  get wantsFields(): boolean {
    return this.#context.hooks !== undefined;
  }

  get headBytes(): number {
    return this.#headBytes ??= countBytes(this.#headers) + this.#route!.target.length;
  }

  /** The fields to send, with the cookies of the moment. */
  get #headers(): HeaderList {
    const { hooks } = this.#context;
    return hooks === undefined ? this.#hop.headers : hooks.headersFor(this.#hop, this.#target);
  }

  override get progress(): number {
    return this.#isBusy && !this.#connection!.isHeld ? this.reads : 0;
  }

  start(): void {
    this.#context.deadlines.add(this, this.#startMs);
    this.#begin();
  }

  /** Asks for a connection for the hop. */
  #begin(): void {
    const { findDenied, router } = this.#context;
    const { url } = this.#hop;
    // A new hop has not made any progress yet.
    this.seen = 0;
    this.#connection = undefined;
    this.#headBytes = undefined;
    this.isFreshOnly = this.isAlone = false;
    try {
      this.#route = router.route(url);
    } catch {
      return this.#settle(toUrlFailure("not an http or https URL"), 0);
    }
    this.#origin ??= this.#route.origin.key;
    if (this.#route.origin.port === 0) {
      return this.#settle(toUrlFailure("port 0 cannot be requested"), 0);
    }
    const denied = findDenied?.(url);
    if (denied !== undefined) return this.#settle(toPermissionFailure(denied), 0);
    this.#acquire();
  }

  /** Asks for a connection. While the request waits for its turn to connect, its time stands still. */
  #acquire(): void {
    this.#isAcquiring = true;
    const isHeld = this.#context.pool.acquire(this.#route!, this);
    this.#isAcquiring = false;
    if (!isHeld) return;
    this.#heldAtMs = performance.now();
    this.#context.deadlines.hold(this, this.#heldAtMs);
  }

  onTurn(): void {
    if (this.#heldAtMs === undefined) return;
    const now = performance.now();
    this.#startMs += now - this.#heldAtMs;
    this.#heldAtMs = undefined;
    this.#context.deadlines.resume(this, now);
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
    this.send(connection, this.#hop, this.#route!, this.#headers);
  }

  /** Sends the request of a hop. */
  protected send(connection: Connection, hop: Hop, route: Route, headers: HeaderList): void {
    connection.send(hop, route, headers, this);
  }

  onConnectFailure(failure: Failure): void {
    this.#settle(failure, 0);
  }

  onFields(
    start: ResponseStart,
    head: WireHead,
    cookies: () => string[],
  ): ByteSink | undefined {
    const { hooks, options: { redirects, maxBodyBytes } } = this.#context;
    if (hooks!.hasCookies) hooks!.store(this.#hop.url, cookies(), this.#target);
    if (!hooks!.wantsResponses || start.length > maxBodyBytes) return undefined;
    if (follow(this.#hop, start, this.#redirects, redirects) !== undefined) return undefined;
    if (hooks!.wantsType) this.#contentType = head.field("content-type");
    this.#body = hooks!.begin(this.#target, head, this.#hop.headers, this);
    return this.#body;
  }

  onBodyFailure(failure: Failure, bytes: number): void {
    this.#isBusy = false;
    this.#connection!.abandon(this, false);
    this.#settle(failure, bytes);
  }

  onHead(_: ResponseStart, ms: number): void {
    this.#ttfbMs = ms === 0 ? null : ms - this.#fromMs;
  }

  /** The time that its times count from. */
  get #fromMs(): number {
    return this.#dueMs ?? this.#startMs;
  }

  onDone(head: ResponseStart, size: number): void {
    this.#isBusy = false;
    const { pool, options } = this.#context;
    const { version } = this.#connection!;
    if (version === "2") pool.trustHead(this.#route!, this);
    const next = follow(this.#hop, head, this.#redirects, options.redirects);
    if (next === undefined) {
      const { status, location, retryAfter } = head;
      const text = location === null ? null : decodeFieldValue(location);
      this.#version = version;
      return this.#settle(undefined, size, status, text, retryAfter);
    }
    if ("error" in next) {
      this.#ttfbMs ??= performance.now() - this.#fromMs;
      return this.#settle(next, size);
    }
    this.#redirects++;
    this.#hop = next;
    this.#begin();
  }

  onFailure(failure: Failure, size: number, resend: Resend): void {
    this.#isBusy = false;
    // A request that is over must not be sent again.
    if (this.#isSettled) return;
    const next = resend === "never" ? undefined : this.#findResend(resend);
    if (next === undefined) return this.#settle(failure, size);
    this.isFreshOnly = next.isFreshOnly;
    this.isAlone = next.isAlone;
    if (resend === "unsent") return this.#acquireSoon();
    this.#attempts++;
    if (next.afterMs === 0) return this.#acquire();
    this.#pause = setTimeout(() => {
      this.#pause = undefined;
      this.#acquire();
    }, next.afterMs);
  }

  /** Asks for a connection once the present call has returned, as the next one may be closed as well. */
  #acquireSoon(): void {
    queueMicrotask(() => {
      if (!this.#isSettled) this.#acquire();
    });
  }

  #findResend(resend: Resend): NextSend | undefined {
    this.#resends ??= new Resends();
    return this.#resends.next(resend, {
      isIdempotent: IDEMPOTENT.has(this.#hop.method),
      wasShared: this.#connection!.version === "2",
    });
  }

  override stop(why: StopReason): void {
    const { pool, options } = this.#context;
    if (this.#isBusy) {
      this.#connection!.abandon(this, why !== "cancelled");
      // A request that is made again for its time must not meet the next connection that is dead.
      if (why === "timeout" && this.#isReused && this.reads === 0) {
        pool.closeIdleSince(this.#route!, this.#startMs);
      }
    } else if (this.#pause !== undefined) clearTimeout(this.#pause);
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
    const { deadlines, engines, hooks, moment } = this.#context;
    deadlines.remove(this);
    // Processing the body is not the server's time.
    const endMs = performance.now();
    if (this.#body !== undefined) {
      failure = this.#body.close(failure);
      if (failure !== undefined) status = location = retryAfter = null;
    }
    // A problem of the first URL shows before anything is sent.
    const isTried = this.#isSent || (failure?.error !== "cancelled" && failure?.error !== "url");
    const engine = this.#engine;
    // Without a connection nothing tells which one it would have been.
    if (isTried && this.#connection !== undefined) engines.add(engine);
    if (hooks === undefined) moment.ms = endMs;
    this.#done(toResult({
      target: this.#target,
      origin: this.#origin,
      status,
      bytes: size,
      size: this.#body?.decodedBytes ?? size,
      at: deadlines.epochMs + this.#fromMs,
      ms: endMs - this.#fromMs,
      // The response came in one read with its head, which saves another look at the clock.
      ttfbMs: this.#ttfbMs ?? (status === null ? null : endMs - this.#fromMs),
      attempts: isTried ? this.#attempts : 0,
      location,
      finalUrl: isTried ? this.#hop.url : null,
      redirects: this.#redirects,
      contentType: status === null ? null : this.#contentType,
      via: this.#connection?.info ?? null,
      isReused: this.#isReused,
      engine,
      version: status === null ? null : this.#version,
      retryAfter,
    }, failure));
    moment.ms = 0;
  }

  /** The engine of its last connection. */
  get #engine(): string {
    const { engineOf, defaultVersion } = this.#context;
    return engineOf[this.#connection?.version ?? defaultVersion];
  }
}

/** The list whose size was counted last, because many requests of a run share a list. */
let counted: { readonly of: HeaderList; readonly bytes: number } | undefined;

/** The bytes of names and values. */
function countBytes(headers: HeaderList): number {
  if (counted?.of === headers) return counted.bytes;
  let bytes = 0;
  for (const [name, value] of headers) bytes += name.length + value.length;
  counted = { of: headers, bytes };
  return bytes;
}

/**
 * Native fetch as an {@linkcode Engine}: HTTP/2, at a cost.
 *
 * @module
 */
import { decodeFieldValue, IDEMPOTENT } from "../../http/fields.ts";
import { type Failure, type Result, toResult } from "../../result.ts";
import type { Target } from "../../target.ts";
import { findShortage } from "../causes.ts";
import { Deadlines } from "../deadlines.ts";
import type { Engine } from "../engine.ts";
import {
  toLengthFailure,
  toPermissionFailure,
  toProtocolFailure,
  toStopFailure,
} from "../failure.ts";
import { ResponseHooks } from "../hooks.ts";
import { UNASKED_UPGRADE } from "../http1/head.ts";
import type { EngineOptions } from "../options.ts";
import { follow, type Hop, readLocation } from "../redirect.ts";
import { Shortage } from "../shortage.ts";
import { type RequestTrace, tellEnd } from "../trace.ts";
import { Attempt, Refusal } from "./attempt.ts";
import { Clients } from "./clients.ts";
import {
  type FetchFailure,
  isUnsent,
  lacksHttp2,
  toFetchFailure,
  toReadingFailure,
} from "./fetch_failure.ts";
import { describeRequest, type PreparedFields, prepareFields } from "./prepared_fields.ts";
import { checkLength, readLength, readRetryAfter, toHead } from "./response.ts";
import { toStream } from "./upload.ts";

/**
 * A body with at most this announced length is read at once. That costs a third less than a reader
 * (measured: 42 us a request instead of 69), and holds at most this many bytes.
 */
const WHOLE_BODY_BYTES = 64 * 1024;

/**
 * How often a request is repeated that the server did not process. A server that keeps refusing gets
 * a second in all, see {@linkcode pauseMs}.
 */
const MAX_REPETITIONS = 8;

/** The milliseconds before a repetition; the first one comes at once. @param nth from 1 */
function pauseMs(nth: number): number {
  return nth === 1 ? 0 : Math.min(500, 4 * 2 ** (nth - 1));
}

/** How many connections may be kept in addition to twice the concurrency. */
const MORE_CONNECTIONS = 128;

/** The maximum number of origins that are remembered not to speak HTTP/2. */
const MAX_ORIGINS = 1_000;

/** Settles with a promise, or when the signal is aborted, whichever comes first. */
async function unlessAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  const { promise: aborted, resolve } = Promise.withResolvers<void>();
  const onAbort = (): void => resolve();
  signal.addEventListener("abort", onAbort, { once: true });
  await Promise.race([promise, aborted]);
  signal.removeEventListener("abort", onAbort);
}

/** Settles after `ms` milliseconds, or when the signal is aborted. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (ms === 0) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  await unlessAborted(promise, signal);
  clearTimeout(timer);
}

/** Scheme, host and port of a URL, as written there, also where a query follows without a path. */
function toOrigin(url: string): string {
  return /^[^/]*\/\/[^/?#]*/.exec(url)?.[0] ?? url;
}

/**
 * Makes requests by native fetch, over its own connections.
 *
 * Native fetch silently sends a request again when a reused connection turns out to be dead, whatever
 * the method (denoland/deno#35610). It cannot do that if the body is a stream, and a `Blob` is a
 * stream with a `Content-Length`. So bodies are passed as a `Blob`, at up to a fifth more CPU, and the
 * engine itself repeats and counts what it may. Each request without a body that is not idempotent
 * gets a new connection. Native fetch may send any other request twice, and the engine counts one.
 */
export class FetchEngine implements Engine {
  readonly name = "fetch";
  readonly transport = "portable";
  readonly #options: EngineOptions;
  readonly #deadlines: Deadlines;
  /** Clients that speak HTTP/2 only are for requests that accept a coding. */
  readonly #clients: Clients;
  /** Origins that do not speak HTTP/2; at most {@linkcode MAX_ORIGINS}. */
  readonly #withoutHttp2 = new Set<string>();
  /** A client that keeps no connection, so that each request gets a new one; made when needed. */
  #freshClient: Deno.HttpClient | undefined;
  /** The last body that became a `Blob`, because most runs have only one. */
  #blob: { of: Uint8Array<ArrayBuffer>; blob: Blob } | undefined;
  /** The last origin, because most runs have only one. */
  #origin = "";
  /** The last prepared list of fields, because most runs have only one. */
  #prepared: PreparedFields | undefined;
  readonly #mostAtOnce: number;
  readonly #shortage = new Shortage();
  readonly #hooks: ResponseHooks | undefined;
  #hasResponded = false;
  #cancelled = false;

  constructor(options: EngineOptions) {
    this.#options = options;
    this.#hooks = ResponseHooks.of(options);
    this.#deadlines = new Deadlines(options.timeoutMs);
    this.#mostAtOnce = Math.min(WHOLE_BODY_BYTES, options.maxBodyBytes);
    const { concurrency } = options;
    this.#clients = new Clients(
      (keepsIdle, speaks) => this.#createClient(keepsIdle ? concurrency : 0, speaks === "any"),
      2 * concurrency + MORE_CONNECTIONS,
    );
  }

  #createClient(poolMaxIdlePerHost: number, http1 = true): Deno.HttpClient {
    const { tls, localEnd } = this.#options;
    const { ca, cert, key } = tls ?? {};
    return Deno.createHttpClient({
      allowHost: true,
      poolMaxIdlePerHost,
      http1,
      ...(localEnd?.address === undefined ? {} : { localAddress: localEnd.address }),
      ...(ca === undefined ? {} : { caCerts: [ca] }),
      ...(cert === undefined || key === undefined ? {} : { cert, key }),
    });
  }

  get shortages(): ReadonlyMap<string, number> {
    return this.#shortage.counts;
  }

  start(target: Target, done: (result: Result) => void, dueMs?: number): void {
    const trace = this.#options.trace?.begin(target);
    // If `done` throws, that is a bug, which ends the process like any other.
    void this.#request(target, trace, dueMs)
      .then(trace === undefined ? done : tellEnd(trace, done));
  }

  async #request(
    target: Target,
    trace: RequestTrace | undefined,
    dueMs?: number,
  ): Promise<Result> {
    const now = performance.now();
    const start = dueMs ?? now;
    const attempt = new Attempt(target, trace);
    let status: number | null = null;
    let failure: FetchFailure | undefined;
    const sent = !this.#cancelled;
    if (sent) {
      this.#deadlines.add(attempt, now);
      for (;;) {
        failure = undefined;
        try {
          const response = await this.#send(attempt, target);
          attempt.hasHead = true;
          attempt.ttfbMs = performance.now() - start;
          const length = this.#shortLength(response);
          if (length !== undefined) {
            trace?.onResponse(toHead(response).lines());
            if (this.#hooks !== undefined) {
              this.#onHead(response, attempt.hop, undefined, attempt, target);
            }
            const body = await response.arrayBuffer();
            attempt.bytes = body.byteLength;
            if (attempt.bytes > 0) attempt.write(new Uint8Array(body));
            if (attempt.hop.method !== "HEAD") checkLength(attempt.bytes, length);
            status = response.status;
            attempt.retryAfter = readRetryAfter(response);
          } else {
            status = await this.#finish(response, target, attempt, start);
          }
          this.#shortage.end();
          this.#hasResponded = true;
          break;
        } catch (error) {
          failure = this.#toFailure(error, attempt);
          const untilNext = attempt.stopped
            ? undefined
            : this.#whenToRepeat(error, failure, attempt);
          if (untilNext === undefined) break;
          await untilNext;
        }
      }
      this.#deadlines.remove(attempt);
      this.#endUse(attempt);
    } else {
      attempt.stopped = "cancelled";
    }
    const end = performance.now();
    // A complete response stands, even if the sweep came in between.
    if (status === null && attempt.stopped !== undefined) {
      failure = toStopFailure(attempt.stopped, this.#options);
    }
    if (attempt.body !== undefined) {
      failure = attempt.body.close(failure);
      if (failure !== undefined) status = null;
    }
    // A problem of the first URL shows before anything is sent.
    const isTried = sent && (failure?.error !== "url" || attempt.redirects > 0);
    return toResult({
      target,
      origin: undefined,
      status,
      bytes: attempt.bytes,
      size: attempt.body?.decodedBytes ?? attempt.bytes,
      at: this.#deadlines.epochMs + start,
      ms: end - start,
      ttfbMs: attempt.ttfbMs,
      attempts: isTried ? 1 + attempt.repetitions : 0,
      location: status === null ? null : attempt.location,
      finalUrl: isTried ? attempt.hop.url : null,
      redirects: attempt.redirects,
      contentType: status === null ? null : attempt.contentType,
      via: null,
      isReused: false,
      engine: this.name,
      // Native fetch does not tell which one it spoke, unless it may speak no other.
      version: status !== null && attempt.isHttp2Only ? "2" : null,
      retryAfter: status === null ? null : attempt.retryAfter,
    }, failure);
  }

  #toFailure(error: unknown, { hasHead, uploadFailure }: Attempt): FetchFailure {
    if (uploadFailure !== undefined) return uploadFailure;
    if (error instanceof Refusal) return error.failure;
    return hasHead ? toReadingFailure(error) : toFetchFailure(error);
  }

  /** Settles when the hop has to be sent again, or the attempt is stopped; undefined if neither. */
  #whenToRepeat(
    error: unknown,
    failure: FetchFailure,
    attempt: Attempt,
  ): Promise<void> | undefined {
    const { signal } = attempt;
    if (attempt.isHttp2Only) {
      const { method, url } = attempt.hop;
      const isLacking = lacksHttp2(error);
      if (isLacking) {
        if (this.#withoutHttp2.size === MAX_ORIGINS) this.#withoutHttp2.clear();
        this.#withoutHttp2.add(toOrigin(url));
      }
      // Requests wait for one connection, and do not learn why it failed.
      if (isUnsent(error) || (isLacking && IDEMPOTENT.has(method))) {
        attempt.isOrdinary = true;
        return Promise.resolve();
      }
    }
    const shortage = findShortage(failure, this.#hasResponded);
    // The request was not sent.
    if (shortage !== undefined) {
      this.#endUse(attempt);
      this.#clients.closeIdle();
      return unlessAborted(this.#shortage.begin(shortage), signal);
    }
    if (failure.isUnprocessed) {
      if (attempt.repetitions >= MAX_REPETITIONS) return undefined;
      return pause(pauseMs(++attempt.repetitions), signal);
    }
    const { method, body } = attempt.hop;
    // RFC 9110 §9.2.2: only an idempotent request is sent again by itself, and only once. Native
    // fetch itself has done that for a request without a body.
    if (failure.error !== "reset" || body === undefined || !IDEMPOTENT.has(method)) {
      return undefined;
    }
    if (!this.#hasResponded || attempt.isReconnecting) return undefined;
    attempt.isReconnecting = true;
    attempt.repetitions++;
    return Promise.resolve();
  }

  /**
   * The length of the body of a usual response: its status needs no processing, and its announced
   * length is short enough to read the body at once. Undefined for any other response.
   */
  #shortLength({ status, headers }: Response): number | undefined {
    if (status < 200 || (status > 200 && status < 400 && status !== 206)) return undefined;
    const field = headers.get("content-length");
    const length = Number(field);
    const isShort = field !== null && length <= this.#mostAtOnce &&
      !headers.has("transfer-encoding");
    return isShort ? length : undefined;
  }

  /** Reads a response to its end, and follows redirects to the final response. */
  async #finish(
    first: Response,
    target: Target,
    attempt: Attempt,
    start: number,
  ): Promise<number> {
    let response = first;
    for (;;) {
      const { hop } = attempt;
      const { status, headers } = response;
      if (status === 101) {
        await response.body?.cancel();
        throw new Refusal(toProtocolFailure(UNASKED_UPGRADE));
      }
      const isPointing = status === 201 || (status >= 300 && status < 400);
      const pointer = readLocation(status, isPointing ? headers.get("location") : null);
      const next = follow(hop, pointer, attempt.redirects, this.#options.redirects);
      attempt.trace?.onResponse(toHead(response).lines());
      if (this.#hooks !== undefined) this.#onHead(response, hop, next, attempt, target);
      await this.#read(response, hop.method, attempt);
      const { location } = pointer;
      attempt.location = next === undefined && location !== null
        ? decodeFieldValue(location)
        : null;
      attempt.retryAfter = readRetryAfter(response);
      if (next === undefined) return status;
      if ("error" in next) throw new Refusal(next);
      attempt.hop = next;
      attempt.redirects++;
      attempt.hasHead = false;
      response = await this.#send(attempt, target);
      attempt.hasHead = true;
      attempt.ttfbMs = performance.now() - start;
    }
  }

  /** Passes a head to the hooks, and begins the body of the final response. */
  #onHead(
    response: Response,
    { url, method, headers: sent }: Hop,
    next: Hop | Failure | undefined,
    attempt: Attempt,
    target: Target,
  ): void {
    const hooks = this.#hooks!;
    const { headers } = response;
    if (hooks.hasCookies) hooks.store(url, headers.getSetCookie(), target);
    const isTooLong = readLength(response, method) > this.#options.maxBodyBytes;
    if (!hooks.wantsResponses || next !== undefined || isTooLong) return;
    const head = toHead(response);
    if (hooks.wantsType) attempt.contentType = head.field("content-type");
    attempt.body = hooks.begin(target, head, sent, attempt);
  }

  #send(attempt: Attempt, target: Target): Promise<Response> {
    const { hop, signal } = attempt;
    const { url, method, body, requestId } = hop;
    if (this.#options.permits?.(url) === false) {
      throw new Refusal(toPermissionFailure(url));
    }
    const headers = this.#hooks === undefined ? hop.headers : this.#hooks.headersFor(hop, target);
    if (this.#prepared?.of !== headers) this.#prepared = prepareFields(headers);
    const { coded, closes } = this.#prepared;
    const isFresh = attempt.isReconnecting || closes || this.#options.disableKeepAlive ||
      (body === undefined || body.length === 0) && !IDEMPOTENT.has(method);
    this.#endUse(attempt);
    if (!url.startsWith(this.#origin) || url[this.#origin.length] !== "/") {
      this.#origin = toOrigin(url);
    }
    const origin = this.#origin;
    attempt.isHttp2Only = !isFresh && coded !== undefined && !attempt.isOrdinary &&
      this.#mayHaveHttp2(origin);
    let client: Deno.HttpClient;
    if (isFresh) client = this.#freshClient ??= this.#createClient(0);
    else {
      const { generation } = attempt.use = this.#clients.begin(origin);
      client = attempt.isHttp2Only ? generation.http2 : generation.ordinary;
    }
    const fields = coded === undefined
      ? this.#prepared.fields
      : attempt.isHttp2Only
      ? coded.http2
      : coded.http1;
    // The conversion of each member costs time, so the usual request has few.
    const init: RequestInit & { client: Deno.HttpClient } = {
      client,
      headers: requestId === undefined ? fields : [...fields, [...requestId]],
      redirect: "manual",
      signal,
    };
    attempt.trace?.onRequest(describeRequest(hop, fields), hop);
    if (method !== "GET") init.method = method;
    if (body !== undefined && body.length > 0) {
      init.body = body instanceof Uint8Array
        ? this.#toBlob(body)
        : toStream(body, (failure) => void (attempt.uploadFailure = failure));
    }
    return fetch(url, init);
  }

  #toBlob(body: Uint8Array<ArrayBuffer>): Blob {
    if (this.#blob?.of !== body) this.#blob = { of: body, blob: new Blob([body]) };
    return this.#blob.blob;
  }

  #mayHaveHttp2(origin: string): boolean {
    return /^https:/i.test(origin) && !this.#withoutHttp2.has(origin);
  }

  /** Records that the last hop is over, if there was one. */
  #endUse(attempt: Attempt): void {
    if (attempt.use !== undefined) this.#clients.end(attempt.use);
    attempt.use = undefined;
  }

  /** Reads a body to its end, or until it is too long. */
  async #read(response: Response, method: string, attempt: Attempt): Promise<void> {
    const { maxBodyBytes } = this.#options;
    attempt.bytes = 0;
    const length = readLength(response, method);
    const reader = response.body?.getReader();
    if (reader === undefined) return;
    try {
      while (!(length > maxBodyBytes)) {
        const { value, done } = await reader.read();
        if (done) return checkLength(attempt.bytes, length);
        attempt.bytes += value.length;
        if (attempt.bytes > maxBodyBytes) break;
        if (value.length > 0) attempt.write(value);
      }
      throw new Refusal(toLengthFailure(maxBodyBytes));
    } catch (error) {
      // The rest of the body is not wanted. Does nothing if the reading itself has failed.
      await reader.cancel().catch(() => {});
      throw error;
    }
  }

  cancelOne(i: number): void {
    this.#deadlines.cancelOne((item) => item instanceof Attempt && item.number === i);
  }

  cancel(): void {
    this.#cancelled = true;
    this.#deadlines.cancel();
  }

  close(): void {
    this.#deadlines.close();
    this.#clients.close();
    this.#freshClient?.close();
    this.#shortage.close();
    this.#options.decoding?.close();
  }
}

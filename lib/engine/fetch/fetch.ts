/**
 * Native fetch as an {@linkcode Engine}: TLS, HTTP/2 and decompression, at a cost.
 *
 * @module
 */
import { closesConnection, decodeFieldValue, IDEMPOTENT } from "../../http/fields.ts";
import { type Failure, type Result, toResult } from "../../result.ts";
import type { HeaderList, Target } from "../../target.ts";
import { findShortage } from "../causes.ts";
import { Deadlines, InFlight, type StopReason } from "../deadlines.ts";
import type { Engine } from "../engine.ts";
import {
  failureOfEarlyEnd,
  failureOfLength,
  failureOfPermission,
  failureOfProtocol,
  failureOfStop,
} from "../failure.ts";
import { type BodyTap, type BorrowedHead, ResponseHooks } from "../hooks.ts";
import { UNASKED_UPGRADE } from "../http1/head.ts";
import type { EngineOptions } from "../options.ts";
import { follow, type Hop, readLocation } from "../redirect.ts";
import { Shortage } from "../shortage.ts";
import { Clients, type Use } from "./clients.ts";
import { type Coding, DECODABLE, decode } from "./decode.ts";
import {
  failureOfFetch,
  failureOfReading,
  type FetchFailure,
  isUnsent,
  lacksHttp2,
} from "./fetch_failure.ts";

/**
 * A body that says it has at most as many bytes is read in one go: a third cheaper than by a
 * reader (measured: 42 us a request, not 69), and no more than this is held for it.
 */
const WHOLE_BODY_BYTES = 64 * 1024;

/**
 * How often a request is sent again that the server did not process. A server that keeps refusing
 * is given a second in all, see {@linkcode pauseMs}.
 */
const MAX_REPETITIONS = 8;

/** Milliseconds before a repetition, the first of which comes at once. @param nth from 1 */
function pauseMs(nth: number): number {
  return nth === 1 ? 0 : Math.min(500, 4 * 2 ** (nth - 1));
}

/** Idle connections that are kept in any case, beyond twice as many as requests in flight. */
const MORE_CONNECTIONS = 128;

/** Most origins that are known not to speak HTTP/2. */
const MAX_ORIGINS = 1_000;

/** A request in flight. */
class Attempt extends InFlight {
  readonly #controller = new AbortController();
  stopped: StopReason | undefined;
  /** What is asked for at present. */
  hop: Hop;
  /** How many redirects brought it there. */
  redirects = 0;
  /** How often something was sent again, of all hops. */
  repetitions = 0;
  /** Whether one of them was for a reused connection that was dead: it gets a new one. */
  isReconnecting = false;
  /** Whether the hop asks for a coding, so that its body is decoded. */
  decodes = false;
  /** Whether no client is to be taken for it that speaks HTTP/2 only. */
  isOrdinary = false;
  /** Of the clients that the hop is sent by, unless that is one that keeps no connection. */
  use: Use | undefined;
  /** Whether it is sent by a client that speaks HTTP/2 only. */
  isHttp2Only = false;
  /** Whether the head of an answer is there, so that what fails now is its body. */
  hasHead = false;
  /** Bytes of the body so far, as they came and after decoding. */
  bytes = 0;
  size = 0;
  ttfbMs: number | null = null;
  location: string | null = null;
  retryAfter: string | null = null;
  /** The body of the answer that is kept, once its head is there, if somebody takes it. */
  body: BodyTap | undefined;

  constructor(hop: Hop) {
    super();
    this.hop = hop;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  override stop(why: StopReason): void {
    this.stopped = why;
    this.#controller.abort();
  }
}

/** Settles with a promise, or when the signal is aborted. */
async function unlessAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  const { promise: aborted, resolve } = Promise.withResolvers<void>();
  const onAbort = (): void => resolve();
  signal.addEventListener("abort", onAbort, { once: true });
  await Promise.race([promise, aborted]);
  signal.removeEventListener("abort", onAbort);
}

/** Settles after so many milliseconds, or when the signal is aborted. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (ms === 0) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  await unlessAborted(promise, signal);
  clearTimeout(timer);
}

/** Scheme, host and port of a URL, as it has them. */
function toOrigin(url: string): string {
  return /^[^/]*\/\/[^/?#]*/.exec(url)?.[0] ?? url;
}

/** Ends an attempt for a reason that is known already. */
class Refusal extends Error {
  readonly failure: Failure;
  constructor(failure: Failure) {
    super(failure.detail);
    this.failure = failure;
  }
}

function readRetryAfter({ status, headers }: Response): string | null {
  return status === 429 || status === 503 ? headers.get("retry-after") : null;
}

/** The coding of a body that is to be decoded; undefined if it has another, or none. */
function readCoding({ headers }: Response): Coding | undefined {
  const coding = headers.get("content-encoding")?.toLowerCase();
  return DECODABLE.find((name) => name === coding);
}

/** The head of an answer by native fetch. @param decodes whether bodies are decoded on the way */
function toHead(response: Response, decodes: boolean): BorrowedHead {
  const { status, headers } = response;
  return {
    status,
    get coding() {
      if (decodes && readCoding(response) !== undefined) return null;
      const coding = headers.get("content-encoding")?.toLowerCase() ?? "";
      return coding === "" || coding === "identity" ? null : coding;
    },
    field: (name) => {
      const value = headers.get(name);
      return value === null ? null : decodeFieldValue(value);
    },
    lasting() {
      return this;
    },
  };
}

/**
 * How long a body says it is; 0 where it does not. What a HEAD tells is not what it brings (RFC
 * 9110 §9.3.2), and a transfer coding overrides a length (RFC 9112 §6.3).
 */
function readLength({ headers }: Response, method: string): number {
  if (method === "HEAD" || headers.has("transfer-encoding")) return 0;
  return Number(headers.get("content-length"));
}

/**
 * Refuses a body that is not as long as it says: native fetch takes a stream that the server
 * cancelled, or closed by a GOAWAY, for one that has ended.
 *
 * @param length 0 or not a number where that is not known
 */
function checkLength(bytes: number, length: number): void {
  if (length > 0 && bytes !== length) throw new Refusal(failureOfEarlyEnd(bytes, length));
}

/** Header fields as native fetch takes them with the least work. */
interface Prepared {
  readonly of: HeaderList;
  readonly fields: [string, string][];
  /** What makes native fetch leave a body as it came, if they ask for a coding. */
  readonly coded:
    | { readonly http1: [string, string][]; readonly http2: [string, string][] }
    | undefined;
  /** Whether they have `Connection: close`, which native fetch sends and does not act upon. */
  readonly closes: boolean;
}

/**
 * Native fetch decodes only the first member of gzip, tells no bytes behind it and not how many
 * came, and has no option for it. It leaves a body alone where the first `Accept-Encoding` is
 * `identity`, which some servers take for all of it, and where there is a `Range`, which goes no
 * further in HTTP/2 when `Connection` names it: such fields are of the connection (RFC 9110 §7.6.1).
 */
function prepare(headers: HeaderList): Prepared {
  const closes = closesConnection(headers);
  // They go out in lower case anyway.
  const fields = headers.map(([name, value]): [string, string] => [name.toLowerCase(), value]);
  const encoding = fields.find(([name]) => name === "accept-encoding")?.[1];
  const identity: [string, string] = ["accept-encoding", "identity"];
  // Else it would ask for gzip and br by itself.
  if (encoding === undefined) {
    return { of: headers, fields: [...fields, identity], coded: undefined, closes };
  }
  const isPlain = encoding.toLowerCase() === "identity" ||
    fields.some(([name]) => name === "range");
  if (isPlain) return { of: headers, fields, coded: undefined, closes };
  const http2: [string, string][] = [["connection", "range"], ["range", "none"], ...fields];
  return { of: headers, fields, coded: { http1: [identity, ...fields], http2 }, closes };
}

/**
 * Makes requests by native fetch, over connections of its own.
 *
 * Native fetch sends a request once more when a reused connection turns out to be dead, whatever
 * its method (denoland/deno#35610), and says nothing of it. It cannot where the body is a stream,
 * and a `Blob` is one that keeps its `Content-Length`: so that is what bodies are given as, at up
 * to a fifth more CPU, and the engine itself sends again what it may, and counts it. Requests
 * without a body go over a new connection each if they are not idempotent. Of the others native
 * fetch may send one twice, and the engine counts one.
 */
export class FetchEngine implements Engine {
  readonly name = "fetch";
  readonly #options: EngineOptions;
  readonly #deadlines: Deadlines;
  /** Those that speak HTTP/2 only are for what asks for a coding. */
  readonly #clients: Clients;
  /** Origins that turned out not to speak HTTP/2; at most {@linkcode MAX_ORIGINS}. */
  readonly #withoutHttp2 = new Set<string>();
  /** Keeps no connection, so that each request has a new one; made when first needed. */
  #freshClient: Deno.HttpClient | undefined;
  /** The last body that was made a `Blob`, since most runs have but one. */
  #blob: { of: Uint8Array<ArrayBuffer>; blob: Blob } | undefined;
  /** The last origin, since most runs have but one. */
  #origin = "";
  /** The last list of fields, made ready, since most runs have but one. */
  #prepared: Prepared | undefined;
  readonly #mostAtOnce: number;
  readonly #shortage = new Shortage();
  readonly #hooks: ResponseHooks | undefined;
  #hasAnswered = false;
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
    const { ca, cert, key } = this.#options.tls ?? {};
    return Deno.createHttpClient({
      allowHost: true,
      poolMaxIdlePerHost,
      http1,
      ...(ca === undefined ? {} : { caCerts: [ca] }),
      ...(cert === undefined || key === undefined ? {} : { cert, key }),
    });
  }

  get shortages(): ReadonlyMap<string, number> {
    return this.#shortage.counts;
  }

  start(target: Target, done: (result: Result) => void, dueMs?: number): void {
    // What `done` throws is a bug, and is to end the process as any other.
    void this.hit(target, dueMs).then(done);
  }

  async hit(target: Target, dueMs?: number): Promise<Result> {
    const now = performance.now();
    const start = dueMs ?? now;
    const attempt = new Attempt(target);
    let status: number | null = null;
    let failure: FetchFailure | undefined;
    const sent = !this.#cancelled;
    if (sent) {
      this.#deadlines.add(attempt, now);
      for (;;) {
        failure = undefined;
        try {
          const response = await this.#send(attempt);
          attempt.hasHead = true;
          if (this.#options.ttfb) attempt.ttfbMs = performance.now() - start;
          const length = this.#shortLength(response, attempt);
          if (length !== undefined) {
            if (this.#hooks !== undefined) {
              this.#onHead(response, attempt.hop, undefined, attempt, target);
            }
            const body = await response.arrayBuffer();
            attempt.bytes = attempt.size = body.byteLength;
            if (attempt.size > 0) attempt.body?.write(new Uint8Array(body));
            if (attempt.hop.method !== "HEAD") checkLength(attempt.bytes, length);
            status = response.status;
            attempt.retryAfter = readRetryAfter(response);
          } else {
            status = await this.#finish(response, target, attempt, start);
          }
          this.#shortage.end();
          this.#hasAnswered = true;
          break;
        } catch (error) {
          failure = this.#failureOf(error, attempt);
          const untilNext = attempt.stopped ? undefined : this.#pauseFor(error, failure, attempt);
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
    // An answer that was complete stands, even if the sweep came in between.
    if (status === null && attempt.stopped !== undefined) {
      failure = failureOfStop(attempt.stopped, this.#options);
    }
    if (attempt.body !== undefined) {
      failure = attempt.body.close(failure);
      if (failure !== undefined) status = null;
    }
    // What is wrong with the first URL is seen before it is sent.
    const isTried = sent && (failure?.error !== "url" || attempt.redirects > 0);
    return toResult({
      target,
      origin: undefined,
      status,
      bytes: attempt.bytes,
      size: attempt.size,
      at: this.#deadlines.epochMs + start,
      ms: end - start,
      ttfbMs: attempt.ttfbMs,
      attempts: isTried ? 1 + attempt.repetitions : 0,
      location: status === null ? null : attempt.location,
      via: null,
      isReused: false,
      engine: this.name,
      retryAfter: status === null ? null : attempt.retryAfter,
    }, failure);
  }

  #failureOf(error: unknown, { hasHead }: Attempt): FetchFailure {
    if (error instanceof Refusal) return error.failure;
    return hasHead ? failureOfReading(error) : failureOfFetch(error);
  }

  /** Settles when the hop is to be sent again, or the attempt was stopped; undefined if neither. */
  #pauseFor(error: unknown, failure: FetchFailure, attempt: Attempt): Promise<void> | undefined {
    const { signal } = attempt;
    if (attempt.isHttp2Only) {
      const { method, url } = attempt.hop;
      const isLacking = lacksHttp2(error);
      if (isLacking) {
        if (this.#withoutHttp2.size === MAX_ORIGINS) this.#withoutHttp2.clear();
        this.#withoutHttp2.add(toOrigin(url));
      }
      // Requests wait for one connection, and are told nothing of why there is none.
      if (isUnsent(error) || (isLacking && IDEMPOTENT.has(method))) {
        attempt.isOrdinary = true;
        return Promise.resolve();
      }
    }
    const shortage = findShortage(failure, this.#hasAnswered);
    // Nothing was sent.
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
    // RFC 9110 §9.2.2: only what is idempotent is sent again by itself, and once. Native fetch has
    // done it where there is no body.
    if (failure.error !== "reset" || body === undefined || !IDEMPOTENT.has(method)) {
      return undefined;
    }
    if (!this.#hasAnswered || attempt.isReconnecting) return undefined;
    attempt.isReconnecting = true;
    attempt.repetitions++;
    return Promise.resolve();
  }

  /**
   * How long the body of an answer is, if that is the usual one: its status asks for nothing, and
   * its body says that it is short enough to be read in one go.
   */
  #shortLength({ status, headers }: Response, { decodes }: Attempt): number | undefined {
    if (status < 200 || (status > 200 && status < 400 && status !== 206)) return undefined;
    const field = headers.get("content-length");
    const length = Number(field);
    const isShort = field !== null && length <= this.#mostAtOnce &&
      !headers.has("transfer-encoding") && !(decodes && headers.has("content-encoding"));
    return isShort ? length : undefined;
  }

  /** Reads any answer to its end, and asks on where it points to, until there is one to keep. */
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
        throw new Refusal(failureOfProtocol(UNASKED_UPGRADE));
      }
      const isPointing = status === 201 || (status >= 300 && status < 400);
      const pointer = readLocation(status, isPointing ? headers.get("location") : null);
      const next = follow(hop, pointer, attempt.redirects, this.#options.redirects);
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
      response = await this.#send(attempt);
      attempt.hasHead = true;
      if (this.#options.ttfb) attempt.ttfbMs = performance.now() - start;
    }
  }

  /** Takes what the hooks want of a head, and begins the body if it is the one to keep. */
  #onHead(
    response: Response,
    { url, method }: Hop,
    next: Hop | Failure | undefined,
    attempt: Attempt,
    target: Target,
  ): void {
    const hooks = this.#hooks!;
    const { headers } = response;
    if (hooks.hasCookies) hooks.store(url, headers.getSetCookie());
    const isTooLong = readLength(response, method) > this.#options.maxBodyBytes;
    if (!hooks.hasAnswers || next !== undefined || isTooLong) return;
    attempt.body = hooks.begin(target, toHead(response, attempt.decodes));
  }

  #send(attempt: Attempt): Promise<Response> {
    const { hop, signal } = attempt;
    const { url, method, body, requestId } = hop;
    if (this.#options.permits?.(url) === false) {
      throw new Refusal(failureOfPermission(url));
    }
    const headers = this.#hooks === undefined ? hop.headers : this.#hooks.headersFor(hop);
    if (this.#prepared?.of !== headers) this.#prepared = prepare(headers);
    const { coded, closes } = this.#prepared;
    attempt.decodes = coded !== undefined;
    const isFresh = attempt.isReconnecting || closes ||
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
    // Each member that is given costs its conversion: so the usual request gives few.
    const init: RequestInit & { client: Deno.HttpClient } = {
      client,
      headers: requestId === undefined ? fields : [...fields, [...requestId]],
      redirect: "manual",
      signal,
    };
    if (method !== "GET") init.method = method;
    if (body !== undefined && body.length > 0) {
      if (this.#blob?.of !== body) this.#blob = { of: body, blob: new Blob([body]) };
      init.body = this.#blob.blob;
    }
    return fetch(url, init);
  }

  #mayHaveHttp2(origin: string): boolean {
    return /^https:/i.test(origin) && !this.#withoutHttp2.has(origin);
  }

  /** What the attempt sent last is over, if it sent anything. */
  #endUse(attempt: Attempt): void {
    if (attempt.use !== undefined) this.#clients.end(attempt.use);
    attempt.use = undefined;
  }

  /** Reads a body to its end, or to where it becomes too long. */
  async #read(response: Response, method: string, attempt: Attempt): Promise<void> {
    const { maxBodyBytes } = this.#options;
    attempt.bytes = attempt.size = 0;
    const length = readLength(response, method);
    const reader = response.body?.getReader();
    if (reader === undefined) return;
    const coding = attempt.decodes ? readCoding(response) : undefined;
    let fits = !(length > maxBodyBytes);
    if (fits && coding !== undefined) fits = await this.#decode(coding, reader, attempt);
    else {
      while (fits) {
        const { value, done } = await reader.read();
        if (done) break;
        attempt.bytes += value.length;
        fits = this.#take(value, attempt);
      }
    }
    if (!fits) {
      await reader.cancel();
      throw new Refusal(failureOfLength(maxBodyBytes));
    }
    checkLength(attempt.bytes, length);
  }

  /** The same of a body that is encoded. @returns whether it is not too long */
  async #decode(
    coding: Coding,
    reader: ReadableStreamDefaultReader<Uint8Array>,
    attempt: Attempt,
  ): Promise<boolean> {
    const read = async (): Promise<Uint8Array | undefined> => {
      const { value } = await reader.read();
      attempt.bytes += value?.length ?? 0;
      return value;
    };
    try {
      await decode(coding, read, (bytes) => this.#take(bytes, attempt));
    } catch (error) {
      // What is behind the fault is not to come; does nothing where the reading itself failed.
      await reader.cancel().catch(() => {});
      throw error;
    }
    return attempt.size <= this.#options.maxBodyBytes;
  }

  /** Takes bytes of a body, decoded. @returns whether it is not too long */
  #take(bytes: Uint8Array, attempt: Attempt): boolean {
    attempt.size += bytes.length;
    if (attempt.size > this.#options.maxBodyBytes) return false;
    if (bytes.length > 0) attempt.body?.write(bytes);
    return true;
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
  }
}

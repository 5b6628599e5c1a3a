/**
 * Native fetch as an {@linkcode Engine}: TLS, HTTP/2 and decompression, at a cost.
 *
 * @module
 */
import { IDEMPOTENT } from "../http.ts";
import type { Engine, HeaderList, Result, Target } from "../types.ts";
import { Deadlines, InFlight, type Stop } from "./deadlines.ts";
import {
  type Failure,
  failureOfBody,
  failureOfEarlyEnd,
  failureOfFetch,
  failureOfLength,
  failureOfPermission,
  failureOfStop,
  shortageOf,
} from "./failure.ts";
import { UNASKED_UPGRADE } from "./head.ts";
import { type AnswerBody, Hooks, type PassingHead } from "./hooks.ts";
import type { EngineOptions } from "./options.ts";
import { follow, type Hop } from "./redirect.ts";
import { Shortage } from "./shortage.ts";

/**
 * A body that says it has at most as many octets is read in one go: a third cheaper than by a
 * reader (measured: 42 us a request, not 69), and no more than this is held for it.
 */
const WHOLE_BODY_BYTES = 64 * 1024;

/**
 * How often a request is sent again that the server did not process. A server that keeps refusing
 * is given a second in all, see {@linkcode pauseMs}.
 */
const MOST_REPETITIONS = 8;

/** Milliseconds before a repetition, the first of which comes at once. @param nth from 1 */
function pauseMs(nth: number): number {
  return nth === 1 ? 0 : Math.min(500, 4 * 2 ** (nth - 1));
}

/** A request in flight. */
class Attempt extends InFlight {
  readonly #controller = new AbortController();
  stopped: Stop | undefined;
  /** What is asked for at present. */
  hop: Hop;
  /** How many redirects brought it there. */
  redirects = 0;
  /** How often something was sent again, of all hops. */
  repetitions = 0;
  /** Whether one of them was for a reused connection that was dead: it gets a new one. */
  isReconnecting = false;
  /** Whether native fetch decodes a body that is encoded as the hop asks for. */
  decodes = false;
  /** Whether the head of an answer is there, so that what fails now is its body. */
  hasHead = false;
  /** Octets of the body so far, as they came and after decoding. */
  bytes = 0;
  size = 0;
  ttfbMs: number | null = null;
  location: string | null = null;
  retryAfter: string | null = null;
  /** The body of the answer that is kept, once its head is there, if somebody takes it. */
  body: AnswerBody | undefined;

  constructor(hop: Hop) {
    super();
    this.hop = hop;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  override stop(why: Stop): void {
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

/** Ends an attempt for a reason that is known already. */
class Refusal extends Error {
  readonly failure: Failure;
  constructor(failure: Failure) {
    super(failure.detail);
    this.failure = failure;
  }
}

function retryAfterOf({ status, headers }: Response): string | null {
  return status === 429 || status === 503 ? headers.get("retry-after") : null;
}

/** The codings that native fetch decodes, if a request does not say otherwise. */
const DECODED = ["", "identity", "gzip", "br"];

/** The head of an answer by native fetch. @param decodes whether bodies are decoded on the way */
function headOf({ status, headers }: Response, decodes: boolean): PassingHead {
  return {
    status,
    get coding() {
      const coding = headers.get("content-encoding")?.toLowerCase() ?? "";
      return DECODED.slice(0, decodes ? 4 : 2).includes(coding) ? null : coding;
    },
    field: (name) => headers.get(name),
    lasting() {
      return this;
    },
  };
}

/**
 * How long a body says it is; 0 where it does not. What a HEAD tells is not what it brings (RFC
 * 9110 §9.3.2), and a transfer coding overrides a length (RFC 9112 §6.3).
 */
function lengthOf({ headers }: Response, method: string): number {
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
  /** Whether native fetch decodes a body: only if it may be encoded as the request says. */
  readonly decodes: boolean;
}

function prepare(headers: HeaderList): Prepared {
  // They go out in lower case anyway.
  const fields = headers.map(([name, value]): [string, string] => [name.toLowerCase(), value]);
  const encoding = fields.find(([name]) => name === "accept-encoding");
  return { of: headers, fields, decodes: encoding?.[1] !== "identity" };
}

/**
 * Makes requests by native fetch, over connections of its own.
 *
 * Native fetch sends a request once more when a reused connection turns out to be dead, whatever
 * its method (denoland/deno#35610), and says nothing of it. It cannot where the body is a stream,
 * and a `Blob` is one that keeps its `Content-Length`: so that is what bodies are given as, at 4 %
 * more CPU, and the engine itself sends again, and counts, what may be. Of requests without a body
 * those that are not idempotent go over a new connection each; the others remain that native fetch
 * may send twice and the engine counts once.
 */
export class FetchEngine implements Engine {
  readonly name = "fetch";
  readonly #options: EngineOptions;
  readonly #deadlines: Deadlines;
  readonly #client: Deno.HttpClient;
  /** Keeps no connection, so that each request has a new one; made when first needed. */
  #freshClient: Deno.HttpClient | undefined;
  /** The last body that was made a `Blob`, since most runs have but one. */
  #blob: { of: Uint8Array<ArrayBuffer>; blob: Blob } | undefined;
  /** The last list of fields, made ready, since most runs have but one. */
  #prepared: Prepared | undefined;
  readonly #mostAtOnce: number;
  readonly #shortage = new Shortage();
  readonly #hooks: Hooks | undefined;
  #hasAnswered = false;
  #cancelled = false;

  constructor(options: EngineOptions) {
    this.#options = options;
    this.#hooks = Hooks.of(options);
    this.#deadlines = new Deadlines(options.timeoutMs);
    this.#mostAtOnce = Math.min(WHOLE_BODY_BYTES, options.maxBodyBytes);
    this.#client = this.#createClient(options.concurrency);
  }

  #createClient(poolMaxIdlePerHost: number): Deno.HttpClient {
    const { ca, cert, key } = this.#options.tls ?? {};
    return Deno.createHttpClient({
      allowHost: true,
      poolMaxIdlePerHost,
      ...(ca === undefined ? {} : { caCerts: [ca] }),
      ...(cert === undefined || key === undefined ? {} : { cert, key }),
    });
  }

  #ofFresh(): Deno.HttpClient {
    return this.#freshClient ??= this.#createClient(0);
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
    let failure: Failure | undefined;
    const sent = !this.#cancelled;
    if (sent) {
      this.#deadlines.add(attempt, now);
      for (;;) {
        failure = undefined;
        try {
          const response = await this.#send(attempt);
          attempt.hasHead = true;
          if (this.#options.ttfb) attempt.ttfbMs = performance.now() - start;
          if (this.#isShort(response, attempt)) {
            if (this.#hooks !== undefined) {
              this.#onHead(response, attempt.hop, undefined, attempt, target);
            }
            const body = await response.arrayBuffer();
            attempt.bytes = attempt.size = body.byteLength;
            if (attempt.size > 0) attempt.body?.write(new Uint8Array(body));
            checkLength(attempt.bytes, lengthOf(response, attempt.hop.method));
            status = response.status;
            attempt.retryAfter = retryAfterOf(response);
          } else {
            status = await this.#finish(response, target, attempt, start);
          }
          this.#shortage.end();
          this.#hasAnswered = true;
          break;
        } catch (error) {
          failure = this.#failureOf(error, attempt);
          const pause = attempt.stopped ? undefined : this.#pauseFor(failure, attempt);
          if (pause === undefined) break;
          await pause;
        }
      }
      this.#deadlines.remove(attempt);
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
    return {
      target,
      origin: undefined,
      status,
      bytes: attempt.bytes,
      size: attempt.size,
      at: this.#deadlines.epochMs + start,
      ms: end - start,
      ttfbMs: attempt.ttfbMs,
      attempts: sent ? 1 + attempt.repetitions : 0,
      location: status === null ? null : attempt.location,
      via: null,
      isReused: false,
      engine: this.name,
      retryAfter: status === null ? null : attempt.retryAfter,
      isPermanent: failure?.isPermanent === true,
      bodyFile: null,
      captures: undefined,
      expectation: undefined,
      error: failure?.error,
      detail: failure?.detail,
    };
  }

  #failureOf(error: unknown, { hasHead }: Attempt): Failure {
    if (error instanceof Refusal) return error.failure;
    return hasHead ? failureOfBody(error) : failureOfFetch(error);
  }

  /** Settles when the hop is to be sent again, or the attempt was stopped; undefined if neither. */
  #pauseFor(failure: Failure, attempt: Attempt): Promise<void> | undefined {
    const { signal } = attempt;
    const shortage = shortageOf(failure, this.#hasAnswered);
    // Nothing was sent.
    if (shortage !== undefined) return unlessAborted(this.#shortage.begin(shortage), signal);
    if (failure.isUnprocessed) {
      if (attempt.repetitions >= MOST_REPETITIONS) return undefined;
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
   * Whether an answer is the usual one: its status asks for nothing, and its body says that it is
   * short enough to be read in one go.
   */
  #isShort({ status, headers }: Response, { decodes }: Attempt): boolean {
    if (status < 200 || (status > 200 && status < 400 && status !== 206)) return false;
    const field = headers.get("content-length");
    return field !== null && Number(field) <= this.#mostAtOnce &&
      !headers.has("transfer-encoding") && !(decodes && headers.has("content-encoding"));
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
        throw new Refusal({ error: "protocol", detail: UNASKED_UPGRADE });
      }
      const isPointing = status === 201 || (status >= 300 && status < 400);
      const location = isPointing ? headers.get("location") : null;
      const next = follow(hop, status, location, attempt.redirects, this.#options.redirects);
      if (this.#hooks !== undefined) this.#onHead(response, hop, next, attempt, target);
      await this.#read(response, hop.method, attempt);
      attempt.location = next === undefined ? location : null;
      attempt.retryAfter = retryAfterOf(response);
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
    const isTooLong = lengthOf(response, method) > this.#options.maxBodyBytes;
    if (!hooks.hasAnswers || next !== undefined || isTooLong) return;
    attempt.body = hooks.begin(target, headOf(response, attempt.decodes));
  }

  #send(attempt: Attempt): Promise<Response> {
    const { hop, signal } = attempt;
    const { url, method, body, requestId } = hop;
    if (this.#options.permits?.(url) === false) {
      throw new Refusal(failureOfPermission(url));
    }
    const headers = this.#hooks === undefined ? hop.headers : this.#hooks.headersFor(hop);
    if (this.#prepared?.of !== headers) this.#prepared = prepare(headers);
    const { fields } = this.#prepared;
    attempt.decodes = this.#prepared.decodes;
    // Each member that is given costs its conversion: so the usual request gives few.
    const init: RequestInit & { client: Deno.HttpClient } = {
      client: attempt.isReconnecting ? this.#ofFresh() : this.#client,
      headers: requestId === undefined ? fields : [...fields, [...requestId]],
      redirect: "manual",
      signal,
    };
    if (method !== "GET") this.#addMethod(init, method, body);
    return fetch(url, init);
  }

  #addMethod(
    init: RequestInit & { client: Deno.HttpClient },
    method: string,
    body: Uint8Array<ArrayBuffer> | undefined,
  ): void {
    init.method = method;
    if (body === undefined || body.length === 0) {
      if (!IDEMPOTENT.has(method)) init.client = this.#ofFresh();
    } else {
      if (this.#blob?.of !== body) this.#blob = { of: body, blob: new Blob([body]) };
      init.body = this.#blob.blob;
    }
  }

  /** Reads a body to its end, or to where it becomes too long. */
  async #read(response: Response, method: string, attempt: Attempt): Promise<void> {
    const { maxBodyBytes } = this.#options;
    attempt.bytes = attempt.size = 0;
    const length = lengthOf(response, method);
    const reader = response.body?.getReader();
    if (reader === undefined) return;
    let isTooLong = length > maxBodyBytes;
    while (!isTooLong) {
      const { value, done } = await reader.read();
      if (done) break;
      attempt.bytes = attempt.size += value.length;
      isTooLong = attempt.size > maxBodyBytes;
      if (!isTooLong && value.length > 0) attempt.body?.write(value);
    }
    if (isTooLong) {
      await reader.cancel();
      throw new Refusal(failureOfLength(maxBodyBytes));
    }
    // What was decoded on the way came as long as the answer said it is.
    if (attempt.decodes && response.headers.has("content-encoding")) {
      if (length > 0) attempt.bytes = length;
    } else checkLength(attempt.bytes, length);
  }

  cancel(): void {
    this.#cancelled = true;
    this.#deadlines.cancel();
  }

  close(): void {
    this.#deadlines.close();
    this.#client.close();
    this.#freshClient?.close();
    this.#shortage.close();
  }
}

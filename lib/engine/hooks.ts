/**
 * Hooks of an engine: cookies, and what gets the heads and bodies of responses.
 *
 * @module
 */
import type { Failure } from "../result.ts";
import type { HeaderList, Target } from "../target.ts";
import type { BodySink, ResponseHead } from "./engine.ts";
import type { EngineOptions } from "./options.ts";
import type { Hop } from "./redirect.ts";

/** A head that can be read only during the call that it is passed to. */
export interface BorrowedHead extends ResponseHead {
  /** A copy that can be read later as well. */
  clone(): ResponseHead;
  /** The status line, or `:status` of HTTP/2, and the fields, as they came; each character a byte. */
  lines(): readonly string[];
}

/** The hooks of an engine. An engine without any hook does not have them, and costs less. */
export class ResponseHooks {
  readonly #cookies: EngineOptions["cookies"];
  readonly #onHead: EngineOptions["onHead"];
  readonly #bodyFor: EngineOptions["bodyFor"];
  readonly #trace: EngineOptions["trace"];
  /** Whether the `Content-Type` of responses is wanted. */
  readonly wantsType: boolean;
  readonly #onFailure: (error: unknown) => void;
  /** The last list that cookies were put into, because many requests of a run share a list. */
  #last: { create: HeaderList; cookies: string; headers: HeaderList } | undefined;

  static of(options: EngineOptions): ResponseHooks | undefined {
    const { cookies, onHead, bodyFor, trace, contentType = false } = options;
    const hasAny = contentType ||
      [cookies, onHead, bodyFor, trace].some((hook) => hook !== undefined);
    return hasAny ? new ResponseHooks(options) : undefined;
  }

  private constructor(options: EngineOptions) {
    const { cookies, onHead, bodyFor, trace, onSinkFailure = endProcess } = options;
    this.#cookies = cookies;
    this.#onHead = onHead;
    this.#bodyFor = bodyFor;
    this.#trace = trace;
    this.wantsType = options.contentType ?? false;
    this.#onFailure = onSinkFailure;
  }

  get hasCookies(): boolean {
    return this.#cookies !== undefined;
  }

  /** Whether heads or bodies of responses are wanted. */
  get wantsResponses(): boolean {
    return this.wantsType ||
      [this.#onHead, this.#bodyFor, this.#trace].some((hook) => hook !== undefined);
  }

  /**
   * The fields of a request with the stored cookies for its URL, which follow those of its own. All
   * of them are in one field (RFC 6265 §5.4).
   */
  headersFor({ url, headers }: Hop): HeaderList {
    const cookies = this.#cookies?.fieldFor(url);
    if (cookies === undefined) return headers;
    const last = this.#last;
    if (last !== undefined && last.create === headers && last.cookies === cookies) {
      return last.headers;
    }
    const own = headers.filter(isCookie).map(([, value]) => value);
    const joined: HeaderList = [
      ...headers.filter((field) => !isCookie(field)),
      ["Cookie", [...own, cookies].join("; ")],
    ];
    this.#last = { create: headers, cookies, headers: joined };
    return joined;
  }

  /** Stores the `Set-Cookie` fields of a response from a URL. */
  store(url: string, fields: readonly string[]): void {
    if (fields.length > 0) this.#cookies!.store(url, fields);
  }

  /**
   * Passes on the head of the final response, and begins its body; undefined if nothing takes it.
   */
  begin(target: Target, head: BorrowedHead): BodyTap | undefined {
    let sink;
    try {
      sink = this.#onHead?.(target, head);
      if (this.#bodyFor !== undefined) sink = tee(this.#bodyFor(target, head.clone()), sink);
      if (this.#trace !== undefined) sink = tee(this.#trace.bodyFor(target, head), sink);
    } catch (error) {
      const body = new BodyTap(sink, this.#onFailure);
      body.fail(error);
      return body;
    }
    return sink === undefined ? undefined : new BodyTap(sink, this.#onFailure);
  }
}

/** A sink that passes everything on to two others. */
function tee(a: BodySink | undefined, b: BodySink | undefined): BodySink | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return {
    write: (bytes) => {
      a.write(bytes);
      b.write(bytes);
    },
    end: () => {
      a.end();
      b.end();
    },
    discard: () => {
      b.discard();
      a.discard();
    },
  };
}

/** Passes a body on to its sink. What the sink throws is not the fault of the response. */
export class BodyTap {
  /** Undefined once it has ended, was discarded, or has failed. */
  #sink: BodySink | undefined;
  readonly #onFailure: (error: unknown) => void;
  #hasFailed = false;

  constructor(sink: BodySink | undefined, onFailure: (error: unknown) => void) {
    this.#sink = sink;
    this.#onFailure = onFailure;
  }

  write(bytes: Uint8Array): void {
    try {
      this.#sink?.write(bytes);
    } catch (error) {
      this.fail(error);
    }
  }

  /**
   * Ends the body, or discards it if the request failed.
   *
   * @returns why the request failed, if it did: also if its sink could not take the body
   */
  close(failure: Failure | undefined): Failure | undefined {
    const sink = this.#sink;
    this.#sink = undefined;
    try {
      if (failure === undefined) sink?.end();
      else sink?.discard();
    } catch (error) {
      this.fail(error);
    }
    if (failure !== undefined || !this.#hasFailed) return failure;
    return { error: "cancelled", detail: "the body could not be taken", scope: undefined };
  }

  /** Reports what the sink threw, which ends the run. Nothing more is written. */
  fail(error: unknown): void {
    const sink = this.#sink;
    this.#sink = undefined;
    this.#hasFailed = true;
    try {
      sink?.discard();
    } catch {
      // Only the first failure is reported.
    }
    this.#onFailure(error);
  }
}

function isCookie([name]: HeaderList[number]): boolean {
  return name.length === 6 && name.toLowerCase() === "cookie";
}

function endProcess(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}

/**
 * What a run takes of answers besides their results, and what that brings into requests.
 *
 * @module
 */
import type { Failure } from "../result.ts";
import type { HeaderList, Target } from "../target.ts";
import type { BodySink, ResponseHead } from "./engine.ts";
import type { EngineOptions } from "./options.ts";
import type { Hop } from "./redirect.ts";

/** A head that can be read as long as the call lasts that it is handed to. */
export interface BorrowedHead extends ResponseHead {
  /** The same, to be read later too. */
  lasting(): ResponseHead;
}

/** The hooks of an engine. Without any there is none of it, and no request asks for more. */
export class ResponseHooks {
  readonly #cookies: EngineOptions["cookies"];
  readonly #onHead: EngineOptions["onHead"];
  readonly #bodyFor: EngineOptions["bodyFor"];
  readonly #onFailure: (error: unknown) => void;
  /** The last list that cookies were put into, since many requests of a run have the same. */
  #last: { of: HeaderList; cookies: string; headers: HeaderList } | undefined;

  static of(options: EngineOptions): ResponseHooks | undefined {
    const { cookies, onHead, bodyFor } = options;
    return cookies === undefined && onHead === undefined && bodyFor === undefined
      ? undefined
      : new ResponseHooks(options);
  }

  private constructor({ cookies, onHead, bodyFor, onSinkFailure = endProcess }: EngineOptions) {
    this.#cookies = cookies;
    this.#onHead = onHead;
    this.#bodyFor = bodyFor;
    this.#onFailure = onSinkFailure;
  }

  get hasCookies(): boolean {
    return this.#cookies !== undefined;
  }

  /** Whether anybody wants heads or bodies. */
  get hasAnswers(): boolean {
    return this.#onHead !== undefined || this.#bodyFor !== undefined;
  }

  /**
   * The fields of a request with the cookies that are kept for its URL, behind those of its own.
   * All of them are in one field (RFC 6265 §5.4).
   */
  headersFor({ url, headers }: Hop): HeaderList {
    const cookies = this.#cookies?.for(url);
    if (cookies === undefined) return headers;
    const last = this.#last;
    if (last !== undefined && last.of === headers && last.cookies === cookies) return last.headers;
    const own = headers.filter(isCookie).map(([, value]) => value);
    const joined: HeaderList = [
      ...headers.filter((field) => !isCookie(field)),
      ["Cookie", [...own, cookies].join("; ")],
    ];
    this.#last = { of: headers, cookies, headers: joined };
    return joined;
  }

  /** Takes the `Set-Cookie` fields of an answer from a URL. */
  store(url: string, fields: readonly string[]): void {
    if (fields.length > 0) this.#cookies!.store(url, fields);
  }

  /**
   * Shows the head of an answer that is kept, and begins its body; undefined if nobody takes it.
   */
  begin(target: Target, head: BorrowedHead): BodyTap | undefined {
    let sink;
    try {
      sink = this.#onHead?.(target, head);
      if (this.#bodyFor !== undefined) sink = tee(this.#bodyFor(target, head.lasting()), sink);
    } catch (error) {
      const body = new BodyTap(sink, this.#onFailure);
      body.fail(error);
      return body;
    }
    return sink === undefined ? undefined : new BodyTap(sink, this.#onFailure);
  }
}

/** A sink for two. */
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

/** A body on its way to who takes it. What that throws is no matter of the server's answer. */
export class BodyTap {
  /** Undefined once it was ended, discarded, or has failed. */
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
   * Ends it, or discards it, as the request has ended.
   *
   * @returns why the request has failed, if it has: a body that could not be taken is no answer
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
    return { error: "cancelled", detail: "its body could not be taken", scope: undefined };
  }

  /** Tells whoever ends the run; whatever comes of that, nothing more is written. */
  fail(error: unknown): void {
    const sink = this.#sink;
    this.#sink = undefined;
    this.#hasFailed = true;
    try {
      sink?.discard();
    } catch {
      // What failed first is what is told.
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

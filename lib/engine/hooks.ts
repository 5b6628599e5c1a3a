/**
 * Hooks of an engine: cookies, and what gets the heads and bodies of responses.
 *
 * @module
 */
import type { HeaderList, Target } from "../target.ts";
import { type BodyOwner, BodyTap } from "./body_tap.ts";
import type { BorrowedHead } from "./borrowed_head.ts";
import type { BodyDecoding } from "./decoding.ts";
import type { BodySink } from "./engine.ts";
import type { EngineOptions } from "./options.ts";
import type { Hop } from "./redirect.ts";

/** The hooks of an engine. An engine without any hook does not have them, and costs less. */
export class ResponseHooks {
  readonly #cookies: EngineOptions["cookies"];
  readonly #onHead: EngineOptions["onHead"];
  readonly #bodyFor: EngineOptions["bodyFor"];
  readonly #decoding: BodyDecoding | undefined;
  readonly #maxBodyBytes: number;
  readonly #trace: EngineOptions["trace"];
  /** Whether the `Content-Type` of responses is wanted. */
  readonly wantsType: boolean;
  /** Whether heads or bodies of responses are wanted. */
  readonly wantsResponses: boolean;
  readonly #onFailure: (error: unknown) => void;
  /** The last list that cookies were put into, because many requests of a run share a list. */
  #last: { create: HeaderList; cookies: string; headers: HeaderList } | undefined;

  static of(options: EngineOptions): ResponseHooks | undefined {
    const { cookies, onHead, bodyFor, decoding, trace, exchanges, contentType = false } = options;
    const hasAny = contentType ||
      [cookies, onHead, bodyFor, decoding, trace, exchanges].some((hook) => hook !== undefined);
    return hasAny ? new ResponseHooks(options) : undefined;
  }

  private constructor(options: EngineOptions) {
    const { cookies, onHead, bodyFor, decoding, trace, onSinkFailure = endProcess } = options;
    this.#cookies = cookies;
    this.#onHead = onHead;
    this.#bodyFor = bodyFor;
    this.#decoding = decoding;
    this.#maxBodyBytes = options.maxBodyBytes;
    this.#trace = trace;
    this.wantsType = options.contentType ?? false;
    this.wantsResponses = this.wantsType ||
      [onHead, bodyFor, decoding, trace].some((hook) => hook !== undefined);
    this.#onFailure = onSinkFailure;
  }

  get hasCookies(): boolean {
    return this.#cookies !== undefined;
  }

  /**
   * The fields of a request with the stored cookies for its URL, which follow those of its own. All
   * of them are in one field (RFC 6265 §5.4).
   */
  headersFor({ url, headers }: Hop, target: Target): HeaderList {
    const cookies = this.#cookies?.fieldFor(url, target);
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

  /** Reports what could not be kept, which ends the run. */
  fail(error: unknown): void {
    this.#onFailure(error);
  }

  /** Stores the `Set-Cookie` fields of a response from a URL. */
  store(url: string, fields: readonly string[], target: Target): void {
    if (fields.length > 0) this.#cookies!.store(url, fields, target);
  }

  /**
   * Passes on the head of the final response, and begins its body; undefined if nothing takes it.
   *
   * @param headers the fields of the request
   * @param owner is told if the body cannot be decoded
   */
  begin(
    target: Target,
    head: BorrowedHead,
    headers: HeaderList,
    owner: BodyOwner,
  ): BodyTap | undefined {
    const decoding = this.#decoding;
    const shown = decoding === undefined ? head : decoding.show(head);
    let sink;
    try {
      sink = this.#onHead?.(target, shown);
      if (this.#bodyFor !== undefined) sink = tee(this.#bodyFor(target, shown.clone()), sink);
      if (this.#trace !== undefined) sink = tee(this.#trace.bodyFor(target, shown), sink);
    } catch (error) {
      const body = new BodyTap(sink, this.#onFailure);
      body.fail(error);
      return body;
    }
    const onSinkFailure = this.#onFailure;
    if (decoding?.isWanted(head, headers, sink !== undefined)) {
      return decoding.begin(head, sink, { maxBodyBytes: this.#maxBodyBytes, owner, onSinkFailure });
    }
    return sink === undefined ? undefined : new BodyTap(sink, onSinkFailure);
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

function isCookie([name]: HeaderList[number]): boolean {
  return name.length === 6 && name.toLowerCase() === "cookie";
}

function endProcess(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}

import type { Target } from "../target.ts";
import type { BodySink, Cookies, ProxyOptions, ResponseHead, TlsOptions } from "./engine.ts";
import type { NameService } from "./http1/name_lookup.ts";

/** What a user sets of an engine. */
export interface EngineSettings {
  /** Milliseconds for a whole attempt, redirects and body included, more than 0. */
  readonly timeoutMs: number;
  /**
   * Milliseconds for a connection to be made, its TLS included, more than 0; not by native fetch.
   *
   * @default {timeoutMs}
   */
  readonly connectTimeoutMs?: number | undefined;
  /**
   * Most milliseconds between two reads of an answer that has begun, more than 0; not by native
   * fetch.
   *
   * @default {timeoutMs}
   */
  readonly idleTimeoutMs?: number | undefined;
  /** Most redirects to follow, from 0; with 0 the 3xx itself is the answer. */
  readonly redirects: number;
  /** Most bytes of a body, after decoding, from 0. */
  readonly maxBodyBytes: number;
  /** @default the usual authorities, no certificate of the client's own */
  readonly tls?: TlsOptions | undefined;
  /** What every connection goes through, if anything; not by native fetch. */
  readonly proxy?: ProxyOptions | undefined;
  /**
   * The path of a Unix socket that every connection goes to instead of the URL's host; not by
   * native fetch.
   */
  readonly unixSocket?: string | undefined;
}

/** What every engine is told. */
export interface EngineOptions extends EngineSettings {
  /** How many connections to a host may idle, from 1: most requests in flight. */
  concurrency: number;
  /** Who knows the addresses of names; not for native fetch. @default the system */
  names?: NameService | undefined;
  /** Cookies that are sent and kept, also those of redirects. */
  cookies?: Cookies | undefined;
  /**
   * Given the head of the answer that is kept, not those of redirects, to be read during the call
   * only; what it returns takes the body, besides that of `bodyFor`.
   */
  onHead?: ((target: Target, head: ResponseHead) => BodySink | undefined) | undefined;
  /** What takes the body of the answer that is kept, if anything; not those of redirects. */
  bodyFor?: ((target: Target, head: ResponseHead) => BodySink | undefined) | undefined;
  /**
   * Called with what `bodyFor` or a sink throws: a bug, or a full disk. The request at which it did
   * is then given up, and the run is to end.
   *
   * @default it ends the process
   */
  onSinkFailure?: ((error: unknown) => void) | undefined;
  /** Whether a URL's host may be talked to; undefined if every one may. */
  permits?: ((url: string) => boolean) | undefined;
  /** Whether to look at the clock when the head of an answer is there. */
  ttfb: boolean;
}

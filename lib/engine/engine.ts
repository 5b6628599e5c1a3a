/**
 * The interface of engines, and the types that they share with the rest.
 *
 * @module
 */
import type { Result } from "../result.ts";
import type { Target } from "../target.ts";

/** The certificate of the client, and the certificates that it trusts; all of them in PEM. */
export interface TlsOptions {
  /** Authorities to trust instead of the system's. */
  readonly ca?: string;
  /** A certificate of the client's own. */
  readonly cert?: string;
  /** The key of that certificate. */
  readonly key?: string;
  /** Whether to accept any certificate of a server. */
  readonly insecure: boolean;
}

/** A proxy that all connections go through. */
export interface ProxyOptions {
  readonly protocol: "http" | "https" | "socks5" | "socks5h";
  /** A name or an address; an IPv6 address without its brackets. */
  readonly hostname: string;
  readonly port: number;
  readonly credentials: { readonly user: string; readonly password: string } | undefined;
}

/** A cookie jar (RFC 6265). */
export interface Cookies {
  /**
   * The value of the `Cookie` field for a URL; undefined if no cookie matches.
   *
   * @param target what is requested, also where a redirect has led to the URL
   */
  fieldFor(url: string, target: Target): string | undefined;
  /** Stores the `Set-Cookie` fields of a response, each character a byte. */
  store(url: string, fields: readonly string[], target: Target): void;
}

/** The head of a response, with the fields that a {@linkcode Result} does not have. */
export interface ResponseHead {
  readonly status: number;
  /**
   * The content codings of the body as a {@linkcode BodySink} gets it, in lower case (RFC 9110
   * §8.4.1); null without any, and if they are decoded on the way.
   */
  readonly coding: string | null;
  /**
   * The value of a field; several fields of the same name are joined by `, ` (RFC 9110 §5.3); null if
   * the field is missing. It is decoded as UTF-8 if it is valid UTF-8, and byte by byte otherwise.
   *
   * @param name in lower case
   */
  field(name: string): string | null;
}

/** Receives the body of a response: `write` any number of times, then `end` or `discard`. */
export interface BodySink {
  /** Takes bytes, which belong to the caller again when it returns. */
  write(bytes: Uint8Array): void;
  /** The body is complete. */
  end(): void;
  /** The body is incomplete, or its response is not kept: what was written has to go. */
  discard(): void;
}

/** Makes requests. */
export interface Engine {
  /** The names of the engines that made requests, as in `http1+http2`; before that, its own. */
  readonly name: string;
  /** Whose sockets it uses: those of the runtime, or those of the operating system. */
  readonly transport: "portable" | "native";
  /** What this machine ran out of, in words, and how often. Requests wait for it meanwhile. */
  readonly shortages: ReadonlyMap<string, number>;
  /**
   * Makes one request. `done` is called exactly once, at once or later, within the engine's timeout,
   * whatever a server or the network does.
   *
   * @param dueMs the time of `performance.now()` from which the times of the request count: earlier
   * than now if the request waited for a free place. By default now
   */
  start(target: Target, done: (result: Result) => void, dueMs?: number): void;
  /** Ends the request of the target with this number with the error `cancelled`, if it is in flight. */
  cancelOne(i: number): void;
  /** Ends every request in flight with the error `cancelled`. Later requests end like this at once. */
  cancel(): void;
  /** Closes every connection. Call it when no request is in flight. */
  close(): void;
}

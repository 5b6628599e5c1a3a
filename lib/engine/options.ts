import type { Target } from "../target.ts";
import type { BorrowedHead } from "./borrowed_head.ts";
import type { BodyDecoding } from "./decoding.ts";
import type { BodySink, Cookies, ProxyOptions, ResponseHead, TlsOptions } from "./engine.ts";
import type { ExchangeTap } from "./exchange.ts";
import type { IpVersion } from "../http/ip_version.ts";
import type { NameService } from "./names/name_lookup.ts";
import type { Trace } from "./trace.ts";

/** Whose sockets an engine uses; `auto` is `native` where that is possible. */
export const TRANSPORTS = ["auto", "portable", "native"] as const;

/** One of {@linkcode TRANSPORTS}. */
export type TransportName = typeof TRANSPORTS[number];

/** A host and a port. */
export interface Endpoint {
  /** A name, or an address; an IPv6 address without its brackets. */
  readonly hostname: string;
  /** From 1. */
  readonly port: number;
}

/** Addresses that a host has on a port, in place of a look-up. */
export interface ResolveRule {
  /** Undefined for every host. */
  readonly hostname: string | undefined;
  readonly port: number;
  /** At least one; IPv6 addresses without their brackets. */
  readonly addresses: readonly string[];
}

/** Where connections to a host and a port go. */
export interface ConnectToRule {
  /** What it holds for: undefined members stand for every host, and for every port. */
  readonly from: Partial<Endpoint>;
  /** Undefined members stand for the host, and the port, of the URL. */
  readonly to: Partial<Endpoint>;
}

/** Where the connections of this machine begin: one of the two. */
export interface LocalEnd {
  /** An address of this machine. */
  readonly address?: string | undefined;
  /** The name of a network interface. Only native sockets can be bound to one. */
  readonly device?: string | undefined;
}

/** The settings of an engine that a user chooses. */
export interface EngineSettings {
  /** The milliseconds that a request may take, including redirects and body; more than 0. */
  readonly timeoutMs: number;
  /**
   * The milliseconds that connecting may take, including TLS; more than 0. Not with native fetch.
   *
   * @default {timeoutMs}
   */
  readonly connectTimeoutMs?: number | undefined;
  /**
   * The longest time in milliseconds between two reads of a response that has begun; more than 0.
   * Not with native fetch.
   *
   * @default {timeoutMs}
   */
  readonly idleTimeoutMs?: number | undefined;
  /** The maximum number of redirects to follow, from 0. With 0, the 3xx itself is the response. */
  readonly redirects: number;
  /** The maximum number of bytes of a body after decoding, from 0. */
  readonly maxBodyBytes: number;
  /** @default the system's authorities, and no certificate of the client */
  readonly tls?: TlsOptions | undefined;
  /** The proxy that every connection goes through. Not with native fetch. */
  readonly proxy?: ProxyOptions | undefined;
  /**
   * The path of a Unix socket that every connection goes to instead of the URL's host. Not with
   * native fetch.
   */
  readonly unixSocket?: string | undefined;
  /** Addresses that take the place of look-ups. Not with native fetch. */
  readonly resolve?: readonly ResolveRule[] | undefined;
  /** Where connections go; of several rules that hold, the first counts. Not with native fetch. */
  readonly connectTo?: readonly ConnectToRule[] | undefined;
  /** The only version of IP to connect by. Not with native fetch. @default both */
  readonly ipVersion?: IpVersion | undefined;
  /** @default what the system chooses */
  readonly localEnd?: LocalEnd | undefined;
  /**
   * The maximum number of bytes a second in each direction, all connections together; more than 0. Not
   * with native fetch.
   */
  readonly maxBytesPerSecond?: number | undefined;
  /** Not with native fetch. @default {"auto"} */
  readonly transport?: TransportName | undefined;
  /** Whether each request has a connection of its own, which is closed then. @default {false} */
  readonly disableKeepAlive?: boolean | undefined;
  /**
   * The maximum number of connections to an origin with HTTP/2, from 1. Requests are spread over them.
   *
   * @default enough for the concurrency, with the streams that the server allows
   */
  readonly connections?: number | undefined;
  /**
   * The maximum number of requests in flight on a connection with HTTP/2, from 1.
   *
   * @default as many as the server allows
   */
  readonly streams?: number | undefined;
}

/** Options for every engine. */
export interface EngineOptions extends EngineSettings {
  /**
   * The memory of {@linkcode EngineSettings.maxBytesPerSecond}, which the engines of other event loops
   * share: of `createBudgetMemory`.
   *
   * @default memory of its own
   */
  budget?: SharedArrayBuffer | undefined;
  /** The maximum number of requests in flight, and of idle connections to a host, from 1. */
  concurrency: number;
  /** Looks up the addresses of names. Not with native fetch. @default the system */
  names?: NameService | undefined;
  /** The jar of cookies that are sent and stored, also with redirects. */
  cookies?: Cookies | undefined;
  /**
   * Called with the head of the final response, not with those of redirects. The head can be read
   * during the call only. The sink that it returns gets the body, as does that of `bodyFor`.
   */
  onHead?: ((target: Target, head: ResponseHead) => BodySink | undefined) | undefined;
  /**
   * Returns what takes the body of the final response, if anything; not called for redirects. The
   * head is a copy.
   */
  bodyFor?: ((target: Target, head: BorrowedHead) => BodySink | undefined) | undefined;
  /** Decodes bodies; used by one engine. @default no body is decoded */
  decoding?: BodyDecoding | undefined;
  /**
   * Called with what `bodyFor` or a sink throws, such as a full disk. The request is then given up,
   * and the run has to end.
   *
   * @default ends the process
   */
  onSinkFailure?: ((error: unknown) => void) | undefined;
  /** Whether a URL's host may be connected to; undefined if every host may. */
  permits?: ((url: string) => boolean) | undefined;
  /** Shows requests as they are sent; undefined where nobody looks. */
  trace?: Trace | undefined;
  /** Takes the bytes of exchanges; undefined where nobody keeps them. Not with native fetch. */
  exchanges?: ExchangeTap | undefined;
  /** Whether results have the `Content-Type` of the response. @default {false} */
  contentType?: boolean | undefined;
}

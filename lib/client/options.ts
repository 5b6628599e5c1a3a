/**
 * The options of a client: the flags of `myriad run` that go with a program that makes its own
 * requests, by their long names.
 *
 * @module
 */

/** A time with its unit, as in `250ms`, `3s`, `5m` or `2h`. */
export type Duration = `${number}${"ms" | "s" | "m" | "h"}`;

/** A number of starts in a time: `500`, `500/s`, `2k/s` or `30/m`. Without a unit, a second. */
export type Rate = number | `${number}${"" | "k"}/${"s" | "m" | "h"}`;

/** A number of bytes, with or without a suffix: `1048576`, `64k`, `1M`. */
export type Size = number | `${number}${"k" | "K" | "M" | "G"}`;

/** Header fields by name; several values make several fields. */
export type Fields = Readonly<Record<string, string | number | readonly (string | number)[]>>;

/** What a response is held against. A response that misses it has failed, with the error `expect`. */
export interface ExpectationInit {
  /** Statuses: `200`, `"2xx,404"`, or a list of them. */
  readonly status?: string | number | readonly (string | number)[];
  /** A regular expression for each field, by its name. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  /** A regular expression that the body has to match. */
  readonly body?: string;
  /** The SHA-256 of the body, in hexadecimal. */
  readonly sha256?: string;
  /** The longest time that the response may take. */
  readonly latency?: Duration;
}

/**
 * How a client makes requests. An option is what the flag of `myriad run` of the same name is, in
 * `docs/flags.md`: `hostRate: "10/s"` is `--host-rate 10/s`. Each is optional.
 */
export interface ClientOptions {
  /** The maximum number of requests in flight, from 1. @default {100} */
  readonly concurrency?: number;
  /** How many requests start, on a schedule that does not wait for responses. @default any number */
  readonly rate?: Rate;
  /** The time over which the rate, or without one the concurrency, rises to its value. */
  readonly rampUp?: Duration;
  /** The maximum number of requests in flight for each host, from 1. @default any number */
  readonly hostConcurrency?: number;
  /** The minimum time between two starts for each host. */
  readonly hostDelay?: Duration;
  /** The maximum number of starts for each host. */
  readonly hostRate?: Rate;
  /**
   * How long a host has to fail, while others succeed, until its requests fail without being sent.
   *
   * @default {"1m"}
   */
  readonly hostGiveUp?: Duration | "never";
  /**
   * Whether requests go on at full speed even if everything fails, or a server asks to wait by
   * `Retry-After`. Otherwise they are held back until the host answers again. @default {false}
   */
  readonly noPause?: boolean;
  /**
   * How long requests are held back without any success before all of them are rejected.
   *
   * @default never; 1m before the first success
   */
  readonly giveUpAfter?: Duration;
  /** The maximum number of attempts after the first, from 0. @default {0} */
  readonly retries?: number;
  /** Errors and statuses to retry after. @default {"network,timeout,429,502,503,504"} */
  readonly retryOn?: string;
  /** The longest first wait; it doubles each time. @default {"1s"} */
  readonly retryDelay?: Duration;
  /** The longest wait. @default {"1m"} */
  readonly retryMaxDelay?: Duration;
  /** Whether requests that are not idempotent, like POST, are retried as well. @default {false} */
  readonly retryUnsafe?: boolean;
  /** What makes the requests: sockets of its own, or the runtime's `fetch`. @default {"auto"} */
  readonly engine?: "auto" | "http1" | "http2" | "fetch";
  /** Whose sockets it uses. @default {"auto"} */
  readonly transport?: "auto" | "portable" | "native";
  /** Whether it speaks HTTP/2 only. @default {false} */
  readonly http2?: boolean;
  /** The maximum number of connections to an origin with HTTP/2, from 1. */
  readonly connections?: number;
  /** The maximum number of requests in flight on a connection with HTTP/2, from 1. */
  readonly streams?: number;
  /** Whether each request has a connection of its own. @default {false} */
  readonly disableKeepalive?: boolean;
  /** The time limit for a whole attempt. @default {"30s"} */
  readonly timeout?: Duration;
  /** The time limit for making a connection. */
  readonly connectTimeout?: Duration;
  /** The time limit between two reads of a response that has begun. */
  readonly idleTimeout?: Duration;
  /** The maximum number of redirects that are followed, from 0. @default {10} */
  readonly redirects?: number;
  /**
   * A longer body is an error. Bodies that are kept take up to this much memory for each request in
   * flight, and for each that nobody took yet. @default {"64M"}
   */
  readonly maxBody?: Size;
  /** The maximum number of bytes a second in each direction, all connections together. */
  readonly limitRate?: Size;
  /** Whether any certificate of a server is accepted. @default {false} */
  readonly insecure?: boolean;
  /** A file of certificate authorities to trust, in PEM. */
  readonly cacert?: string;
  /** A file with a client certificate, in PEM. */
  readonly cert?: string;
  /** The file of its key. @default that of the certificate */
  readonly key?: string;
  /** The URL of a proxy: `http:`, `https:`, `socks5:` or `socks5h:`, with credentials. */
  readonly proxy?: string;
  /** Addresses that take the place of look-ups, each as `HOST:PORT:ADDRESS`. */
  readonly resolve?: readonly string[];
  /** Where connections go instead, each as `HOST:PORT:TO:TO-PORT`. */
  readonly connectTo?: readonly string[];
  /** The path of a Unix socket that every connection goes to. */
  readonly unixSocket?: string;
  /** Whether cookies of servers are kept and sent. @default {false} */
  readonly cookieJar?: boolean;
  /** Whether servers are asked for compressed bodies, which are decoded. @default {false} */
  readonly compressed?: boolean;
  /** Header fields of each request, unless it has fields of the same name. */
  readonly headers?: Fields;
  /** What each response is held against, unless its request says otherwise. */
  readonly expect?: ExpectationInit;
}

/**
 * The options of a client: the flags of `myriad run` that go with a program that makes its own
 * requests, by their long names.
 *
 * @module
 */
import config from "../../deno.json" with { type: "json" };
import { RecordExpectations } from "../check/record_expectations.ts";
import { closest } from "../cli/closest.ts";
import { UsageError } from "../errors.ts";
import { parseRun } from "../options/parse.ts";
import type { RunOptions } from "../options/run_options.ts";
import { mergeHeaders } from "../source/jsonl_targets.ts";

/** A time with its unit, as in `250ms`, `3s`, `5m` or `2h`. */
export type Duration = `${number}${"ms" | "s" | "m" | "h"}`;

/** A number of starts in a time: `500`, `500/s` or `30/m`. Without a unit, a second. */
export type Rate = number | `${number}/${"s" | "m" | "h"}`;

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
  /** @default {"auto"} */
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

/** The options that are flags. */
const FLAGS = [
  "concurrency",
  "rate",
  "rampUp",
  "hostConcurrency",
  "hostDelay",
  "hostRate",
  "hostGiveUp",
  "noPause",
  "giveUpAfter",
  "retries",
  "retryOn",
  "retryDelay",
  "retryMaxDelay",
  "retryUnsafe",
  "engine",
  "transport",
  "http2",
  "connections",
  "streams",
  "disableKeepalive",
  "timeout",
  "connectTimeout",
  "idleTimeout",
  "redirects",
  "maxBody",
  "limitRate",
  "insecure",
  "cacert",
  "cert",
  "key",
  "proxy",
  "resolve",
  "connectTo",
  "unixSocket",
  "cookieJar",
  "compressed",
] as const satisfies readonly (keyof ClientOptions)[];

/** A URL for the command line: the requests bring their own. */
const PLACEHOLDER = "http://localhost/";

/** What options are read for. */
interface ReadContext {
  /** The names that they can have. */
  readonly known: readonly string[];
  /** What cannot be done with wrong ones, in words. */
  readonly purpose: string;
}

/**
 * Reads options as the command line of a run is read, so that they have its defaults and refusals.
 *
 * @throws {RangeError} If an option is unknown, contradicts another, or has a wrong value.
 */
export async function readFlags(
  options: object,
  { known, purpose }: ReadContext,
): Promise<RunOptions> {
  const given = Object.entries(options);
  const unknown = given.find(([name]) => !known.includes(name))?.[0];
  if (unknown !== undefined) {
    const meant = closest(unknown, known);
    const fix = meant === undefined
      ? `use some of ${known.join(", ")}`
      : `did you mean '${meant}'?`;
    throw new RangeError(`Cannot ${purpose}: unknown option '${unknown}': ${fix}`);
  }
  try {
    const argv = given.flatMap(([name, value]) => toArguments(name, value));
    return await parseRun([...argv, PLACEHOLDER], config.version) as RunOptions;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new RangeError(`Cannot ${purpose}: ${toOptionNames(error.message, known)}`);
  }
}

function toArguments(name: string, value: unknown): string[] {
  const flag = `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  if (value === undefined || value === false) return [];
  if (value === true) return [flag];
  return [value].flat().map((one) => `${flag}=${one}`);
}

/** A message about flags, with the names of the options that are known. */
export function toOptionNames(message: string, known: readonly string[]): string {
  return message.replaceAll(/--([a-z][a-z\d-]*)/g, (flag, name: string) => {
    const option = name.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
    return known.includes(option) ? option : flag;
  });
}

/**
 * Reads the options of a client.
 *
 * @throws {RangeError} If one of them is unknown, contradicts another, or has a wrong value.
 */
export async function readOptions(options: ClientOptions): Promise<RunOptions> {
  const { headers: given = {}, expect: expected = {}, ...flags } = options;
  const purpose = "open a client";
  const run = await readFlags(flags, { known: FLAGS, purpose });
  const headers = mergeHeaders(given, run);
  const expect = new RecordExpectations().parse(expected);
  if (typeof headers === "string") throw new RangeError(`Cannot ${purpose}: ${headers}`);
  if (typeof expect === "string") throw new RangeError(`Cannot ${purpose}: ${expect}`);
  return {
    ...run,
    headers,
    expect,
    retry: { ...run.retry, expected: expect.statuses },
  };
}

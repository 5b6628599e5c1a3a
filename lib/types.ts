/**
 * The nouns of `myriad`. Data flows one way, and each step knows only the value it is handed:
 * a source gives {@linkcode Target}s, an engine turns each into a {@linkcode Result}, statistics
 * and sinks take results, reports take a {@linkcode Snapshot}.
 *
 * @module
 */
import type { Histogram } from "./histogram.ts";

/** Header fields in the order in which they are sent; names as the user wrote them. */
export type HeaderList = readonly (readonly [name: string, value: string])[];

/** One request to make. */
export interface Target {
  /** Its number in the run, 0-based; no other target of the run has it. */
  readonly i: number;
  /** Where to; an absolute `http:` or `https:` URL unless {@linkcode invalid} is set. */
  readonly url: string;
  /** The method's token (RFC 9110 §9.1), case as sent. */
  readonly method: string;
  /** All of its header fields; targets that share them share the very same list. */
  readonly headers: HeaderList;
  /** Its body; targets that share it share the very same array. */
  readonly body: Uint8Array<ArrayBuffer> | undefined;
  /** Why no request can be made of it (a line that is no URL, a record without a field). */
  readonly invalid: string | undefined;
  /** What its answer is held against, instead of what the run's are. */
  readonly expect: Expectation | undefined;
  /** The field that has its id, sent behind the others; undefined without one. */
  readonly requestId: HeaderList[number] | undefined;
}

/** A regular expression that texts of servers are held against. */
export interface Matcher {
  /** As the user wrote it. */
  readonly source: string;
  /** Whether a text matches; undefined if it took too long to tell. */
  test(text: string): boolean | undefined;
}

/** What answers are held against; what is undefined does not matter. */
export interface Expectation {
  readonly statuses?: { readonly text: string; has(status: number): boolean } | undefined;
  /** Names are in lower case. All of them have to match. */
  readonly headers?:
    | readonly { readonly name: string; readonly pattern: Matcher }[]
    | undefined;
  /** All of them have to match the body. */
  readonly bodies?: readonly Matcher[] | undefined;
  /** Of the whole body, in lower case. */
  readonly sha256?: string | undefined;
  /** Most milliseconds. */
  readonly latencyMs?: number | undefined;
}

/** A value that was taken of an answer; null if it was not there. */
export type Captured = string | number | boolean | null;

/** Why a request got no usable answer. A closed list, and a contract with the users' scripts. */
export const ERROR_KINDS = [
  "dns",
  "refused",
  "reset",
  "tls",
  "connect",
  "timeout",
  "protocol",
  "body",
  "redirect",
  "url",
  "expect",
  "cancelled",
] as const;

/** One of {@linkcode ERROR_KINDS}. */
export type ErrorKind = typeof ERROR_KINDS[number];

/** What is known of a connection. */
export interface Via {
  /** The other end, as in `127.0.0.1:80` or `[::1]:80`. */
  readonly remote: string | null;
  /** Milliseconds that TCP took to connect; looking up the name is not in it. */
  readonly connectMs: number | null;
  /** Milliseconds that the TLS handshake took behind it; null without TLS. */
  readonly tlsMs: number | null;
}

/** What came of one {@linkcode Target}. A failed request is a value, never an exception. */
export interface Result {
  readonly target: Target;
  /** The origin of its URL (RFC 9110 §4.3.1), where the engine had to find it. */
  readonly origin: string | undefined;
  /**
   * The status code, 100 to 999, or null where no answer came; one that was not as expected did.
   */
  readonly status: number | null;
  /** Octets of the body as it was transferred, all that arrived of it. */
  readonly bytes: number;
  /** Octets of the body after decoding. */
  readonly size: number;
  /**
   * When it started, in milliseconds since the Unix epoch: when it was sent, or a connection for it
   * begun. What it waited before that, for its turn to connect, is not the server's doing.
   */
  readonly at: number;
  /**
   * Milliseconds from its start to the last octet of the answer, or to the failure; with a rate,
   * from when it was due.
   */
  readonly ms: number;
  /** Milliseconds from its start to the head of the answer; null if none came. */
  readonly ttfbMs: number | null;
  /**
   * How often it was tried, at least 1 (0 if nothing was sent): what the engine sent again by
   * itself counts too, where the connection was dead or the server did not process it.
   */
  readonly attempts: number;
  /**
   * The first `Location` field of the answer, where its status gives one a meaning (RFC 9110
   * §10.2.2). It is read as UTF-8 where it is that, and else octet by octet.
   */
  readonly location: string | null;
  /** The connection that its answer came over, or should have; null where that is not known. */
  readonly via: Via | null;
  /** Whether that connection had been used before. */
  readonly isReused: boolean;
  /** Which engine made it; null if nothing was made of it. */
  readonly engine: EngineName | null;
  /**
   * The `Retry-After` field of a 429 or 503 (RFC 9110 §10.2.3), as it came; several are joined by
   * `, `; else null.
   */
  readonly retryAfter: string | null;
  /** Whether the same request would fail the same way again, whatever its kind. */
  readonly isPermanent: boolean;
  /** The file of its body, below the folder that bodies are saved in; null if there is none. */
  readonly bodyFile: string | null;
  /** What was captured of it, in the order of the captures; undefined if nothing was. */
  readonly captures: readonly Captured[] | undefined;
  /** For the error `expect`: which expectation, as the user gave it; bounded. */
  readonly expectation: string | undefined;
  readonly error: ErrorKind | undefined;
  /** What went wrong, in words; it can hold what a server sent, so escape it. */
  readonly detail: string | undefined;
}

/** The name of a way of making requests. */
export type EngineName = "fetch" | "http1";

/** What a client shows of itself, and what it takes for trusted; all of it in PEM. */
export interface TlsOptions {
  /** Authorities to trust instead of the usual ones. */
  readonly ca?: string;
  /** A certificate of the client's own. */
  readonly cert?: string;
  /** The key of that certificate. */
  readonly key?: string;
  /** Whether any certificate of a server will do. */
  readonly insecure: boolean;
}

/** What all connections go through. */
export interface ProxyOptions {
  readonly protocol: "http" | "https" | "socks5" | "socks5h";
  /** A name or an address; an IPv6 address without its brackets. */
  readonly hostname: string;
  readonly port: number;
  readonly credentials: { readonly user: string; readonly password: string } | undefined;
}

/** Where cookies are kept (RFC 6265). */
export interface Cookies {
  /** The value of the `Cookie` field for a URL; undefined if there is none. */
  for(url: string): string | undefined;
  /** Takes the `Set-Cookie` fields of an answer, each character an octet. */
  store(url: string, fields: readonly string[]): void;
}

/** The head of an answer, for who wants more of it than a {@linkcode Result} has. */
export interface AnswerHead {
  readonly status: number;
  /**
   * The content coding that the body has where it is handed out, in lower case (RFC 9110 §8.4.1);
   * null if it has none.
   */
  readonly coding: string | null;
  /**
   * The value of a field, those of several fields of the name joined by `, ` (RFC 9110 §5.3); null
   * if there is none. It is read as UTF-8 where it is that, and else octet by octet.
   *
   * @param name in lower case
   */
  field(name: string): string | null;
}

/** Takes the body of an answer as it comes: `write` any number of times, then one of the others. */
export interface BodySink {
  /** Takes octets; they are the caller's again when it returns. */
  write(octets: Uint8Array): void;
  /** The body is complete. */
  end(): void;
  /** What came is not all of it, or no answer to keep: what was written is to go. */
  discard(): void;
}

/** Makes requests. There is one for each way of making them. */
export interface Engine {
  /** Its name; where it is made of several, those that made requests, as in `http1+fetch`. */
  readonly name: string;
  /** What this machine ran out of, in words, and how often; requests then wait. */
  readonly shortages: ReadonlyMap<string, number>;
  /**
   * Makes one request. `done` is always called, once, within the engine's timeout, whatever a
   * server or a network does; at once or later.
   *
   * @param dueMs when its times count from, on `performance.now()`'s clock: earlier than now if it
   * waited for a free place. By default now
   */
  start(target: Target, done: (result: Result) => void, dueMs?: number): void;
  /** The same by a promise, which never rejects. */
  hit(target: Target): Promise<Result>;
  /** Ends every request in flight with the error `cancelled`; later ones end so at once. */
  cancel(): void;
  /** Closes every connection. Call it when nothing is in flight. */
  close(): void;
}

/**
 * An iterator whose `next()` answers at once where the data is at hand, and by a promise where
 * it has to wait. Only one `next()` is outstanding at a time.
 */
export interface Source<T> {
  next(): IteratorResult<T, unknown> | Promise<IteratorResult<T, unknown>>;
  /** Lets go of what the source holds open. May be called more than once. */
  return?(): unknown;
}

/** A value that is there, or a promise of it. */
export type MaybePromise<T> = T | Promise<T>;

/** How late starts were by the program's own doing, in milliseconds; those in time count as 0. */
export type OwnLate = Pick<Latency, "mean" | "p50" | "p99" | "max">;

/** Latencies in milliseconds; all 0 when there were none. */
export interface Latency {
  readonly min: number;
  readonly mean: number;
  readonly p50: number;
  readonly p75: number;
  readonly p90: number;
  readonly p95: number;
  readonly p99: number;
  readonly p999: number;
  readonly p9999: number;
  readonly max: number;
  readonly stddev: number;
}

/** The names in {@linkcode Latency}, in the order in which they are shown. */
export const LATENCIES: readonly (keyof Latency)[] = [
  "min",
  "mean",
  "p50",
  "p75",
  "p90",
  "p95",
  "p99",
  "p999",
  "p9999",
  "max",
  "stddev",
];

/** Failures of one kind: how many, and the URLs of the first few. */
export interface ErrorCount {
  readonly count: number;
  readonly examples: readonly { readonly url: string; readonly detail: string }[];
  /** For the error `expect`: the same by the expectation that was not met. */
  readonly reasons?: readonly (ErrorCount & { readonly expectation: string })[];
}

/** Failures of one kind that have the same words. */
export interface ErrorMessage {
  readonly kind: ErrorKind;
  /** The words without what differs between them, as in `longer than N bytes`. */
  readonly message: string;
  readonly count: number;
  /** The first few. */
  readonly examples: readonly { readonly url: string; readonly detail: string }[];
}

/** What came of the requests to a host. */
export interface HostFigures {
  /**
   * Its name, and its port unless that is the scheme's own and no other of the name was asked;
   * `others` for those beyond.
   */
  readonly host: string;
  readonly requests: number;
  readonly failed: number;
  /** Milliseconds that its answers took, on average and at most; 0 if there were none. */
  readonly meanMs: number;
  readonly maxMs: number;
}

/** An answer that took long. */
export interface SlowRequest {
  /** The request's number. */
  readonly i: number;
  /** Without user information, cut to 200 characters. */
  readonly url: string;
  /** Null where no answer came. */
  readonly status: number | null;
  readonly ms: number;
  /** When it started, in milliseconds since the Unix epoch. */
  readonly at: number;
}

/** What came of a threshold. */
export interface Verdict {
  /** As in `p99<500ms`. */
  readonly threshold: string;
  /** The number that it bounds, not rounded; null where nothing was measured. */
  readonly value: number | null;
  /** What the number was to stay below, or to reach. */
  readonly bound: number;
  /** The unit of both; `%` is of the requests. */
  readonly unit: "ms" | "s" | "count" | "%" | "/s" | "bytes";
  readonly holds: boolean;
}

/** The statistics at a moment, before they are held against thresholds. */
export type Figures = Omit<Snapshot, "thresholds" | "aborted">;

/** The statistics at a moment. Everything that is shown of a run is rendered from one of these. */
export interface Snapshot {
  /** Requests that ended; always `succeeded + failed`. */
  readonly requests: number;
  readonly succeeded: number;
  readonly failed: number;
  /** How many there will be, or undefined if the source does not tell. */
  readonly total: number | undefined;
  /** The share that has its results, 0 to 1, or undefined if the source does not tell. */
  readonly progress: number | undefined;
  /** Requests of hosts that were given up, which were not sent; they count as failed. */
  readonly skipped: number;
  readonly inFlight: number;
  readonly errors: { readonly [kind in ErrorKind]?: ErrorCount };
  readonly statuses: Readonly<Record<string, number>>;
  /** Answers with a status of 400 or more that succeeded because nobody said what to expect. */
  readonly tolerated: number;
  /** Seconds since the run started. */
  readonly seconds: number;
  /**
   * When it started, in milliseconds since the Unix epoch; of a resumed run, as though nothing had
   * been between its parts.
   */
  readonly startedMs?: number;
  /** Requests a second, over the whole run. */
  readonly rate: number;
  /** Octets of bodies. */
  readonly bytes: number;
  readonly latency: Latency;
  /** A copy of the latencies of answers so far, in microseconds. */
  readonly histogram: Histogram;
  /**
   * By host, in the order in which they came; empty unless the run keeps details. At most 1,000,
   * the others together under `others`. Of a resumed run, of its last part only.
   */
  readonly hosts: readonly HostFigures[];
  /**
   * The slowest answers, slowest first, at most 20; empty unless the run keeps details. Of a
   * resumed run, of its last part only.
   */
  readonly slowest: readonly SlowRequest[];
  /**
   * Failures by their words, the most frequent first; missing unless the run keeps details. At most
   * 100, the others by kind. Of a resumed run, of its last part only.
   */
  readonly messages?: readonly ErrorMessage[];
  readonly concurrency: number;
  /** Milliseconds that a request was in flight on average, the failed ones too. */
  readonly meanBusyMs: number;
  /**
   * The rate as a share of the most that the concurrency allows, which is requests in flight
   * divided by the mean time in flight (Little's law). 0 to 1.
   */
  readonly utilization: number;
  readonly attempts: number;
  /** Attempts after which there was another, by what failed: an error's kind, or a status. */
  readonly retries: Readonly<Record<string, number>>;
  /** Requests that wait for their next attempt. */
  readonly retrying: number;
  /** Requests that wait for their host. */
  readonly held: number;
  /** Hosts that are not asked at present, since all requests there failed. */
  readonly paused: number;
  /** Requests a second that were asked for; undefined without a schedule. */
  readonly targetRate: number | undefined;
  /** Starts that came later than the schedule had them, for want of a free place. */
  readonly late: { readonly count: number; readonly meanMs: number; readonly maxMs: number };
  /** How late starts were by the program's own doing; undefined without a schedule. */
  readonly ownLate: OwnLate | undefined;
  /** A copy of the same in full, in microseconds. */
  readonly ownLateHistogram: Histogram | undefined;
  /** The process's resident memory now, in bytes. */
  readonly rssBytes: number;
  /** The most it ever was, in kilobytes. */
  readonly peakRssKb: number;
  /** Seconds of processor time, user and system, since the process started. */
  readonly cpuSeconds: number;
  /**
   * The share of the time, 0 to 1, that this process's event loop was busy lately: at 1 it is the
   * bottleneck, and latencies are its own queueing. 0 unless the run keeps details.
   */
  readonly loopBusy: number;
  readonly engine: string;
  /** What this machine ran out of, in words, and how often; requests waited for it. */
  readonly shortages: Readonly<Record<string, number>>;
  readonly interrupted: boolean;
  /** The threshold that ended the run before its time; undefined if none did. */
  readonly aborted: string | undefined;
  /** In the order in which they were given. */
  readonly thresholds: readonly Verdict[];
  /** Whether an earlier run was gone on with, whose requests are counted too. */
  readonly resumed: boolean;
}

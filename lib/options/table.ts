/**
 * The flags of `myriad run`, as the contract has them. A new flag is a row here, a member of
 * `RunOptions` if it has an `option`, and the code that uses it.
 *
 * @module
 */
import { BELOW_400 } from "../check/status_set.ts";
import { listEndings } from "../cli/file_endings.ts";
import type { FlagValues } from "../cli/flag_values.ts";
import type { Flag } from "../cli/flags.ts";
import { choice, count, DURATION, SIZE } from "../cli/kinds.ts";
import { type Capability, ENGINE_NAMES, findLacking } from "../engine/engines.ts";
import { TRANSPORTS } from "../engine/options.ts";
import { OUTPUT_FORMAT_NAMES, OUTPUT_FORMATS } from "../output/formats.ts";
import { FIELDS } from "../output/record.ts";
import { INPUT_FORMAT_NAMES } from "../source/formats.ts";
import {
  CAPTURE,
  CAUSES,
  DURATION_OR_NEVER,
  FIELD_PATTERN,
  LATENCY,
  LISTEN_ADDRESS,
  PATTERN,
  RATE,
  RUN_NAME,
  SHARD,
  STATUSES,
  THREADS,
  THRESHOLD,
} from "./kinds.ts";
import { BUS_FLAGS } from "./bus_flags.ts";
import { identifyBody, identifyHeaders } from "./request_identity.ts";
import type { RunOptions } from "./run_options.ts";

/** How a flag is part of what makes a run this one. Only the same run can be resumed. */
export interface FlagIdentity {
  /**
   * What has to stay the same, as JSON has it; bytes stand for their hash. Undefined, or null, where
   * the flag is not given.
   */
  readonly of: (options: RunOptions) => unknown;
  /** Whether the journal keeps only a salted hash of it. @default {false} */
  readonly isSecret?: boolean;
  /** Whether `--retry-failed` can change it: the records tell whether they meet the new one. */
  readonly isJudgedAgain?: boolean;
}

/** A flag of `myriad run`. */
export interface RunFlag extends Flag {
  /** The member of the options that is the flag's value as it is read. */
  readonly option?: keyof RunOptions;
  readonly identity?: FlagIdentity;
  /** What the engine has to be able to do. */
  readonly needs?: Capability;
}

/** What stands for a switch that is given, in a run's identity. */
export const GIVEN = "given";

/** As wrk takes it for `-d`. */
const WRK_DURATION = /^\d+(?:\.\d+)?(?:ms|s|m|h)$/;

/** Words for a help text: `a, b or c`. */
function listWords(words: readonly string[]): string {
  return `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
}

/** The heading of the flags that only the submitter of a run takes. */
export const CLUSTER_SECTION = "Several machines";

function listRequired({ requires = [] }: Flag): readonly (string | readonly string[])[] {
  return requires;
}

/** The rows, by their heading in the help. */
const SECTIONS = {
  "Source: which requests": [
    {
      name: "requests",
      short: "n",
      value: "N",
      kind: count({ min: 1 }),
      defaultWords: "all of the input; with neither input nor duration: 1",
      help: "number of requests",
      identity: { of: ({ requests }) => requests === Infinity ? null : requests },
    },
    {
      name: "start",
      value: "K",
      kind: count(),
      default: "0",
      option: "start",
      help: "first number",
      identity: { of: ({ start }) => start },
    },
    {
      name: "duration",
      short: "z",
      value: "D",
      kind: DURATION,
      option: "durationMs",
      help: "start no request after D",
    },
    {
      name: "input",
      short: "i",
      value: "FILE",
      path: { access: "read", stdio: true },
      help: "one request a line, read lazily; - is stdin; gzip is decompressed on the way",
      identity: { of: ({ input }) => input?.path },
    },
    {
      name: "input-format",
      value: "FORMAT",
      kind: choice(...INPUT_FORMAT_NAMES),
      defaultWords: "by the file's ending",
      requires: ["input"],
      help: listWords(INPUT_FORMAT_NAMES),
      identity: { of: ({ input }) => input?.format },
    },
    {
      name: "loop",
      option: "loop",
      // Without one of the two, the run would never end.
      requires: ["input", ["requests", "duration"]],
      requiresFile: "input",
      help: "start the input again at its end, until -n or -z",
      identity: { of: ({ loop }) => loop ? "on" : null },
    },
    {
      name: "shard",
      value: "I/N",
      kind: SHARD,
      default: "0/1",
      option: "shard",
      help: "only requests whose number is I modulo N",
      identity: { of: ({ shard: { index, count } }) => `${index}/${count}` },
    },
  ],
  "Load: how fast": [
    {
      name: "concurrency",
      short: "c",
      value: "C",
      kind: count({ min: 1, max: 1_000_000 }),
      default: "100",
      option: "concurrency",
      help: "maximum number of requests in flight",
    },
    {
      name: "threads",
      value: "N|auto",
      kind: THREADS,
      default: "1",
      option: "threads",
      help: "event loops that make the requests, each on a core of its own; " +
        "auto: one fewer than there are cores, but at least 1",
    },
    {
      name: "rate",
      short: "q",
      value: "R",
      kind: RATE,
      option: "rate",
      help:
        "start R requests a second, on a schedule that does not wait for responses: 500/s, 30/m",
    },
    {
      name: "ramp-up",
      value: "D",
      kind: DURATION,
      option: "rampUpMs",
      help: "rise to the rate, or without one to the concurrency, over D",
    },
    {
      name: "host-concurrency",
      value: "C",
      kind: count({ min: 1, max: 1_000_000 }),
      option: "hostConcurrency",
      help: "maximum number of requests in flight for each host",
    },
    {
      name: "host-delay",
      value: "D",
      kind: DURATION,
      option: "hostDelayMs",
      help: "minimum time between two starts for each host",
    },
    {
      name: "host-give-up",
      value: "D|never",
      kind: DURATION_OR_NEVER,
      default: "1m",
      off: "never",
      option: "hostGiveUpMs",
      help: "fail the rest of a host's requests, without sending them, " +
        "once it has failed for D while others succeed",
    },
    {
      name: "no-pause",
      excludes: ["give-up-after", "host-give-up"],
      help: "go on at full speed even if everything fails, or a server asks to wait by Retry-After",
    },
    {
      name: "give-up-after",
      value: "D",
      kind: DURATION,
      defaultWords: "never; 1m before the first success",
      option: "giveUpAfterMs",
      help: "end a run that pauses after D without any success",
    },
  ],
  "Request": [
    {
      name: "method",
      short: "m",
      value: "METHOD",
      defaultWords: "GET, or POST with --data",
      help: "the method of each request",
      mistaken: { value: /^[\d.]+[a-z]*$/, is: "the method", instead: "'-t 10s' for a time limit" },
      identity: { of: ({ method }) => method },
    },
    {
      name: "header",
      short: "H",
      value: "'NAME: VALUE'",
      repeatable: true,
      fromFile: true,
      secret: "field",
      help: "a header field, its value a template; @FILE: a file of them, one a line; @-: stdin",
      identity: { of: identifyHeaders, isSecret: true },
    },
    {
      name: "data",
      short: "d",
      value: "DATA|@FILE",
      fromFile: true,
      // A body can hold a password.
      secret: "value",
      help: "the body, a template unless it is in a file; @- is stdin",
      mistaken: { value: WRK_DURATION, is: "the body", instead: "'-z 30s' for a duration" },
      identity: { of: identifyBody, isSecret: true },
    },
    {
      name: "content-type",
      short: "T",
      value: "TYPE",
      defaultWords:
        "application/json for an object or array of JSON, else application/x-www-form-urlencoded",
      help: "the type of the body",
      mistaken: {
        value: /^[^/]*$|^\.{0,2}\/|^@/,
        is: "the type of the body",
        instead: "'-d @FILE' for a body from a file",
      },
    },
    {
      name: "user",
      short: "u",
      value: "NAME[:PASSWORD]",
      fromFile: true,
      secret: "value",
      help: "Basic credentials; NAME alone asks for the password; " +
        "@FILE, @-: from a file or stdin",
    },
    {
      name: "cookie",
      short: "b",
      value: "'A=B'",
      repeatable: true,
      fromFile: true,
      secret: "value",
      help: "cookies to send, a template; @FILE, @-: from a file or stdin",
      mistaken: {
        value: /^[^@={][^={]*$/,
        is: "the text of cookies",
        instead: "'--cookie-jar=FILE' for a file of them",
      },
    },
    {
      name: "cookie-jar",
      optionalValue: "FILE",
      path: { access: "write", endings: { formats: ["txt"] } },
      help: "keep the cookies that servers set, for the run; FILE: load and save them there, " +
        "in Netscape's format, like curl's -b and -c",
    },
    {
      name: "user-agent",
      value: "TEXT",
      defaultWords: "myriad/VERSION",
      help: "the User-Agent field, a template",
    },
    {
      name: "request-id",
      optionalValue: "NAME",
      help: "send an id with each request, in the header field NAME (default X-Request-Id), " +
        "and record it; traceparent: in the W3C's form",
      identity: { of: ({ requestId }) => requestId },
    },
  ],
  "Connection": [
    {
      name: "engine",
      value: "ENGINE",
      kind: choice(...ENGINE_NAMES),
      default: ENGINE_NAMES[0],
      help: `${listWords(ENGINE_NAMES)}; auto takes http1 for http URLs, ` +
        "and for https URLs http2 if the server agrees",
    },
    {
      name: "transport",
      value: "MODE",
      kind: choice(...TRANSPORTS),
      default: TRANSPORTS[0],
      off: TRANSPORTS[0],
      needs: "transports",
      help: "sockets of the runtime (portable), or of libc and OpenSSL (native), which cost less " +
        "and need --allow-ffi; auto takes native if it can",
    },
    {
      name: "http2",
      excludes: ["http1.1"],
      needs: "HTTP/2 only",
      help: "speak HTTP/2 only, with http URLs from the first byte: prior knowledge",
    },
    {
      name: "http1.1",
      excludes: ["connections", "streams"],
      needs: "HTTP/1.1 only",
      help: "speak HTTP/1.1 only, also with https URLs",
    },
    {
      name: "connections",
      value: "N",
      kind: count({ min: 1, max: 1_000_000 }),
      defaultWords: "enough for -c",
      option: "connections",
      needs: "streams",
      help: "maximum number of connections to an origin with HTTP/2, which share its requests",
    },
    {
      name: "streams",
      value: "N",
      kind: count({ min: 1, max: 1_000_000 }),
      defaultWords: "as many as the server allows",
      option: "streams",
      needs: "streams",
      help: "maximum number of requests in flight on a connection with HTTP/2",
    },
    {
      name: "timeout",
      short: "t",
      value: "D",
      kind: DURATION,
      default: "30s",
      option: "timeoutMs",
      help: "time limit for a whole attempt",
    },
    {
      name: "connect-timeout",
      value: "D",
      kind: DURATION,
      option: "connectTimeoutMs",
      needs: "connect deadline",
      help: "time limit for making a connection: look-up, all addresses, TLS",
    },
    {
      name: "idle-timeout",
      value: "D",
      kind: DURATION,
      option: "idleTimeoutMs",
      needs: "idle deadline",
      help: "time limit between two reads of a response that has begun",
    },
    {
      name: "redirects",
      value: "N",
      kind: count({ max: 1_000 }),
      default: "10",
      option: "redirects",
      help: "follow at most N; 0: report the 3xx itself",
    },
    {
      name: "max-body",
      value: "SIZE",
      kind: SIZE,
      default: "64M",
      option: "maxBodyBytes",
      help: "a longer body is an error",
    },
    {
      name: "insecure",
      short: "k",
      needs: "any certificate",
      help: "accept any certificate of a server",
    },
    {
      name: "cacert",
      value: "FILE",
      path: { access: "read" },
      help: "certificate authorities to trust, in PEM",
    },
    {
      name: "cert",
      value: "FILE",
      path: { access: "read" },
      help: "a client certificate, in PEM",
    },
    {
      name: "key",
      value: "FILE",
      path: { access: "read" },
      defaultWords: "in the file of --cert",
      requires: ["cert"],
      help: "the key of the client certificate, in PEM",
    },
    // The words of native fetch do not tell a proxy that is down from a host that is, it sends no
    // credentials to an https proxy for `http:` URLs, and lets a socks5 proxy look names up (Deno 2.9).
    {
      name: "proxy",
      short: "x",
      value: "URL",
      fromFile: true,
      secret: "userinfo",
      excludes: ["unix-socket"],
      needs: "proxies",
      help: "http, https, socks5 or socks5h (which looks names up), with credentials; " +
        "@FILE, @-: from a file or stdin",
    },
    {
      name: "unix-socket",
      value: "PATH",
      needs: "Unix sockets",
      help: "connect to this socket, whatever the URL's host",
    },
  ],
  [CLUSTER_SECTION]: [
    {
      name: "cluster",
      value: "URL",
      fromFile: true,
      secret: "userinfo",
      help: "submit the run to the NATS server at URL, for 'myriad work URL' on any machine, " +
        "and collect the results: nats://HOST[:PORT]; @FILE, @-: from a file or stdin",
    },
    ...BUS_FLAGS.map((row) => ({ ...row, requires: ["cluster", ...listRequired(row)] })),
    {
      name: "cluster-run",
      value: "NAME",
      kind: RUN_NAME,
      option: "runName",
      requires: ["cluster"],
      defaultWords: "8 letters and digits by chance",
      help: "the name of the run on the NATS server",
    },
    {
      name: "cluster-replicas",
      value: "N",
      kind: count({ min: 1, max: 5 }),
      default: "1",
      option: "replicas",
      requires: ["cluster"],
      help: "how many servers of a NATS cluster keep a copy of the run",
    },
    {
      name: "cluster-plain",
      requires: ["cluster"],
      excludes: ["cluster-key"],
      help: "submit a run with secrets in clear: the server keeps them on its disk",
    },
    {
      name: "slice",
      value: "N",
      kind: count({ min: 1, max: 100_000 }),
      option: "slice",
      requires: ["cluster"],
      defaultWords: "a thousandth of the run, 1k to 20k",
      help: "requests that a worker takes at once: what is repeated if it dies",
    },
    {
      name: "lost-after",
      value: "D",
      kind: DURATION,
      default: "30s",
      option: "lostAfterMs",
      requires: ["cluster"],
      help: "how long a worker may be silent before others redo its slices",
    },
    {
      name: "cluster-hold",
      value: "SIZE",
      kind: SIZE,
      default: "1G",
      option: "holdBytes",
      requires: ["cluster"],
      help: "maximum size of what the server keeps of the run",
    },
  ],
  "Retry": [
    {
      name: "retries",
      value: "N",
      kind: count({ max: 1_000 }),
      default: "0",
      off: "0",
      help: "maximum number of attempts after the first",
    },
    {
      name: "retry-on",
      value: "LIST",
      kind: CAUSES,
      default: "network,timeout,429,502,503,504",
      help: "errors and statuses to retry after; " +
        "a response that still has such a status in the end has failed",
    },
    {
      name: "retry-delay",
      value: "D",
      kind: DURATION,
      default: "1s",
      requires: ["retries"],
      help: "the longest first wait; doubles each time, with full jitter",
    },
    {
      name: "retry-max-delay",
      value: "D",
      kind: DURATION,
      default: "1m",
      requires: ["retries"],
      help: "the longest wait",
    },
    {
      name: "retry-unsafe",
      requires: [["retries", "cluster"]],
      help: "also retry requests that are not idempotent, like POST; " +
        "with --cluster also repeat those of a worker that dies",
    },
  ],
  "Expectations": [
    {
      name: "fail",
      short: "f",
      excludes: ["expect-status"],
      help: "fail responses with a status of 400 or more, like curl's -f",
      identity: {
        of: ({ expect }) => expect.statuses === BELOW_400 ? GIVEN : null,
        isJudgedAgain: true,
      },
    },
    {
      name: "expect-status",
      value: "LIST",
      kind: STATUSES,
      repeatable: true,
      help: "fail responses whose status is not in LIST: 200,204,3xx",
      identity: {
        of: ({ expect: { statuses } }) => statuses === BELOW_400 ? null : statuses?.text,
        isJudgedAgain: true,
      },
    },
    {
      name: "expect-header",
      value: "FIELD",
      kind: FIELD_PATTERN,
      repeatable: true,
      secret: "field",
      help: "fail responses without a field that matches 'NAME: REGEX'",
      identity: {
        of: ({ expect: { headers } }) =>
          headers?.map(({ name, pattern: { source } }) => [name, source]),
        isSecret: true,
      },
    },
    {
      name: "expect-body",
      value: "REGEX",
      kind: PATTERN,
      repeatable: true,
      help: "fail responses whose body does not match",
      identity: {
        of: ({ expect: { bodies } }) => bodies?.map(({ source }) => source),
        isSecret: true,
      },
    },
    {
      name: "expect-latency",
      value: "D",
      kind: LATENCY,
      repeatable: true,
      help: "fail responses slower than D",
      identity: { of: ({ expect: { latencyMs } }) => latencyMs },
    },
    {
      name: "threshold",
      value: "EXPR",
      kind: THRESHOLD,
      repeatable: true,
      option: "thresholds",
      help: "exit with 1 unless the summary keeps to it, like p99<500ms, failed<1% or rate>1000",
    },
    {
      name: "abort-on-threshold",
      option: "abortOnThreshold",
      requires: ["threshold"],
      help: "end the run as soon as a threshold can no longer hold",
    },
  ],
  "Output": [
    {
      name: "output",
      short: "o",
      value: "FILE",
      path: {
        access: "write",
        stdio: true,
        endings: { formats: [...listEndings(OUTPUT_FORMATS), "txt"], gzip: true },
        formatFlag: "format",
        reserved: ".myriad",
      },
      help: "a record for each request; - is stdout; .gz compresses",
    },
    {
      name: "format",
      value: "FORMAT",
      kind: choice(...OUTPUT_FORMAT_NAMES),
      defaultWords: "by the file's ending",
      requires: ["output"],
      help: listWords(OUTPUT_FORMAT_NAMES),
      identity: { of: ({ output }) => output?.format },
    },
    {
      name: "fields",
      value: "LIST",
      requires: ["output"],
      help: `which fields, in which order, of ${Object.keys(FIELDS).join(", ")}`,
      identity: { of: ({ output }) => output?.fields?.join(",") },
    },
    {
      name: "capture",
      value: "NAME=FROM",
      kind: CAPTURE,
      repeatable: true,
      requires: ["output"],
      help: "add a record field taken from the response: header:ETag, regex:id=(\\d+) or " +
        "json:/user/id",
      identity: {
        of: ({ captures }) => captures.length === 0 ? undefined : captures.map(({ text }) => text),
        isSecret: true,
      },
    },
    {
      name: "save-bodies",
      value: "DIR",
      path: { access: "write", endings: { formats: [] } },
      option: "saveBodies",
      help: "save each body in a file of its own, by number: DIR/0/17.html",
      // A run without bodies leaves gaps that a later one could not fill.
      identity: { of: ({ saveBodies }) => saveBodies },
    },
    {
      name: "resume",
      optionalValue: "force",
      kind: choice("force"),
      requires: ["output"],
      requiresFile: "output",
      excludes: ["overwrite"],
      help: "continue the run with the same -o where it stopped; " +
        "force: even if the input has changed",
    },
    {
      name: "retry-failed",
      option: "retryFailed",
      requires: ["output"],
      requiresFile: "output",
      excludes: ["overwrite"],
      help: "request again what failed in the run with the same -o, " +
        "also what fails by a new --fail or --expect-status",
    },
    {
      name: "overwrite",
      option: "overwrite",
      // Bodies can be there without records.
      requires: [["output", "save-bodies"]],
      requiresFile: "output",
      help: "start over, even if the output exists",
    },
    {
      name: "failures",
      value: "FILE",
      path: {
        access: "write",
        stdio: true,
        endings: { formats: ["jsonl", "ndjson", "json", "txt"] },
      },
      option: "failures",
      help: "the requests that failed, as JSONL for --input",
      identity: { of: ({ failures }) => failures },
    },
    {
      name: "summary",
      value: "FILE",
      path: { access: "write", stdio: true, endings: { formats: ["json", "txt"] } },
      option: "summary",
      help: "the summary as JSON",
    },
    {
      name: "hdr",
      value: "FILE",
      path: { access: "write", stdio: true, endings: { formats: ["txt"] } },
      option: "hdr",
      help: "latency by percentile, in HdrHistogram's text form; - is stdout",
    },
    {
      name: "metrics",
      value: "PLACE",
      kind: LISTEN_ADDRESS,
      option: "metrics",
      help: "numbers for Prometheus, while the run lasts, at http://PLACE/metrics: " +
        "HOST:PORT or PORT (127.0.0.1); 0 picks a port",
    },
    {
      name: "json",
      path: { access: "write", fixed: "-" },
      option: "json",
      help: "the summary as JSON on stdout, instead of the table",
    },
    {
      name: "report",
      value: "FILE",
      path: { access: "write", endings: { formats: ["html", "htm"] } },
      help: "an HTML page with plots of the run, for a browser",
    },
    {
      name: "progress",
      value: "MODE",
      kind: choice("auto", "live", "bar", "log", "none"),
      default: "auto",
      off: "none",
      help: "auto, live, bar, log or none, on stderr; auto: on a terminal a bar, from 80 x 24 on " +
        "live if the run looks longer than 10 s; else a line every 10 s",
    },
    {
      name: "silent",
      short: "s",
      option: "silent",
      excludes: ["progress"],
      help: "print only errors, and one line that says why the exit code is 1",
    },
    {
      name: "config",
      value: "FILE",
      path: { access: "read", stdio: true },
      commandLineOnly: true,
      help: "flags from a JSON object by their long names, and url; the command line wins",
    },
    { name: "help", short: "h", commandLineOnly: true, help: "print this help" },
    { name: "version", short: "V", commandLineOnly: true, help: "print the version" },
  ],
} as const satisfies Record<string, readonly RunFlag[]>;

/** A row of the table. */
export type RunRow = (typeof SECTIONS)[keyof typeof SECTIONS][number];

/** The rows of the table, in the order of the help. */
export const RUN_FLAGS: readonly RunRow[] = Object.entries(SECTIONS)
  .flatMap(([section, rows]) =>
    rows.map((row) => {
      const { needs }: RunFlag = row;
      return { ...row, section, lackedBy: needs && findLacking(needs) };
    })
  );

/** What the command line of a run gives, each value typed by its row. */
export type RunValues = FlagValues<RunRow>;

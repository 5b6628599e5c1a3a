import type { Flag } from "../cli/flags.ts";
import { ENGINE_NAMES } from "../engine/engines.ts";
import { OUTPUT_FORMAT_NAMES } from "../output/formats.ts";
import { FIELDS } from "../output/record.ts";
import { INPUT_FORMAT_NAMES } from "../source/formats.ts";

/** As wrk takes it for `-d`. */
const DURATION = /^\d+(?:\.\d+)?(?:ms|s|m|h)$/;

/** The flags of `myriad run`, as the contract has them. */
export const FLAGS: readonly Flag[] = [
  ...section("Source: which requests", [
    {
      name: "requests",
      short: "n",
      value: "N",
      help: "how many (default: all of the input; with neither\ninput nor duration: 1)",
    },
    { name: "start", value: "K", help: "first number (default 0)" },
    { name: "duration", short: "z", value: "D", help: "start no request after D" },
    {
      name: "input",
      short: "i",
      value: "FILE",
      help: "one request a line, read lazily; - is stdin; gzip is\ndecompressed on the way",
    },
    {
      name: "input-format",
      value: "FORMAT",
      help: `${choice(INPUT_FORMAT_NAMES)} (default: by the file's ending)`,
    },
    {
      name: "loop",
      help: "begin the input anew when it ends, until -n or -z",
    },
    { name: "shard", value: "I/N", help: "only requests whose number is I modulo N" },
  ]),
  ...section("Load: how fast", [
    { name: "concurrency", short: "c", value: "C", help: "most requests in flight (default 100)" },
    {
      name: "rate",
      short: "q",
      value: "R",
      help: "start R requests a second, on a schedule that does not\nwait for answers: 500/s, 30/m",
    },
    {
      name: "ramp-up",
      value: "D",
      help: "rise to the rate, or without one to the concurrency,\nover D",
    },
    { name: "host-concurrency", value: "C", help: "most in flight for each host" },
    { name: "host-delay", value: "D", help: "least time between two starts for each host" },
    {
      name: "host-give-up",
      value: "D|never",
      help:
        "fail the rest of a host's requests, without sending them,\nonce it has failed for D while others succeed (default\n1m)",
    },
    {
      name: "no-pause",
      help: "go on at full speed though everything fails, or a\nRetry-After asks for patience",
    },
    {
      name: "give-up-after",
      value: "D",
      help:
        "end a run that pauses after D without any success\n(default: never; 1m before the first)",
    },
  ]),
  ...section("Request", [
    {
      name: "method",
      short: "m",
      value: "METHOD",
      help: "default GET, or POST with --data",
      mistaken: { value: /^[\d.]+[a-z]*$/, is: "the method", instead: "'-t 10s' for a time limit" },
    },
    {
      name: "header",
      short: "H",
      value: "'NAME: VALUE'",
      repeatable: true,
      help:
        "a header field, its value a template (repeatable);\n@FILE: a file of them, one a line; @-: stdin",
    },
    {
      name: "data",
      short: "d",
      value: "DATA|@FILE",
      help: "the body, a template unless it is in a file; @- is stdin",
      mistaken: { value: DURATION, is: "the body", instead: "'-z 30s' for a duration" },
    },
    {
      name: "content-type",
      short: "T",
      value: "TYPE",
      help:
        "of the body (default: application/json for an object or\narray of JSON, else application/x-www-form-urlencoded)",
      mistaken: {
        value: /^[^/]*$|^\.{0,2}\/|^@/,
        is: "the type of the body",
        instead: "'-d @FILE' for a body out of a file",
      },
    },
    {
      name: "user",
      short: "u",
      value: "NAME:PASSWORD",
      help: "Basic credentials; @FILE, @-: out of a file or stdin",
    },
    {
      name: "cookie",
      short: "b",
      value: "'A=B'",
      repeatable: true,
      help: "cookies to send, a template (repeatable); @FILE, @-: out\nof a file or stdin",
      mistaken: {
        value: /^[^@={][^={]*$/,
        is: "the text of cookies",
        instead: "'--cookie-jar=FILE' for a file of them",
      },
    },
    {
      name: "cookie-jar",
      optionalValue: "FILE",
      help:
        "keep what servers set, for the run; FILE: and beyond it,\nin Netscape's format, as curl's -b and -c",
    },
    { name: "user-agent", value: "TEXT", help: "default myriad/VERSION" },
    {
      name: "request-id",
      optionalValue: "NAME",
      help:
        "an id of its own for each request, in a header field\n(default X-Request-Id) and in its record; traceparent:\nin the W3C's form",
    },
  ]),
  ...section("Connection", [
    {
      name: "engine",
      value: "ENGINE",
      help: `${choice(ENGINE_NAMES)} (default auto: http1 for http URLs,\nfetch for https)`,
    },
    { name: "timeout", short: "t", value: "D", help: "for a whole attempt (default 30s)" },
    {
      name: "connect-timeout",
      value: "D",
      help: "for a connection to be made: look-up, all addresses,\nTLS (http1)",
    },
    {
      name: "idle-timeout",
      value: "D",
      help: "between two reads of an answer that has begun (http1)",
    },
    {
      name: "redirects",
      value: "N",
      help: "follow at most N (default 10; 0: report the 3xx itself)",
    },
    { name: "max-body", value: "SIZE", help: "a longer body is an error (default 64M)" },
    { name: "insecure", short: "k", help: "take any certificate of a server (http1)" },
    { name: "cacert", value: "FILE", help: "authorities to trust, in PEM" },
    { name: "cert", value: "FILE", help: "a client certificate, in PEM" },
    { name: "key", value: "FILE", help: "its key, in PEM (default: in the file of --cert)" },
    {
      name: "proxy",
      short: "x",
      value: "URL",
      help:
        "http, https, socks5 or socks5h (which looks names up),\nwith credentials; @FILE, @-: out of a file or stdin",
    },
    { name: "unix-socket", value: "PATH", help: "connect there, whatever the URL's host (http1)" },
  ]),
  ...section("Retry", [
    { name: "retries", value: "N", help: "most attempts beyond the first (default 0)" },
    {
      name: "retry-on",
      value: "LIST",
      help:
        "after which errors and statuses (default\nnetwork,timeout,429,502,503,504); an answer that has\nsuch a status in the end has failed",
    },
    {
      name: "retry-delay",
      value: "D",
      help: "the longest first wait (default 1s); doubles each time,\nwith full jitter",
    },
    { name: "retry-max-delay", value: "D", help: "the longest wait (default 1m)" },
    {
      name: "retry-unsafe",
      help: "also requests that are not idempotent, like POST",
    },
  ]),
  ...section("Expectations", [
    {
      name: "fail",
      short: "f",
      help: "an answer with a status of 400 or more has failed, as\nwith curl's -f",
    },
    {
      name: "expect-status",
      value: "LIST",
      repeatable: true,
      help:
        "an answer has one of these statuses: 200,204,3xx\n(repeatable); else its request has failed",
    },
    {
      name: "expect-header",
      value: "FIELD",
      repeatable: true,
      help: "and a field that matches, as 'NAME: REGEX' (repeatable)",
    },
    {
      name: "expect-body",
      value: "REGEX",
      repeatable: true,
      help: "and a body that matches (repeatable)",
    },
    {
      name: "expect-latency",
      value: "D",
      repeatable: true,
      help: "and takes at most D",
    },
    {
      name: "threshold",
      value: "EXPR",
      repeatable: true,
      help:
        "what the summary has to keep to, like p99<500ms,\nfailed<1% or rate>1000 (repeatable); else exit code 1",
    },
    {
      name: "abort-on-threshold",
      help: "end the run as soon as a threshold is lost",
    },
  ]),
  ...section("Output", [
    {
      name: "output",
      short: "o",
      value: "FILE",
      help: "a record for each request; - is stdout; .gz compresses",
    },
    {
      name: "format",
      value: "FORMAT",
      help: `${choice(OUTPUT_FORMAT_NAMES)} (default: by the file's ending)`,
    },
    {
      name: "fields",
      value: "LIST",
      help: `which fields, in which order, of\n${wrapped(Object.keys(FIELDS))}`,
    },
    {
      name: "capture",
      value: "NAME=FROM",
      repeatable: true,
      help:
        "a field of the record out of the answer (repeatable):\nheader:ETag, regex:id=(\\d+) or json:/user/id",
    },
    {
      name: "save-bodies",
      value: "DIR",
      help: "each body in a file of its own, by number: DIR/0/17.html",
    },
    {
      name: "resume",
      switchValue: "force",
      help: "go on where a run with the same -o stopped; force:\nthough the input has changed",
    },
    {
      name: "retry-failed",
      help:
        "of a run with the same -o, request again what failed, by\na new --fail or --expect-status too",
    },
    { name: "overwrite", help: "begin anew, though the output is there" },
    { name: "failures", value: "FILE", help: "the requests that failed, as JSONL for --input" },
    { name: "summary", value: "FILE", help: "the summary as JSON" },
    {
      name: "hdr",
      value: "FILE",
      help: "latency by percentile, in HdrHistogram's text form; - is\nstdout",
    },
    {
      name: "metrics",
      value: "PLACE",
      help:
        "numbers for Prometheus, while the run lasts, at\nhttp://PLACE/metrics: HOST:PORT or PORT (127.0.0.1); 0\npicks a port",
    },
    { name: "json", help: "the summary as JSON on stdout, instead of the table" },
    {
      name: "report",
      value: "FILE",
      help: "a page of HTML with plots of the run, to be opened in a\nbrowser",
    },
    {
      name: "progress",
      value: "MODE",
      help:
        "auto, live, bar, log or none, on stderr (default auto:\non a terminal a bar, from 80 x 24 on live if the run\nlooks longer than 10 s; else a line every 10 s)",
    },
    {
      name: "silent",
      short: "s",
      help: "print nothing but errors, and in a line why the\nexit code is 1",
    },
    {
      name: "config",
      value: "FILE",
      help: "flags from a JSON object by their long names, and url;\nthe command line wins",
    },
    { name: "help", short: "h", help: "print this help" },
    { name: "version", short: "V", help: "print the version" },
  ]),
];

/** The values that a flag can have, for its help. */
function choice(names: readonly string[]): string {
  return `${names.slice(0, -1).join(", ")} or ${names.at(-1)}`;
}

function section(section: string, flags: Omit<Flag, "section">[]): Flag[] {
  return flags.map((flag) => ({ ...flag, section }));
}

function wrapped(names: string[]): string {
  return names.join(", ").replace(/(.{30,45},) /g, "$1\n");
}

/**
 * Where the results go, and what is shown.
 *
 * @module
 */
import { listEndings } from "../../cli/file_endings.ts";
import { choice, count, SIZE } from "../../cli/kinds.ts";
import { isDerivedFromOutput, OUTPUT_FORMAT_NAMES, OUTPUT_FORMATS } from "../../output/formats.ts";
import { FIELDS } from "../../output/record.ts";
import { INPUT_FORMATS } from "../../source/formats.ts";
import { MAX_SLOWEST } from "../../stats/slowest.ts";
import { ARCHIVE_ENDING, isDerivedFromArchive } from "../../warc/archive_ending.ts";
import { CAPTURE, LISTEN_ADDRESS } from "../kinds.ts";
import { SUMMARY_FORMATS } from "../summary_formats.ts";
import { GIVEN, listWords } from "./flag.ts";
import type { RunFlag } from "./flag.ts";

/** The rows, in the order of the help. */
export const OUTPUT_ROWS = [
  {
    name: "output",
    inLibrary: ["Records"],
    short: "o",
    value: "FILE",
    path: {
      access: "write",
      stdio: true,
      endings: {
        formats: [...listEndings(OUTPUT_FORMATS), "txt"],
        shown: OUTPUT_FORMAT_NAMES.length,
        elsewhere: { warc: "'--save-bodies FILE.warc.gz' writes a web archive" },
        gzip: true,
      },
      formatFlag: "format",
      derives: isDerivedFromOutput,
    },
    help: "a record for each request; - is stdout; .gz compresses",
  },
  {
    name: "format",
    inLibrary: ["Records"],
    value: "FORMAT",
    kind: choice(...OUTPUT_FORMAT_NAMES),
    defaultWords: "by the file's ending",
    requires: ["output"],
    help: listWords(OUTPUT_FORMAT_NAMES),
    identity: { of: ({ output }) => output?.format },
  },
  {
    name: "fields",
    inLibrary: ["Records"],
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
    notWithFlow: "the number of an iteration stands for several responses",
    value: "PLACE",
    path: {
      access: "write",
      endings: { formats: INPUT_FORMATS.warc.endings, gzip: true },
      derives: isDerivedFromArchive,
    },
    help: "save each body in a file of its own, by number: DIR/0/17.html; " +
      "FILE.warc.gz: each request and response as it was sent, in a web archive",
    needs: (path) => ARCHIVE_ENDING.test(path) ? "exchanges" : undefined,
    // A run without bodies leaves gaps that a later one could not fill.
    identity: { of: ({ saveBodies, archive }) => saveBodies ?? archive?.path },
  },
  {
    name: "warc-size",
    value: "SIZE",
    kind: SIZE,
    default: "1G",
    requires: ["save-bodies"],
    help: "go on in a new file once FILE.warc.gz has SIZE bytes: FILE-00001.warc.gz",
  },
  {
    name: "dedupe",
    requires: ["save-bodies"],
    help: "store a body that FILE.warc.gz has already as a revisit of the first one",
    identity: { of: ({ archive }) => archive?.dedupe ? GIVEN : null },
  },
  {
    name: "cdx",
    requires: ["save-bodies"],
    help: "write an index of FILE.warc.gz, by which it can be replayed: FILE.cdxj",
    identity: { of: ({ archive }) => archive?.cdx ? GIVEN : null },
  },
  {
    name: "raw",
    option: "raw",
    help: "leave compressed bodies as they came, for --save-bodies, --capture and --expect-body",
    // Records and saved bodies hold something else.
    identity: { of: ({ raw }) => raw ? GIVEN : null },
  },
  {
    name: "resume",
    inLibrary: ["Records"],
    optionalValue: "force",
    kind: choice("force"),
    requires: ["output"],
    requiresFile: "output",
    excludes: ["overwrite"],
    help: "continue the run with the same -o where it stopped; " +
      "force: even if the input has changed",
  },
  {
    name: "sync",
    option: "sync",
    value: "WHEN",
    kind: choice("always", "interval", "never"),
    default: "interval",
    requires: ["output"],
    requiresFile: "output",
    help: "what waits until it is on the disk: always, each block of results; interval, each " +
      "journal; never, nothing",
  },
  {
    name: "retry-failed",
    notWithFlow: "a request of a flow depends on those before it",
    option: "retryFailed",
    requires: ["output"],
    requiresFile: "output",
    excludes: ["overwrite"],
    help: "request again what failed in the run with the same -o, " +
      "also what fails by a new --fail, --expect-status or --expect-latency",
  },
  {
    name: "overwrite",
    inLibrary: ["Records"],
    option: "overwrite",
    // Bodies can be there without records.
    requires: [["output", "save-bodies"]],
    requiresFile: "output",
    help: "start over, even if the output exists",
  },
  {
    name: "failures",
    notWithFlow: "a request of a flow depends on those before it, and -o has all records",
    value: "FILE",
    path: {
      access: "write",
      stdio: true,
      endings: { formats: ["jsonl", "ndjson", "json", "txt"] },
    },
    option: "failures",
    help: "the requests that failed, as JSONL for --input",
    identity: { of: ({ failures }) => failures, inRetry: "failures" },
  },
  {
    name: "failures-with-secrets",
    option: "failuresWithSecrets",
    requires: ["failures"],
    requiresFile: "failures",
    help: "keep the credentials of each request in --failures, which only its owner can read",
    identity: {
      of: ({ failuresWithSecrets }) => failuresWithSecrets ? GIVEN : null,
      inRetry: "failures",
    },
  },
  {
    name: "summary",
    value: "FILE",
    repeatable: true,
    path: {
      access: "write",
      stdio: true,
      endings: {
        formats: listEndings(SUMMARY_FORMATS),
        shown: Object.keys(SUMMARY_FORMATS).length,
      },
    },
    help: "the summary as JSON, as Markdown in a FILE.md, or as JUnit's XML in a FILE.xml: " +
      "a case for each threshold and expectation",
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
    name: "otlp",
    value: "URL",
    fromFile: true,
    secret: "userinfo",
    isOfSubmitter: true,
    help: "send the same numbers to an OpenTelemetry receiver at URL, every 10 s and at the end, " +
      "by OTLP over HTTP: http://127.0.0.1:4318; @FILE, @-: from a file or stdin",
  },
  {
    name: "otlp-header",
    value: "'NAME: VALUE'",
    repeatable: true,
    fromFile: true,
    secret: "value",
    requires: ["otlp"],
    isOfSubmitter: true,
    help: "a header field for --otlp, such as Authorization; @FILE: a file of them, one a line; " +
      "@-: stdin",
  },
  {
    name: "json",
    path: { access: "write", fixed: "-" },
    option: "json",
    help: "the summary as JSON on stdout, instead of the table",
  },
  {
    name: "top",
    value: "N",
    kind: count({ min: 1, max: MAX_SLOWEST }),
    option: "top",
    help: "show the N slowest responses and the N busiest hosts, in the table and the summary",
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
    name: "verbose",
    short: "v",
    optionalValue: "all",
    kind: choice("all"),
    // -vv is the same as --verbose=all.
    repeatable: true,
    help: "show the first request and its response on stderr, heads and the beginning of bodies, " +
      "without secrets; -vv: all of them, for small runs",
  },
  {
    name: "dry-run",
    notWithFlow: "what a flow sends depends on the responses",
    option: "dryRun",
    isOfSubmitter: true,
    excludes: ["retry-failed"],
    help: "send nothing: print the first ten requests as they would be, and how many in all",
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
    isOfSubmitter: true,
    commandLineOnly: true,
    help: "flags from a JSON object by their long names, and url; the command line wins",
  },
  { name: "help", short: "h", commandLineOnly: true, help: "print this help" },
  {
    name: "version",
    short: "V",
    commandLineOnly: true,
    help: "print the version; with --json also those of Deno and V8, and the system",
  },
] as const satisfies readonly RunFlag[];

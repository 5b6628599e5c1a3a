/**
 * The command line of `myriad run`: the table of its flags, and what they come to.
 *
 * @module
 */
import {
  type Flag,
  type Given,
  parseCount,
  parseDuration,
  parseFlags,
  parseSize,
  UsageError,
} from "./flags.ts";
import { osMessage } from "./os_error.ts";
import { DEFAULT_FIELDS, type FieldName, FIELDS } from "./sink/record.ts";
import { basicCredentials, fieldProblem, methodProblem, normalizeMethod } from "./http.ts";
import type { EngineName, HeaderList, TlsOptions } from "./types.ts";

/** The flags of `myriad run`, as the contract has them. */
export const RUN_FLAGS: readonly Flag[] = [
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
      help: "lines, jsonl or csv (default: by the file's ending)",
    },
    { name: "shard", value: "I/N", help: "only requests whose number is I modulo N" },
  ]),
  ...section("Load: how fast", [
    { name: "concurrency", short: "c", value: "C", help: "most requests in flight (default 100)" },
    { name: "rate", short: "q", value: "R", help: "", notYet: true },
    { name: "ramp-up", value: "D", help: "", notYet: true },
    { name: "host-concurrency", value: "C", help: "", notYet: true },
    { name: "host-delay", value: "D", help: "", notYet: true },
  ]),
  ...section("Request", [
    { name: "method", short: "m", value: "METHOD", help: "default GET, or POST with --data" },
    {
      name: "header",
      short: "H",
      value: "'NAME: VALUE'",
      repeatable: true,
      help: "a header field (repeatable)",
    },
    { name: "data", short: "d", value: "DATA|@FILE", help: "the body; @- is stdin" },
    {
      name: "content-type",
      short: "T",
      value: "TYPE",
      help: "of the body (default, as curl's:\napplication/x-www-form-urlencoded)",
    },
    { name: "user", short: "u", value: "NAME:PASSWORD", help: "Basic credentials" },
    { name: "cookie", short: "b", value: "'A=B'", repeatable: true, help: "cookies to send" },
    { name: "cookie-jar", help: "", notYet: true },
    { name: "user-agent", value: "TEXT", help: "default myriad/VERSION" },
  ]),
  ...section("Connection", [
    {
      name: "engine",
      value: "ENGINE",
      help: "auto, fetch or http1 (default auto: http1 for http URLs,\nfetch for https)",
    },
    { name: "timeout", short: "t", value: "D", help: "for a whole attempt (default 30s)" },
    {
      name: "connect-timeout",
      value: "D",
      help: "for a connection to be made, TLS included (http1)",
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
    { name: "proxy", short: "x", value: "URL", help: "", notYet: true },
    { name: "unix-socket", value: "PATH", help: "", notYet: true },
  ]),
  ...section("Retry", [
    { name: "retries", value: "N", help: "", notYet: true },
    { name: "retry-on", value: "LIST", help: "", notYet: true },
    { name: "retry-delay", value: "D", help: "", notYet: true },
    { name: "retry-max-delay", value: "D", help: "", notYet: true },
  ]),
  ...section("Expectations", [
    { name: "expect-status", value: "LIST", help: "", notYet: true },
    { name: "expect-header", value: "'NAME: REGEX'", help: "", notYet: true },
    { name: "expect-body", value: "REGEX", help: "", notYet: true },
    { name: "threshold", value: "EXPR", help: "", notYet: true },
  ]),
  ...section("Output", [
    {
      name: "output",
      short: "o",
      value: "FILE",
      help: "a record for each request; - is stdout; .gz compresses",
    },
    { name: "format", value: "FORMAT", help: "ndjson or csv (default: by the file's ending)" },
    {
      name: "fields",
      value: "LIST",
      help: `which fields, in which order, of\n${wrapped(Object.keys(FIELDS))}`,
    },
    { name: "save-bodies", value: "DIR", help: "", notYet: true },
    {
      name: "resume",
      switchValue: "force",
      help: "go on where a run with the same -o stopped; force:\nthough the input has changed",
    },
    {
      name: "retry-failed",
      help: "of a run with the same -o, request again what failed",
    },
    { name: "overwrite", help: "begin anew, though the output is there" },
    { name: "failures", value: "FILE", help: "the requests that failed, as JSONL for --input" },
    { name: "summary", value: "FILE", help: "the summary as JSON" },
    { name: "json", help: "the summary as JSON on stdout, instead of the table" },
    {
      name: "progress",
      value: "MODE",
      help:
        "auto, bar, log or none, on stderr (default auto: a bar\non a terminal, else a line every 10 s)",
    },
    { name: "silent", short: "s", help: "print nothing but errors" },
    { name: "help", short: "h", help: "print this help" },
    { name: "version", short: "V", help: "print the version" },
  ]),
];

function section(section: string, flags: Omit<Flag, "section">[]): Flag[] {
  return flags.map((flag) => ({ ...flag, section }));
}

function wrapped(names: string[]): string {
  return names.join(", ").replace(/(.{30,45},) /g, "$1\n");
}

/** Where requests come from. */
export interface InputOptions {
  readonly path: string;
  readonly format: "lines" | "jsonl" | "csv";
}

/** How records are written. */
export interface OutputOptions {
  readonly path: string;
  readonly format: "ndjson" | "csv";
  readonly gzip: boolean;
  /** Undefined where the user asks for none: then records of failures have more. */
  readonly fields: readonly FieldName[] | undefined;
}

/** A run, checked: inside, these are right by type. */
export interface RunOptions {
  readonly url: string | undefined;
  readonly input: InputOptions | undefined;
  /** The first number, from 0. */
  readonly start: number;
  /** How many numbers from there on, from 1; Infinity without a bound. */
  readonly requests: number;
  readonly durationMs: number | undefined;
  readonly shard: { readonly index: number; readonly count: number };
  readonly engine: EngineName | "auto";
  readonly concurrency: number;
  readonly method: string;
  readonly headers: HeaderList;
  readonly body: Uint8Array<ArrayBuffer> | undefined;
  readonly timeoutMs: number;
  readonly connectTimeoutMs: number | undefined;
  readonly idleTimeoutMs: number | undefined;
  readonly tls: TlsOptions;
  readonly redirects: number;
  readonly maxBodyBytes: number;
  readonly output: OutputOptions | undefined;
  readonly resume: "no" | "yes" | "force";
  readonly retryFailed: boolean;
  readonly overwrite: boolean;
  readonly failures: string | undefined;
  readonly summary: string | undefined;
  readonly json: boolean;
  readonly progress: "auto" | "bar" | "log" | "none";
  readonly silent: boolean;
}

/**
 * Reads the command line of a run, and the file of `--data @FILE`.
 *
 * @throws {UsageError} If a flag is unknown, lacks its value, contradicts another, or has a value
 * that is none.
 */
export async function parseRun(
  argv: readonly string[],
  version: string,
): Promise<RunOptions | "help" | "version"> {
  const given = parseFlags(RUN_FLAGS, argv, "myriad");
  if (given.values.help) return "help";
  if (given.values.version) return "version";
  const text = (name: string): string | undefined => given.values[name] as string | undefined;
  const oneOf = <T extends string>(name: string, values: readonly T[], or: T): T => {
    const value = text(name) ?? or;
    if (!(values as readonly string[]).includes(value)) {
      throw new UsageError(`Cannot read '--${name} ${value}': give one of ${values.join(", ")}`);
    }
    return value as T;
  };
  const count = (name: string, or: number, range: { min?: number; max?: number }): number =>
    text(name) === undefined ? or : parseCount(text(name)!, `--${name}`, range);
  const duration = (name: string): number | undefined => {
    const ms = text(name) === undefined ? undefined : parseDuration(text(name)!, `--${name}`);
    if (ms !== undefined && ms < 1) {
      throw new UsageError(`Cannot use '--${name} ${text(name)}': give 1ms or more`);
    }
    return ms;
  };

  const url = urlOf(given);
  const input = inputOf(text("input"), text("input-format"), oneOf);
  if (url === undefined && input === undefined) {
    throw new UsageError(
      "No URL is given: give one, or a file of them by --input; see 'myriad --help'",
    );
  }
  const durationMs = duration("duration");
  const output = outputOf(given, oneOf);
  const silent = given.values.silent === true;
  const json = given.values.json === true;
  checkPlaces(given);
  if (silent && text("progress") !== undefined && text("progress") !== "none") {
    throw new UsageError("'--silent' and '--progress' contradict each other: give one of them");
  }
  const data = text("data");
  if (data === "@-" && input?.path === "-") {
    throw new UsageError("'--data @-' and '--input -' both want stdin: give one of them a file");
  }
  const headers = headersOf(given, version, data !== undefined);
  const method = methodOf(
    text("method") ?? (data === undefined ? "GET" : "POST"),
    data !== undefined,
  );
  return {
    url,
    input,
    start: count("start", 0, {}),
    requests: count("requests", input === undefined && durationMs === undefined ? 1 : Infinity, {
      min: 1,
    }),
    durationMs,
    shard: shardOf(text("shard")),
    engine: engineOf(oneOf("engine", ["auto", "fetch", "http1"], "auto"), given),
    concurrency: count("concurrency", 100, { min: 1, max: 1_000_000 }),
    method,
    headers,
    body: data === undefined ? undefined : await bodyOf(data),
    timeoutMs: duration("timeout") ?? 30_000,
    connectTimeoutMs: duration("connect-timeout"),
    idleTimeoutMs: duration("idle-timeout"),
    tls: await tlsOf(given),
    redirects: count("redirects", 10, { max: 1_000 }),
    maxBodyBytes: parseSize(text("max-body") ?? "64M", "--max-body"),
    output,
    resume: resumeOf(given),
    retryFailed: given.values["retry-failed"] === true,
    overwrite: given.values.overwrite === true,
    failures: text("failures"),
    summary: text("summary"),
    json,
    progress: silent ? "none" : oneOf("progress", ["auto", "bar", "log", "none"], "auto"),
    silent,
  };
}

type OneOf = <T extends string>(name: string, values: readonly T[], or: T) => T;

function urlOf({ positionals }: Given): string | undefined {
  if (positionals.length > 1) {
    throw new UsageError(
      `Cannot request more than one URL, and '${
        positionals[1]
      }' is another: give a file of them by --input`,
    );
  }
  return positionals[0];
}

function inputOf(
  path: string | undefined,
  format: string | undefined,
  oneOf: OneOf,
): InputOptions | undefined {
  if (path === undefined) {
    if (format !== undefined) {
      throw new UsageError("'--input-format' is given without '--input': give both");
    }
    return undefined;
  }
  const ending = /\.(csv|jsonl|ndjson)(?:\.gz)?$/i.exec(path)?.[1].toLowerCase();
  const byEnding = ending === undefined ? "lines" : ending === "csv" ? "csv" : "jsonl";
  return { path, format: oneOf("input-format", ["lines", "jsonl", "csv"], byEnding) };
}

function outputOf({ values }: Given, oneOf: OneOf): OutputOptions | undefined {
  const path = values.output as string | undefined;
  if (path === undefined) {
    for (const name of ["format", "fields"]) {
      if (values[name] !== undefined) {
        throw new UsageError(`'--${name}' is given without '--output': give both`);
      }
    }
    return undefined;
  }
  const gzip = /\.gz$/i.test(path);
  const format = oneOf("format", ["ndjson", "csv"], /\.csv(\.gz)?$/i.test(path) ? "csv" : "ndjson");
  const list = values.fields as string | undefined;
  const fields = list?.split(",").map((name) => {
    if (!Object.hasOwn(FIELDS, name)) {
      throw new UsageError(
        `Cannot give the field '${name}' of '--fields ${list}': give some of ${
          Object.keys(FIELDS).join(", ")
        }`,
      );
    }
    return name as FieldName;
  });
  if (fields !== undefined && new Set(fields).size < fields.length) {
    throw new UsageError(`'--fields ${list}' names a field twice: give each once`);
  }
  return { path, format, gzip, fields: fields ?? (format === "csv" ? DEFAULT_FIELDS : undefined) };
}

function resumeOf({ values }: Given): RunOptions["resume"] {
  const { resume, overwrite, output } = values;
  const retry = values["retry-failed"];
  for (const name of ["resume", "overwrite", "retry-failed"]) {
    if (values[name] === undefined) continue;
    if (output === undefined) {
      throw new UsageError(`'--${name}' is given without '--output': give both`);
    }
    if (output === "-") {
      throw new UsageError(`'--${name}' needs an output that is a file: give '--output FILE'`);
    }
  }
  for (const [name, value] of [["resume", resume], ["retry-failed", retry]] as const) {
    if (value !== undefined && overwrite === true) {
      throw new UsageError(`'--${name}' and '--overwrite' contradict each other: give one of them`);
    }
  }
  return resume === undefined ? "no" : resume === "force" ? "force" : "yes";
}

/** Nothing is written to where something else is, or where the input is read from. */
function checkPlaces(given: Given): void {
  const bare = (path: string): string => path.replace(/^(\.\/+)+/, "");
  const seen = new Map<string, string>();
  for (const name of ["input", "output", "failures", "summary", "json"]) {
    const value = given.values[name];
    if (value === undefined || (name === "input" && value === "-")) continue;
    const place = name === "json" ? "-" : bare(value as string);
    const other = seen.get(place);
    if (other !== undefined) {
      const what = place === "-" ? "standard output" : `the file '${place}'`;
      throw new UsageError(
        `'--${other}' and '--${name}' both want ${what}: give one of them another`,
      );
    }
    seen.set(place, name);
  }
  const output = given.values.output as string | undefined;
  if (output === undefined || output === "-") return;
  for (const [place, name] of seen) {
    // Its journal, and what that is replaced by, begin so.
    if (place.startsWith(`${bare(output)}.myriad`)) {
      throw new UsageError(
        `'--${name} ${place}' is where the journal of '--output' goes: give it another name`,
      );
    }
  }
}

function shardOf(text: string | undefined): { index: number; count: number } {
  if (text === undefined) return { index: 0, count: 1 };
  const match = /^(\d{1,9})\/(\d{1,9})$/.exec(text);
  const index = Number(match?.[1]);
  const count = Number(match?.[2]);
  if (!(index < count)) {
    throw new UsageError(
      `Cannot read '--shard ${text}': give I/N with I from 0 to N - 1, like 0/4`,
    );
  }
  return { index, count };
}

function headersOf({ values }: Given, version: string, hasBody: boolean): HeaderList {
  const headers: [string, string][] = [];
  const names = new Set<string>();
  const add = (name: string, value: string, flag: string): void => {
    const problem = fieldProblem(name, value);
    if (problem !== undefined) {
      throw new UsageError(`Cannot send '${flag}': ${problem}: give 'Name: value'`);
    }
    headers.push([name, value]);
    names.add(name.toLowerCase());
  };
  for (const header of values.header as string[] ?? []) {
    const colon = header.indexOf(":");
    if (colon < 0) {
      throw new UsageError(`Cannot read a '--header' without a colon: give 'Name: value'`);
    }
    const name = header.slice(0, colon);
    add(name, header.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, ""), `--header ${name}`);
  }
  const own = (flag: string, name: string, value: string | undefined): void => {
    if (value === undefined) return;
    if (names.has(name.toLowerCase())) {
      throw new UsageError(
        `'--${flag}' and '--header ${name}' contradict each other: give one of them`,
      );
    }
    add(name, value, `--${flag}`);
  };
  const user = values.user as string | undefined;
  own("content-type", "Content-Type", values["content-type"] as string | undefined);
  own("user", "Authorization", credentialsOf(user));
  own("cookie", "Cookie", (values.cookie as string[] | undefined)?.join("; "));
  own("user-agent", "User-Agent", values["user-agent"] as string | undefined);
  if (hasBody && !names.has("content-type")) {
    add("Content-Type", "application/x-www-form-urlencoded", "--data");
  }
  if (!names.has("user-agent")) add("User-Agent", `myriad/${version}`, "--user-agent");
  // Native fetch would ask for gzip and br by itself, and decode what nobody reads.
  if (!names.has("accept-encoding")) add("Accept-Encoding", "identity", "--header");
  return headers;
}

function credentialsOf(user: string | undefined): string | undefined {
  if (user === undefined) return undefined;
  const colon = user.indexOf(":");
  if (colon < 0) throw new UsageError("Cannot read '--user': give NAME:PASSWORD");
  return basicCredentials(user.slice(0, colon), user.slice(colon + 1));
}

function methodOf(given: string, hasBody: boolean): string {
  const method = normalizeMethod(given);
  const problem = methodProblem(method, hasBody);
  if (problem !== undefined) {
    throw new UsageError(`Cannot send '--method ${given}': ${problem}: give another, like POST`);
  }
  return method;
}

/** What native fetch cannot do. */
const ONLY_HTTP1 = ["insecure", "connect-timeout", "idle-timeout"];

function engineOf(engine: RunOptions["engine"], { values }: Given): RunOptions["engine"] {
  const flag = ONLY_HTTP1.find((name) => values[name] !== undefined);
  if (flag === undefined) return engine;
  if (engine === "fetch") {
    throw new UsageError(
      `Cannot use '--${flag}' with '--engine fetch': native fetch cannot do it: give '--engine http1'`,
    );
  }
  return "http1";
}

async function tlsOf({ values }: Given): Promise<TlsOptions> {
  const { cacert, cert, key } = values as Record<string, string | undefined>;
  if (key !== undefined && cert === undefined) {
    throw new UsageError("'--key' is given without '--cert': give both");
  }
  const pem = async (name: string, path: string | undefined): Promise<string | undefined> =>
    path === undefined
      ? undefined
      : new TextDecoder().decode(await readFile(path, `--${name} ${path}`));
  const options = {
    insecure: values.insecure === true,
    ca: await pem("cacert", cacert),
    cert: await pem("cert", cert),
    key: await pem("key", key ?? cert),
  };
  const check = (name: string, text: string | undefined, what: RegExp): void => {
    if (text === undefined || what.test(text)) return;
    throw new UsageError(`Cannot use '--${name}': there is none in the file: give one in PEM`);
  };
  const certificate = /^-----BEGIN (TRUSTED )?CERTIFICATE-----\r?$/m;
  check("cacert", options.ca, certificate);
  check("cert", options.cert, certificate);
  check("key", options.key, /^-----BEGIN ([A-Z]+ )?PRIVATE KEY-----\r?$/m);
  return options;
}

async function bodyOf(data: string): Promise<Uint8Array<ArrayBuffer>> {
  if (!data.startsWith("@")) return new TextEncoder().encode(data);
  if (data === "@-") return await new Response(Deno.stdin.readable).bytes();
  return await readFile(data.slice(1), `--data ${data}`);
}

async function readFile(path: string, flag: string): Promise<Uint8Array<ArrayBuffer>> {
  if (Deno.permissions.querySync({ name: "read", path }).state !== "granted") {
    throw new UsageError(`Cannot read '${flag}': no permission: run with --allow-read=${path}`);
  }
  try {
    return await Deno.readFile(path);
  } catch (error) {
    const why = error instanceof Deno.errors.NotFound ? "no such file" : osMessage(error);
    throw new UsageError(`Cannot read '${flag}': ${why}: name a file that can be read`);
  }
}

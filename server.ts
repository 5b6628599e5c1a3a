/**
 * The delay server: answers each request after a while. `deno run --allow-net server.ts`, and
 * `myriad serve`.
 *
 * @module
 */
import { checkEnding } from "./lib/endings.ts";
import {
  DURATION_UNITS,
  type Flag,
  formatFlags,
  parseCount,
  parseFlags,
  UsageError,
} from "./lib/flags.ts";
import { osMessage } from "./lib/os_error.ts";
import { withoutUserinfos } from "./lib/secrets.ts";

/** The flags of `myriad serve`, as the contract has them. */
export const SERVE_FLAGS: readonly Flag[] = [
  { name: "host", value: "HOST", help: "address to listen on (default 127.0.0.1)" },
  { name: "port", value: "PORT", help: "default 8080; 0 picks one and prints it" },
  {
    name: "delay",
    value: "D",
    help:
      "0-3s: a whole number of the unit, drawn evenly, both ends\nin it (the default); 50ms: always that; 0: none",
  },
  { name: "status", value: "CODES", help: "200 (the default), or by weight: 200:98,500:1,429:1" },
  { name: "body", value: "TEXT", help: "default Hello, World!" },
  {
    name: "access-log",
    value: "FILE",
    help:
      "a line of JSON for each answer: n (in order of arrival),\nat, method, path, status, delay_ms (drawn), ms (until\nanswered); an old file is emptied",
  },
  {
    name: "seed",
    value: "N",
    help: "0 to 4294967295: the same delays and statuses again, in\norder of arrival",
  },
  { name: "help", short: "h", help: "print this help" },
].map((flag) => ({ ...flag, section: "Options" }));

/** A delay drawn from `from` to `to`, both in it, times `unitMs` milliseconds. */
export interface Delay {
  readonly from: number;
  readonly to: number;
  readonly unitMs: number;
}

/**
 * Statuses, 200 to 599. Each is drawn for the numbers below its `below` and not below the one
 * before; the last one's is 1.
 */
export type Statuses = readonly { readonly status: number; readonly below: number }[];

/** Options for {@linkcode DelayServer.start}. */
export interface DelayServerOptions {
  /** @default {"127.0.0.1"} */
  readonly hostname?: string;
  /** 0 picks one. @default {0} */
  readonly port?: number;
  /** @default no delay */
  readonly delay?: Delay;
  /** @default always 200 */
  readonly statuses?: Statuses;
  /** @default {"Hello, World!"} */
  readonly body?: string;
  /** The access log's path, which is emptied. @default none */
  readonly accessLog?: string;
  /** A whole number from 0 to below 2^32. @default another one each time */
  readonly seed?: number;
}

/**
 * Numbers that look random, from 0 to below 1: the same for the same seed. The generator is
 * mulberry32 by Tommy Ettinger, public domain.
 */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** @returns milliseconds, for a number from 0 to below 1 */
export function drawDelay({ from, to, unitMs }: Delay, random: number): number {
  return (from + Math.floor(random * (to - from + 1))) * unitMs;
}

/** @returns a status, for a number from 0 to below 1 */
export function drawStatus(statuses: Statuses, random: number): number {
  let k = 0;
  while (random >= statuses[k].below) k++;
  return statuses[k].status;
}

/** Statuses whose answers have no body (RFC 9110 §15.3.5, §15.3.6, §15.4.5). */
const WITHOUT_BODY = new Set([204, 205, 304]);

/** What is still held at the end is answered with this, so that no answer is early and looks due. */
const GIVEN_UP = 503;

/** How long those last answers have to be sent. */
const LAST_MS = 1_000;

/** A request that waits for its answer. */
interface Hit {
  readonly isHead: boolean;
  readonly status: number;
  readonly delayMs: number;
  /** Undefined where there is no log to write it to. */
  readonly arrival: Arrival | undefined;
}

/** What the log tells of a request besides its answer. */
interface Arrival {
  readonly n: number;
  /** Milliseconds since the Unix epoch. */
  readonly at: number;
  /** The same moment by the clock that is never set. */
  readonly start: number;
  readonly method: string;
  readonly path: string;
}

/** Hits that are due in the same millisecond. */
interface Due {
  readonly timer: ReturnType<typeof setTimeout>;
  readonly held: { hit: Hit; resolve: (response: Response | Promise<Response>) => void }[];
}

type Handler = (request: Request) => Response | Promise<Response>;

/** A server that answers every path alike, after a delay that is never cut short. */
export class DelayServer {
  readonly #delay: Delay;
  readonly #statuses: Statuses;
  readonly #body: string;
  /**
   * What an answer to HEAD says of the body that it does not have. Over HTTP/1.1 Deno leaves a body
   * out; over HTTP/2 it sends one, which clients take for an error (RFC 9113 §8.1.1).
   */
  readonly #head: { readonly headers: Record<string, string> };
  readonly #log: AccessLog | undefined;
  readonly #random: () => number;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #broken = Promise.withResolvers<Error>();
  /**
   * What is held, by the millisecond in which it is due. One timer for each of those, not for
   * each request: that saves 5 to 8 us of 17 to 24 a request. As many as the clients hold open.
   */
  readonly #due = new Map<number, Due>();
  readonly #ended = Promise.withResolvers<void>();
  #arrivals = 0;
  #isGivenUp = false;
  #grace: ReturnType<typeof setTimeout> | undefined;
  #stopped: Promise<void> | undefined;

  /** @throws {UsageError} If it cannot listen there, or write the log. */
  static async start(options: DelayServerOptions = {}): Promise<DelayServer> {
    const { accessLog } = options;
    const log = accessLog === undefined ? undefined : await AccessLog.open(accessLog);
    try {
      return new DelayServer(options, log);
    } catch (error) {
      await log?.close();
      throw error;
    }
  }

  private constructor(options: DelayServerOptions, log: AccessLog | undefined) {
    this.#delay = options.delay ?? { from: 0, to: 0, unitMs: 1 };
    this.#statuses = options.statuses ?? [{ status: 200, below: 1 }];
    this.#body = options.body ?? "Hello, World!";
    this.#head = {
      headers: {
        "content-type": "text/plain;charset=UTF-8",
        "content-length": `${new TextEncoder().encode(this.#body).length}`,
      },
    };
    this.#log = log;
    this.#random = randomNumbers(options.seed ?? crypto.getRandomValues(new Uint32Array(1))[0]);
    this.#server = listen(options.hostname ?? "127.0.0.1", options.port ?? 0, this.#handler());
    this.#server.finished.catch((error: Error) => {
      const why = /os error 2[34]\b/.test(error.message)
        ? "too many open files: raise the limit with 'ulimit -n'"
        : `${reason(error)}: start it again`;
      this.#broken.resolve(new Error(`Cannot accept connections: ${why}`));
    });
    log?.broken.then(this.#broken.resolve);
  }

  /** What it listens on, with its real port, as in `http://127.0.0.1:8080/`. */
  get url(): string {
    const { hostname, port } = this.#server.addr;
    return `http://${placeOf(hostname, port)}/`;
  }

  /** Requests that wait for their delay to end. */
  get held(): number {
    let sum = 0;
    for (const { held } of this.#due.values()) sum += held.length;
    return sum;
  }

  /** Fulfils, with what to tell the user, when the server cannot go on. Never rejects. */
  get broken(): Promise<Error> {
    return this.#broken.promise;
  }

  /** The handler, with nothing in it that was not asked for. */
  #handler(): Handler {
    const delay = this.#delay;
    const statuses = this.#statuses;
    const random = this.#random;
    const log = this.#log;
    const isFixed = statuses.length === 1;
    const first = statuses[0].status;
    if (delay.to === 0 && isFixed && log === undefined) {
      const respond = (): Response => this.#respond(first, false);
      return (request) => {
        const { method } = request;
        if (method === "GET") return respond();
        return method === "HEAD" ? this.#respond(first, true) : drop(request).then(respond);
      };
    }
    return (request) => {
      const { method } = request;
      const isHead = method === "HEAD";
      const hit: Hit = {
        isHead,
        status: isFixed ? first : drawStatus(statuses, random()),
        delayMs: delay.to === 0 ? 0 : drawDelay(delay, random()),
        arrival: log === undefined ? undefined : arrivalOf(request, this.#arrivals++),
      };
      if (method === "GET" || isHead) return this.#hold(hit);
      return drop(request).then(() => this.#hold(hit));
    };
  }

  /** Answers when it is due: never before, by this process's clock, and little after. */
  #hold(hit: Hit): Response | Promise<Response> {
    if (hit.delayMs === 0) return this.#answer(hit, hit.status);
    if (this.#isGivenUp) return this.#answer(hit, GIVEN_UP);
    const dueMs = Math.ceil(performance.now()) + hit.delayMs;
    let due = this.#due.get(dueMs);
    if (due === undefined) {
      // One more, for `dueMs` was rounded up.
      due = { timer: setTimeout(() => this.#release(dueMs), hit.delayMs + 1), held: [] };
      this.#due.set(dueMs, due);
    }
    const { held } = due;
    return new Promise((resolve) => held.push({ hit, resolve }));
  }

  #release(dueMs: number): void {
    const { held } = this.#due.get(dueMs)!;
    this.#due.delete(dueMs);
    for (const { hit, resolve } of held) resolve(this.#answer(hit, hit.status));
  }

  #answer(hit: Hit, status: number): Response | Promise<Response> {
    const { isHead, arrival, delayMs } = hit;
    const full = arrival === undefined ? undefined : this.#log?.add(arrival, status, delayMs);
    if (full === undefined) return this.#respond(status, isHead);
    return full.then(() => this.#respond(status, isHead));
  }

  #respond(status: number, isHead: boolean): Response {
    if (isHead && !WITHOUT_BODY.has(status)) return new Response(null, { status, ...this.#head });
    // A text has the content type `text/plain;charset=UTF-8` by itself (Fetch, "extract a body");
    // naming it costs 1 us of 8.
    return new Response(WITHOUT_BODY.has(status) ? null : this.#body, { status });
  }

  /**
   * Takes no more connections, and ends. What is held has the time to be answered when it is due;
   * after that, or when this is called again with less time, it is answered at once by a 503.
   *
   * @param graceMs that time, in milliseconds
   */
  stop(graceMs: number): Promise<void> {
    if (this.#isGivenUp && this.#stopped !== undefined) return this.#stopped;
    clearTimeout(this.#grace);
    this.#grace = undefined;
    if (graceMs === 0) this.#giveUp();
    else this.#grace = setTimeout(() => this.#giveUp(), graceMs);
    return this.#stopped ??= this.#finish();
  }

  /** The same as `stop(0)`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.stop(0);
  }

  #giveUp(): void {
    this.#isGivenUp = true;
    for (const { timer, held } of this.#due.values()) {
      clearTimeout(timer);
      for (const { hit, resolve } of held) resolve(this.#answer(hit, GIVEN_UP));
    }
    this.#due.clear();
    this.#grace = setTimeout(this.#ended.resolve, LAST_MS);
  }

  async #finish(): Promise<void> {
    // A client that never ends its request would hold up the shutdown for ever. It rejects after
    // the accepting has failed, which `broken` tells.
    await Promise.race([this.#server.shutdown().catch(() => {}), this.#ended.promise]);
    this.#isGivenUp = true;
    clearTimeout(this.#grace);
    await this.#log?.close();
  }
}

/** @throws {UsageError} If it cannot. */
function listen(host: string, port: number, handler: Handler): Deno.HttpServer<Deno.NetAddr> {
  const hostname = host.replace(/^\[(.*)\]$/, "$1");
  const place = placeOf(hostname, port);
  try {
    // Deno would ask the user, on a terminal.
    if (Deno.permissions.querySync({ name: "net", host: place }).state !== "granted") {
      throw new Deno.errors.NotCapable();
    }
    return Deno.serve({ hostname, port, onListen: () => {} }, handler);
  } catch (error) {
    const why = error instanceof Deno.errors.AddrInUse
      ? "the port is in use: choose another with --port, or 0 for one that is free"
      : error instanceof Deno.errors.AddrNotAvailable
      ? "this machine has no such address: choose another with --host"
      : error instanceof Deno.errors.NotCapable
      ? `no permission: run with --allow-net=${place}`
      : `${reason(error)}: choose another with --host and --port`;
    throw new UsageError(`Cannot listen on ${place}: ${why}`);
  }
}

/** Host and port as URLs have them, and `--allow-net`. */
function placeOf(hostname: string, port: number): string {
  return `${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
}

/** Reads a body away, part by part: the connection of an unread one could not be used again. */
async function drop(request: Request): Promise<void> {
  const reader = request.body?.getReader();
  try {
    while (reader !== undefined && !(await reader.read()).done);
  } catch {
    // The client has gone: nobody waits for the answer.
  }
}

function arrivalOf(request: Request, n: number): Arrival {
  const { method, url } = request;
  const slash = url.indexOf("/", url.indexOf("//") + 2);
  const path = slash < 0 ? "/" : url.slice(slash);
  return { n, at: Date.now(), start: performance.now(), method, path };
}

/** What went wrong, in plainer words than the system's where those are known. */
function reason(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  if (/os error 2\b/.test(message)) return "no such folder";
  if (/os error 21\b/.test(message)) return "it is a folder";
  if (/os error 28\b/.test(message)) return "no space left on device";
  return osMessage(error);
}

/**
 * An access log: lines gather to blocks, which are written one at a time. While one is being
 * written the next one gathers, and when that is full too the answers wait. So at most two blocks
 * and a line for each waiting answer are held, however slow the disk is.
 */
class AccessLog {
  /** Characters of one write. */
  static readonly #BLOCK = 64 * 1024;
  /** How long a line waits for others at most. */
  static readonly #FLUSH_MS = 250;
  readonly #path: string;
  readonly #file: Deno.FsFile;
  readonly #flushes: ReturnType<typeof setInterval>;
  readonly #broken = Promise.withResolvers<Error>();
  #isBroken = false;
  #lines = "";
  /** Octets of whole lines that are in the file. */
  #length = 0;
  /** The write under way. Never rejects. */
  #writing: Promise<void> | undefined;

  /** @throws {UsageError} If the file cannot be written. */
  static async open(path: string): Promise<AccessLog> {
    if (Deno.permissions.querySync({ name: "write", path }).state !== "granted") {
      throw new UsageError(
        `Cannot write '--access-log ${path}': no permission: run with --allow-write=${path}`,
      );
    }
    try {
      const file = await Deno.open(path, { write: true, create: true, truncate: true });
      return new AccessLog(path, file);
    } catch (error) {
      throw new UsageError(
        `Cannot write '--access-log ${path}': ${reason(error)}: give the name of another file`,
      );
    }
  }

  private constructor(path: string, file: Deno.FsFile) {
    this.#path = path;
    this.#file = file;
    this.#flushes = setInterval(() => this.#flush(), AccessLog.#FLUSH_MS);
  }

  /** Fulfils, with what to tell the user, when lines could not be written. */
  get broken(): Promise<Error> {
    return this.#broken.promise;
  }

  /** @returns a promise to wait for before the answer, if the disk is slower than the answers */
  add(
    { n, at, start, method, path }: Arrival,
    status: number,
    delayMs: number,
  ): Promise<void> | undefined {
    if (this.#isBroken) return undefined;
    const ms = (performance.now() - start).toFixed(3);
    // Nothing in a method, a token of RFC 9110 §5.6.2, needs an escape.
    this.#lines += `{"n":${n},"at":"${new Date(at).toISOString()}","method":"${method}","path":${
      JSON.stringify(path)
    },"status":${status},"delay_ms":${delayMs},"ms":${ms}}\n`;
    if (this.#lines.length < AccessLog.#BLOCK) return undefined;
    if (this.#writing !== undefined) return this.#writing;
    this.#flush();
  }

  #flush(): void {
    if (this.#lines === "" || this.#writing !== undefined) return;
    const block = new TextEncoder().encode(this.#lines);
    this.#lines = "";
    this.#writing = this.#write(block).finally(() => {
      this.#writing = undefined;
      if (this.#lines.length >= AccessLog.#BLOCK) this.#flush();
    });
  }

  async #write(block: Uint8Array): Promise<void> {
    if (this.#isBroken) return;
    try {
      for (let k = 0; k < block.length;) k += await this.#file.write(block.subarray(k));
      this.#length += block.length;
    } catch (error) {
      this.#isBroken = true;
      // Whole lines only. A device or a pipe cannot be cut.
      await this.#file.truncate(this.#length).catch(() => {});
      this.#broken.resolve(
        new Error(
          `Cannot write '--access-log ${this.#path}': ${
            reason(error)
          }: free some space, or give the name of another file`,
        ),
      );
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#flushes);
    while (this.#lines !== "" || this.#writing !== undefined) {
      this.#flush();
      await this.#writing;
    }
    this.#file.close();
  }
}

/**
 * Reads a delay: `0-3s`, `100-500ms`, `50ms`, `0`.
 *
 * @throws {UsageError} If the text is none.
 */
export function parseDelay(text: string): Delay {
  const match = /^(\d{1,12})(?:-(\d{1,12}))?(ms|s|m|h)?$/.exec(text);
  const from = Number(match?.[1]);
  const to = Number(match?.[2] ?? from);
  const unitMs = match?.[3] === undefined ? (to === 0 ? 1 : NaN) : DURATION_UNITS[match[3]];
  if (!(from <= to) || Number.isNaN(unitMs)) {
    throw new UsageError(
      `Cannot read '--delay ${text}': give a whole number of a unit, or a range of them, like 50ms, 0-3s or 100-500ms`,
    );
  }
  // A timer of 2^31 ms or more fires at once.
  if (to * unitMs > 500 * DURATION_UNITS.h) {
    throw new UsageError(`Cannot wait for '--delay ${text}': give at most 500h`);
  }
  return { from, to, unitMs };
}

/**
 * Reads statuses: `200`, or by weight `200:98,500:1,429:1`. One without a weight has the weight 1.
 *
 * @throws {UsageError} If the text is none.
 */
export function parseStatuses(text: string): Statuses {
  const parts = text.split(",").map((part) => /^([2-5]\d\d)(?::(\d{1,9}))?$/.exec(part));
  const weights = parts.map((match) => match === null ? NaN : Number(match[2] ?? 1));
  const total = weights.reduce((sum, weight) => sum + weight);
  if (!(total > 0)) {
    throw new UsageError(
      `Cannot read '--status ${text}': give a status from 200 to 599, or several by weight, like 200:98,500:1,429:1`,
    );
  }
  let sum = 0;
  return parts.map((match, k) => ({
    status: Number(match![1]),
    below: (sum += weights[k]) / total,
  }));
}

const HELP = `Answer every request after a while, with Hello, World!

Usage: myriad serve [OPTIONS]
       deno run --allow-net server.ts [OPTIONS]
${formatFlags(SERVE_FLAGS)}
It runs until SIGINT (Ctrl-C) or SIGTERM: what it holds then has 5 s to be answered, and is answered
by a 503 after that, or at once on a second signal. The access log is complete either way.

Exit codes: 0 it was asked to end by a signal; 2 the command line is wrong, or it cannot listen or
open the log; 3 it could not go on (disk full, too many open files), or could not print where it
listens.
`;

/** How long what is held has after the first signal. */
const GRACE_MS = 5_000;

const SIGNALS: readonly Deno.Signal[] = ["SIGINT", "SIGTERM"];

/**
 * Runs the server until SIGINT or SIGTERM. It prints where it listens, and in one line on standard
 * error why it could not go on.
 *
 * @param argv the command line, without the command
 * @returns the exit code: 0, or 3 if it could not go on
 * @throws {UsageError} If the command line is wrong, it cannot listen, or not open the log.
 */
export async function serve(argv: readonly string[]): Promise<number> {
  const { values, positionals } = parseFlags(SERVE_FLAGS, argv, "myriad serve");
  const text = (name: string): string | undefined => values[name] as string | undefined;
  if (values.help) {
    await print(HELP);
    return 0;
  }
  if (positionals.length > 0) {
    throw new UsageError(`Cannot serve '${positionals[0]}': give flags only; see --help`);
  }
  const seed = text("seed");
  const accessLog = text("access-log");
  if (accessLog !== undefined) {
    checkEnding(accessLog, "--access-log", { formats: ["ndjson", "jsonl", "json"] });
  }
  const server = await DelayServer.start({
    hostname: text("host"),
    port: parseCount(text("port") ?? "8080", "--port", { max: 65_535 }),
    delay: parseDelay(text("delay") ?? "0-3s"),
    statuses: parseStatuses(text("status") ?? "200"),
    body: text("body"),
    accessLog,
    seed: seed === undefined ? undefined : parseCount(seed, "--seed", { max: 2 ** 32 - 1 }),
  });

  const asked = Promise.withResolvers<undefined>();
  let signals = 0;
  const onSignal = (): void => {
    if (++signals === 1) asked.resolve(undefined);
    else void server.stop(0);
  };
  for (const name of SIGNALS) Deno.addSignalListener(name, onSignal);
  // Whoever reads this may send a signal at once.
  const notPrinted = print(`Listening on ${server.url}\n`).then(() => undefined, (error) => error);
  const failure: Error | undefined = await notPrinted ??
    await Promise.race([asked.promise, server.broken]);
  await server.stop(failure === undefined ? GRACE_MS : 0);
  for (const name of SIGNALS) Deno.removeSignalListener(name, onSignal);
  if (failure !== undefined) await complain(failure.message);
  return failure === undefined ? 0 : 3;
}

/**
 * Prints a text whole. That nobody reads it any more is no error, and of standard error there is
 * nobody to tell.
 *
 * @throws {Error} If standard output cannot be written, as to a full disk.
 */
async function print(text: string, place = Deno.stdout): Promise<void> {
  const bytes = new TextEncoder().encode(text);
  try {
    for (let k = 0; k < bytes.length;) k += await place.write(bytes.subarray(k));
  } catch (error) {
    if (place === Deno.stderr || error instanceof Deno.errors.BrokenPipe) return;
    throw new Error(`Cannot write to standard output: ${reason(error)}`);
  }
}

/** One line, whatever is in the message, and no password of a URL in it. */
function complain(message: string): Promise<void> {
  const line = withoutUserinfos(message).replace(/\p{Cc}+/gu, " ");
  return print(`myriad: ${line}\n`, Deno.stderr);
}

if (import.meta.main) {
  // Out of file descriptors, the first access to a stack ends the process; this one comes before.
  void new Error().stack;
  let code;
  try {
    code = await serve(Deno.args);
  } catch (error) {
    await complain(error instanceof Error ? error.message : String(error));
    code = error instanceof UsageError ? 2 : 3;
  }
  Deno.exit(code);
}

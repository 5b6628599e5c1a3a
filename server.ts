/**
 * The delay server: answers each request after a while. `deno run --allow-net server.ts`, and
 * `myriad serve`.
 *
 * @module
 */
import {
  DURATION_UNITS,
  type Flag,
  formatFlags,
  parseCount,
  parseFlags,
  UsageError,
} from "./lib/flags.ts";
import { osMessage } from "./lib/os_error.ts";

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
    help: "a line of JSON for each answer; an old file is emptied",
  },
  { name: "seed", value: "N", help: "the same delays and statuses again, in order of arrival" },
  { name: "help", short: "h", help: "print this help" },
].map((flag) => ({ ...flag, section: "Options" }));

/** A delay drawn from `from` to `to`, both in it, times `unitMs` milliseconds. */
export interface Delay {
  readonly from: number;
  readonly to: number;
  readonly unitMs: number;
}

/** Statuses and how much of the answers each gets. */
export type Statuses = readonly { readonly status: number; readonly weight: number }[];

/** Options for {@linkcode DelayServer}. */
export interface DelayServerOptions {
  readonly hostname: string;
  /** 0 picks one. */
  readonly port: number;
  readonly delay: Delay;
  readonly statuses: Statuses;
  readonly body: string;
  /** The file's path; undefined for none. */
  readonly accessLog: string | undefined;
  /** A whole number from 0; undefined for another one each time. */
  readonly seed: number | undefined;
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
  let left = random * statuses.reduce((sum, { weight }) => sum + weight, 0);
  for (const { status, weight } of statuses) {
    left -= weight;
    if (left < 0) return status;
  }
  return statuses[statuses.length - 1].status;
}

/** Statuses whose answers have no body (RFC 9110 §15.3.5, §15.3.6, §15.4.5). */
const WITHOUT_BODY = new Set([204, 205, 304]);

/** A server that answers every path alike, after a delay. */
export class DelayServer {
  readonly #options: DelayServerOptions;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #log: AccessLog | undefined;
  readonly #random: () => number;
  /** Ends the delays of what is held, by the timer of each. */
  readonly #held = new Map<ReturnType<typeof setTimeout>, () => void>();

  /** @throws {UsageError} If it cannot listen there, or write the log. */
  static async start(options: DelayServerOptions): Promise<DelayServer> {
    const { accessLog } = options;
    const log = accessLog === undefined ? undefined : await AccessLog.open(accessLog);
    try {
      return new DelayServer(options, log);
    } catch (error) {
      await log?.close();
      const place = `${options.hostname}:${options.port}`;
      const why = error instanceof Deno.errors.AddrInUse
        ? "the port is in use: choose another by --port"
        : error instanceof Deno.errors.NotCapable
        ? `no permission: run with --allow-net=${place}`
        : `${osMessage(error)}: choose another by --host and --port`;
      throw new UsageError(`Cannot listen on ${place}: ${why}`);
    }
  }

  private constructor(options: DelayServerOptions, log: AccessLog | undefined) {
    this.#options = options;
    this.#log = log;
    this.#random = randomNumbers(options.seed ?? crypto.getRandomValues(new Uint32Array(1))[0]);
    const { hostname, port } = options;
    this.#server = Deno.serve({ hostname, port, onListen: () => {} }, this.#handler());
  }

  /** What it listens on, with its real port. */
  get url(): string {
    const { hostname, port } = this.#server.addr;
    return `http://${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}/`;
  }

  /** How many answers it holds back now. */
  get held(): number {
    return this.#held.size;
  }

  /** Fulfils when the access log can no longer be written, with why. */
  get broken(): Promise<Error> {
    return this.#log?.broken ?? new Promise(() => {});
  }

  /** The handler, with nothing in it that was not asked for. */
  #handler(): (request: Request) => Response | Promise<Response> {
    const { delay, statuses, body } = this.#options;
    const random = this.#random;
    const log = this.#log;
    const answers = new Map(statuses.map(({ status }) => {
      const headers = { "content-type": "text/plain;charset=UTF-8" };
      const init = WITHOUT_BODY.has(status) ? { status } : { status, headers };
      const content = WITHOUT_BODY.has(status) ? null : body;
      return [status, () => new Response(content, init)] as const;
    }));
    const first = statuses[0].status;
    const isFixed = statuses.length === 1;
    const answer = answers.get(first)!;
    if (delay.to === 0 && isFixed && log === undefined) return () => answer();
    return (request) => {
      const status = isFixed ? first : drawStatus(statuses, random());
      const ms = delay.to === 0 ? 0 : drawDelay(delay, random());
      const respond = answers.get(status)!;
      if (log === undefined) return ms === 0 ? respond() : this.#after(ms, respond);
      const entry = { method: request.method, url: request.url, status, ms };
      const logged = (): Response | Promise<Response> => {
        const full = log.add(entry);
        return full === undefined ? respond() : full.then(respond);
      };
      return ms === 0 ? logged() : this.#after(ms, logged);
    };
  }

  #after(ms: number, respond: () => Response | Promise<Response>): Promise<Response> {
    const { promise, resolve } = Promise.withResolvers<Response>();
    const answer = (): void => {
      this.#held.delete(timer);
      resolve(respond());
    };
    const timer = setTimeout(answer, ms);
    this.#held.set(timer, answer);
    return promise;
  }

  /**
   * Takes no more connections, and ends: what is held has the time to be answered when it is due,
   * and is answered at once after that.
   *
   * @param graceMs that time, in milliseconds
   */
  async stop(graceMs: number): Promise<void> {
    const hurry = (): void => {
      for (const [timer, answer] of this.#held) {
        clearTimeout(timer);
        answer();
      }
    };
    const grace = setTimeout(hurry, graceMs);
    await this.#server.shutdown();
    clearTimeout(grace);
    hurry();
    await this.#log?.close();
  }
}

/** An access log: lines gather to blocks, of which one at a time is written. */
class AccessLog {
  static readonly #BLOCK = 64 * 1024;
  static readonly #FLUSH_MS = 250;
  readonly #file: Deno.FsFile;
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #broken = Promise.withResolvers<Error>();
  #lines = "";
  #writing: Promise<void> | undefined;

  /** @throws {UsageError} If the file cannot be written. */
  static async open(path: string): Promise<AccessLog> {
    if (Deno.permissions.querySync({ name: "write", path }).state !== "granted") {
      throw new UsageError(
        `Cannot write '--access-log ${path}': no permission: run with --allow-write=${path}`,
      );
    }
    try {
      return new AccessLog(await Deno.open(path, { write: true, create: true, truncate: true }));
    } catch (error) {
      const why = osMessage(error);
      throw new UsageError(`Cannot write '--access-log ${path}': ${why}: choose another`);
    }
  }

  private constructor(file: Deno.FsFile) {
    this.#file = file;
    this.#timer = setInterval(() => this.#flush(), AccessLog.#FLUSH_MS);
    Deno.unrefTimer(this.#timer as unknown as number);
  }

  get broken(): Promise<Error> {
    return this.#broken.promise;
  }

  /** @returns a promise if the disk is slower than the answers, to wait for */
  add(
    entry: { method: string; url: string; status: number; ms: number },
  ): Promise<void> | undefined {
    const path = entry.url.slice(entry.url.indexOf("/", "https://".length));
    this.#lines += `{"at":"${new Date().toISOString()}","method":"${entry.method}","path":${
      JSON.stringify(path)
    },"status":${entry.status},"delay_ms":${entry.ms}}\n`;
    if (this.#lines.length < AccessLog.#BLOCK) return undefined;
    if (this.#writing !== undefined) return this.#writing;
    this.#flush();
  }

  #flush(): void {
    if (this.#lines === "" || this.#writing !== undefined) return;
    const block = new TextEncoder().encode(this.#lines);
    this.#lines = "";
    this.#writing = this.#write(block).finally(() => this.#writing = undefined);
  }

  async #write(block: Uint8Array): Promise<void> {
    try {
      for (let k = 0; k < block.length;) k += await this.#file.write(block.subarray(k));
    } catch (error) {
      this.#broken.resolve(error as Error);
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
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
  const match = /^(\d{1,9})(?:-(\d{1,9}))?(ms|s|m|h)?$/.exec(text);
  const from = Number(match?.[1]);
  const to = Number(match?.[2] ?? from);
  const unitMs = match?.[3] === undefined ? (to === 0 ? 1 : NaN) : DURATION_UNITS[match[3]];
  // A timer of 2^31 ms or more fires at once.
  if (!(from <= to) || !(to * unitMs < 2 ** 31)) {
    throw new UsageError(`Cannot read '--delay ${text}': give one like 0-3s, 50ms or 0`);
  }
  return { from, to, unitMs };
}

/**
 * Reads statuses: `200`, or by weight `200:98,500:1,429:1`.
 *
 * @throws {UsageError} If the text is none.
 */
export function parseStatuses(text: string): Statuses {
  return text.split(",").map((part) => {
    const match = /^([2-5]\d\d)(?::(\d{1,9}))?$/.exec(part);
    const weight = Number(match?.[2] ?? 1);
    if (match === null || weight === 0) {
      throw new UsageError(
        `Cannot read '--status ${text}': give a status from 200 to 599, or several by weight, like 200:98,500:2`,
      );
    }
    return { status: Number(match[1]), weight };
  });
}

const HELP = `Answer every request after a while, with Hello, World!

Usage: myriad serve [OPTIONS]
       deno run --allow-net server.ts [OPTIONS]
${formatFlags(SERVE_FLAGS)}
Ends on SIGINT or SIGTERM with exit code 0: what it holds has 5 s to be answered.
`;

/** How long what is held has after the first signal. */
const GRACE_MS = 5_000;

/**
 * Runs the server until SIGINT or SIGTERM; a second one ends the process at once.
 *
 * @returns the exit code: 0, or 3 if the access log could not be written
 * @throws {UsageError} If the command line is wrong, or it cannot listen.
 */
export async function serve(argv: readonly string[]): Promise<number> {
  const { values, positionals } = parseFlags(SERVE_FLAGS, argv, "myriad serve");
  const text = (name: string): string | undefined => values[name] as string | undefined;
  if (values.help) {
    await Deno.stdout.write(new TextEncoder().encode(HELP));
    return 0;
  }
  if (positionals.length > 0) {
    throw new UsageError(`Cannot serve '${positionals[0]}': give flags only; see --help`);
  }
  const seed = text("seed");
  const server = await DelayServer.start({
    hostname: text("host") ?? "127.0.0.1",
    port: parseCount(text("port") ?? "8080", "--port", { max: 65_535 }),
    delay: parseDelay(text("delay") ?? "0-3s"),
    statuses: parseStatuses(text("status") ?? "200"),
    body: text("body") ?? "Hello, World!",
    accessLog: text("access-log"),
    seed: seed === undefined ? undefined : parseCount(seed, "--seed", { max: 2 ** 32 - 1 }),
  });
  await Deno.stdout.write(new TextEncoder().encode(`Listening on ${server.url}\n`));

  const { promise: asked, resolve: ask } = Promise.withResolvers<undefined>();
  let signals = 0;
  const onSignal = (): void => {
    if (++signals > 1) Deno.exit(0);
    ask(undefined);
  };
  const names: Deno.Signal[] = ["SIGINT", "SIGTERM"];
  for (const name of names) Deno.addSignalListener(name, onSignal);
  const failure = await Promise.race([asked, server.broken]);
  await server.stop(failure === undefined ? GRACE_MS : 0);
  for (const name of names) Deno.removeSignalListener(name, onSignal);
  if (failure === undefined) return 0;
  complain(
    `Cannot write '--access-log ${text("access-log")}': ${osMessage(failure)}: free some space`,
  );
  return 3;
}

function complain(message: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(`myriad: ${message}\n`));
}

if (import.meta.main) {
  // Out of file descriptors, the first access to a stack ends the process; this one comes before.
  void new Error().stack;
  let code = 2;
  try {
    code = await serve(Deno.args);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    complain(error.message);
  }
  Deno.exit(code);
}

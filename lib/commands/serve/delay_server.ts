/**
 * The delay server: answers each request after a while.
 *
 * @module
 */
import { UsageError } from "../../errors.ts";
import { describeOsError } from "../../process/os_error.ts";
import { AccessLog, type Arrival } from "./access_log.ts";
import { type Delay, drawDelay, drawStatus, randomNumbers, type Statuses } from "./draw.ts";

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
        : `${describeOsError(error)}: start it again`;
      this.#broken.resolve(new Error(`Cannot accept connections: ${why}`));
    });
    log?.broken.then(this.#broken.resolve);
  }

  /** What it listens on, with its real port, as in `http://127.0.0.1:8080/`. */
  get url(): string {
    const { hostname, port } = this.#server.addr;
    return `http://${formatPlace(hostname, port)}/`;
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
        arrival: log === undefined ? undefined : readArrival(request, this.#arrivals++),
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
  const place = formatPlace(hostname, port);
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
      : `${describeOsError(error)}: choose another with --host and --port`;
    throw new UsageError(`Cannot listen on ${place}: ${why}`);
  }
}

/** Host and port as URLs have them, and `--allow-net`. */
function formatPlace(hostname: string, port: number): string {
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

function readArrival(request: Request, n: number): Arrival {
  const { method, url } = request;
  const slash = url.indexOf("/", url.indexOf("//") + 2);
  const path = slash < 0 ? "/" : url.slice(slash);
  return { n, at: Date.now(), start: performance.now(), method, path };
}

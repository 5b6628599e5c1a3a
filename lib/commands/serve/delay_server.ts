/**
 * A server that answers each request after a delay.
 *
 * @module
 */
import { UsageError } from "../../errors.ts";
import { formatAuthority } from "../../http/url.ts";
import { describeOsError } from "../../process/os_error.ts";
import { explainMissingNet, isGranted } from "../../process/permission.ts";
import { AccessLog, type Arrival } from "./access_log.ts";
import { type Delay, drawDelay, drawStatus, seedRandom, type Statuses } from "./draw.ts";

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
  /** The path of the access log, which is emptied. @default no log */
  readonly accessLog?: string;
  /** A whole number from 0 to below 2^32. @default a random one */
  readonly seed?: number;
}

/** Statuses whose responses have no body (RFC 9110 §15.3.5, §15.3.6, §15.4.5). */
const WITHOUT_BODY = new Set([204, 205, 304]);

/** The status of requests that are held at the end: an early response must not look like a due one. */
const GIVEN_UP_STATUS = 503;

/** How long sending those last responses may take. */
const MAX_SENDING_MS = 1_000;

/** A request whose response was drawn. */
interface DrawnRequest {
  readonly isHead: boolean;
  readonly status: number;
  readonly delayMs: number;
  /** Undefined if there is no log. */
  readonly arrival: Arrival | undefined;
}

/** Requests that are due in the same millisecond. */
interface DueRequests {
  readonly timer: ReturnType<typeof setTimeout>;
  readonly held: {
    request: DrawnRequest;
    resolve: (response: Response | Promise<Response>) => void;
  }[];
}

type Handler = (request: Request) => Response | Promise<Response>;

/** A server that answers every path alike, after a delay that it never cuts short. */
export class DelayServer {
  readonly #delay: Delay;
  readonly #statuses: Statuses;
  readonly #body: string;
  /**
   * The fields of a response to HEAD, which describe the body of GET. With that body itself, Deno
   * leaves it out over HTTP/1.1, but sends it over HTTP/2, an error for clients (RFC 9113 §8.1.1).
   */
  readonly #headFields: Readonly<Record<string, string>>;
  readonly #log: AccessLog | undefined;
  readonly #random: () => number;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #failed = Promise.withResolvers<Error>();
  /**
   * The held requests by the millisecond in which they are due. A timer for each millisecond, and
   * not for each request, saves 5 to 8 us of 17 to 24 a request. Holds as many as clients send.
   */
  readonly #due = new Map<number, DueRequests>();
  readonly #ended = Promise.withResolvers<void>();
  #arrivals = 0;
  #isGivenUp = false;
  #grace: ReturnType<typeof setTimeout> | undefined;
  #stopped: Promise<void> | undefined;

  /** @throws {UsageError} If the server cannot listen, or write the log. */
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
    this.#headFields = {
      "content-type": "text/plain;charset=UTF-8",
      "content-length": `${new TextEncoder().encode(this.#body).length}`,
    };
    this.#log = log;
    this.#random = seedRandom(options.seed ?? crypto.getRandomValues(new Uint32Array(1))[0]);
    this.#server = listen(options.hostname ?? "127.0.0.1", options.port ?? 0, this.#handler());
    this.#server.finished.catch((error: Error) => {
      const why = /os error 2[34]\b/.test(error.message)
        ? "too many open files: raise the limit with 'ulimit -n'"
        : `${describeOsError(error)}: start it again`;
      this.#failed.resolve(new Error(`Cannot accept connections: ${why}`));
    });
    log?.failed.then(this.#failed.resolve);
  }

  /** The server's URL with its real port: `http://127.0.0.1:8080/`. */
  get url(): string {
    return `http://${formatAuthority(this.#server.addr)}/`;
  }

  /** How many requests wait for their delay to end. */
  get held(): number {
    let sum = 0;
    for (const { held } of this.#due.values()) sum += held.length;
    return sum;
  }

  /** Fulfils with what to tell the user when the server cannot continue. Never rejects. */
  get failed(): Promise<Error> {
    return this.#failed.promise;
  }

  /** Makes the handler; without delays, weights and a log it draws nothing and holds nothing. */
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
        return method === "HEAD" ? this.#respond(first, true) : discardBody(request).then(respond);
      };
    }
    return (request) => {
      const { method } = request;
      const isHead = method === "HEAD";
      const drawn: DrawnRequest = {
        isHead,
        status: isFixed ? first : drawStatus(statuses, random()),
        delayMs: delay.to === 0 ? 0 : drawDelay(delay, random()),
        arrival: log === undefined ? undefined : readArrival(request, this.#arrivals++),
      };
      if (method === "GET" || isHead) return this.#hold(drawn);
      return discardBody(request).then(() => this.#hold(drawn));
    };
  }

  /** Answers when the delay is over by this process's clock: never before, and little after. */
  #hold(request: DrawnRequest): Response | Promise<Response> {
    const { status, delayMs } = request;
    if (delayMs === 0) return this.#answer(request, status);
    if (this.#isGivenUp) return this.#answer(request, GIVEN_UP_STATUS);
    const dueMs = Math.ceil(performance.now()) + delayMs;
    let due = this.#due.get(dueMs);
    if (due === undefined) {
      // `dueMs` was rounded up by less than 1 ms.
      due = { timer: setTimeout(() => this.#release(dueMs), delayMs + 1), held: [] };
      this.#due.set(dueMs, due);
    }
    const { held } = due;
    return new Promise((resolve) => held.push({ request, resolve }));
  }

  #release(dueMs: number): void {
    const { held } = this.#due.get(dueMs)!;
    this.#due.delete(dueMs);
    for (const { request, resolve } of held) resolve(this.#answer(request, request.status));
  }

  /** Adds the line of the log, and responds once the log has room again. */
  #answer(request: DrawnRequest, status: number): Response | Promise<Response> {
    const { isHead, arrival, delayMs } = request;
    const full = arrival === undefined ? undefined : this.#log?.add(arrival, status, delayMs);
    if (full === undefined) return this.#respond(status, isHead);
    return full.then(() => this.#respond(status, isHead));
  }

  #respond(status: number, isHead: boolean): Response {
    if (isHead && !WITHOUT_BODY.has(status)) {
      return new Response(null, { status, headers: this.#headFields });
    }
    // Deno sets the content type of a text, `text/plain;charset=UTF-8` (Fetch standard, "extract a
    // body"); naming it costs 1 us of 8.
    return new Response(WITHOUT_BODY.has(status) ? null : this.#body, { status });
  }

  /**
   * Accepts no more connections, and ends once the held requests are answered. After a while, or
   * when it is called again with less time, it answers them at once by a 503.
   *
   * @param graceMs that while, in milliseconds
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
      for (const { request, resolve } of held) resolve(this.#answer(request, GIVEN_UP_STATUS));
    }
    this.#due.clear();
    this.#grace = setTimeout(this.#ended.resolve, MAX_SENDING_MS);
  }

  async #finish(): Promise<void> {
    // A client that never ends its request would hold up the shutdown for ever. The shutdown
    // rejects if accepting connections has failed, which `failed` tells.
    await Promise.race([this.#server.shutdown().catch(() => {}), this.#ended.promise]);
    this.#isGivenUp = true;
    clearTimeout(this.#grace);
    await this.#log?.close();
  }
}

/** @throws {UsageError} If the server cannot listen. */
function listen(host: string, port: number, handler: Handler): Deno.HttpServer<Deno.NetAddr> {
  const hostname = host.replace(/^\[(.*)\]$/, "$1");
  const authority = formatAuthority({ hostname, port });
  try {
    // On a terminal Deno would ask the user.
    if (!isGranted({ name: "net", host: authority })) throw new Deno.errors.NotCapable();
    return Deno.serve({ hostname, port, onListen: () => {} }, handler);
  } catch (error) {
    const why = error instanceof Deno.errors.AddrInUse
      ? "the port is in use: choose another with --port, or 0 for one that is free"
      : error instanceof Deno.errors.AddrNotAvailable
      ? "this machine has no such address: choose another with --host"
      : error instanceof Deno.errors.NotCapable
      ? `no permission: ${explainMissingNet(authority)}`
      : `${describeOsError(error)}: choose another with --host and --port`;
    throw new UsageError(`Cannot listen on ${authority}: ${why}`);
  }
}

/** Reads a body part by part, and drops it: otherwise its connection could not be used again. */
async function discardBody(request: Request): Promise<void> {
  const reader = request.body?.getReader();
  try {
    while (reader !== undefined && !(await reader.read()).done);
  } catch {
    // The client has gone: nobody waits for the response.
  }
}

function readArrival(request: Request, n: number): Arrival {
  const { method, url } = request;
  const slash = url.indexOf("/", url.indexOf("//") + 2);
  const path = slash < 0 ? "/" : url.slice(slash);
  return { n, epochMs: Date.now(), startMs: performance.now(), method, path };
}

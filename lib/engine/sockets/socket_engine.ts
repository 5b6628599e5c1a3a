/**
 * HTTP/1.1 and HTTP/2 over raw sockets.
 *
 * @module
 */
import type { Result } from "../../result.ts";
import type { Target } from "../../target.ts";
import { Deadlines } from "../deadlines.ts";
import type { Engine } from "../engine.ts";
import type { BodyReader } from "../http1/body.ts";
import { ResponseHooks } from "../hooks.ts";
import { readIpVersion } from "../../http/ip_version.ts";
import type { EngineOptions } from "../options.ts";
import type { Transports } from "../transport/transport.ts";
import { Attempt, type AttemptContext } from "./attempt.ts";
import { ConnectionPool, type Versions } from "./connection_pool.ts";
import { Detours } from "./detours.ts";
import { Router } from "./router.ts";

/** The engine that a request was made by, by the version of its connection. */
const ENGINE_OF = { "1.0": "http1", "1.1": "http1", "2": "http2" } as const;

/** Makes requests over its own connections. */
export class SocketEngine implements Engine {
  readonly transport: "portable" | "native";
  readonly #context: AttemptContext;
  readonly #transports: Transports;
  #cancelled = false;

  /**
   * @param versions the versions of HTTP that it may speak
   * @param transports closed with the engine
   * @param createBodyReader as the option of {@linkcode ConnectionPool}
   */
  constructor(
    options: EngineOptions,
    versions: Versions,
    transports: Transports,
    createBodyReader?: () => BodyReader,
  ) {
    const { timeoutMs, connectTimeoutMs = timeoutMs, idleTimeoutMs, proxy, unixSocket } = options;
    // Otherwise the only host that is connected to is the proxy.
    const isDirect = proxy === undefined && unixSocket === undefined;
    const permits = isDirect ? options.permits : undefined;
    const detours = Detours.of(options);
    const address = options.localEnd?.address;
    // A socket that is bound to an address connects to addresses of its version only.
    const ipVersion = options.ipVersion ??
      (address === undefined ? undefined : readIpVersion(address));
    this.transport = transports.name;
    this.#transports = transports;
    this.#context = {
      options,
      findDenied: permits && ((url) => {
        const destinations = detours === undefined ? [url] : detours.listDestinations(url);
        return destinations.find((destination) => !permits(destination));
      }),
      deadlines: new Deadlines(timeoutMs, idleTimeoutMs),
      pool: new ConnectionPool({
        transports,
        versions,
        createBodyReader,
        concurrency: options.concurrency,
        connections: options.connections,
        streams: options.streams,
        disableKeepAlive: options.disableKeepAlive,
        connectTimeoutMs,
        byName: options.permits !== undefined,
        tls: options.tls ?? { insecure: false },
        proxy,
        unixSocket,
        detours,
        ipVersion,
        names: options.names,
      }),
      router: new Router(detours),
      hooks: ResponseHooks.of(options),
      moment: { ms: 0 },
      engineOf: ENGINE_OF,
      defaultVersion: versions === "http2" ? "2" : "1.1",
      engines: new Set(),
    };
  }

  get name(): string {
    const { engines, defaultVersion } = this.#context;
    return engines.size > 0 ? [...engines].sort().join("+") : ENGINE_OF[defaultVersion];
  }

  get shortages(): ReadonlyMap<string, number> {
    return this.#context.pool.shortage.counts;
  }

  start(target: Target, done: (result: Result) => void, dueMs?: number): void {
    const attempt = this.createAttempt(target, this.#context, done, dueMs);
    if (this.#cancelled) attempt.stop("cancelled");
    else attempt.start();
  }

  /** Makes the request of a target; it is not sent yet. */
  protected createAttempt(
    target: Target,
    context: AttemptContext,
    done: (result: Result) => void,
    dueMs: number | undefined,
  ): Attempt {
    return new Attempt(target, context, done, dueMs);
  }

  cancelOne(i: number): void {
    this.#context.deadlines.cancelOne((item) => item instanceof Attempt && item.number === i);
  }

  cancel(): void {
    this.#cancelled = true;
    this.#context.pool.stop();
    this.#context.deadlines.cancel();
  }

  close(): void {
    this.#context.deadlines.close();
    this.#context.pool.close();
    this.#context.options.decoding?.close();
    this.#transports.close();
  }
}

import type { Result } from "../result.ts";
import type { Target } from "../target.ts";
import type { Engine } from "./engine.ts";
import { hasBlockedPort } from "./fetch/blocked_ports.ts";
import { FetchEngine } from "./fetch/fetch.ts";
import { Http1Engine } from "./sockets/socket_engine.ts";
import type { EngineOptions } from "./options.ts";

/**
 * Chooses for each request the engine that suits its URL: `http1` for plain `http:` and for ports
 * that native fetch refuses, native fetch for the rest. Redirects are followed by the engine that
 * the request began with.
 */
export class AutoEngine implements Engine {
  readonly #options: EngineOptions;
  #http1: Http1Engine | undefined;
  #fetch: FetchEngine | undefined;
  #cancelled = false;

  constructor(options: EngineOptions) {
    this.#options = options;
  }

  /** The engines that made requests; `http1` before the first one. */
  get name(): string {
    return this.#engines.map(({ name }) => name).join("+") || "http1";
  }

  get shortages(): ReadonlyMap<string, number> {
    const sums = new Map<string, number>();
    for (const [what, count] of this.#engines.flatMap(({ shortages }) => [...shortages])) {
      sums.set(what, (sums.get(what) ?? 0) + count);
    }
    return sums;
  }

  get #engines(): Engine[] {
    return [this.#http1, this.#fetch].filter((engine) => engine !== undefined);
  }

  start(target: Target, done: (result: Result) => void, dueMs?: number): void {
    this.#engineFor(target.url).start(target, done, dueMs);
  }

  #engineFor(url: string): Engine {
    if (url.startsWith("http:") || /^http:/i.test(url) || hasBlockedPort(url)) {
      return this.#http1 ??= this.#begun(new Http1Engine(this.#options));
    }
    return this.#fetch ??= this.#begun(new FetchEngine(this.#options));
  }

  #begun<T extends Engine>(engine: T): T {
    if (this.#cancelled) engine.cancel();
    return engine;
  }

  cancel(): void {
    this.#cancelled = true;
    for (const engine of this.#engines) engine.cancel();
  }

  close(): void {
    for (const engine of this.#engines) engine.close();
  }
}

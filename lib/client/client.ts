import { asCompleted } from "../as_completed.ts";
import type { BodySink } from "../engine/engine.ts";
import { createHit, type Hit } from "./hit.ts";
import type { ClientOptions } from "./options.ts";
import { refuse } from "./read_flags.ts";
import { readOptions } from "./read_options.ts";
import { RequestQueue } from "./request_queue.ts";
import type { TargetLike } from "./target.ts";
import { TargetMaker } from "./target_maker.ts";
import type { Source } from "../stream.ts";

/** What is done with a request, or with all of an iterable. */
export interface HitOptions {
  /** Ends it: what waits for it gets the signal's reason. */
  readonly signal?: AbortSignal;
  /** Whether the body is kept for {@linkcode Hit}, or dropped as it comes. @default {"keep"} */
  readonly body?: "keep" | "drop";
}

/** Options for {@linkcode Client.hit}. */
export interface OneHitOptions extends Omit<HitOptions, "body"> {
  /**
   * Whether the body is kept for {@linkcode Hit}, or dropped as it comes; or what gets it piece by
   * piece. A sink begins anew with each attempt, and what it throws is what the caller gets.
   *
   * @default {"keep"}
   */
  readonly body?: "keep" | "drop" | BodySink;
}

/**
 * Makes requests as `myriad run` does: with its engines, retries, rate, limits for each host and
 * pauses of hosts that fail.
 *
 * @example One request, and many
 * ```ts
 * import { Client } from "@myriad/myriad";
 * import { assertEquals } from "@std/assert";
 *
 * const server = Deno.serve(
 *   { hostname: "127.0.0.1", port: 0, onListen: () => {} },
 *   (request) => new Response(new URL(request.url).pathname),
 * );
 * const origin = `http://127.0.0.1:${server.addr.port}`;
 * await using client = await Client.open({ concurrency: 10, retries: 3, timeout: "5s" });
 *
 * assertEquals((await client.hit(`${origin}/one`)).text(), "/one");
 *
 * function* urls() {
 *   for (let i = 0; i < 100; i++) yield `${origin}/${i}`;
 * }
 * let ok = 0;
 * for await (const hit of client.all(urls())) if (hit.ok) ok++;
 * assertEquals(ok, 100);
 * await server.shutdown();
 * ```
 */
export class Client implements AsyncDisposable, Disposable {
  readonly #queue: RequestQueue;
  readonly #targets: TargetMaker;
  readonly #concurrency: number;
  /** How many requests were given so far. */
  #count = 0;

  /**
   * Opens a client; nothing is connected yet.
   *
   * @param options each as the flag of `myriad run`
   * @param onNotice called with what a user should know, such as that a host is held back, in a
   * sentence; it can hold what a server sent
   * @throws {RangeError} If an option is unknown, contradicts another, has a wrong value, or cannot be
   * used in this runtime.
   */
  static async open(
    options: ClientOptions = {},
    onNotice: (text: string) => void = () => {},
  ): Promise<Client> {
    const run = await readOptions(options);
    const cookies = run.cookieJar && new (await import("../cookies/jar.ts")).Jar();
    const queue = await RequestQueue.open(run, { cookies, onNotice })
      .catch((error) => refuse(error, "Client"));
    return new Client(queue, run);
  }

  private constructor(
    queue: RequestQueue,
    run: ConstructorParameters<typeof TargetMaker>[0] & { readonly concurrency: number },
  ) {
    this.#queue = queue;
    this.#targets = new TargetMaker(run);
    this.#concurrency = run.concurrency;
  }

  /**
   * Makes a request, as soon as there is a free place. A request that fails is a value, too.
   *
   * @throws The reason of the signal, what the sink threw, an `AbortError` if the client is closed,
   * or why it has given up all requests that wait.
   */
  hit<T extends TargetLike>(target: T, options: OneHitOptions = {}): Promise<Hit<T>> {
    return this.#request(target, options, undefined);
  }

  /**
   * Makes a request of each item, as many at once as the client has places, and gives the hits in the
   * order in which they complete.
   *
   * An item is pulled only when there is a place for it. A hit that nobody took yet has its place, so
   * that a slow consumer slows the requests, and memory does not grow. When the consumer stops
   * (`break`, `return()`), `signal` aborts or the source fails, the requests in flight are ended, and
   * the source is closed.
   *
   * @throws By the iterator: the reason of the signal, what the source threw, or why the client has
   * given up.
   */
  all<T extends TargetLike>(
    targets: Iterable<T> | AsyncIterable<T> | Source<T>,
    { signal, body }: HitOptions = {},
  ): AsyncIterableIterator<Hit<T>, undefined, void> {
    const group = Symbol();
    let isWatched = false;
    return asCompleted(targets, (target, stop) => {
      if (!isWatched) {
        isWatched = true;
        const onStop = (): void => this.#queue.cancel(group, stop.reason);
        stop.addEventListener("abort", onStop, { once: true });
      }
      return this.#request(target, { body }, group);
    }, { concurrency: this.#concurrency, signal });
  }

  async #request<T extends TargetLike>(
    given: T,
    { signal, body = "keep" }: OneHitOptions,
    group: unknown,
  ): Promise<Hit<T>> {
    const target = this.#targets.make(this.#count++, given);
    const outcome = await this.#queue.request(target, { body, signal, group });
    const own = typeof given === "string" || given instanceof URL ? undefined : given.i;
    return createHit({ ...outcome, target: given, i: own ?? target.i });
  }

  /** Ends all requests, and closes all connections. */
  close(): Promise<void> {
    return this.#queue.close();
  }

  /** As {@linkcode Client.close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** As {@linkcode Client.close}, without waiting for its end. */
  [Symbol.dispose](): void {
    void this.close();
  }
}

import type { Outcome } from "../client/outcome.ts";
import { type QueueHooks, RequestQueue } from "../client/request_queue.ts";
import type { TargetInit } from "../client/target.ts";
import { TargetMaker } from "../client/target_maker.ts";
import { Jar } from "../cookies/jar.ts";
import type { Cookies, Engine } from "../engine/engine.ts";
import type { RunOptions } from "../options/run_options.ts";
import { type Result, toUnsentResult } from "../result.ts";
import type { Activity } from "../run/pipeline.ts";
import type { Target } from "../target.ts";

/** The maximum number of requests in flight for each virtual user, all of them taken together. */
const MAX_PARALLEL = 6;

/** What the requests of one iteration have in common. */
export interface RequestOwner {
  /** The cookies of the iteration; undefined before the first. */
  jar: Jar | undefined;
}

/** What a run tells the requests of its flow. */
export interface RequestHooks extends Pick<QueueHooks, "beforeFirst" | "onNotice"> {
  /** Takes an attempt of a request after which there is another. */
  onRetry(cause: string, result: Result): void;
  /** Called with why no more requests can be made. */
  onFailure(reason: unknown): void;
}

/**
 * The requests of all iterations: they share an engine, its connections, and what is known of hosts.
 */
export class FlowRequests {
  readonly #targets: TargetMaker;
  readonly #base: string | undefined;
  readonly #hooks: RequestHooks;
  #queue!: RequestQueue;
  /** By number, whose each request is that has no outcome yet. */
  readonly #owners = new Map<number, RequestOwner>();
  #count = 0;
  #isCancelled = false;

  /**
   * Opens the engine; connects to nothing.
   *
   * @throws {UsageError} If the engine cannot be used.
   */
  static async open(options: RunOptions, hooks: RequestHooks): Promise<FlowRequests> {
    const requests = new FlowRequests(options, hooks);
    requests.#queue = await RequestQueue.open({
      ...options,
      concurrency: MAX_PARALLEL * options.concurrency,
      rate: undefined,
      rampUpMs: undefined,
      stages: undefined,
      think: undefined,
      durationMs: undefined,
      // A flow that begins there has nothing to go on with.
      hasOneHost: options.flow?.base !== undefined,
    }, {
      cookies: requests.#cookies,
      onNotice: hooks.onNotice,
      beforeFirst: hooks.beforeFirst,
      recorder: {
        // A result counts when its iteration ends, so that a journal has all of an iteration or none.
        record: () => {},
        recordRetry: hooks.onRetry,
        recordStart: () => {},
        recordLateStart: () => {},
      },
    });
    return requests;
  }

  private constructor({ method, headers, flow }: RunOptions, hooks: RequestHooks) {
    this.#targets = new TargetMaker({ method, headers });
    this.#base = flow?.base;
    this.#hooks = hooks;
  }

  readonly #cookies: Cookies = {
    fieldFor: (url, { i }) => this.#owners.get(i)?.jar?.fieldFor(url),
    store: (url, fields, { i }) => {
      const owner = this.#owners.get(i);
      if (owner !== undefined) (owner.jar ??= new Jar()).store(url, fields);
    },
  };

  get engine(): Pick<Engine, "name" | "transport"> {
    return this.#queue.engine;
  }

  get activity(): Activity {
    return this.#queue.activity;
  }

  /**
   * Makes the target of a request; it is invalid if the request cannot be sent.
   *
   * @throws {TypeError} If its body cannot be made JSON.
   */
  makeTarget(request: TargetInit): Target {
    return this.#targets.make(this.#count++, { ...request, url: this.#resolve(request.url) });
  }

  /** Sends a request, which always has an outcome. */
  async send(target: Target, owner: RequestOwner): Promise<Outcome> {
    const { i } = target;
    this.#owners.set(i, owner);
    try {
      return await this.#queue.request(target, { body: "keep" });
    } catch (reason) {
      if (!this.#isCancelled) this.#hooks.onFailure(reason);
      const detail = "the run ended before it was sent";
      const result = toUnsentResult(target, { error: "cancelled", detail });
      return { result, head: undefined, body: undefined };
    } finally {
      this.#owners.delete(i);
    }
  }

  /** A URL that cannot be resolved stays as it is: as a target it is invalid. */
  #resolve(url: string | URL): string | URL {
    return this.#base === undefined ? url : URL.parse(url, this.#base) ?? url;
  }

  /** Ends all requests: they have outcomes soon, and later ones at once. */
  cancel(): void {
    this.#isCancelled = true;
    this.#queue.cancelAll();
  }

  /** Closes all connections. */
  close(): Promise<void> {
    this.#isCancelled = true;
    return this.#queue.close();
  }
}

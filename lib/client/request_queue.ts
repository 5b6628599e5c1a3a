/**
 * Requests that are given one by one, and answered one by one: a pipeline over a queue.
 *
 * @module
 */
import { ByteBuffer } from "../byte_buffer.ts";
import type { ResponseCheck } from "../check/response_check.ts";
import type { BorrowedHead } from "../engine/borrowed_head.ts";
import type { BodySink, Cookies, Engine } from "../engine/engine.ts";
import { createHostCheck } from "../process/permission.ts";
import { type Result, toUnsentResult } from "../result.ts";
import type { Outcome } from "./outcome.ts";
import { type EngineChoice, openEngine } from "../run/open_engine.ts";
import { type Activity, IDLE, Pipeline, type PipelineOptions } from "../run/pipeline.ts";
import { PreciseTimer } from "../schedule/precise_timer.ts";
import { type Recorder, Stats } from "../stats/stats.ts";
import type { MaybePromise, Source, Step } from "../stream.ts";
import type { Target } from "../target.ts";

/** How the requests of a queue are made: options of a run. */
export type QueueOptions =
  & EngineChoice
  & Omit<PipelineOptions, "hasOneHost" | "isResumable" | "shared">
  & {
    /** Whether nothing is left to do if the first host cannot be reached. @default {false} */
    readonly hasOneHost?: boolean;
  };

/** What a queue may be given by the program that it is a part of. */
export interface QueueHooks {
  /** The jar of cookies that are sent and stored. @default none is sent */
  readonly cookies?: Cookies | undefined;
  /** Called with what the user should know, in a sentence; it can hold what a server sent. */
  readonly onNotice?: ((text: string) => void) | undefined;
  /** What counts the results. @default the queue's own statistics */
  readonly recorder?: Recorder | undefined;
  /**
   * Called before the first request is sent.
   *
   * @throws Anything that all requests are to be rejected with.
   */
  readonly beforeFirst?: ((target: Target) => void) | undefined;
}

/** What is done with a request. */
export interface RequestSettings {
  /**
   * What becomes of the body of the final response: it is kept, dropped, or passed on to a sink,
   * whose `end` or `discard` is called once for each attempt that has a response.
   */
  readonly body: "keep" | "drop" | BodySink;
  /** Ends the request: the promise is rejected with its reason. */
  readonly signal?: AbortSignal | undefined;
  /** What {@linkcode RequestQueue.cancel} knows the request by. */
  readonly group?: unknown;
}

/** A request that was given and has no outcome yet. */
class PendingRequest {
  readonly target: Target;
  readonly settings: RequestSettings;
  readonly answer = Promise.withResolvers<Outcome>();
  /** Its neighbours while it is in the queue. */
  before: PendingRequest | undefined;
  next: PendingRequest | undefined;
  head: BorrowedHead | undefined;
  /** The body of the last response; at most `maxBodyBytes`. */
  body: ByteBuffer | undefined;
  /** What a sink threw. */
  failure: { readonly reason: unknown } | undefined;
  onAbort: (() => void) | undefined;

  constructor(target: Target, settings: RequestSettings) {
    this.target = target;
    this.settings = settings;
  }

  /** Takes the response of an attempt, in place of those of earlier ones. */
  begin(head: BorrowedHead): BodySink | undefined {
    this.head = head;
    this.body = undefined;
    const { body: wanted } = this.settings;
    if (wanted === "drop") return undefined;
    if (wanted !== "keep") return this.#guard(wanted);
    const kept = this.body = new ByteBuffer();
    return {
      write: (bytes) => void kept.append(bytes),
      end: () => {},
      discard: () => this.body = undefined,
    };
  }

  /** Takes a sink of the user's: what it throws is the failure of this request alone. */
  #guard(sink: BodySink): BodySink {
    const call = (pass: () => unknown): void => {
      if (this.failure !== undefined) return;
      try {
        const returned = pass();
        if (!(returned instanceof Promise)) return;
        // Of an `async` method, which the type of a sink cannot forbid.
        returned.catch(() => {});
        throw new TypeError(
          "Cannot use the sink: its methods must not be async: nothing waits for them",
        );
      } catch (reason) {
        this.failure = { reason };
      }
    };
    return {
      write: (bytes) => call(() => sink.write(bytes)),
      end: () => call(() => sink.end()),
      discard: () => call(() => sink.discard()),
    };
  }

  settle(result: Result): void {
    this.#release();
    if (this.failure !== undefined) return this.answer.reject(this.failure.reason);
    const hasResponse = result.status !== null;
    this.answer.resolve({
      result,
      head: hasResponse ? this.head : undefined,
      body: hasResponse ? this.body?.view() : undefined,
    });
  }

  fail(reason: unknown): void {
    this.#release();
    this.answer.reject(reason);
  }

  #release(): void {
    if (this.onAbort === undefined) return;
    this.settings.signal!.removeEventListener("abort", this.onAbort);
    this.onAbort = undefined;
  }
}

/**
 * Makes requests as they are given, with the schedule, retries, limits and engine of a run.
 *
 * ```text
 * request() ──► queue ──► pipeline ──► the promise of request()
 *                            │
 *              engine: head and body of the response
 * ```
 *
 * Each waits until a place is free, so that the number of those that wait is up to the caller.
 */
export class RequestQueue implements Source<Target> {
  /** Statistics of all requests so far. */
  readonly stats = new Stats();
  readonly #options: QueueOptions;
  readonly #hooks: QueueHooks;
  #engine!: Engine;
  #check: ResponseCheck | undefined;
  #timer: PreciseTimer | undefined;
  /** Undefined before the first request, and after one that had given up. */
  #pipeline: Pipeline | undefined;
  /** Settles once the pipeline has ended. */
  #running: Promise<void> = Promise.resolve();
  /** By number, all requests without an outcome; as many as the callers wait for. */
  readonly #pending = new Map<number, PendingRequest>();
  /** Those that the pipeline has not taken yet, the oldest first. */
  #first: PendingRequest | undefined;
  #last: PendingRequest | undefined;
  /** Settles the one `next()` that waits, if there is one. */
  #resolve: ((step: Step<Target>) => void) | undefined;
  /** Settles once everything is closed; undefined until {@linkcode close} is called. */
  #closing: Promise<void> | undefined;

  /**
   * Opens the engine; connects to nothing.
   *
   * @throws {UsageError} If the engine cannot be used.
   */
  static async open(options: QueueOptions, hooks: QueueHooks = {}): Promise<RequestQueue> {
    const queue = new RequestQueue(options, hooks);
    const { engine, check } = await openEngine({ ...options, hasOwnRequests: true }, {
      permits: createHostCheck(),
      cookies: hooks.cookies,
      bodyFor: ({ i }, head) => queue.#pending.get(i)?.begin(head),
    });
    queue.#engine = engine;
    queue.#check = check;
    if (options.rate !== undefined) queue.#timer = await PreciseTimer.open();
    return queue;
  }

  private constructor(options: QueueOptions, hooks: QueueHooks) {
    this.#options = options;
    this.#hooks = hooks;
  }

  /** How many requests have no outcome yet. */
  get pendingCount(): number {
    return this.#pending.size;
  }

  /** What happens to those that the pipeline has taken. */
  get activity(): Activity {
    return this.#pipeline?.activity ?? IDLE;
  }

  /** Whose engine and sockets make the requests. */
  get engine(): Pick<Engine, "name" | "transport"> {
    return this.#engine;
  }

  /**
   * Makes a request. A request that fails has an outcome, too.
   *
   * @param target its number must not be that of another request without an outcome
   * @throws The reason of the signal or of {@linkcode cancel}, what the sink threw, or why the queue
   * was closed or has given up.
   */
  request(target: Target, settings: RequestSettings): Promise<Outcome> {
    if (this.#closing !== undefined) return Promise.reject(createClosedError());
    const { signal } = settings;
    if (signal?.aborted) return Promise.reject(signal.reason);
    const request = new PendingRequest(target, settings);
    if (signal !== undefined) {
      request.onAbort = () => this.#drop(request, signal.reason);
      signal.addEventListener("abort", request.onAbort, { once: true });
    }
    this.#pending.set(target.i, request);
    this.#enqueue(request);
    if (this.#pipeline === undefined) this.#begin();
    return request.answer.promise;
  }

  /** Ends all requests of a group. */
  cancel(group: unknown, reason: unknown): void {
    for (const request of this.#pending.values()) {
      if (request.settings.group === group) this.#drop(request, reason);
    }
  }

  #drop(request: PendingRequest, reason: unknown): void {
    const { i } = request.target;
    if (!this.#pending.delete(i)) return;
    this.#unlink(request);
    request.fail(reason);
    this.#engine.cancelOne(i);
  }

  #enqueue(request: PendingRequest): void {
    const resolve = this.#resolve;
    if (resolve !== undefined) {
      this.#resolve = undefined;
      resolve({ value: request.target, done: false });
      return;
    }
    request.before = this.#last;
    if (this.#last === undefined) this.#first = request;
    else this.#last.next = request;
    this.#last = request;
  }

  /** Takes a request out of the queue, if it is there. */
  #unlink(request: PendingRequest): void {
    const { before, next } = request;
    if (before !== undefined) before.next = next;
    else if (this.#first === request) this.#first = next;
    if (next !== undefined) next.before = before;
    else if (this.#last === request) this.#last = before;
    request.before = request.next = undefined;
  }

  /** The next target, for the pipeline. */
  next(): MaybePromise<Step<Target>> {
    const request = this.#first;
    if (request !== undefined) {
      this.#unlink(request);
      return { value: request.target, done: false };
    }
    if (this.#closing !== undefined) return DONE;
    return new Promise((resolve) => this.#resolve = resolve);
  }

  #begin(): void {
    const pipeline = this.#pipeline = new Pipeline(
      {
        source: this,
        engine: new SelectiveEngine(this.#engine, ({ i }) => this.#pending.has(i)),
        check: this.#check,
        stats: this.stats,
        recorder: this.#hooks.recorder,
        timer: this.#timer,
      },
      { hasOneHost: false, ...this.#options, isResumable: false },
      {
        beforeFirst: this.#hooks.beforeFirst,
        onResult: (result) => this.#settle(result),
        onNotice: (text) => this.#notify(text),
      },
    );
    // The pipeline has closed it in the end; one that follows makes its own.
    this.#timer = undefined;
    this.#running = pipeline.run().then(
      () => this.#end(pipeline, pipeline.sourceFailure),
      (error) => this.#end(pipeline, error),
    );
  }

  #notify(text: string): void {
    try {
      this.#hooks.onNotice?.(text);
    } catch (reason) {
      // It would end all requests, of callers who have nothing to do with it.
      queueMicrotask(() => {
        throw reason;
      });
    }
  }

  #settle(result: Result): void {
    const { i } = result.target;
    const request = this.#pending.get(i);
    if (request === undefined) return;
    this.#pending.delete(i);
    request.settle(result);
  }

  /** Rejects what a pipeline has left when it ended. The next request begins another one. */
  async #end(pipeline: Pipeline, reason: unknown): Promise<void> {
    this.#first = this.#last = this.#resolve = undefined;
    if (this.#pipeline === pipeline) this.#pipeline = undefined;
    const left = [...this.#pending.values()];
    this.#pending.clear();
    for (const request of left) request.fail(reason ?? createClosedError());
    await pipeline.close();
  }

  /**
   * Starts no more requests: those in flight get their results, as cancelled, and the others are
   * rejected.
   */
  cancelAll(): void {
    this.#pipeline?.stop();
    this.#engine.cancel();
  }

  /** Ends every request, and closes all connections. May be called more than once. */
  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  async #close(): Promise<void> {
    for (const request of this.#pending.values()) request.fail(createClosedError());
    this.#pending.clear();
    this.#pipeline?.stop();
    this.#resolve?.(DONE);
    this.#engine.cancel();
    await this.#running;
    this.#timer?.close();
    this.#engine.close();
  }
}

/** The engine of a queue, for one of its pipelines: it makes only the requests that still wait. */
class SelectiveEngine implements Engine {
  readonly #engine: Engine;
  readonly #isWanted: (target: Target) => boolean;

  constructor(engine: Engine, isWanted: (target: Target) => boolean) {
    this.#engine = engine;
    this.#isWanted = isWanted;
  }

  get name(): string {
    return this.#engine.name;
  }

  get transport(): Engine["transport"] {
    return this.#engine.transport;
  }

  get shortages(): Engine["shortages"] {
    return this.#engine.shortages;
  }

  start(target: Target, done: (result: Result) => void, dueMs?: number): void {
    if (this.#isWanted(target)) this.#engine.start(target, done, dueMs);
    else done(toUnsentResult(target, { error: "cancelled", detail: "nobody waits for it" }));
  }

  cancelOne(i: number): void {
    this.#engine.cancelOne(i);
  }

  cancel(): void {
    this.#engine.cancel();
  }

  /** The queue closes it, after its last pipeline. */
  close(): void {}
}

const DONE: Step<never> = { value: undefined, done: true };

function createClosedError(): DOMException {
  return new DOMException("Cannot make a request: the client is closed", "AbortError");
}

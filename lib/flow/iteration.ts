import type { AsyncLocalStorage } from "node:async_hooks";
import type { Outcome } from "../client/outcome.ts";
import type { Jar } from "../cookies/jar.ts";
import { THINK } from "../options/kinds.ts";
import { type Result, toUnsentResult } from "../result.ts";
import { LongTimer, MAX_TIMER_MS } from "../schedule/long_timer.ts";
import { CheckTally } from "../stats/check_tally.ts";
import type { CountedIteration } from "../stats/flow_tally.ts";
import type { Target } from "../target.ts";
import { truncate } from "../text/truncate.ts";
import { SecretFilter } from "../transcript/secret_filter.ts";
import type { Flow, FlowClient } from "./flow_client.ts";
import { describeThrown, type LoadedFlow } from "./flow_module.ts";
import type { FlowRequest, FlowRequestOptions } from "./flow_request.ts";
import type { FlowRequests, RequestOwner } from "./flow_requests.ts";
import { createResponse, type FlowResponse } from "./flow_response.ts";

/** The maximum number of requests of an iteration: its records are kept to its end. */
export const MAX_REQUESTS = 1_000;
/** A flow that goes on after so many calls that were refused waits forever. */
const MAX_REFUSALS = 10;

/** What a request can have, its step apart: what else it has is a slip, or another client's name. */
const REQUEST_NAMES: ReadonlySet<string> = new Set<Exclude<keyof FlowRequest, "step">>([
  "url",
  "method",
  "headers",
  "body",
  "expect",
]);

/** What the iterations of a flow share. */
export interface IterationContext {
  readonly flow: LoadedFlow;
  readonly requests: FlowRequests;
  /** How long an iteration may take, in milliseconds, from 1. */
  readonly timeoutMs: number;
  /** Tells which iteration a promise belongs to that nobody awaits. */
  readonly storage: AsyncLocalStorage<Iteration>;
}

/** Why an iteration has failed. */
interface IterationFailure {
  readonly detail: string;
  /** What it is counted under: a check, or what is said of all that throw. */
  readonly expectation: string;
}

/** A request of the iteration: it has a result when it has ended. */
interface Entry {
  readonly target: Target;
  result: Result | undefined;
}

/** What came of an iteration. */
export interface IterationOutcome extends CountedIteration {
  /** Whether it was ended with the run. */
  readonly isCancelled: boolean;
}

/** One call of a flow: by one virtual user, with cookies of its own. */
export class Iteration implements RequestOwner {
  readonly i: number;
  readonly #user: number;
  readonly #context: IterationContext;
  readonly #controller = new AbortController();
  jar: Jar | undefined;
  /** At most {@linkcode MAX_REQUESTS}. */
  readonly #entries: Entry[] = [];
  readonly #checks = new CheckTally();
  /** How many requests have no result yet. */
  #open = 0;
  /** Called when none is left. */
  #onIdle: (() => void) | undefined;
  /** The first failure. */
  #failure: IterationFailure | undefined;
  #isOver = false;
  #isCancelled = false;
  #refusals = 0;
  /** The waits of {@linkcode FlowClient.think}, and what ends each. */
  readonly #waits = new Map<ReturnType<typeof setTimeout>, (reason: unknown) => void>();
  readonly #ended = Promise.withResolvers<never>();

  constructor(i: number, user: number, context: IterationContext) {
    this.i = i;
    this.#user = user;
    this.#context = context;
    // It may be ended when nobody waits for that any more.
    this.#ended.promise.catch(() => {});
  }

  /** Calls the flow, and waits for it and for all of its requests. */
  async run(): Promise<IterationOutcome> {
    const { flow, timeoutMs, storage } = this.#context;
    const at = Date.now();
    const startMs = performance.now();
    const timer = new LongTimer(timeoutMs, () => {
      const text = `the iteration took longer than ${timeoutMs / 1000} s`;
      this.#fail(text, "iteration-timeout");
      this.#end(new DOMException(text, "TimeoutError"));
    });
    try {
      await Promise.race([storage.run(this, () => this.#call(flow.run)), this.#ended.promise]);
    } catch (reason) {
      if (!this.#isOver) this.fail(reason);
    }
    timer.clear();
    this.#end(new DOMException("the iteration has ended", "AbortError"));
    if (this.#open > 0) await new Promise<void>((resolve) => this.#onIdle = resolve);
    return {
      results: this.#listResults(),
      checks: this.#checks.list(),
      hasFailed: this.#failure !== undefined || this.#checks.hasMissed,
      isCancelled: this.#isCancelled,
      at,
      ms: performance.now() - startMs,
    };
  }

  async #call(flow: Flow): Promise<void> {
    const returned = flow(this.i, this.#createClient());
    if (isGenerator(returned)) await this.#drive(returned);
    else await returned;
  }

  async #drive(generator: AsyncGenerator<unknown, unknown, FlowResponse>): Promise<void> {
    let step = await generator.next();
    while (!step.done) {
      let response;
      try {
        response = await this.#request(toRequest(step.value));
      } catch (error) {
        if (this.#isOver) return void await generator.return(undefined);
        step = await generator.throw(error);
        continue;
      }
      step = await generator.next(response);
    }
  }

  #createClient(): FlowClient {
    const send = (method: string) => async (url: string | URL, options?: FlowRequestOptions) =>
      await this.#request({ ...checkOptions(options), url, method });
    return {
      i: this.i,
      user: this.#user,
      signal: this.#controller.signal,
      request: (request) => this.#request(toRequest(request)),
      get: send("GET"),
      head: send("HEAD"),
      post: send("POST"),
      put: send("PUT"),
      patch: send("PATCH"),
      delete: send("DELETE"),
      check: (name, holds) => {
        if (this.#countCheck(name, holds)) return true;
        this.#fail(describeCheck(name), name);
        return false;
      },
      think: (time) => this.#think(time),
    };
  }

  async #request({ step, ...request }: FlowRequest): Promise<FlowResponse> {
    if (this.#isOver) return await this.#refuse(this.#controller.signal.reason);
    if (this.#entries.length === MAX_REQUESTS) {
      const most = `an iteration has at most ${MAX_REQUESTS} requests`;
      return await this.#refuse(new RangeError(`Cannot make another request: ${most}`));
    }
    const problem = findProblem(request);
    if (problem !== undefined) {
      return await this.#refuse(new TypeError(`Cannot make a request: ${problem}`));
    }
    checkText(step ?? "", "make a request: its 'step'");
    const { requests, storage } = this.#context;
    const target = requests.makeTarget(toPlain(request));
    const entry: Entry = { target, result: undefined };
    this.#entries.push(entry);
    this.#open++;
    // What the engine does is nothing of the flow, also where it serves other iterations later.
    const outcome = await storage.exit(() => requests.send(target, this));
    entry.result = this.#toRecorded(target, outcome, step);
    if (--this.#open === 0) this.#onIdle?.();
    return createResponse(
      { ...outcome, target: { step, ...request }, i: this.i },
      (name, holds) => {
        if (!this.#countCheck(name, holds)) markFailed(entry, describeCheck(name), name);
      },
    );
  }

  #toRecorded(target: Target, { result }: Outcome, step: string | undefined): Result {
    return {
      ...result,
      target: { ...target, i: this.i, step: step == null ? undefined : truncate(step) },
    };
  }

  /**
   * Rejects a call. A flow that catches that and tries again, and again, waits forever: it would leave
   * no turn of the event loop to others.
   */
  #refuse(reason: unknown): Promise<never> {
    return ++this.#refusals > MAX_REFUSALS ? new Promise(() => {}) : Promise.reject(reason);
  }

  async #think(time: number | string): Promise<void> {
    if (this.#isOver) return await this.#refuse(this.#controller.signal.reason);
    const ms = typeof time === "number" ? time : chooseTime(time);
    // A timer takes any other number for 1 ms.
    if (!(ms >= 0 && ms <= MAX_TIMER_MS)) {
      throw new RangeError(
        `Cannot think for '${time}': use milliseconds from 0 to ${MAX_TIMER_MS}`,
      );
    }
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waits.delete(timer);
        resolve();
      }, ms);
      this.#waits.set(timer, reject);
    });
  }

  /** Counts a check, unless the iteration has ended. @returns whether it holds */
  #countCheck(name: string, holds: unknown): boolean {
    checkText(name, "count a check: its name");
    if (!this.#isOver) this.#checks.record(name, Boolean(holds));
    return Boolean(holds);
  }

  /** Fails it with what was thrown. It goes on. */
  fail(reason: unknown): void {
    this.#fail(describeThrown(reason, this.#context.flow), "flow");
  }

  #fail(detail: string, expectation: string): void {
    this.#failure ??= {
      detail: truncate(this.#hideSecrets(detail)),
      expectation: truncate(expectation),
    };
  }

  /** A text of the flow, without the credentials that its requests were sent with. */
  #hideSecrets(text: string): string {
    const filter = new SecretFilter();
    for (const { target: { headers } } of this.#entries) {
      for (const [name, value] of headers) filter.line(`${name}: ${value}`);
    }
    return filter.body(text);
  }

  /** Whether it has ended, so that {@linkcode fail} changes nothing any more. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Ends it with the run. */
  cancel(): void {
    this.#isCancelled = true;
    this.#end(new DOMException("the run has ended", "AbortError"));
  }

  #end(reason: DOMException): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#ended.reject(reason);
    // What the flow does about it, and what it lets be rejected, is its own.
    this.#context.storage.run(this, () => {
      for (const [timer, reject] of this.#waits) {
        clearTimeout(timer);
        reject(reason);
      }
      this.#waits.clear();
      this.#controller.abort(reason);
    });
  }

  /** The results of all requests. A failure of the flow is that of its last request. */
  #listResults(): Result[] {
    const failure = this.#failure;
    if (failure !== undefined && !this.#isCancelled) {
      const last = this.#entries.at(-1) ?? this.#addUnsent(failure);
      markFailed(last, failure.detail, failure.expectation);
    }
    return this.#entries.map(({ result }) => result!);
  }

  /** Adds a record for an iteration that has made no request. */
  #addUnsent({ detail }: IterationFailure): Entry {
    const { flow: { path } } = this.#context;
    const target = {
      i: this.i,
      url: path,
      method: "GET",
      headers: [],
      body: undefined,
      invalid: detail,
      expect: undefined,
      requestId: undefined,
    };
    const entry = { target, result: toUnsentResult(target, { error: "url", detail }) };
    this.#entries.push(entry);
    return entry;
  }
}

function isGenerator(value: unknown): value is AsyncGenerator<unknown, unknown, FlowResponse> {
  return typeof value === "object" && value !== null && "next" in value && "return" in value &&
    (Symbol.asyncIterator in value || Symbol.iterator in value);
}

function toRequest(value: unknown): FlowRequest {
  if (typeof value === "string" || value instanceof URL) return { url: value };
  if (typeof value === "object" && value !== null && "url" in value) return value as FlowRequest;
  throw new TypeError("Cannot make a request: use a URL, or an object with a 'url'");
}

/** @throws {TypeError} If they are something else, as the body in `post(url, body)`. */
function checkOptions(options: FlowRequestOptions | undefined): FlowRequestOptions | undefined {
  if (options === undefined || (typeof options === "object" && options !== null)) return options;
  throw new TypeError(
    "Cannot make a request: its options are not an object: use one like { body, headers, step }",
  );
}

/** Why a request cannot be meant so, with what to do; undefined if it can. */
function findProblem(request: Omit<FlowRequest, "step">): string | undefined {
  if (request.url === undefined) return "it has no URL: add one";
  const unknown = Object.keys(request).find((name) => !REQUEST_NAMES.has(name));
  return unknown && `unknown option '${unknown}': use some of step, headers, body, expect`;
}

/** @throws {TypeError} If a flow, which nothing has to have checked, gives another value for a text. */
function checkText(value: unknown, what: string): void {
  if (typeof value !== "string") throw new TypeError(`Cannot ${what} must be a string`);
}

/** A request whose parameters are a form's text. */
function toPlain({ body, headers, ...rest }: FlowRequest): Omit<FlowRequest, "step"> & {
  readonly body?: string | Uint8Array<ArrayBuffer> | object;
} {
  if (!(body instanceof URLSearchParams)) return { ...rest, body, headers };
  const type = "application/x-www-form-urlencoded";
  return { ...rest, body: `${body}`, headers: { "Content-Type": type, ...headers } };
}

function chooseTime(text: string): number {
  const { minMs, maxMs } = THINK.read(text, "think");
  return minMs + Math.random() * (maxMs - minMs);
}

function describeCheck(name: string): string {
  return `the check '${name}' does not hold`;
}

/** Makes a failure of a request that has not failed. */
function markFailed(entry: Entry, detail: string, expectation: string): void {
  const { result } = entry;
  if (result === undefined || result.error !== undefined) return;
  entry.result = {
    ...result,
    error: "expect",
    detail: truncate(detail),
    expectation: truncate(expectation),
  };
}

import type { Failure } from "../../result.ts";
import type { BodyOwner, BodyTap } from "../body_tap.ts";
import { InFlight, type StopReason } from "../deadlines.ts";
import type { Target } from "../../target.ts";
import type { Hop } from "../redirect.ts";
import type { RequestTrace } from "../trace.ts";
import type { Use } from "./clients.ts";

/** Ends an attempt with a failure. */
export class Refusal extends Error {
  readonly failure: Failure;
  constructor(failure: Failure) {
    super(failure.detail);
    this.failure = failure;
  }
}

/** A request in flight. */
export class Attempt extends InFlight implements BodyOwner {
  readonly #controller = new AbortController();
  stopped: StopReason | undefined;
  /** The present hop. */
  hop: Hop;
  /** How many redirects were followed so far. */
  redirects = 0;
  /** How often a hop was sent again, for all hops together. */
  repetitions = 0;
  /** Whether a reused connection was dead: the repetition gets a new one. */
  isReconnecting = false;
  /** Whether it must not use a client that speaks HTTP/2 only. */
  isOrdinary = false;
  /** The use of the clients of the hop; undefined with the client that keeps no connection. */
  use: Use | undefined;
  /** Whether its client speaks HTTP/2 only. */
  isHttp2Only = false;
  /** Whether the head of a response has come, so that only its body can fail from now on. */
  hasHead = false;
  /** Bytes of the body so far, as they were transferred. */
  bytes = 0;
  /** Why the body cannot be taken. */
  bodyFailure: Failure | undefined;
  /** Why the body of the request could not be read. */
  uploadFailure: Failure | undefined;
  ttfbMs: number | null = null;
  location: string | null = null;
  retryAfter: string | null = null;
  contentType: string | null = null;
  /** The body of the final response, once its head has come; undefined if nothing takes it. */
  body: BodyTap | undefined;
  /** Undefined if it is not shown. */
  readonly trace: RequestTrace | undefined;

  /** The number of its target. */
  readonly number: number;

  constructor(target: Target, trace: RequestTrace | undefined) {
    super();
    this.number = target.i;
    this.hop = target;
    this.trace = trace;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  onBodyFailure(failure: Failure): void {
    this.bodyFailure = failure;
  }

  /** Passes on bytes of the body. @throws {Refusal} If they cannot be taken. */
  write(bytes: Uint8Array): void {
    this.body?.write(bytes);
    if (this.bodyFailure !== undefined) throw new Refusal(this.bodyFailure);
  }

  override stop(why: StopReason): void {
    this.stopped = why;
    this.#controller.abort();
  }
}

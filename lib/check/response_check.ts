/**
 * Checks responses against expectations, and captures values from them.
 *
 * @module
 */
import type { Hash } from "node:crypto";
import process from "node:process";
import type { BodySink, ResponseHead } from "../engine/engine.ts";
import type { EngineOptions } from "../engine/options.ts";
import type { Captured, Result } from "../result.ts";
import type { Expectation, Target } from "../target.ts";
import { escapeForTerminal } from "../text/escape.ts";
import { isSecretHeader, withoutSecrets } from "../text/secrets.ts";
import { BodyPrefix } from "./body_prefix.ts";
import { type Capture, parseBody } from "./capture.ts";
import { nameBody, nameHeader, nameLatency, nameStatuses } from "./expectation_names.ts";
import { MATCH_MS } from "./pattern.ts";

/** The maximum number of characters of a detail, and of the actual or expected value in it. */
const MAX_DETAIL = 200;
const MAX_PART = 70;

/** An expectation that a response did not meet. */
export interface Mismatch {
  /** The flag as it was given, or the place in the record. */
  readonly expectation: string;
  /** What came instead, in words; bounded. */
  readonly detail: string;
}

/** What is known about a response before its result is there. */
interface PendingOutcome {
  miss: Mismatch | undefined;
  /** By the place of the capture. */
  readonly captures: Captured[];
}

/** Options for a {@linkcode ResponseCheck}. */
export interface CheckOptions {
  readonly expect: Expectation;
  readonly captures: readonly Capture[];
  /** Whether targets can have expectations of their own. */
  readonly hasTargetExpectations: boolean;
}

/**
 * Checks expectations in the order status, header, body, latency. The first one that a response does
 * not meet is why its request failed. Expectations of a target replace those of the run of the same
 * kind.
 *
 * ```text
 * head ──► onHead ──► body ──► apply(result) ──► the result, or a failure `expect`
 * ```
 */
export class ResponseCheck {
  readonly #expect: Expectation;
  readonly #captures: readonly Capture[];
  readonly #hasTargetExpectations: boolean;
  readonly #wantsText: boolean;
  /**
   * By number, what is known about responses whose results were not checked yet; at most as many as
   * are in flight.
   */
  readonly #pending = new Map<number, PendingOutcome>();

  constructor({ expect, captures, hasTargetExpectations }: CheckOptions) {
    this.#expect = expect;
    this.#captures = captures;
    this.#hasTargetExpectations = hasTargetExpectations;
    this.#wantsText = captures.some(({ from }) => from !== "head");
  }

  /** Whether it can look at bodies. */
  get inspectsBodies(): boolean {
    return this.#hasTargetExpectations || this.#expect.bodies !== undefined || this.#wantsText;
  }

  /** The hook for the engine; undefined if results alone tell enough. */
  get onHead(): EngineOptions["onHead"] {
    const inspectsBodies = this.inspectsBodies;
    const isNeeded = inspectsBodies || this.#expect.headers !== undefined ||
      this.#captures.length > 0;
    if (!isNeeded) return undefined;
    if (!inspectsBodies) return (target, head) => void this.#onHead(target, head);
    return (target, head) => {
      this.#onHead(target, head);
      return this.#inspectBody(target, head);
    };
  }

  #onHead({ i, expect }: Target, head: ResponseHead): void {
    const headers = expect?.headers ?? this.#expect.headers;
    const miss = headers === undefined ? undefined : checkHeaders(
      headers,
      head,
      expect?.headers !== undefined,
    );
    const captures = this.#captures;
    if (miss === undefined && captures.length === 0) return;
    const seen = this.#pendingFor(i);
    seen.miss = miss;
    for (let k = 0; k < captures.length; k++) {
      const capture = captures[k];
      if (capture.from === "head") seen.captures[k] = capture.extract(head);
    }
  }

  #pendingFor(i: number): PendingOutcome {
    let seen = this.#pending.get(i);
    if (seen === undefined) {
      seen = { miss: undefined, captures: this.#captures.map(() => null) };
      this.#pending.set(i, seen);
    }
    return seen;
  }

  #inspectBody({ i, expect }: Target, head: ResponseHead): BodySink | undefined {
    const bodies = expect?.bodies ?? this.#expect.bodies;
    const sha256 = expect?.sha256;
    const wantsText = this.#wantsText;
    if (bodies === undefined && sha256 === undefined && !wantsText) return undefined;
    const isOfRecord = expect?.bodies !== undefined;
    const body = new Body(head.coding, sha256, wantsText || bodies !== undefined, (body) => {
      const miss = checkBody(bodies, body, isOfRecord) ?? checkHash(body.hash, sha256);
      if (miss !== undefined) this.#pendingFor(i).miss ??= miss;
      if (wantsText && body.text !== undefined) this.#capture(body, this.#pendingFor(i));
    });
    return body;
  }

  #capture({ text, isCut }: Body, { captures }: PendingOutcome): void {
    let json: unknown;
    let isParsed = false;
    for (const [k, capture] of this.#captures.entries()) {
      if (capture.from === "text") captures[k] = capture.extract(text!);
      else if (capture.from === "json" && !isCut) {
        if (!isParsed) json = parseBody(text!);
        isParsed = true;
        captures[k] = capture.extract(json);
      }
    }
  }

  /** Applies the expectations to a result, and adds its captures. */
  apply(result: Result): Result {
    const { target: { i }, error } = result;
    let seen: PendingOutcome | undefined;
    if (this.#pending.size > 0 && (seen = this.#pending.get(i)) !== undefined) {
      this.#pending.delete(i);
    }
    if (error !== undefined) return result;
    const miss = this.#findMismatch(result, seen?.miss);
    const captures = seen !== undefined && this.#captures.length > 0 ? seen.captures : undefined;
    if (miss === undefined) return captures === undefined ? result : { ...result, captures };
    const { expectation, detail } = miss;
    return { ...result, error: "expect", detail, expectation, captures };
  }

  #findMismatch(
    { target: { expect }, status, ms }: Result,
    ofContent: Mismatch | undefined,
  ): Mismatch | undefined {
    const statuses = expect?.statuses ?? this.#expect.statuses;
    if (statuses !== undefined && !statuses.has(status!)) {
      const { text } = statuses;
      return {
        expectation: expect?.statuses !== undefined ? "expect.status" : nameStatuses(statuses),
        detail: escapeForTerminal(`status ${status}, expected ${text}`, MAX_DETAIL),
      };
    }
    if (ofContent !== undefined) return ofContent;
    const mostMs = expect?.latencyMs ?? this.#expect.latencyMs;
    if (mostMs === undefined || ms <= mostMs) return undefined;
    return {
      expectation: expect?.latencyMs === undefined ? nameLatency(mostMs) : "expect.latency",
      detail: `took ${Math.round(ms * 1000) / 1000} ms, expected at most ${mostMs} ms`,
    };
  }
}

function checkHeaders(
  headers: NonNullable<Expectation["headers"]>,
  head: ResponseHead,
  isOfRecord: boolean,
): Mismatch | undefined {
  for (const header of headers) {
    const { name, pattern } = header;
    const value = head.field(name);
    const match = value !== null && pattern.test(value);
    if (match) continue;
    const isSecret = isSecretHeader(name);
    const expectation = isOfRecord ? "expect.headers" : nameHeader(header);
    const shown = escapeForTerminal(name, MAX_PART);
    const expected = isSecret ? "" : `, expected ${escapeForTerminal(String(pattern), MAX_PART)}`;
    const detail = value === null
      ? `header ${shown} is missing${expected}`
      : match === undefined
      ? `header ${shown} could not be matched within ${MATCH_MS} ms${expected}`
      : isSecret
      ? `header ${shown} does not match`
      : `header ${shown} '${escapeForTerminal(withoutSecrets(value), MAX_PART)}'${expected}`;
    return { expectation, detail: escapeForTerminal(detail, MAX_DETAIL) };
  }
}

/** A body as it comes, as far as it is inspected. */
class Body implements BodySink {
  /** The content coding of the body. */
  readonly coding: string | null;
  readonly #prefix: BodyPrefix | undefined;
  readonly #hash: Hash | undefined;
  readonly #onEnd: (body: Body) => void;

  constructor(
    coding: string | null,
    sha256: string | undefined,
    wantsText: boolean,
    onEnd: (body: Body) => void,
  ) {
    this.coding = coding;
    this.#prefix = wantsText && coding === null ? new BodyPrefix() : undefined;
    this.#hash = sha256 === undefined
      ? undefined
      : process.getBuiltinModule("node:crypto").createHash("sha256");
    this.#onEnd = onEnd;
  }

  write(bytes: Uint8Array): void {
    this.#prefix?.write(bytes);
    this.#hash?.update(bytes);
  }

  /** The text, once the body has ended. */
  text: string | undefined;

  end(): void {
    this.text = this.#prefix?.text();
    this.#onEnd(this);
  }

  discard(): void {}

  get isCut(): boolean {
    return this.#prefix?.isCut === true;
  }

  /** The SHA-256 of the whole body; undefined if it was not wanted. Read it only once. */
  get hash(): string | undefined {
    return this.#hash?.digest("hex");
  }
}

function checkBody(
  patterns: Expectation["bodies"],
  { text: body, isCut, coding }: Body,
  isOfRecord: boolean,
): Mismatch | undefined {
  if (patterns === undefined) return undefined;
  for (const pattern of patterns) {
    const match = body !== undefined && pattern.test(body);
    if (match) continue;
    const expectation = isOfRecord ? "expect.body" : nameBody(pattern);
    const expected = escapeForTerminal(String(pattern), MAX_PART);
    const what = isCut ? "the first 1 MiB of the body" : "body";
    const detail = body === undefined
      ? `body is encoded as ${
        escapeForTerminal(coding!, 20)
      }, and not decoded: use --compressed, without --raw`
      : match === undefined
      ? `${what} could not be matched within ${MATCH_MS} ms, expected ${expected}`
      : body === ""
      ? `body is empty, expected ${expected}`
      : `${what} does not match ${expected}: begins '${escapeForTerminal(body, MAX_PART)}'`;
    return { expectation, detail: escapeForTerminal(detail, MAX_DETAIL) };
  }
}

function checkHash(
  actual: string | undefined,
  expected: string | undefined,
): Mismatch | undefined {
  if (actual === expected) return undefined;
  return { expectation: "expect.sha256", detail: `sha256 ${actual}, expected ${expected}` };
}

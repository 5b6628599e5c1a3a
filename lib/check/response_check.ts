/**
 * Holds answers against what was expected of them, and takes from them what was asked for.
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
import { isSecretHeader, withoutUserinfo } from "../text/secrets.ts";
import { BodyPrefix } from "./body_prefix.ts";
import { type Capture, parseBody } from "./capture.ts";
import { MATCH_MS } from "./pattern.ts";
import { BELOW_400 } from "./status_set.ts";

/** Most characters of a detail, and of what came or was expected within it. */
const MAX_DETAIL = 200;
const MAX_PART = 70;

/** An expectation that an answer did not meet. */
export interface Mismatch {
  /** Which one: as the flag was given, or its place in the record. */
  readonly expectation: string;
  /** What came instead, in words; bounded. */
  readonly detail: string;
}

/** What is known of an answer before its result is there. */
interface PendingOutcome {
  miss: Mismatch | undefined;
  /** By the place of the capture. */
  readonly captures: Captured[];
}

/** What is asked of answers. */
export interface CheckOptions {
  readonly expect: Expectation;
  readonly captures: readonly Capture[];
  /** Whether targets can have expectations of their own. */
  readonly ofTargets: boolean;
}

/**
 * Expectations are looked at in the order status, header, body, latency, and the first that an
 * answer does not meet is why its request has failed. Those of a target stand instead of the run's
 * of the same kind.
 *
 * ```text
 * head ──► onHead ──► body ──► apply(result) ──► the result, or a failure `expect`
 * ```
 */
export class ResponseCheck {
  readonly #expect: Expectation;
  readonly #captures: readonly Capture[];
  readonly #ofTargets: boolean;
  readonly #wantsText: boolean;
  /**
   * By number, what there is to say of answers whose results were not taken yet; at most as many as
   * are in flight.
   */
  readonly #seen = new Map<number, PendingOutcome>();

  constructor({ expect, captures, ofTargets }: CheckOptions) {
    this.#expect = expect;
    this.#captures = captures;
    this.#ofTargets = ofTargets;
    this.#wantsText = captures.some(({ from }) => from !== "head");
  }

  /** What the engines are to call; undefined where results tell enough. */
  get onHead(): EngineOptions["onHead"] {
    const isNeeded = this.#ofTargets || this.#expect.headers !== undefined ||
      this.#expect.bodies !== undefined || this.#captures.length > 0;
    if (!isNeeded) return undefined;
    if (!this.#ofTargets && this.#expect.bodies === undefined && !this.#wantsText) {
      return (target, head) => void this.#onHead(target, head);
    }
    return (target, head) => {
      this.#onHead(target, head);
      return this.#bodyOf(target, head);
    };
  }

  #onHead({ i, expect }: Target, head: ResponseHead): void {
    const headers = expect?.headers ?? this.#expect.headers;
    const miss = headers === undefined ? undefined : missOfHeaders(
      headers,
      head,
      expect?.headers !== undefined,
    );
    const captures = this.#captures;
    if (miss === undefined && captures.length === 0) return;
    const seen = this.#seenOf(i);
    seen.miss = miss;
    for (let k = 0; k < captures.length; k++) {
      const capture = captures[k];
      if (capture.from === "head") seen.captures[k] = capture.of(head);
    }
  }

  #seenOf(i: number): PendingOutcome {
    let seen = this.#seen.get(i);
    if (seen === undefined) {
      seen = { miss: undefined, captures: this.#captures.map(() => null) };
      this.#seen.set(i, seen);
    }
    return seen;
  }

  #bodyOf({ i, expect }: Target, head: ResponseHead): BodySink | undefined {
    const bodies = expect?.bodies ?? this.#expect.bodies;
    const sha256 = expect?.sha256;
    const wantsText = this.#wantsText;
    if (bodies === undefined && sha256 === undefined && !wantsText) return undefined;
    const isOfRecord = expect?.bodies !== undefined;
    const body = new Body(head.coding, sha256, wantsText || bodies !== undefined, (body) => {
      const miss = missOfBody(bodies, body, isOfRecord) ?? missOfHash(body.hash, sha256);
      if (miss !== undefined) this.#seenOf(i).miss ??= miss;
      if (wantsText && body.text !== undefined) this.#capture(body, this.#seenOf(i));
    });
    return body;
  }

  #capture({ text, isCut }: Body, { captures }: PendingOutcome): void {
    let json: unknown;
    let isParsed = false;
    for (const [k, capture] of this.#captures.entries()) {
      if (capture.from === "text") captures[k] = capture.of(text!);
      else if (capture.from === "json" && !isCut) {
        if (!isParsed) json = parseBody(text!);
        isParsed = true;
        captures[k] = capture.of(json);
      }
    }
  }

  /** A result as its expectations make it, with what was captured of it. */
  apply(result: Result): Result {
    const { target: { i }, error } = result;
    let seen: PendingOutcome | undefined;
    if (this.#seen.size > 0 && (seen = this.#seen.get(i)) !== undefined) this.#seen.delete(i);
    if (error !== undefined) return result;
    const miss = this.#missOf(result, seen?.miss);
    const captures = seen !== undefined && this.#captures.length > 0 ? seen.captures : undefined;
    if (miss === undefined) return captures === undefined ? result : { ...result, captures };
    const { expectation, detail } = miss;
    return { ...result, error: "expect", detail, expectation, captures };
  }

  #missOf(
    { target: { expect }, status, ms }: Result,
    ofContent: Mismatch | undefined,
  ): Mismatch | undefined {
    const statuses = expect?.statuses ?? this.#expect.statuses;
    if (statuses !== undefined && !statuses.has(status!)) {
      const { text } = statuses;
      return {
        expectation: expect?.statuses !== undefined
          ? "expect.status"
          : statuses === BELOW_400
          ? "--fail"
          : flag("--expect-status", text),
        detail: cut(`status ${status}, expected ${text}`, MAX_DETAIL),
      };
    }
    if (ofContent !== undefined) return ofContent;
    const mostMs = expect?.latencyMs ?? this.#expect.latencyMs;
    if (mostMs === undefined || ms <= mostMs) return undefined;
    return {
      expectation: expect?.latencyMs === undefined
        ? `--expect-latency ${mostMs}ms`
        : "expect.latency",
      detail: `took ${Math.round(ms * 1000) / 1000} ms, expected at most ${mostMs} ms`,
    };
  }
}

function missOfHeaders(
  headers: NonNullable<Expectation["headers"]>,
  head: ResponseHead,
  isOfRecord: boolean,
): Mismatch | undefined {
  for (const { name, pattern } of headers) {
    const value = head.field(name);
    const match = value !== null && pattern.test(value);
    if (match) continue;
    const isSecret = isSecretHeader(name);
    const expectation = isOfRecord
      ? "expect.headers"
      : flag("--expect-header", isSecret ? name : `${name}: ${pattern.source}`);
    const shown = cut(name, MAX_PART);
    const expected = isSecret ? "" : `, expected ${cut(String(pattern), MAX_PART)}`;
    const detail = value === null
      ? `header ${shown} is missing${expected}`
      : match === undefined
      ? `header ${shown} could not be matched within ${MATCH_MS} ms${expected}`
      : isSecret
      ? `header ${shown} does not match`
      : `header ${shown} '${cut(withoutUserinfo(value), MAX_PART)}'${expected}`;
    return { expectation, detail: cut(detail, MAX_DETAIL) };
  }
}

/** A body as it comes, as far as it is looked at. */
class Body implements BodySink {
  /** The content coding that it has. */
  readonly coding: string | null;
  readonly #beginning: BodyPrefix | undefined;
  readonly #hash: Hash | undefined;
  readonly #onEnd: (body: Body) => void;

  constructor(
    coding: string | null,
    sha256: string | undefined,
    wantsText: boolean,
    onEnd: (body: Body) => void,
  ) {
    this.coding = coding;
    this.#beginning = wantsText && coding === null ? new BodyPrefix() : undefined;
    this.#hash = sha256 === undefined
      ? undefined
      : process.getBuiltinModule("node:crypto").createHash("sha256");
    this.#onEnd = onEnd;
  }

  write(bytes: Uint8Array): void {
    this.#beginning?.write(bytes);
    this.#hash?.update(bytes);
  }

  /** Its text is there only now. */
  text: string | undefined;

  end(): void {
    this.text = this.#beginning?.text();
    this.#onEnd(this);
  }

  discard(): void {}

  get isCut(): boolean {
    return this.#beginning?.isCut === true;
  }

  /** Of all of it, once; undefined if it was not asked for. */
  get hash(): string | undefined {
    return this.#hash?.digest("hex");
  }
}

function missOfBody(
  patterns: Expectation["bodies"],
  { text: body, isCut, coding }: Body,
  isOfRecord: boolean,
): Mismatch | undefined {
  if (patterns === undefined) return undefined;
  for (const pattern of patterns) {
    const match = body !== undefined && pattern.test(body);
    if (match) continue;
    const expectation = isOfRecord ? "expect.body" : flag("--expect-body", pattern.source);
    const expected = cut(String(pattern), MAX_PART);
    const what = isCut ? "the first 1 MiB of the body" : "body";
    const detail = body === undefined
      ? `body is encoded as ${
        cut(coding!, 20)
      }, which is not decoded here: leave Accept-Encoding out, or give --engine fetch`
      : match === undefined
      ? `${what} could not be matched within ${MATCH_MS} ms, expected ${expected}`
      : body === ""
      ? `body is empty, expected ${expected}`
      : `${what} does not match ${expected}: begins '${cut(body, MAX_PART)}'`;
    return { expectation, detail: cut(detail, MAX_DETAIL) };
  }
}

function missOfHash(
  actual: string | undefined,
  expected: string | undefined,
): Mismatch | undefined {
  if (actual === expected) return undefined;
  return { expectation: "expect.sha256", detail: `sha256 ${actual}, expected ${expected}` };
}

function flag(name: string, value: string): string {
  return cut(`${name} ${value}`, MAX_DETAIL);
}

/** The beginning of a text; what could act on a terminal is escaped. */
function cut(text: string, most: number): string {
  return escapeForTerminal(text, most);
}

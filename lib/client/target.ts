/**
 * What a client is asked to request.
 *
 * @module
 */
import { RecordExpectations } from "../check/record_expectations.ts";
import { toDefaults } from "../source/jsonl_targets.ts";
import type { RequestDefaults } from "../source/request_defaults.ts";
import { checkedTarget, invalidTarget } from "../source/target.ts";
import type { Target } from "../target.ts";
import type { ExpectationInit, Fields } from "./options.ts";

/** A request: what a line of `--input-format jsonl` is. */
export interface TargetInit {
  /** An absolute `http:` or `https:` URL; credentials in it become an `Authorization` field. */
  readonly url: string | URL;
  /** @default {"GET"}, or `POST` with a body */
  readonly method?: string;
  /** They take the place of the client's fields of the same names. */
  readonly headers?: Fields;
  /** A text or bytes that are sent as they are, or a value that is sent as JSON. */
  readonly body?: string | Uint8Array<ArrayBuffer> | object;
  /** What the response is held against, in place of what the client expects. */
  readonly expect?: ExpectationInit;
  /** The number of its record, from 0. @default a number of the client's */
  readonly i?: number;
}

/** What a client requests: a URL, or a URL with more. */
export type TargetLike = string | URL | TargetInit;

/** Makes targets. */
export class TargetMaker {
  readonly #defaults: RequestDefaults;
  readonly #expectations = new RecordExpectations();

  /** @param defaults what each request has, unless it says otherwise */
  constructor({ method, headers }: Pick<RequestDefaults, "method" | "headers">) {
    this.#defaults = { method, headers, body: undefined };
  }

  /**
   * A target, which can be invalid.
   *
   * @param i its number, which no other target in flight may have
   */
  make(i: number, given: TargetLike): Target {
    const defaults = this.#defaults;
    if (typeof given === "string") return checkedTarget(i, given, defaults);
    if (given instanceof URL) return checkedTarget(i, given.href, defaults);
    const url = String(given.url);
    const own = toDefaults({ ...given }, defaults, () => undefined, this.#expectations);
    if (typeof own === "string") return invalidTarget(i, url, own, defaults);
    return checkedTarget(i, url, own);
  }
}

import { RecordExpectations } from "../check/record_expectations.ts";
import { toDefaults } from "../source/jsonl_targets.ts";
import type { RequestDefaults } from "../source/request_defaults.ts";
import { checkedTarget, invalidTarget } from "../source/target.ts";
import type { Target } from "../target.ts";
import type { TargetLike } from "./target.ts";

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
   * @throws {TypeError} If there is nothing to request, or its body cannot be made JSON.
   */
  make(i: number, given: TargetLike): Target {
    const defaults = this.#defaults;
    if (typeof given === "string") return checkedTarget(i, given, defaults);
    if (given instanceof URL) return checkedTarget(i, given.href, defaults);
    if (typeof given !== "object" || given === null || !("url" in given)) {
      throw new TypeError("Cannot make a request: use a URL, or an object with a 'url'");
    }
    const url = String(given.url);
    // Also of an object that has them from its class.
    const { method, headers, body, expect } = given;
    const own = toDefaults(
      { method, headers, body, expect },
      defaults,
      () => undefined,
      this.#expectations,
    );
    if (typeof own === "string") return invalidTarget(i, url, own, defaults);
    return checkedTarget(i, url, own);
  }
}

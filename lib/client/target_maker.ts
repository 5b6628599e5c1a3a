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

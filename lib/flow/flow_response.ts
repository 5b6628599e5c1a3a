import { Hit, type HitParts } from "../client/hit.ts";
import type { FlowRequest } from "./flow_request.ts";

/** Counts a check of a response. */
type OnCheck = (name: string, holds: boolean) => void;

/** Makes a response of an outcome. */
export let createResponse: (parts: HitParts<FlowRequest>, onCheck: OnCheck) => FlowResponse;

/** What came of a request of a flow. */
export class FlowResponse extends Hit<FlowRequest> {
  static {
    createResponse = (parts, onCheck) => new FlowResponse(parts, onCheck);
  }

  readonly #onCheck: OnCheck;

  private constructor(parts: HitParts<FlowRequest>, onCheck: OnCheck) {
    super(parts);
    this.#onCheck = onCheck;
  }

  /**
   * Counts a check of the response. If it does not hold, the request has failed with the error
   * `expect`.
   *
   * @returns whether it holds
   */
  check(name: string, holds: unknown): boolean {
    this.#onCheck(name, Boolean(holds));
    return Boolean(holds);
  }

  /**
   * The value of a body of JSON, of the type that the flow expects.
   *
   * @throws {SyntaxError} If the body is not JSON, as it is without a response.
   */
  override json<J = unknown>(): J {
    return super.json() as J;
  }
}
